# Sourced by mpi.test.sh and other_kernel.sh: hosts, each a network namespace with a name (host-a and
# so on) and an address of its own, joined by veth to a bridge; and the launcher of MPI from the
# first host to all. Expects $work, $mate_kd, $launch and root's rights.

host=mk$$h # and the number of the host: its namespace, and its device in there
switch=mk$$s

hosts_up() { # hosts_up COUNT
  ip netns add "$switch" || return 1
  ip -n "$switch" link add switch type bridge || return 1
  ip -n "$switch" link set switch up
  local number name
  for number in $(seq "$1"); do
    name=$host$number
    ip netns add "$name"
    ip link add "$name" netns "$name" type veth peer name "$name" netns "$switch"
    ip -n "$switch" link set "$name" up master switch
    ip -n "$name" addr add "10.77.0.$number/24" dev "$name"
    ip -n "$name" link set lo up
    ip -n "$name" link set "$name" up
  done
  # What launchers start on a host in place of ssh. A name is all that hosts hide from each other,
  # except the folder $work/first, which only the first host has.
  cat >"$work/agent" <<AGENT
#!/usr/bin/env bash
number=\${1##*.}
shift
hide=:
[[ \$number == 1 ]] || hide='mount -t tmpfs none $work/first'
letters=(- a b c d e f g h)
exec ip netns exec "$host\$number" unshare --uts --mount \
  sh -c "hostname host-\${letters[number]}; \$hide; cd $work; exec \$*"
AGENT
  chmod +x "$work/agent"
  mkdir -p "$work/first"
}

hosts_down() {
  local name
  for name in $(ip netns list 2>/dev/null | awk -v own="mk$$" 'index($1, own) == 1 {print $1}'); do
    ip netns del "$name" || true
  done
}

# on_hosts COUNT ARGUMENTS...: the program, one process on each host. `network` names another than
# the usual addresses. The keepalives are mpirun's own, by which it notices within 11 s that a host
# is gone.
on_hosts() {
  local network=${network:-10.77.0} addresses
  addresses=$(seq -s, -f "$network.%g" "$1")
  local count=$1
  shift
  if [[ ${launch[0]} == mpirun ]]; then
    set -- mpirun --allow-run-as-root --mca plm_rsh_agent "$work/agent" --bind-to none \
      --output-filename "$work/logs" --host "$addresses" -n "$count" -wdir "$work" \
      --mca btl tcp,self --mca btl_tcp_if_include "$network.0/24" \
      --mca oob_tcp_if_include "$network.0/24" --mca oob_tcp_keepalive_time 5 \
      --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3 "$mate_kd" "$@"
  else
    set -- env UCX_TLS=tcp,self mpiexec.mpich -launcher rsh -launcher-exec "$work/agent" \
      -hosts "$addresses" -localhost "$network.1" -ppn 1 -n "$count" "$mate_kd" "$@"
  fi
  ip netns exec "${host}1" unshare --uts sh -c 'hostname host-a; exec "$@"' _ "$@"
}

# weather NETEM...: what the links do to packets, as tc netem says it; fails where there is none.
weather() {
  local name
  for name in $(ip netns list | awk -v own="$host" 'index($1, own) == 1 {print $1}'); do
    ip netns exec "$name" tc qdisc replace dev "$name" root netem "$@" 2>/dev/null || return 1
  done
}

# The bytes that the first host has received and sent.
link_bytes() {
  ip -n "${host}1" -s link show "${host}1" \
    | awk '/RX:/ {getline; received = $1} /TX:/ {getline; print received, $1}'
}
