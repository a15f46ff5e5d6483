#!/usr/bin/env bash
# scripts/get-glue.sh against a server on loopback: resume, checksums, missing files, archives.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
get_glue=$root/scripts/get-glue.sh
work=$(mktemp -d)
server=
stop_server() {
  [[ -z $server ]] || kill "$server" 2>/dev/null || true
  [[ -z $server ]] || wait "$server" 2>/dev/null || true
  server=
}
trap 'stop_server; rm -rf "$work"' EXIT

start_server() { # start_server [range_server.py options]: sets $url, empties $work/log
  stop_server
  : >"$work/log"
  rm -f "$work/port" # otherwise the last server's port would be read before the new one is up
  python3 "$root/scripts/tests/range_server.py" "$work/site" "$work/log" "$@" >"$work/port" &
  server=$!
  for _ in $(seq 600); do
    [[ -s $work/port ]] && break
    sleep 0.05
  done
  [[ -s $work/port ]] || { echo "FAILED: the server did not start" >&2; exit 1; }
  url=http://127.0.0.1:$(cat "$work/port")
}

passed=0
check() { # check NAME COMMAND...
  local name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    echo "FAILED: $name" >&2
    [[ ! -f $work/out ]] || sed 's/^/    /' "$work/out" >&2
    exit 1
  fi
}
run() { # run ARGUMENTS...: get-glue.sh's exit code in $code, its output in $work/out
  code=0
  "$get_glue" --base-url "$url" --manifest "$work/manifest" "$@" >"$work/out" 2>&1 || code=$?
}
says() { grep -q -- "$1" "$work/out"; }
lacks() { ! grep -q -- "$1" "$work/out"; }
same() { cmp -s "$work/site/$1" "$2"; }

# A site with a task of pseudo-random rows, as plain files, as zip and as tar.gz.
mkdir -p "$work/site/SST-2" "$work/site/RTE"
for split in train dev test; do
  {
    printf 'sentence\tlabel\n'
    awk -v n=4000 -v seed="${#split}" 'BEGIN { srand(seed)
      for (i = 0; i < n; i++) printf "row %d %.9f\t%d\n", i, rand(), rand() < 0.5 }'
  } >"$work/site/SST-2/$split.tsv"
  cp "$work/site/SST-2/$split.tsv" "$work/site/RTE/$split.tsv"
done
(cd "$work/site" && python3 -m zipfile -c SST-2.zip SST-2 && tar -czf RTE.tar.gz RTE)
(cd "$work/site" && sha256sum SST-2.zip RTE.tar.gz SST-2/*.tsv) >"$work/manifest"

start_server
run --output "$work/plain" SST-2
check "zip: exit code" [ "$code" -eq 0 ]
check "zip: files are right" same SST-2/train.tsv "$work/plain/SST-2/train.tsv"
check "zip: archive deleted" [ ! -e "$work/plain/SST-2.zip" ]
run --output "$work/plain" SST-2
check "second run needs no download" says "already there"
run --output "$work/tar" RTE
check "tar.gz: exit code" [ "$code" -eq 0 ]
check "tar.gz: files are right" same RTE/dev.tsv "$work/tar/RTE/dev.tsv"

start_server --cut 5000
run --output "$work/cut" SST-2
check "broken transfer: exit code" [ "$code" -eq 0 ]
check "broken transfer: resumed in the same run" grep -q '^/SST-2.zip bytes=5000-' "$work/log"
check "broken transfer: files are right" same SST-2/dev.tsv "$work/cut/SST-2/dev.tsv"

start_server --cut 5000
run --output "$work/two" --retries 0 SST-2
check "no retries: exit code 74" [ "$code" -eq 74 ]
check "no retries: the part is kept" [ "$(stat -c %s "$work/two/SST-2.zip.part")" -eq 5000 ]
run --output "$work/two" --retries 0 SST-2
check "next run: exit code" [ "$code" -eq 0 ]
check "next run: says so" says "resuming after 5000 bytes"
check "next run: asks for the rest only" grep -q '^/SST-2.zip bytes=5000-' "$work/log"

start_server
mkdir -p "$work/whole" "$work/stale"
cp "$work/site/SST-2.zip" "$work/whole/SST-2.zip.part"
run --output "$work/whole" SST-2
check "a complete part is accepted" [ "$code" -eq 0 ]
head -c 3000 /dev/zero >"$work/stale/SST-2.zip.part"
run --output "$work/stale" SST-2
check "a part of another version: starts over" says "starting over"
check "a part of another version: exit code" [ "$code" -eq 0 ]

start_server --no-ranges
mkdir -p "$work/noranges"
head -c 3000 "$work/site/SST-2.zip" >"$work/noranges/SST-2.zip.part"
run --output "$work/noranges" SST-2
check "a server without ranges: exit code" [ "$code" -eq 0 ]
check "a server without ranges: says so" says "cannot resume"

start_server
sed 's/^[0-9a-f]\{8\}/00000000/' "$work/manifest" >"$work/wrong"
run --output "$work/sum" --manifest "$work/wrong" SST-2
check "wrong checksum: exit code 65" [ "$code" -eq 65 ]
check "wrong checksum: says both" says "wrong SHA-256: expected 00000000"
check "wrong checksum: nothing is left" [ -z "$(find "$work/sum" -type f)" ]
sed '/SST-2.zip/!s/^[0-9a-f]\{8\}/00000000/' "$work/manifest" >"$work/wrong"
run --output "$work/inner" --manifest "$work/wrong" SST-2
check "wrong checksum of an unpacked file: exit code 65" [ "$code" -eq 65 ]

run --output "$work/files" --plain-files SST-2
check "plain files: exit code" [ "$code" -eq 0 ]
check "plain files: files are right" same SST-2/test.tsv "$work/files/SST-2/test.tsv"

rm "$work/site/SST-2.zip"
run --output "$work/missing" SST-2
check "missing file: exit code 66" [ "$code" -eq 66 ]
check "missing file: named" says "/SST-2.zip: the server does not have this file (HTTP 404)"
check "missing file: no retries" [ "$(grep -c SST-2.zip "$work/log")" -le 4 ]
run --output "$work/unknown" NO-SUCH-TASK
check "unknown task: exit code 64" [ "$code" -eq 64 ]
code=0
env -u GLUE_BASE_URL "$get_glue" >"$work/out" 2>&1 || code=$?
check "no base URL: exit code 64" [ "$code" -eq 64 ]
check "no base URL: tells where GLUE is" says "gluebenchmark.com"
stop_server
run --output "$work/down" --retries 0 RTE
check "no server: exit code 74" [ "$code" -eq 74 ]

echo "get-glue: $passed checks passed"
