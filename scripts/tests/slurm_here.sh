# Sourced by many-runs.test.sh and mpi.test.sh: Slurm's own daemons on loopback, for root where they
# are installed. Expects $work and an array daemons, to which it adds the processes to end.

slurm=$work/slurm
mkdir -p "$slurm/state" "$slurm/spool"
export SLURM_CONF=$slurm/slurm.conf
start_slurm() {
  command -v slurmctld slurmd munged sbatch >/dev/null && [[ $(id -u) == 0 ]] || return 1
  dd if=/dev/urandom of="$slurm/munge.key" bs=128 count=1 2>/dev/null
  chmod 400 "$slurm/munge.key"
  local port=$((20000 + RANDOM % 10000)) host
  host=$(hostname -s)
  cat >"$SLURM_CONF" <<CONF
ClusterName=trial
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$slurm/munge.socket,cred_expire=5
SlurmUser=root
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,sched_min_interval=100000
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=trial Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
  munged --force --key-file="$slurm/munge.key" --socket="$slurm/munge.socket" \
    --pid-file="$slurm/munge.pid" --log-file="$slurm/munge.log" \
    --seed-file="$slurm/munge.seed" 2>/dev/null || return 1
  daemons+=("$(cat "$slurm/munge.pid")")
  slurmctld -D -f "$SLURM_CONF" >slurmctld.log 2>&1 &
  slurmd -D -f "$SLURM_CONF" >slurmd.log 2>&1 &
  for _ in $(seq 50); do
    [[ $(sinfo -h -o %T 2>/dev/null) != idle ]] || return 0
    sleep 0.1
  done
  return 1
}
