#!/usr/bin/env bash
#SBATCH --job-name=mate-kd
#SBATCH --array=1-4
#SBATCH --cpus-per-task=4
#SBATCH --time=04:00:00
#SBATCH --signal=USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
# A study or a sweep, or a single run, as a Slurm job. The tasks of the array share the cells: each
# takes those that no other has. Two minutes before its time is over, a task gets SIGUSR1, saves its
# run and is queued again, as often as needed.
#
# usage: sbatch [OPTIONS] scripts/cluster/slurm.sh compare --config study.json --wait
#        sbatch [OPTIONS] scripts/cluster/slurm.sh sweep --config sweep.json --wait
#        sbatch --array=1 [OPTIONS] scripts/cluster/slurm.sh distill --config run.json --resume
#
# Options of sbatch (--array=1-16, --time, --partition) win over the lines above. The folder must be
# on a file system that all nodes see. MATE_KD names the program, by default mate-kd.
set -euo pipefail

[[ $# -gt 0 ]] || { sed -n '9,18s/^# \{0,1\}//p' "$0" >&2; exit 64; }

status=0
# As a step of its own, the program gets the signals that Slurm sends to steps.
srun --ntasks=1 "${MATE_KD:-mate-kd}" "$@" --threads "${SLURM_CPUS_PER_TASK:-1}" || status=$?
# 75: a signal ended it, it is saved, and the same command goes on.
if [[ $status -eq 75 ]]; then
  # Slurm itself queues a job again that it takes the nodes from.
  scontrol requeue "$SLURM_JOB_ID" || true
fi
exit "$status"
