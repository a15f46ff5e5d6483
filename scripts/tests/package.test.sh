#!/usr/bin/env bash
# scripts/package.sh and its launcher, with stand-ins of the two builds: nothing is built but small
# C programs. What the true builds do is checked only where package.sh has made them.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
package=$root/scripts/package.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

passed=0
check() { # check NAME COMMAND...
  local name=$1
  shift
  "$@" || { echo "FAILED: $name" >&2; sed 's/^/    /' "$work/out" >&2; exit 1; }
  passed=$((passed + 1))
}
run() { # run COMMAND...: its exit code in $code, what it writes in $work/out
  code=0
  "$@" >"$work/out" 2>&1 || code=$?
}
says() { grep -qF -- "$1" "$work/out"; }
skipped() { echo "package: skipped: $*"; }

run "$package" --nonsense
check "unknown argument: exit code 64" [ "$code" -eq 64 ]
check "unknown argument: named" says "unknown argument '--nonsense'"
run "$package" --output
check "no value: exit code 64" [ "$code" -eq 64 ]
run "$package" --no-deb --no-archive
check "nothing to make: exit code 64" [ "$code" -eq 64 ]
run "$package" --help
check "help: exit code 0" [ "$code" -eq 0 ]
check "help: lists the options" says "--skip-build"

if [[ $(uname -m) != x86_64 ]]; then
  skipped "packages are made on x86-64 only"
  exit 0
fi
if ! command -v cc >/dev/null; then
  skipped "launcher and packages, since there is no C compiler"
  exit 0
fi

# The launcher, on processors that the variable PRETENDED lists.
mkdir -p opt/bin opt/lib/mate-kd/x86-64-v3 opt/lib/mate-kd/x86-64-v4
cat >pretended.h <<'C'
#include <stdlib.h>
#include <string.h>
#define SUPPORTS(level) (strstr(getenv("PRETENDED"), level) != NULL)
C
cc -include pretended.h -o opt/bin/mate-kd "$root/scripts/package/launcher.c"
for level in x86-64-v3 x86-64-v4; do
  cc -DLEVEL="\"$level\"" -o "opt/lib/mate-kd/$level/mate-kd" -x c - <<'C'
#include <stdio.h>
int main(int n, char **a) {
  printf("%s", LEVEL);
  for (int i = 0; i < n; i++) printf(" [%s]", a[i]);
  return 7;
}
C
done
starts() { # starts LEVELS COMMAND...
  run env PRETENDED="$1" "${@:2}"
}
starts "x86-64-v3 x86-64-v4" opt/bin/mate-kd "two words" ""
check "AVX-512: the build for it" says "x86-64-v4 [opt/bin/mate-kd] [two words] []"
check "the exit code is handed on" [ "$code" -eq 7 ]
starts x86-64-v3 opt/bin/mate-kd
check "AVX2: the build for it" says "x86-64-v3 [opt/bin/mate-kd]"
starts none opt/bin/mate-kd
check "older: exit code 69" [ "$code" -eq 69 ]
check "older: says what is missing" says "error: mate-kd needs a processor with AVX2 and FMA"
check "older: in one line" [ "$(wc -l <out)" -eq 1 ]
ln -s "$work/opt/bin/mate-kd" kd
ln -s kd again
starts x86-64-v3 ./again x
check "through links" says "x86-64-v3 [./again] [x]"
run env PRETENDED=x86-64-v3 PATH="$work/opt/bin:$PATH" mate-kd x
check "through PATH" says "x86-64-v3 [mate-kd] [x]"
starts "x86-64-v3 x86-64-v4" env MATE_KD_BUILD=x86-64-v3 opt/bin/mate-kd
check "MATE_KD_BUILD decides" says "x86-64-v3 ["
starts "x86-64-v3 x86-64-v4" env MATE_KD_BUILD=native opt/bin/mate-kd
check "a wrong MATE_KD_BUILD: exit code 64" [ "$code" -eq 64 ]
rm opt/lib/mate-kd/x86-64-v3/mate-kd
starts x86-64-v3 opt/bin/mate-kd
check "a missing build: exit code 69" [ "$code" -eq 69 ]
check "a missing build: its path" says "cannot run $work/opt/lib/mate-kd/x86-64-v3/mate-kd: No such"

# Packages of stand-ins.
missing=
for tool in dpkg-deb dpkg-shlibdeps strip objdump xz python3; do
  command -v "$tool" >/dev/null || missing+=" $tool"
done
if [[ -n $missing ]]; then
  skipped "packages, since there is no$missing"
else
  run "$package" --skip-build --builds nothing --output dist
  check "no builds: exit code 69" [ "$code" -eq 69 ]
  check "no builds: says what to do" says "run without --skip-build"
  cat >program.c <<'C'
#include <stdio.h>
#include <string.h>
extern char *openblas_get_config(void);
extern const char *zlibVersion(void);
extern void LAPACKE_ilaver(int *, int *, int *);
int main(int n, char **a) {
  if (n > 1 && !strcmp(a[1], "--version")) return puts("mate-kd 1.2.3\ncommit: 0") < 0;
  if (n > 1 && !strcmp(a[1], "--experimental-dump-help"))
    return puts("{\"command\": {\"commandName\": \"mate-kd\", \"abstract\": \"A test.\", "
                "\"arguments\": [], \"subcommands\": []}}") < 0;
  if (n > 2) return printf("# %s\n", a[2]) < 0;
  if (n > 9) LAPACKE_ilaver(&n, &n, &n);
  return puts(openblas_get_config()) < 0 || puts(zlibVersion()) < 0;
}
C
  for level in x86-64-v3 x86-64-v4; do
    mkdir -p "builds/$level/release"
    cc -o "builds/$level/release/mate-kd" program.c -lopenblas -llapacke -lz
  done
  make_packages() { # make_packages FOLDER
    SOURCE_DATE_EPOCH=1700000000 run "$package" --skip-build --builds "$work/builds" \
      --output "$work/$1"
  }
  make_packages one
  check "packages: exit code" [ "$code" -eq 0 ]
  archive=one/mate-kd-1.2.3-linux-x86_64.tar.xz deb=one/mate-kd_1.2.3_amd64.deb
  check "packages: both there" test -s "$archive" -a -s "$deb"
  run dpkg-deb -f "$deb" Depends
  check "depends on OpenBLAS" says libopenblas0
  check "depends on LAPACKE" says liblapacke
  check "depends on glibc" says "libc6 (>="
  check "depends on zlib" says zlib1g
  check "depends on nothing else" \
    [ "$(tr ',' '\n' <out | grep -cvE 'openblas|lapacke|zlib|libc6')" -eq 0 ]
  run tar -tf "$archive"
  for file in bin/mate-kd lib/mate-kd/x86-64-v4/mate-kd share/man/man1/mate-kd.1.gz LICENSE \
    README.md share/doc/mate-kd/copyright share/bash-completion/completions/mate-kd \
    share/zsh/vendor-completions/_mate-kd share/fish/vendor_completions.d/mate-kd.fish \
    share/mate-kd/configs/demo/teacher.json; do
    check "archive: $file" says "mate-kd-1.2.3-linux-x86_64/$file"
  done
  run env TZ=UTC dpkg-deb -c "$deb"
  check "package: root owns everything" [ "$(grep -cv ' root/root ' out)" -eq 0 ]
  check "package: the dates are those of SOURCE_DATE_EPOCH" \
    [ "$(grep -cv ' 2023-11-14 ' out)" -eq 0 ]
  make_packages two
  check "made again: the same archive" cmp "$archive" "two/${archive#one/}"
  check "made again: the same package" cmp "$deb" "two/${deb#one/}"
  tar -xf "$archive"
  if grep -qw avx2 /proc/cpuinfo; then
    run mate-kd-1.2.3-linux-x86_64/bin/mate-kd --version
    check "unpacked anywhere: runs" says "mate-kd 1.2.3"
  fi
  run gzip -dc mate-kd-1.2.3-linux-x86_64/share/man/man1/mate-kd.1.gz
  check "manual: version and date" says '.TH MATE\-KD 1 2023\-11\-14 "mate\-kd 1.2.3"'
  cc -o builds/x86-64-v4/release/mate-kd program.c -lopenblas -llapacke -lz -Wl,--no-as-needed \
    -ldl -lgcc_s
  make_packages three
  check "another library: exit code 70" [ "$code" -eq 70 ]
  check "another library: named" says "the programs need libgcc_s.so.1"
fi

# The true builds.
builds=$root/.build-package
if [[ ! -x $builds/x86-64-v3/release/mate-kd || ! -x $builds/x86-64-v4/release/mate-kd ]]; then
  skipped "the true builds, which scripts/package.sh has not made here"
elif ! grep -qw avx2 /proc/cpuinfo; then
  skipped "the true builds, since this processor has no AVX2"
else
  mkdir true
  cc -o true-launcher "$root/scripts/package/launcher.c"
  mkdir -p true/bin true/lib/mate-kd
  mv true-launcher true/bin/mate-kd
  ln -s "$builds/x86-64-v3/release" true/lib/mate-kd/x86-64-v3
  ln -s "$builds/x86-64-v4/release" true/lib/mate-kd/x86-64-v4
  run env MATE_KD_BUILD=x86-64-v3 true/bin/mate-kd --version
  check "x86-64-v3: runs" says "built for: x86-64-v3 (AVX2)"
  run env MATE_KD_BUILD=x86-64-v4 true/bin/mate-kd --version
  if grep -q avx512dq /proc/cpuinfo; then
    check "x86-64-v4: runs" says "built for: x86-64-v4 (AVX-512)"
  else
    check "x86-64-v4 without AVX-512: exit code 69" [ "$code" -eq 69 ]
    check "x86-64-v4 without AVX-512: says so" says "AVX-512"
  fi
fi

echo "package: $passed checks passed"
