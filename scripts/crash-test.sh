#!/usr/bin/env bash
# Kills runs and shows that nothing is lost: each is resumed until its end and must leave the same
# model, log and predictions, byte for byte, as the run that was not interrupted. Prints a table and
# fails if anything differs.
#
# usage: scripts/crash-test.sh MATE_KD [--kills N] [--method NAME]... [--part PART]... [--seed N]
#   --kills   kills at random moments, for each method and signal (200)
#   --method  mate-kd, cilda, as-dfd (all three)
#   --part    kill: SIGKILL at random moments; term: SIGTERM at random moments, exit code 75;
#             operations: SIGKILL at every file operation of a run with two saves in turn;
#             overwrite: the same for --overwrite-output-dir; study: a study of 12 cells (all)
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mate_kd=$(realpath "${1:?usage: crash-test.sh MATE_KD [--kills N] [--method NAME]...}")
shift
kills=200 methods=() parts=() RANDOM=1
while (($#)); do
  case $1 in
    --kills) kills=$2 ;;
    --method) methods+=("$2") ;;
    --part) parts+=("$2") ;;
    --seed) RANDOM=$2 ;;
    *) echo "crash-test.sh: unknown option $1" >&2; exit 64 ;;
  esac
  shift 2
done
((${#methods[@]})) || methods=(mate-kd cilda as-dfd)
((${#parts[@]})) || parts=(kill term operations overwrite study)
wants() { [[ " ${parts[*]} " == *" $1 "* ]]; }
source "$root/scripts/crash/world.sh"

row() { printf '%-10s %-10s %7s %7s %7s %9s %9s %7s\n' "$@"; }
row what method kills ends resumed anew damaged differ

# The whole run of each method, and how many milliseconds it takes.
declare -A duration
whole() {
  local method=$1 steps=$2 start
  [[ ! -e whole-$method-$steps ]] || return 0
  arguments "$method" "whole-$method-$steps" "$steps"
  start=$(date +%s%3N)
  "$mate_kd" "${run[@]}" >whole.log 2>&1 || { cat whole.log >&2; exit 1; }
  duration[$method]=$(($(date +%s%3N) - start))
}

# Starts a command, sends it a signal at a random moment of the time given, and waits. Sets $code.
interrupt() {
  local signal=$1 limit=$2
  shift 2
  "$@" >>out.log 2>>said.log &
  local pid=$! delay mask
  # A program that has not begun yet does not know SIGTERM, the bit 0x4000. The shell that becomes
  # it does, so it must be the program before its bits are looked at.
  while [[ $signal == TERM && -e /proc/$pid/status ]]; do
    mask=0
    [[ /proc/$pid/exe -ef $mate_kd ]] \
      && mask=$(sed -n 's/^SigCgt:.*\(....\)$/\1/p' "/proc/$pid/status" 2>/dev/null)
    ((16#${mask:-0} & 16#4000)) && break
    sleep 0.002
  done
  delay=$((RANDOM % limit))
  sleep "$((delay / 1000)).$(printf %03d $((delay % 1000)))"
  kill -"$signal" "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  code=$?
}

random_moments() {
  local signal=$1 method=$2 expected=$3 steps=12
  local done=0 ends=0 differ=0
  whole "$method" "$steps"
  arguments "$method" spoiled "$steps"
  rm -rf spoiled
  : >said.log
  while ((done < kills)); do
    interrupt "$signal" $((duration[$method] * 3 / 4)) "$mate_kd" "${run[@]}" --resume
    if ((code == expected)); then
      done=$((done + 1))
    elif ((code != 0)); then
      problem "$method, SIG$signal: exit code $code: $(tail -1 said.log)"
      break
    fi
    # A run that has come to its end is compared, and another one begins.
    if ((code == 0 || done == kills)); then
      "$mate_kd" "${run[@]}" --resume >>out.log 2>>said.log \
        || problem "$method: $(tail -1 said.log)"
      ends=$((ends + 1))
      same spoiled "whole-$method-$steps" || differ=$((differ + 1))
      rm -rf spoiled
    fi
  done
  local damaged
  damaged=$(grep -c 'is passed over' said.log)
  row "SIG$signal" "$method" "$done" "$ends" "$(grep -c 'going on after' said.log)" \
    "$(grep -c 'begins anew' said.log)" "$damaged" "$differ"
  ((differ + damaged == 0)) || problem "$method, SIG$signal: $differ differ, $damaged damaged"
}

every_operation() {
  local method=$1 steps=4 differ=0 number total
  whole "$method" "$steps"
  arguments "$method" spoiled "$steps"
  rm -rf spoiled
  total=$(operations any "$mate_kd" "${run[@]}")
  : >said.log
  for ((number = 1; number <= total; number++)); do
    rm -rf spoiled
    with_fault any "$number" kill "$mate_kd" "${run[@]}" >/dev/null 2>&1
    code=$?
    ((code == 137)) || problem "$method: no kill at operation $number, exit code $code"
    if ! "$mate_kd" "${run[@]}" --resume >out.log 2>>said.log; then
      problem "$method: not resumed after operation $number: $(tail -1 said.log)"
    elif ! same spoiled "whole-$method-$steps"; then
      differ=$((differ + 1))
      problem "$method: differs after operation $number"
    fi
    [[ -z $(find spoiled -name '.*.tmp-*') ]] || problem "$method: remains after operation $number"
  done
  local damaged
  damaged=$(grep -c 'is passed over' said.log)
  row operation "$method" "$total" "$total" "$(grep -c 'going on after' said.log)" \
    "$(grep -c 'begins anew' said.log)" "$damaged" "$differ"
  ((damaged == 0)) || problem "$method: $damaged damaged checkpoints"
}

metrics() {
  "$mate_kd" evaluate --model "$1" --data runs/smoke/data/SST-2 --task sst-2 --bootstrap 0 --json \
    2>/dev/null | grep -E '"(accuracy|loss)"'
}

# A new run over the folder of an old one, killed at every operation: what evaluate accepts is the
# old model or the new one.
overwrite() {
  local method=kd steps=4 number total old new found mixed=0 differ=0
  whole "$method" "$steps"
  arguments "$method" old "$steps"
  "$mate_kd" "${run[@]}" --seed 99 --set task.max_seq_length=8 \
    --set student.config.intermediate_size=48 >/dev/null 2>&1 || problem "the old run failed"
  old=$(metrics old) new=$(metrics "whole-$method-$steps")
  [[ $old != "$new" ]] || problem "the old and the new model do not differ"
  arguments "$method" spoiled "$steps"
  rm -rf spoiled && cp -r old spoiled
  total=$(operations any "$mate_kd" "${run[@]}" --overwrite-output-dir)
  for ((number = 1; number <= total; number++)); do
    rm -rf spoiled && cp -r old spoiled
    with_fault any "$number" kill "$mate_kd" "${run[@]}" --overwrite-output-dir >/dev/null 2>&1
    found=$(metrics spoiled)
    if [[ -n $found && $found != "$old" && $found != "$new" ]]; then
      mixed=$((mixed + 1))
      problem "a mixture is accepted after operation $number: $found"
    fi
    "$mate_kd" "${run[@]}" --overwrite-output-dir >/dev/null 2>said.log \
      && same spoiled "whole-$method-$steps" \
      || { differ=$((differ + 1)); problem "overwrite, operation $number: $(tail -1 said.log)"; }
  done
  row overwrite "$method" "$total" "$total" - - "$mixed" "$differ"
}

without() { cut -d "$1" -f "$2" --complement "$3"; }

study() {
  local number=0 config=study.json ends=0 differ=0
  sed -e 's|"seeds": \[1, 2\]|"seeds": [1, 2, 3, 4]|' \
    -e 's|"max_steps": 10|"max_steps": 10, "save_steps": 2|' \
    "$root/configs/smoke/study.json" >"$config"
  local command=("$mate_kd" compare --verbose --config "$config")
  local start
  start=$(date +%s%3N)
  "${command[@]}" --output-dir whole-study >/dev/null 2>whole.log || { cat whole.log >&2; exit 1; }
  duration[study]=$(($(date +%s%3N) - start))
  : >said.log
  while ((number < 30)); do
    interrupt KILL $((duration[study] / 4)) "${command[@]}" --output-dir spoiled-study
    ((code == 137)) && number=$((number + 1))
    if ((code == 0 || number == 30)); then
      "${command[@]}" --output-dir spoiled-study >/dev/null 2>>said.log \
        || problem "the study failed: $(tail -1 said.log)"
      ends=$((ends + 1))
      # Times differ. They are the tenth column of the one file and the seventh of the other, whose
      # lines begin with a separator.
      cmp -s {whole,spoiled}-study/cells.csv \
        && cmp -s <(without , 10 whole-study/results.csv) <(without , 10 spoiled-study/results.csv) \
        && cmp -s <(without '|' 8 whole-study/results.md) <(without '|' 8 spoiled-study/results.md) \
        || differ=$((differ + 1))
      rm -rf spoiled-study
    fi
  done
  row study "12 cells" "$number" "$ends" "$(grep -c 'going on after' said.log)" \
    "$(grep -c 'begins anew' said.log)" "$(grep -c 'is passed over' said.log)" "$differ"
  ((differ == 0)) || problem "$differ reports of the study differ"
}

for method in "${methods[@]}"; do
  wants kill && random_moments KILL "$method" 137
  wants term && random_moments TERM "$method" 75
  wants operations && every_operation "$method"
done
wants overwrite && overwrite
wants study && study
((failures == 0)) || { echo "crash-test: $failures problems" >&2; exit 1; }
echo "crash-test: nothing was lost"
