#!/usr/bin/env bash
# Downloads GLUE tasks from a server you name, resumes what an earlier run left unfinished, checks
# every file against SHA-256 sums, and unpacks into one folder per task.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
  cat <<'USAGE'
usage: scripts/get-glue.sh --base-url URL [options] [TASK...]

  TASK              SST-2 (the default), CoLA, MNLI, QNLI, QQP, RTE, STS-B or WNLI
  --base-url URL    folder on a server that holds SST-2.zip and so on; also GLUE_BASE_URL in the
                    environment. The benchmark's page, gluebenchmark.com/tasks, links the archives.
  --output DIR      where the task folders go (default data/glue)
  --manifest FILE   SHA-256 sums in sha256sum's format (default scripts/glue.sha256)
  --plain-files     the server has TASK/train.tsv and so on instead of archives
  --retries N       attempts after a broken transfer, each resuming (default 5)
  --keep-archives   do not delete an archive after unpacking it

Exit codes: 0 done, 64 wrong usage, 65 wrong checksum or archive, 66 file missing on the server,
73 output not writable, 74 transfer failed.
USAGE
}

fail() { # fail CODE MESSAGE
  echo "get-glue.sh: error: $2" >&2
  exit "$1"
}

base_url=${GLUE_BASE_URL:-}
output=data/glue
manifest=$here/glue.sha256
plain_files=no
retries=5
keep_archives=no
tasks=()

while [[ $# -gt 0 ]]; do
  case "$1" in
    --base-url | --output | --manifest | --retries)
      [[ $# -ge 2 ]] || fail 64 "$1 needs a value"
      case "$1" in
        --base-url) base_url=$2 ;;
        --output) output=$2 ;;
        --manifest) manifest=$2 ;;
        --retries) retries=$2 ;;
      esac
      shift 2
      ;;
    --plain-files) plain_files=yes; shift ;;
    --keep-archives) keep_archives=yes; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; fail 64 "unknown option '$1'" ;;
    *) tasks+=("$1"); shift ;;
  esac
done
[[ ${#tasks[@]} -gt 0 ]] || tasks=(SST-2)

if [[ -z $base_url ]]; then
  usage >&2
  fail 64 "no base URL: give --base-url or set GLUE_BASE_URL to the folder that holds the archives"
fi
base_url=${base_url%/}
[[ $retries =~ ^[0-9]+$ ]] || fail 64 "--retries wants a whole number, not '$retries'"
[[ -r $manifest ]] || fail 66 "cannot read the manifest $manifest"
for tool in curl sha256sum; do
  command -v "$tool" >/dev/null || fail 64 "this script needs '$tool'; run scripts/install-deps.sh --tests"
done
mkdir -p "$output" 2>/dev/null || fail 73 "cannot create the folder $output"
[[ -w $output ]] || fail 73 "cannot write to the folder $output"

# The manifest's paths that belong to a task: archives (TASK.zip, TASKv2.zip, TASK-clean.zip, .tar,
# .tar.gz, .tgz) or files (TASK/...).
archives_of() {
  awk -v task="$1" '$1 !~ /^#/ && NF == 2 {
    path = $2; sub(/^\*/, "", path)
    stem = path; if (!sub(/\.(zip|tar|tar\.gz|tgz)$/, "", stem)) next
    if (stem == task || stem == task "v2" || stem == task "-clean") print path
  }' "$manifest"
}
files_of() {
  awk -v task="$1/" '$1 !~ /^#/ && NF == 2 {
    path = $2; sub(/^\*/, "", path)
    if (index(path, task) == 1) print path
  }' "$manifest"
}
wanted_sum() {
  awk -v wanted="$1" '$1 !~ /^#/ && NF == 2 {
    path = $2; sub(/^\*/, "", path)
    if (path == wanted) { print tolower($1); exit }
  }' "$manifest"
}
actual_sum() {
  sha256sum "$1" | cut -d' ' -f1
}

# One attempt; curl's own exit code. 22: HTTP error, 33: no range requests, 36: bad resume point.
transfer() { # transfer URL PART
  curl --fail --location --silent --show-error --connect-timeout 30 \
    --speed-limit 1 --speed-time 60 --continue-at - --output "$2" \
    --write-out '%{http_code}' "$1"
}

# Leaves the verified file at $output/PATH. Continues a partial file from an earlier run. If the
# whole then has the wrong checksum (the part came from another version), it starts over, once.
fetch() { # fetch PATH
  local path=$1
  local url=$base_url/$path target=$output/$path part=$output/$path.part
  local wanted found code status attempt=0 continued=no
  wanted=$(wanted_sum "$path")
  if [[ -f $target && $(actual_sum "$target") == "$wanted" ]]; then
    echo "$path: already there, checksum right"
    return
  fi
  mkdir -p "$(dirname "$target")" || fail 73 "cannot create the folder $(dirname "$target")"
  if [[ -s $part ]]; then
    continued=yes
    echo "$path: resuming after $(stat -c %s "$part") bytes"
  else
    echo "$path: downloading from $url"
  fi
  while true; do
    code=0
    status=$(transfer "$url" "$part") || code=$?
    case "$code:$status" in
      0:* | 22:416) # 416: nothing left to send; the part was complete
        found=nothing
        [[ ! -f $part ]] || found=$(actual_sum "$part")
        if [[ $found == "$wanted" ]]; then
          mv "$part" "$target"
          echo "$path: $(stat -c %s "$target") bytes, checksum right"
          return
        fi
        rm -f "$part"
        [[ $continued == yes ]] || fail 65 \
          "$url: wrong SHA-256: expected $wanted, found $found; deleted; check URL and manifest"
        continued=no
        echo "$path: wrong checksum after resuming; starting over" >&2
        continue
        ;;
      22:404 | 22:403 | 22:410 | 37:*)
        fail 66 "$url: the server does not have this file (HTTP $status); check the base URL"
        ;;
      3:* | 1:*)
        fail 64 "$url: not an address that curl understands"
        ;;
      33:* | 36:*)
        echo "$path: the server cannot resume; starting over" >&2
        rm -f "$part"
        continued=no
        ;;
    esac
    attempt=$((attempt + 1))
    [[ $attempt -le $retries ]] || fail 74 \
      "$url: transfer failed $attempt times (curl exit $code, HTTP $status); run again to resume"
    sleep "$((attempt < 5 ? attempt : 5))"
    [[ ! -s $part ]] || echo "$path: resuming after $(stat -c %s "$part") bytes"
  done
}

# Unpacks into a folder next to the final one, so that a broken archive leaves no partial task.
unpack() { # unpack ARCHIVE TASK
  local archive=$output/$1 task=$2 staging=$output/.unpacking-$2
  rm -rf "$staging"
  mkdir "$staging"
  case "$archive" in
    *.zip)
      if command -v unzip >/dev/null; then
        unzip -q -o "$archive" -d "$staging" || fail 65 "$archive: cannot be unpacked"
      else
        python3 -m zipfile -e "$archive" "$staging" \
          || fail 65 "$archive: cannot be unpacked (this needs unzip or Python 3)"
      fi
      ;;
    *) tar --no-same-owner -xf "$archive" -C "$staging" || fail 65 "$archive: cannot be unpacked" ;;
  esac
  # The archives contain one folder, not always named like the task, or the files directly.
  local inner
  inner=$(dirname "$(find "$staging" -name 'dev*.tsv' -not -path '*__MACOSX*' | head -n 1)")
  [[ -n $inner && -d $inner && $inner != . ]] || fail 65 "$archive: no dev*.tsv inside"
  mkdir -p "$output/$task"
  cp -R "$inner/." "$output/$task/"
  rm -rf "$staging"
  [[ $keep_archives == yes ]] || rm -f "$archive"
}

for task in "${tasks[@]}"; do
  mapfile -t files < <(files_of "$task")
  mapfile -t archives < <(archives_of "$task")
  if [[ ${#files[@]} -gt 0 ]]; then
    complete=yes
    for file in "${files[@]}"; do
      [[ -f $output/$file && $(actual_sum "$output/$file") == "$(wanted_sum "$file")" ]] || complete=no
    done
    if [[ $complete == yes ]]; then
      echo "$task: already there, ${#files[@]} checksums right"
      continue
    fi
  fi
  if [[ $plain_files == yes ]]; then
    [[ ${#files[@]} -gt 0 ]] || fail 64 "$manifest lists no file of the task '$task'"
    for file in "${files[@]}"; do
      fetch "$file"
    done
  else
    [[ ${#archives[@]} -eq 1 ]] \
      || fail 64 "$manifest lists ${#archives[@]} archives for the task '$task', expected one"
    fetch "${archives[0]}"
    unpack "${archives[0]}" "$task"
    for file in "${files[@]}"; do
      [[ -f $output/$file ]] || fail 65 "${archives[0]}: $file is missing inside"
      found=$(actual_sum "$output/$file")
      [[ $found == "$(wanted_sum "$file")" ]] \
        || fail 65 "$output/$file: wrong SHA-256: expected $(wanted_sum "$file"), found $found"
    done
  fi
  echo "$task: ready in $output/$task"
done
