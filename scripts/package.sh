#!/usr/bin/env bash
# Makes an archive and a Debian package of mate-kd in dist/: two builds, for x86-64-v3 and
# x86-64-v4, Swift's runtime in them, and a launcher that picks one: see docs/installing.md.
#
# usage: scripts/package.sh [options]
#   --output DIR     where they go (default dist)
#   --builds DIR     where the builds are made and kept (default .build-package)
#   --skip-build     take the builds that are in DIR already
#   --no-deb         only the archive
#   --no-archive     only the Debian package
#
# Dates in the packages are those of the commit, or SOURCE_DATE_EPOCH; MATE_KD_COMMIT names the
# commit where there is no git; MATE_KD_MAINTAINER is the maintainer of the Debian package.
# Exit codes: 0 done, 64 wrong usage, 69 a tool or processor is missing, 70 a check failed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }
die() { # die CODE MESSAGE
  echo "package.sh: error: $2" >&2
  exit "$1"
}
say() { echo "==> $*" >&2; }

output=dist builds=.build-package build=yes deb=yes archive=yes
while [[ $# -gt 0 ]]; do
  case $1 in
    --output | --builds)
      [[ $# -ge 2 && -n $2 ]] || die 64 "$1 needs a folder"
      [[ $1 == --output ]] && output=$2 || builds=$2
      shift 2 ;;
    --skip-build) build=no; shift ;;
    --no-deb) deb=no; shift ;;
    --no-archive) archive=no; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; die 64 "unknown argument '$1'" ;;
  esac
done
[[ $deb == yes || $archive == yes ]] || die 64 "--no-deb and --no-archive leave nothing to make"
cd "$root"
[[ $(uname -m) == x86_64 ]] || die 69 "packages are made on x86-64 only, this is $(uname -m)"
tools=(cc strip tar xz gzip objdump python3)
[[ $build == no ]] || tools+=(swift pkg-config)
[[ $deb == no ]] || tools+=(dpkg-deb dpkg-shlibdeps)
for tool in "${tools[@]}"; do
  command -v "$tool" >/dev/null \
    || die 69 "this script needs '$tool' (Debian: dpkg-dev, gcc, binutils, xz-utils)"
done

levels=(x86-64-v3 x86-64-v4)
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
[[ $epoch =~ ^[0-9]+$ ]] || die 64 "SOURCE_DATE_EPOCH must be a number of seconds, not '$epoch'"
export SOURCE_DATE_EPOCH=$epoch
export LC_ALL=C TZ=UTC
umask 022
mkdir -p "$builds" "$output"
builds=$(cd "$builds" && pwd)
output=$(cd "$output" && pwd)

# The same arguments for every call, or everything would be compiled again. Names of folders do not
# get into the programs. libstdc++ and libgcc are linked in: a folder that has libstdc++'s archive
# only comes first, since Swift asks for -lstdc++ by name.
build() { # build LEVEL
  MATE_KD_MARCH=$1 swift build -c release --product mate-kd --static-swift-stdlib \
    --scratch-path "$builds/$1" \
    -Xswiftc -file-prefix-map -Xswiftc "$root=." -Xcc "-ffile-prefix-map=$root=." \
    -Xswiftc -Xclang-linker -Xswiftc -static-libgcc -Xlinker "-L$builds/static"
}
if [[ $build == yes ]]; then
  mkdir -p "$builds/static"
  ln -sf "$(cc -print-file-name=libstdc++.a)" "$builds/static/libstdc++.a"
  for level in "${levels[@]}"; do
    say "Building for $level"
    build "$level" >&2
  done
fi
for level in "${levels[@]}"; do
  file=$builds/$level/release/mate-kd
  [[ -f $file ]] || die 69 "there is no $file; run without --skip-build"
done

program=$builds/${levels[0]}/release/mate-kd
told=$("$program" --version)
version=$(sed -n '1s/^mate-kd //p' <<<"$told")
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+ ]] || die 70 "the program tells no version: $told"

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
tree=$stage/tree
doc=$tree/share/doc/mate-kd
mkdir -p "$tree/bin" "$doc" "$tree/share/man/man1" "$tree/share/mate-kd" \
  "$tree/share/bash-completion/completions" "$tree/share/zsh/vendor-completions" \
  "$tree/share/fish/vendor_completions.d"
cc -O2 -Wall -Wextra -s -ffile-prefix-map="$root"=. -o "$tree/bin/mate-kd" \
  scripts/package/launcher.c
for level in "${levels[@]}"; do
  mkdir -p "$tree/lib/mate-kd/$level"
  strip -o "$tree/lib/mate-kd/$level/mate-kd" "$builds/$level/release/mate-kd"
done
"$program" --generate-completion-script bash >"$tree/share/bash-completion/completions/mate-kd"
"$program" --generate-completion-script zsh >"$tree/share/zsh/vendor-completions/_mate-kd"
"$program" --generate-completion-script fish >"$tree/share/fish/vendor_completions.d/mate-kd.fish"
"$program" --experimental-dump-help \
  | python3 scripts/package/manual.py "$version" "$(date -d "@$epoch" +%F)" \
  | gzip -9n >"$tree/share/man/man1/mate-kd.1.gz"
cp scripts/package/copyright "$doc/copyright"
cp README.md "$doc/"
gzip -9n <CHANGELOG.md >"$doc/changelog.gz"
cp -r docs "$doc/docs"
cp -r configs "$tree/share/mate-kd/configs"
chmod -R u=rwX,go=rX "$tree"

# What must hold of the programs, whatever the machine they were made on.
needed=$(objdump -p "$tree"/bin/mate-kd "$tree"/lib/mate-kd/*/mate-kd \
  | awk '$1 == "NEEDED" { print $2 }' | sort -u)
for library in $needed; do
  case $library in
    libopenblas.so.0 | liblapacke.so.3 | libz.so.1 | libc.so.6 | libm.so.6 | ld-linux-x86-64.so.2) ;;
    *) die 70 "the programs need $library, beside OpenBLAS, LAPACKE, zlib and glibc" ;;
  esac
done
for file in "$tree"/bin/mate-kd "$tree"/lib/mate-kd/*/mate-kd; do
  ! grep -qF "$root/" "$file" || die 70 "${file#"$tree"/} has the path of this folder in it"
done

# The kernel of float32 products in whole vectors; in halves it takes twice as long.
kernel=$(objdump -d --disassemble=mate_kd_sgemm_rows_3 "$builds/x86-64-v4/release/mate-kd")
[[ $kernel != *vfmadd* || $kernel == *zmm* ]] \
  || die 70 "the products of the build for x86-64-v4 use vectors of 256 bits"

# Made again from the same builds, an archive has the same bytes.
packed() { # packed FOLDER NAME: a tar of FOLDER/NAME on standard output
  tar --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --format=gnu \
    -C "$1" -cf - "$2"
}
if [[ $archive == yes ]]; then
  name=mate-kd-$version-linux-x86_64
  cp -r "$tree" "$stage/$name"
  cp LICENSE README.md "$stage/$name/"
  say "Archive"
  packed "$stage" "$name" | xz -6 -T1 >"$stage/archive"
  mv "$stage/archive" "$output/$name.tar.xz"
  echo "$output/$name.tar.xz"
fi

if [[ $deb == yes ]]; then
  say "Debian package"
  debian=$stage/debian-package
  mkdir -p "$debian/DEBIAN" "$stage/debian"
  cp -r "$tree" "$debian/usr"
  printf 'Source: mate-kd\n\nPackage: mate-kd\nArchitecture: amd64\n' >"$stage/debian/control"
  depends=$(cd "$stage" && dpkg-shlibdeps -O -e"$debian/usr/bin/mate-kd" \
    -e"$debian/usr/lib/mate-kd/${levels[0]}/mate-kd" \
    -e"$debian/usr/lib/mate-kd/${levels[1]}/mate-kd" | sed -n 's/^shlibs:Depends=//p')
  [[ $depends == *libopenblas* && $depends == *liblapacke* && $depends == *libc6* ]] \
    || die 70 "dpkg-shlibdeps finds '$depends', without OpenBLAS, LAPACKE or libc6"
  cat >"$debian/DEBIAN/control" <<CONTROL
Package: mate-kd
Version: $version
Architecture: amd64
Maintainer: ${MATE_KD_MAINTAINER:-the mate-kd authors <mate-kd@localhost>}
Installed-Size: $(du -sk --apparent-size "$debian/usr" | cut -f1)
Depends: $depends
Section: science
Priority: optional
Description: knowledge distillation of BERT classifiers on a CPU
 Turns a fine-tuned BERT, RoBERTa or DistilBERT classifier into one several times
 smaller, by MATE-KD and other methods, without Python. Reads and writes Hugging
 Face model folders.
 .
 The processor must have AVX2 and FMA (x86-64-v3); AVX-512 and bfloat16 products
 are used where they are present.
CONTROL
  (cd "$debian" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$debian/DEBIAN/md5sums"
  chmod -R u=rwX,go=rX "$debian"
  find "$debian" -exec touch -h -d "@$epoch" {} +
  dpkg-deb --root-owner-group -Zxz -z6 --build "$debian" "$output/mate-kd_${version}_amd64.deb" >&2
  echo "$output/mate-kd_${version}_amd64.deb"
fi
