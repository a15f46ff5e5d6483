#!/usr/bin/env bash
# Spoils file operations of a run with two saves, each in turn, and shows what a sick machine may
# do: the run ends with one sentence and the right exit code or as if nothing had happened, what it
# had saved is whole, and --resume ends with the same bytes as a run on a healthy machine. Prints a
# table and fails if anything else happens.
#
# usage: scripts/fault-test.sh MATE_KD [--part PART]... [--method NAME]
#   --part    write, short, fsync, rename, open, mkdir, unlink: the operation that fails;
#             limits: a full disk, a limit of file sizes, a terminal that goes away;
#             inputs: files that change while they are read or used;
#             signals: a command that is stopped while it writes its result (all)
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mate_kd=$(realpath "${1:?usage: fault-test.sh MATE_KD [--part PART]... [--method NAME]}")
shift
parts=() method=mate-kd
while (($#)); do
  case $1 in
    --part) parts+=("$2") ;;
    --method) method=$2 ;;
    *) echo "fault-test.sh: unknown option $1" >&2; exit 64 ;;
  esac
  shift 2
done
((${#parts[@]})) || parts=(write short fsync rename open mkdir unlink limits inputs signals)
source "$root/scripts/crash/world.sh"

steps=4
arguments "$method" whole "$steps"
"$mate_kd" "${run[@]}" >whole.log 2>&1 || { cat whole.log >&2; exit 1; }
arguments "$method" spoiled "$steps"

row() { printf '%-8s %-7s %7s %9s %9s %9s\n' "$@"; }
row what error faults "exit 0" "exit 73+" wrong

# Checks what a spoiled run has left, and resumes it. $1 says what was done.
judge() {
  local what=$1 errors
  errors=$(grep -c 'error:' said.log)
  case $code in
    0)
      same spoiled whole || { problem "$what: exit 0, but other results"; return 1; }
      ;;
    73 | 74)
      ((errors == 1)) || { problem "$what: $errors errors: $(cat said.log)"; return 1; }
      ;;
    *)
      problem "$what: exit code $code: $(tail -1 said.log)"
      return 1
      ;;
  esac
  "$mate_kd" "${run[@]}" --resume >out.log 2>resumed.log \
    || { problem "$what: not resumed: $(tail -1 resumed.log)"; return 1; }
  ! grep -q 'is passed over' resumed.log || { problem "$what: $(cat resumed.log)"; return 1; }
  same spoiled whole || { problem "$what: other results"; return 1; }
}

faults_of() {
  local kind=$1 action=$2 number total wrong=0 fine=0 failed=0
  rm -rf spoiled
  total=$(operations "$kind" "$mate_kd" "${run[@]}")
  for ((number = 1; number <= total; number++)); do
    rm -rf spoiled
    with_fault "$kind" "$number" "$action" "$mate_kd" "${run[@]}" >out.log 2>said.log
    code=$?
    ((code == 0)) && fine=$((fine + 1)) || failed=$((failed + 1))
    judge "$action at $kind $number" || wrong=$((wrong + 1))
  done
  row "$kind" "$action" "$total" "$fine" "$failed" "$wrong"
}

# One case: what it is, the exit codes that are right, and the command.
one() {
  local what=$1 right=$2
  shift 2
  rm -rf spoiled
  "$@" >out.log 2>said.log
  code=$?
  [[ " $right " == *" $code "* ]] || problem "$what: exit code $code: $(tail -1 said.log)"
  judge "$what" && echo "$what: exit code $code: $(grep 'error:' said.log | tail -1)"
}

limits() {
  # Files may have at most so many blocks of 1 KiB; every model is larger.
  limited() { (ulimit -f "$1"; shift; exec "$@"); }
  one "a limit of file sizes, 100 KiB" 73 limited 100 "$mate_kd" "${run[@]}"
  one "a limit of file sizes, 1 KiB" 73 limited 1 "$mate_kd" "${run[@]}"

  local disk=$world/disk
  mkdir "$disk"
  if mount -t tmpfs -o size=900k tmpfs "$disk" 2>/dev/null; then
    on_disk() {
      mkdir "$disk/run"
      ln -s "$disk/run" spoiled
      "$mate_kd" "${run[@]}"
      local code=$?
      rm spoiled
      cp -r "$disk/run" spoiled
      return $code
    }
    one "a full disk" 73 on_disk
    umount "$disk"
  else
    echo "a full disk: skipped, a file system cannot be mounted here"
  fi

  one "no thread can be made" 0 with_fault any 0 threads "$mate_kd" "${run[@]}"

  # Nobody reads standard error any more; standard output goes the same way, so that the results
  # cannot be shown.
  rm -rf spoiled
  "$mate_kd" "${run[@]}" 2>&1 | true
  code=${PIPESTATUS[0]}
  [[ $code == 74 ]] && same spoiled whole || problem "a pipe that is closed: exit code $code"
  echo "a pipe that is closed: exit code $code"
  rm -rf spoiled
  bash -c '"$@" <&- >&- 2>&-' - "$mate_kd" "${run[@]}"
  code=$?
  [[ $code == 74 ]] && same spoiled whole || problem "all streams closed: exit code $code"
  echo "all streams closed: exit code $code"
  one "standard error closed" 0 bash -c '"$@" 2>&-' - "$mate_kd" "${run[@]}"
  one "standard output closed" 74 bash -c '"$@" >&-' - "$mate_kd" "${run[@]}"
  one "standard output full" 74 bash -c '"$@" >/dev/full' - "$mate_kd" "${run[@]}"
}

inputs() {
  local data=runs/smoke/data/SST-2 teacher=runs/smoke/teacher
  # The run stops while it makes its last updates; meanwhile everything that it has read changes.
  local name
  cp -r runs kept
  rm -rf spoiled
  fault_path=spoiled/checkpoint-2 with_fault rename 1 term "$mate_kd" "${run[@]}" \
    >out.log 2>said.log
  code=$?
  ((code == 75)) || problem "SIGTERM at the first save: exit code $code: $(tail -1 said.log)"
  echo "sentence	label" >"$data/train.tsv"
  "$mate_kd" "${run[@]}" --resume >out.log 2>said.log
  code=$?
  ((code == 65 || code == 78)) || problem "train.tsv without rows: exit code $code: $(cat said.log)"
  echo "train.tsv lost its rows before --resume: exit code $code: $(tail -1 said.log)"
  rm -rf runs && cp -r kept runs

  # Files that are cut short while they are read: the weights of the teacher, then of the generator.
  for name in "$teacher/model.safetensors" runs/smoke/generator/model.safetensors; do
    rm -rf spoiled
    fault_path=$name with_fault any 0 truncate "$mate_kd" "${run[@]}" >out.log 2>said.log
    code=$?
    ((code == 74)) || problem "$name cut short while it is read: exit code $code: $(cat said.log)"
    echo "$name cut short while it is read: exit code $code: $(tail -1 said.log)"
    rm -rf runs && cp -r kept runs
  done
}

signals() {
  local kind
  echo "a film" >texts.txt
  mkdir answers
  for kind in open write fsync rename; do
    fault_path=answers/ with_fault "$kind" 1 term "$mate_kd" predict --model runs/smoke/teacher \
      --task sst-2 --input texts.txt --output answers/a.jsonl >out.log 2>said.log
    code=$?
    ((code == 75)) && [[ -z $(ls -A answers) ]] \
      || problem "SIGTERM at $kind: exit code $code, $(ls -A answers): $(cat said.log)"
    echo "SIGTERM at the $kind of a result: exit code $code: $(tail -1 said.log)"
  done
}

for part in "${parts[@]}"; do
  case $part in
    write | fsync | rename | open | mkdir | unlink)
      faults_of "$part" ENOSPC
      faults_of "$part" EIO
      ;;
    short) faults_of write short ;;
    limits | inputs | signals) "$part" ;;
    *) echo "fault-test.sh: unknown part $part" >&2; exit 64 ;;
  esac
done
((failures == 0)) || { echo "fault-test: $failures problems" >&2; exit 1; }
echo "fault-test: nothing was lost"
