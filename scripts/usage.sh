#!/usr/bin/env bash
# Sourced by scripts whose head comment is their help: `usage` prints it, `die` ends with a
# sentence.

usage() { # ends with exit code 64
  sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2
  exit 64
}

die() { # die SENTENCE [EXIT CODE]
  echo "$(basename "$0"): $1" >&2
  exit "${2:-64}"
}
