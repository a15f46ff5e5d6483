#!/usr/bin/env bash
# Installs the Debian packages that are needed to build mate-kd (and, with --tests, those that its
# script tests need). It checks for each of them first and changes nothing if all are installed, so
# it needs neither root nor a network on a prepared machine.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: scripts/install-deps.sh [--tests] [--mpi] [--check]

  --mpi     also Open MPI, for a program that several machines share (docs/machines.md)
  --tests   also what the script tests need (curl, unzip, Python 3's standard library, GNU
            parallel, Slurm)
  --check   only report what is missing: exit 0 if nothing is, 1 otherwise
USAGE
}

with_tests=no
with_mpi=no
check_only=no
for argument in "$@"; do
  case "$argument" in
    --tests) with_tests=yes ;;
    --mpi) with_mpi=yes ;;
    --check) check_only=yes ;;
    -h | --help) usage; exit 0 ;;
    *) echo "install-deps.sh: unknown argument '$argument'" >&2; usage >&2; exit 64 ;;
  esac
done

missing=()
need() { # need PACKAGE PROBE...: PACKAGE is missing if the probe fails
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing+=("$package")
}

has_library() { # has_library NAME: as pkg-config knows it
  command -v pkg-config && pkg-config --exists "$1"
}

need pkg-config command -v pkg-config
need libopenblas-dev has_library openblas
need liblapacke-dev has_library lapacke
need zlib1g-dev has_library zlib
need git command -v git # SwiftPM fetches the package's dependencies with it
if [[ $with_mpi == yes ]]; then
  need libopenmpi-dev has_library ompi-c
  need openmpi-bin command -v mpirun
fi
if [[ $with_tests == yes ]]; then
  need curl command -v curl
  need unzip command -v unzip
  need python3 python3 -c 'import http.server, zipfile'
  need parallel command -v parallel
  need slurm-wlm command -v slurmctld
fi

if [[ ${#missing[@]} -gt 0 ]]; then
  if [[ $check_only == yes ]]; then
    echo "missing: ${missing[*]}"
    exit 1
  fi
  if ! command -v apt-get >/dev/null; then
    echo "install-deps.sh: no apt-get here; please install with your own package manager the" \
      "equivalents of: ${missing[*]}" >&2
    exit 1
  fi
  as_root=()
  if [[ $(id -u) -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
      echo "install-deps.sh: not root and no sudo; as root run: apt-get install ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  echo "installing: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  libraries=(openblas lapacke zlib)
  [[ $with_mpi == no ]] || libraries+=(ompi-c)
  for library in "${libraries[@]}"; do
    has_library "$library" >/dev/null || {
      echo "install-deps.sh: all is installed but pkg-config does not find '$library'" >&2
      exit 1
    }
  done
else
  echo "all packages are there"
fi

# Swift is the only thing that Debian does not package.
if ! command -v swift >/dev/null; then
  echo "install-deps.sh: no 'swift' on the PATH; mate-kd needs Swift 6.1 or later," \
    "see https://www.swift.org/install" >&2
  [[ $check_only == yes ]] || exit 1
fi
