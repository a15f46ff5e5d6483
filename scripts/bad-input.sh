#!/usr/bin/env bash
# usage: scripts/bad-input.sh MATE_KD [NAME...]
# Runs the program on a table of bad configurations, model folders, data files, command lines and
# environments, and prints exit code and message of each. With names, only the cases whose names
# contain one of them. Fails when a case is ended by a signal, takes longer than 10 s or more than
# 1 GiB, writes a control character, says nothing, or exits with 0.
#
# A case is one line in scripts/bad-input/*.py; needs nothing but Python's standard library.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[[ $# -ge 1 ]] || { sed -n '2,9s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 64; }
exec python3 "$root/scripts/bad-input/main.py" "$(realpath "$1")" "${@:2}"
