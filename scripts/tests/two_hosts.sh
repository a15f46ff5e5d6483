# Sourced by mpi.test.sh: two network namespaces joined by veth, each a host with a name and an
# address of its own, and Open MPI's mpirun from the first to both. Expects $work and root's rights.

host_a=mka$$
host_b=mkb$$

hosts_up() {
  ip netns add "$host_a" && ip netns add "$host_b" || return 1
  ip link add "$host_a" netns "$host_a" type veth peer name "$host_b" netns "$host_b"
  ip -n "$host_a" addr add 10.77.0.1/24 dev "$host_a"
  ip -n "$host_b" addr add 10.77.0.2/24 dev "$host_b"
  local host
  for host in "$host_a" "$host_b"; do
    ip -n "$host" link set lo up
    ip -n "$host" link set "$host" up
  done
  # What mpirun starts on the other host in place of ssh.
  cat >"$work/rsh-agent" <<AGENT
#!/usr/bin/env bash
case \$1 in
  10.77.0.1 | 10.78.0.1) host=$host_a name=host-a ;;
  10.77.0.2 | 10.78.0.2) host=$host_b name=host-b ;;
  *) echo "rsh-agent: no host \$1" >&2; exit 1 ;;
esac
shift
exec ip netns exec \$host unshare --uts sh -c "hostname \$name; exec \$*"
AGENT
  chmod +x "$work/rsh-agent"
}

hosts_down() {
  ip netns del "$host_a" 2>/dev/null || true
  ip netns del "$host_b" 2>/dev/null || true
}

# on_hosts NETWORK RANKS_EACH ARGUMENTS...: the program on both hosts. The keepalives are mpirun's
# own, by which it notices within 11 s that a host is gone.
on_hosts() {
  local network=$1 each=$2
  shift 2
  ip netns exec "$host_a" unshare --uts sh -c 'hostname host-a; exec "$@"' _ \
    mpirun --allow-run-as-root --mca plm_rsh_agent "$work/rsh-agent" --bind-to none \
    --host "$network.1:$each,$network.2:$each" -n $((2 * each)) -wdir "$work" \
    --mca btl tcp,self --mca btl_tcp_if_include "$network.0/24" \
    --mca oob_tcp_if_include "$network.0/24" --mca oob_tcp_keepalive_time 5 \
    --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3 "$mate_kd" "$@"
}

# The bytes that the first host has received and sent.
link_bytes() {
  ip -n "$host_a" -s link show "$host_a" \
    | awk '/RX:/ {getline; received = $1} /TX:/ {getline; print received, $1}'
}
