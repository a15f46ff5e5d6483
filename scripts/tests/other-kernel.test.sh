#!/usr/bin/env bash
# What the kernel at hand may lack: NFS, and links that netem delays and that lose packets. Boots
# User Mode Linux (Debian's packages user-mode-linux, kmod, nfs-kernel-server, iproute2), whose
# kernel has both, on the files of this machine, and runs in there
# - a study that workers on two hosts share on a folder that is mounted by NFS, version 4.2 and 3;
# - if MATE_KD_MPI_PROGRAM names a program with MPI, a run of two hosts over bad links.
#
# It takes many minutes, since such a kernel is slow and has one processor, so it does nothing
# unless MATE_KD_TEST_UML=1. Expects the release build; MATE_KD names another program.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fail() {
  echo "other-kernel.test.sh: FAILED: $*" >&2
  exit 1
}
source "$root/scripts/tests/watched_runs.sh"

# In the other kernel.

# The folder /run/export, mounted by NFS on the hosts a and b, as /run/a and /run/b.
mount_nfs() { # mount_nfs VERSION
  mkdir -p /run/export /run/a /run/b /run/nfs
  mount -t tmpfs -o size=500m none /run/export
  mount --bind /run/nfs /var/lib/nfs
  mkdir -p /var/lib/nfs/sm /var/lib/nfs/sm.bak /var/lib/nfs/v4recovery /run/rpc_pipefs
  touch /var/lib/nfs/etab /var/lib/nfs/rmtab
  mount -t nfsd nfsd /proc/fs/nfsd
  rpcbind -w
  ip link add nfs type bridge
  ip addr add 10.79.0.1/24 dev nfs
  ip link set nfs up
  local name number=1 folder=/
  [[ $1 != 3 ]] || folder=/run/export
  exportfs -o rw,fsid=0,no_root_squash,insecure,sync 10.79.0.0/24:/run/export
  rpc.statd --no-notify
  rpc.mountd
  rpc.nfsd -G 10 -L 10 4
  for name in a b; do
    number=$((number + 1))
    ip netns add "$name"
    ip link add "nfs-$name" type veth peer name net0 netns "$name"
    ip link set "nfs-$name" up master nfs
    ip -n "$name" addr add "10.79.0.$number/24" dev net0
    ip -n "$name" link set net0 up
    ip -n "$name" link set lo up
    # A machine of its own: a network, a name, processes.
    nsenter --net="/run/netns/$name" unshare --uts sh -c "hostname host-$name
      exec mount -t nfs -o vers=$1,proto=tcp,soft 10.79.0.1:$folder /run/$name"
    nsenter --net="/run/netns/$name" unshare --uts --pid --fork --mount-proc \
      sh -c "hostname host-$name; exec sleep 100000" &
    sleep 1
    eval "host_$name=\$(pgrep -P $! sleep)"
  done
  mount -t nfs4,nfs | sed 's/^/mounted: /' | cut -c1-80
}
host() { # host NAME COMMAND...: on one of the hosts, in its folder
  local process="host_$1" folder="/run/$1"
  shift
  nsenter --target "${!process}" --net --uts --pid --mount sh -c 'cd "$0"; exec "$@"' "$folder" "$@"
}
worker() { # worker NAME: the process of a worker
  local id
  for id in $(pgrep -f "^$mate_kd compare"); do
    ! tr '\0' '\n' <"/proc/$id/environ" | grep -q "^WORKER=$1$" || echo "$id"
  done
}
begun() { # begun LOG CELLS
  for _ in {1..3000}; do
    [[ $(grep -cs ': begins' "$1") -lt $2 ]] || return 0
    sleep 0.1
  done
  fail "$1 begins nothing"
}
same_tables() {
  cmp /run/export/alone/cells.csv "/run/export/$1/cells.csv" \
    && cmp /run/export/alone/results.tex "/run/export/$1/results.tex" \
    && diff <(cut -d, -f1-9,11- /run/export/alone/results.csv) \
      <(cut -d, -f1-9,11- "/run/export/$1/results.csv") || fail "the tables of $1 differ"
}

study() { # study VERSION
  mount_nfs "$1"
  cd /run/a
  make_models
  make_study 6 16
  quietly "$mate_kd" compare --config study.json --output-dir alone
  local name code=0 made
  local -A workers
  for name in a1 a2 b1 b2; do
    WORKER=$name host "${name::1}" "$mate_kd" compare --config study.json --wait >/run/$name.out \
      2>/run/$name.log &
    workers[$name]=$!
  done
  for name in a2 b2; do
    begun /run/$name.log 2
    kill -KILL "$(worker "$name")"
  done
  host a "$mate_kd" compare --config study.json --status | grep 'being made'
  wait "${workers[a1]}" "${workers[b1]}" || fail "a worker ended with an error"
  made=$(cat /run/[ab]?.log | sed -n 's/.*\] \(.*\): done in.*/\1/p' | sort)
  [[ -z $(uniq -d <<<"$made") ]] || fail "a cell was made twice"
  same_tables study
  echo "NFS $1: four workers on two hosts, two of them killed:" \
    "$(cat /run/[ab]?.log | grep -c ': begins') cells begun for 24, the tables are those of one"

  # A worker that stands still keeps its cell, since NFS passes its lock on; one that is dead loses
  # it after five minutes without a sign, which this does not wait for.
  # Files are touched where they are, not through the caches of a host.
  local cell=/run/export/long/cells/films/hot/seed-6
  local long=(compare --config study.json --output-dir long --method hot --set 'seeds=[6]'
    --set base.train.max_steps=6000 --set base.train.save_steps=200)
  WORKER=still host b "$mate_kd" "${long[@]}" >/run/s.out 2>/run/s.log &
  local still=$!
  for _ in {1..3000}; do
    ! compgen -G "$cell/checkpoint-*" >/dev/null || break
    sleep 0.1
  done
  kill -STOP "$(worker still)"
  touch -d '6 minutes ago' "$cell"/.lock-*
  host a timeout 300 "$mate_kd" "${long[@]}" >/run/t.out 2>/run/t.log \
    || { tail -5 /run/t.log; fail "beside a lock: $?"; }
  ! grep -q ': begins' /run/t.log || fail "a cell was taken from a worker that stands still"
  kill -KILL "$(worker still)"
  # It stopped with its child.
  pkill -CONT nsenter
  wait "$still" || true
  echo "NFS $1: a worker that stands still keeps its cell"
  touch -d '6 minutes ago' "$cell"/.lock-*
  host a timeout 300 "$mate_kd" "${long[@]}" >/run/t.out 2>/run/t.log || fail "after a lock"
  [[ $(grep -c ': begins' /run/t.log) == 1 && -e $cell/all_results.json ]] \
    || fail "the cell of a dead host was not taken over"
  echo "NFS $1: the cell of a dead host is taken over"
}

bad_links() {
  mkdir /run/links
  cd /run/links
  local work=/run/links code net began
  launch=(mpirun)
  ! ldd "$mate_kd" | grep -q libmpich || launch=(mpiexec.mpich)
  source "$root/scripts/tests/hosts.sh"
  hosts_up 2
  make_models
  cat >kd.json <<'JSON'
{"output_dir": "kd", "task": {"name": "sst-2", "data_dir": "data/SST-2", "max_seq_length": 24},
 "teacher": {"model_name_or_path": "teacher"}, "allow_weak_teacher": true, "shards": 4,
 "student": {"from_teacher_layers": [0]}, "method": {"name": "kd"},
 "train": {"max_steps": 60, "learning_rate": 1e-3, "per_device_train_batch_size": 16,
   "logging_steps": 4, "eval_strategy": "steps", "eval_steps": 8, "save_steps": 10}}
JSON
  quietly "$mate_kd" distill --config kd.json --threads 1 --output-dir alone
  for net in "delay 0ms" "delay 20ms 5ms" "delay 2ms loss 1%" "delay 5ms loss 5%" \
    "delay 2ms duplicate 1% reorder 10% 50%" "delay 1ms corrupt 0.5%" "delay 1ms rate 2mbit"; do
    weather $net || fail "no netem"
    began=$SECONDS
    on_hosts 2 distill --config kd.json --threads 1 --output-dir run --overwrite-output-dir \
      >out.log 2>err.log || { cat err.log; fail "netem $net"; }
    cmp alone/model.safetensors run/model.safetensors && cmp alone/log.jsonl run/log.jsonl \
      || fail "netem $net: another result"
    echo "netem $net: the same, $((SECONDS - began)) s; $(grep -o 'adding up.*' err.log);" \
      "$(ip netns exec "${host}1" tc -s qdisc show dev "${host}1" | grep -o 'dropped [0-9]*')"
  done
  weather delay 0ms
  MATE_KD_SILENCE=10 on_hosts 2 distill --config kd.json --set train.max_steps=100000 --threads 1 \
    --output-dir lost >out.log 2>err.log &
  local run=$!
  for _ in {1..600}; do
    ! compgen -G "lost/checkpoint-*" >/dev/null || break
    sleep 0.1
  done
  weather loss 100%
  began=$SECONDS code=0
  wait "$run" || code=$?
  grep -Em1 "has not been heard of|lost communication" err.log || fail "nobody missed a host"
  echo "netem loss 100%: exit code $code after $((SECONDS - began)) s"
}

if [[ ${1:-} == inside ]]; then
  mate_kd=$MATE_KD
  case $2 in
    links) bad_links ;;
    *) study "$2" ;;
  esac
  echo "passed: $2"
  exit 0
fi

# On this machine.
skip() {
  echo "other-kernel.test.sh: skipped: $1"
  exit 0
}
[[ ${MATE_KD_TEST_UML:-} == 1 ]] || skip "MATE_KD_TEST_UML=1 runs it, for many minutes"
[[ $(id -u) == 0 ]] || skip "it needs root"
for program in linux.uml mount.nfs rpc.nfsd rpcbind modprobe tc; do
  command -v $program >/dev/null || skip "there is no $program"
done
mate_kd=${MATE_KD:-$(cd "$root" && swift build -c release --show-bin-path)/mate-kd}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lib/modules"
ln -s /usr/lib/uml/modules/* "$work/lib/modules/"
inside() { # inside PROGRAM PART
  cat >"$work/init" <<INIT
#!/bin/bash
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TMPDIR=/run MATE_KD=$1
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs -o size=1g none /run
mountpoint -q /dev || mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
ln -s /proc/self/fd /dev/fd
hostname other-kernel
echo "127.0.0.1 localhost other-kernel" >/run/names
mount --bind /run/names /etc/hosts
ip link set lo up
for module in sch_netem veth bridge nfsd nfsv3 nfsv4; do modprobe -d $work \$module; done
$root/scripts/tests/other-kernel.test.sh inside $2
halt -f -p --no-wtmp
INIT
  chmod +x "$work/init"
  # The folder of this machine's files can be written, but everything is done in /run.
  timeout 1500 linux.uml mem=2500M root=/dev/root rootfstype=hostfs rootflags=/ rw quiet \
    init="$work/init" con=null con0=fd:0,fd:1 <"/dev/null" >"$work/console" 2>&1 || true
  grep -E "^(mounted|netem|NFS|films|error|process|passed|.*FAILED)" "$work/console" || true
  grep -q "^passed: $2" "$work/console" || { tail -30 "$work/console"; fail "$2"; }
}
inside "$mate_kd" 4.2
inside "$mate_kd" 3
[[ -z ${MATE_KD_MPI_PROGRAM:-} ]] || inside "$MATE_KD_MPI_PROGRAM" links
echo "other-kernel.test.sh: passed"
