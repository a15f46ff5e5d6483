#!/usr/bin/env bash
# Runs that several processes share, by Open MPI's mpirun or MPICH's mpiexec: the same bytes on 1,
# 2, 3 and 4 of them and with other threads, processes that have other settings, a process that is
# killed, going on with fewer, signals, and Slurm's srun, where its daemons are installed and this
# is root. For root, also hosts (network namespaces): bytes on the wire between 2, 3 and 4 of them,
# links that lose and delay packets, a slow host, and a link that is cut. Where the kernel has no
# netem, a program that carries packets takes its place (lossy_link.py).
#
# The program must be one with MPI. MATE_KD_MPI_PROGRAM names it; MATE_KD_TEST_MPI=1 builds it in
# .build-mpi, or in .build-mpich if MATE_KD_MPI=mpich, which takes as long as any build of
# everything. Otherwise there is nothing to test.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
skip() {
  echo "mpi.test.sh: skipped: $1"
  exit 0
}
mate_kd=${MATE_KD_MPI_PROGRAM:-}
if [[ -z $mate_kd ]]; then
  [[ ${MATE_KD_TEST_MPI:-} == 1 ]] \
    || skip "MATE_KD_TEST_MPI=1 builds a program with MPI for it, MATE_KD_MPI_PROGRAM names one"
  folder=.build-mpi
  [[ ${MATE_KD_MPI:-} != mpich ]] || folder=.build-mpich
  build=(swift build -c release --traits MPI --scratch-path "$folder" --product mate-kd)
  (cd "$root" && "${build[@]}") || { echo "mpi.test.sh: no build with MPI" >&2; exit 1; }
  mate_kd=$(cd "$root" && "${build[@]}" --show-bin-path)/mate-kd
fi
if ldd "$mate_kd" | grep -q libmpich; then
  launch=(mpiexec.mpich) rank_variable=PMI_RANK slurm_mpi=pmi2
else
  launch=(mpirun --allow-run-as-root --oversubscribe --bind-to none)
  rank_variable=OMPI_COMM_WORLD_RANK slurm_mpi=pmix
fi
command -v "${launch[0]}" >/dev/null || skip "there is no ${launch[0]}"
work=$(mktemp -d)
daemons=()
stop() {
  [[ ${#daemons[@]} -eq 0 ]] || kill "${daemons[@]}" 2>/dev/null || true
  [[ -z $(jobs -p) ]] || kill $(jobs -p) 2>/dev/null || true
  hosts_down
  rm -rf "$work"
}
source "$root/scripts/tests/watched_runs.sh"
source "$root/scripts/tests/hosts.sh"
source "$root/scripts/tests/slurm_here.sh"
trap stop EXIT
cd "$work"

fail() {
  echo "mpi.test.sh: FAILED: $1" >&2
  [[ ! -s err.log ]] || sed 's/^/    /' err.log >&2
  exit 1
}

on() { # on PROCESSES ARGUMENTS...: output in out.log and err.log
  local count=$1
  shift
  if [[ $count -eq 1 ]]; then
    timeout 300 "$mate_kd" "$@" --threads 1 >out.log 2>err.log
  else
    timeout 300 "${launch[@]}" -n "$count" "$mate_kd" "$@" --threads 1 >out.log 2>err.log
  fi
}

same() { # same FOLDER FOLDER WHAT
  local file
  for file in model.safetensors log.jsonl eval_predictions.tsv; do
    cmp -s "$1/$file" "$2/$file" || fail "$3: $1/$file and $2/$file differ"
  done
}

make_models
turns='"generator_steps": 2, "student_steps": 4, "generator_learning_rate": 1e-3'
configuration() { # configuration NAME METHOD_KEYS UPDATES EVERY SHARDS
  cat >"$1.json" <<JSON
{"output_dir": "$1", "task": {"name": "sst-2", "data_dir": "data/SST-2", "max_seq_length": 24},
 "teacher": {"model_name_or_path": "teacher"}, "allow_weak_teacher": true, "shards": $5,
 "student": {"from_teacher_layers": [0]},
 $([[ $1 == kd* ]] || echo '"generator": {"model_name_or_path": "generator"},')
 "method": {$2},
 "train": {"max_steps": $3, "learning_rate": 1e-3, "per_device_train_batch_size": 16,
   "logging_steps": $4, "eval_strategy": "steps", "eval_steps": $((2 * $4)), "save_steps": $4,
   "load_best_model_at_end": true}}
JSON
}
configuration kd '"name": "kd"' 24 4 4
configuration mate-kd "\"name\": \"mate-kd\", $turns" 24 4 4
configuration cilda "\"name\": \"cilda\", \"loss_weights\": {\"contrastive\": 0.5}, $turns" 24 4 4
configuration kd-long '"name": "kd"' 600 20 12
cat >finetune.json <<JSON
{"output_dir": "finetune", "shards": 4,
 "task": {"name": "sst-2", "data_dir": "data/SST-2", "max_seq_length": 24},
 "model": {"model_name_or_path": "generator"},
 "train": {"max_steps": 24, "learning_rate": 3e-3, "per_device_train_batch_size": 16,
   "eval_strategy": "steps", "eval_steps": 8, "save_steps": 8, "logging_steps": 4}}
JSON

# The same bytes, and one voice.
for name in kd mate-kd cilda finetune; do
  command=distill
  [[ $name != finetune ]] || command=teacher-finetune
  for count in 1 2 3 4; do
    on "$count" "$command" --config "$name.json" --output-dir "$name-$count" \
      || fail "$name on $count processes"
    same "$name-1" "$name-$count" "$name on $count processes"
    [[ $count -eq 1 ]] || grep -q "^processes: $count on 1 machine" err.log || fail "no processes"
    [[ $(grep -c "^step 4 " err.log) -eq 1 ]] || fail "$name: more than one process wrote the log"
  done
  echo "$name: the same on 1, 2, 3 and 4 processes"
done

# More threads than processors change nothing either.
for count in 1 2; do
  timeout 300 "${launch[@]}" -n "$count" "$mate_kd" distill --config kd.json --threads 16 \
    --output-dir "kd-16-$count" >out.log 2>err.log || fail "16 threads"
  same kd-1 "kd-16-$count" "16 threads on $count processes"
done
echo "kd: the same with 16 threads"

# What the profile shows of the exchange, if each process has branches of one size.
for count in 2 3 4; do
  on "$count" profile --config kd.json --set shards=$((count == 3 ? 12 : 4)) --steps 4 --warm-up 1 \
    --json || fail "profile on $count processes"
  python3 - "$count" <<'PYTHON' || fail "the profile on $count processes"
import json, sys

report, count = json.load(open("out.log")), int(sys.argv[1])
phase = report["phases"][0]
sent, size = phase["exchange"]["bytes"], phase["exchange"]["gradient_bytes"]
waits = [k for k in phase["kernels"] if k["name"] == "waiting for other processes"]
print(f"profile on {count} processes: {sent / size:.3f} times the gradients' size")
sys.exit(report["processes"] != count or abs(sent / size / (2 * (count - 1) / count) - 1) > 0.01
         or not waits or waits[0]["thread_seconds"] <= 0
         or not 0 <= phase["exchange"]["bytes_behind_passes"] <= sent)
PYTHON
done

# Errors: one sentence.
on 4 distill --config kd.json --set shards=2 --output-dir none && fail "too few shards were taken"
[[ $(grep -c "error: " err.log) -eq 1 ]] || fail "not one sentence about shards"
grep -q "error: a batch has 2 shards, but 4 processes share the run" err.log || fail "shards"
on 3 distill --config kd.json --set train.max_stepz=2 && fail "an unknown key was taken"
[[ $(grep -c "unknown key \"max_stepz\"" err.log) -eq 1 ]] || fail "not one sentence about a key"
run=(-n 1 "$mate_kd" distill --config kd.json --threads 1 --output-dir none)
outcome=0
"${launch[@]}" "${run[@]}" : "${run[@]}" --set train.learning_rate=0.5 >out.log 2>err.log \
  || outcome=$?
[[ $outcome -eq 78 && $(grep -c "error: " err.log) -eq 1 ]] || fail "other settings: $outcome"
grep -q "error: process 1 on .* is not about to make the run of process 0 .*learning_rate" err.log \
  || fail "other settings"
# A program that says it is of another commit.
commit=$("$mate_kd" --version | sed -n 's/^commit: //p')
LC_ALL=C sed "s/$commit/${commit//[0-9a-f]/e}/g" "$mate_kd" >other
chmod +x other
outcome=0
"${launch[@]}" "${run[@]}" : -n 1 "$work/other" "${run[@]:3}" >out.log 2>err.log || outcome=$?
[[ $outcome -eq 64 && $(grep -c "error: " err.log) -eq 1 ]] || fail "another commit: $outcome"
grep "error: process 1 on .* runs mate-kd .*, but process 0 runs .*$commit" err.log \
  || fail "another commit"
[[ ! -e none ]] || fail "something was written"

# A process that dies, and going on with three.
on 1 distill --config kd-long.json --output-dir whole || fail "the whole run"
has_saved() { # has_saved FOLDER
  for _ in {1..600}; do
    compgen -G "$1/checkpoint-*" >/dev/null && return
    sleep 0.1
  done
  fail "$1 has no checkpoint"
}
process() { # process RANK FOLDER: the id of a process
  local id
  for id in $(pgrep -f "^$mate_kd distill .*--output-dir $2"); do
    if tr '\0' '\n' <"/proc/$id/environ" | grep -q "^$rank_variable=$1$"; then echo "$id"; fi
  done
}
on 4 distill --config kd-long.json --output-dir killed &
run=$! outcome=0
has_saved killed
kill -9 "$(process 2 killed)"
wait "$run" || outcome=$?
[[ $outcome -ne 0 ]] || fail "nobody missed a killed process"
# MPICH's launcher ends the others too, but names nobody.
sentence=$(grep -Em1 "process rank 2 .*(signal 9|Killed)" err.log) \
  || sentence="${launch[0]} ends with exit code $outcome"
[[ ${launch[0]} != mpirun || $sentence == *"process rank 2"* ]] || fail "nobody names process 2"
echo "killed: $sentence"
on 3 distill --config kd-long.json --output-dir killed --resume || fail "going on with three"
grep -q "^going on after update" err.log || fail "it began anew"
same whole killed "killed with four, ended with three"
echo "killed with four processes, gone on with three: the same as one that was left alone"

# A signal to the launcher reaches all.
on 2 distill --config kd-long.json --output-dir stopped &
run=$! outcome=0
has_saved stopped
kill -USR1 "$(pgrep -f "^${launch[0]} .*--output-dir stopped")"
wait "$run" || outcome=$?
[[ $outcome -eq 75 ]] || fail "exit code $outcome after SIGUSR1"
[[ $(grep -c "interrupted, saved to stopped/checkpoint-" err.log) -eq 1 ]] || fail "not saved"
on 1 distill --config kd-long.json --output-dir stopped --resume || fail "going on alone"
same whole stopped "stopped with two, ended alone"
echo "SIGUSR1: saved, exit code 75, gone on alone to the same end"

# Slurm. What its srun tells a program about the others depends on --mpi.
if start_slurm; then
  slurm() { # slurm ARGUMENTS...: two processes
    timeout 300 srun -J trial -n 2 --mpi="$slurm_mpi" "$mate_kd" "$@" --threads 1 \
      >out.log 2>err.log
  }
  slurm distill --config kd.json --output-dir kd-slurm || fail "srun --mpi=$slurm_mpi"
  same kd-1 kd-slurm "srun --mpi=$slurm_mpi"
  grep -q "^processes: 2 on 1 machine" err.log || fail "no two processes by srun"
  echo "srun --mpi=$slurm_mpi: the same"
  slurm distill --config kd-long.json --output-dir slurm-killed &
  run=$! outcome=0
  has_saved slurm-killed
  kill -9 "$(rank_variable=SLURM_PROCID process 1 slurm-killed)"
  wait "$run" || outcome=$?
  [[ $outcome -ne 0 ]] || fail "srun missed a killed process"
  sentence=$(grep -m1 "task 1: Killed" err.log) || fail "srun does not name the killed process"
  echo "killed under srun: $sentence"
  slurm distill --config kd-long.json --output-dir slurm-stopped &
  run=$! outcome=0
  has_saved slurm-stopped
  scancel --signal=USR1 --name=trial
  wait "$run" || outcome=$?
  [[ $outcome -eq 75 ]] || fail "exit code $outcome after scancel --signal=USR1"
  grep -q "interrupted, saved to slurm-stopped/checkpoint-" err.log || fail "not saved under srun"
  echo "scancel --signal=USR1: saved, exit code 75"
  slurm_mpi=none slurm distill --config kd.json --output-dir none && fail "srun --mpi=none"
  [[ ! -e none ]] || fail "processes that know nothing of each other wrote something"
  echo "srun --mpi=none: $(grep -hEm1 "error: |OPAL ERROR" err.log)"
else
  echo "mpi.test.sh: skipped: Slurm, whose daemons are not installed or need root"
fi

# Hosts.
if ! { [[ $(id -u) -eq 0 ]] && command -v ip && hosts_up 4; } >/dev/null 2>&1; then
  echo "mpi.test.sh: passed, without hosts, which need root and ip (iproute2)"
  exit 0
fi
# The processes of a run, and nothing that they leave behind.
end_of() { # end_of FOLDER
  for _ in {1..600}; do
    pgrep -f "^$mate_kd distill .*--output-dir $1" >/dev/null || return 0
    sleep 0.1
  done
  fail "a process of $1 goes on"
}
before=($(link_bytes))
on_hosts 2 distill --config kd-long.json --threads 1 --output-dir hosts >out.log 2>err.log \
  || fail "two hosts"
after=($(link_bytes))
grep -q "^processes: 2 on 2 machines" err.log || fail "there are not two hosts"
same whole hosts "two hosts"
counted=$(sed -n 's/.* process 0 sent \([0-9]*\) bytes of gradients in .*/\1/p' err.log)
echo "two hosts: the same; $counted bytes of gradients sent by process 0," \
  "$((after[1] - before[1])) by its host in all"

# Gradients of such small models are little beside what carries them; a larger one tells the factor.
cat >large.json <<JSON
{"output_dir": "large", "overwrite_output_dir": true, "shards": 4,
 "task": {"name": "sst-2", "data_dir": "data/SST-2", "max_seq_length": 24},
 "model": {"config": {"hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4,
   "intermediate_size": 1024, "max_position_embeddings": 64}, "vocab": "data/vocab.txt"},
 "train": {"max_steps": 12, "per_device_train_batch_size": 12, "save_strategy": "no"}}
JSON
for count in 2 3 4; do
  # Each process has branches of one size.
  shards=$((count == 3 ? 12 : 4))
  before=($(link_bytes))
  on_hosts "$count" teacher-finetune --config large.json --set shards=$shards --threads 1 \
    >out.log 2>err.log || fail "a larger model on $count hosts"
  after=($(link_bytes))
  python3 - large/all_results.json 12 "$count" $((after[0] - before[0])) \
    $((after[1] - before[1])) <<'PYTHON' || fail "bytes on the wire"
import json, sys

updates, count = int(sys.argv[2]), int(sys.argv[3])
gradient = 4 * json.load(open(sys.argv[1]))["num_parameters"] * updates
least = 2 * (count - 1) / count
ratios = [int(bytes) / gradient for bytes in sys.argv[4:]]
print(f"bytes on the wire of {count} hosts: {ratios[0]:.4f} and {ratios[1]:.4f} times the "
      f"gradients' size, at least {least:.4f}")
sys.exit(any(not 1 <= ratio / least < 1.05 for ratio in ratios))
PYTHON
done

# Only the first host has the output folder. A run of two goes on with four, and keeps its shards.
on_hosts 2 distill --config kd-long.json --set shards=0 --threads 1 --output-dir first/run \
  >out.log 2>err.log &
run=$! outcome=0
has_saved first/run
kill -USR1 "$(process 1 first/run)"
wait "$run" || outcome=$?
[[ $outcome -eq 75 ]] || fail "exit code $outcome after SIGUSR1 to process 1"
on_hosts 4 distill --config kd-long.json --set shards=0 --threads 1 --output-dir first/run --resume \
  >out.log 2>err.log || fail "going on with four hosts"
grep -q "^processes: 4 on 4 machines" err.log || fail "there are not four hosts"
on 1 distill --config kd-long.json --set shards=4 --output-dir whole-4 || fail "four shards"
same whole-4 first/run "a folder that only the first host has"
echo "SIGUSR1 to the second of two hosts, gone on with four: the same"

# A host that is slow: it stands still most of the time.
on_hosts 2 distill --config kd-long.json --threads 1 --output-dir slow >out.log 2>err.log &
run=$!
for _ in {1..100}; do
  slow=$(process 1 slow)
  [[ -z $slow ]] || break
  sleep 0.1
done
while kill -STOP "$slow" 2>/dev/null; do
  sleep 0.4
  kill -CONT "$slow" 2>/dev/null || true
  sleep 0.1
done
wait "$run" || fail "a slow host"
same whole slow "a slow host"
echo "a slow host: the same"

# Links with delay and loss.
if weather delay 2ms loss 1%; then
  on_hosts 2 distill --config kd.json --threads 1 --output-dir lossy >out.log 2>err.log \
    || fail "a link that loses packets"
  lost=$(ip netns exec "${host}1" tc -s qdisc show dev "${host}1" | grep -o "dropped [0-9]*")
  weather delay 0ms
  same kd-1 lossy "a link that loses packets"
  echo "netem, 2 ms of delay and 1 % of loss ($lost): the same"
elif [[ -c /dev/net/tun ]]; then
  python3 "$root/scripts/tests/lossy_link.py" "${host}1" 10.78.0.1/24 "${host}2" 10.78.0.2/24 \
    --delay 2 --loss 1 >link.log &
  link=$!
  for _ in {1..50}; do
    ! grep -q ready link.log || break
    sleep 0.1
  done
  network=10.78.0 on_hosts 2 distill --config kd.json --threads 1 --output-dir lossy \
    >out.log 2>err.log || fail "a link that loses packets"
  kill "$link"
  wait "$link" || true
  same kd-1 lossy "a link that loses packets"
  echo "a program in place of netem, with 2 ms of delay, that $(grep lost link.log): the same"
fi

# A link that is cut: both ends stop within a bounded time, and the checkpoint is whole.
MATE_KD_SILENCE=20 on_hosts 2 distill --config kd-long.json --set train.max_steps=100000 \
  --threads 1 --output-dir cut >out.log 2>err.log &
run=$! outcome=0
has_saved cut
ip -n "${host}1" link set "${host}1" down
began=$SECONDS
wait "$run" || outcome=$?
[[ $outcome -ne 0 ]] || fail "nobody missed a host"
[[ $((SECONDS - began)) -lt 60 ]] || fail "the cut was noticed only after $((SECONDS - began)) s"
sentence=$(grep -Em1 "lost communication with a remote|has not been heard of for" err.log) \
  || fail "no sentence about the lost host"
echo "a cut link: exit code $outcome after $((SECONDS - began)) s: $sentence"
end_of cut
echo "the process on the other side has ended after $((SECONDS - began)) s"
on 2 distill --config kd-long.json --set train.max_steps=100000 --output-dir cut --resume &
run=$!
for _ in {1..300}; do
  ! grep -q "^going on after update" err.log || break
  sleep 0.1
done
grep -q "^going on after update" err.log || fail "the checkpoint cannot be gone on with"
kill -USR1 "$(pgrep -f "^${launch[0]} .*--output-dir cut")"
wait "$run" || true
echo "mpi.test.sh: passed"
