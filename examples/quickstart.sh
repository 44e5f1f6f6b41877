#!/usr/bin/env bash
# The main job, live: coaxd with the ISP's dhcpd.conf, a real dhcrelay standing for the CMTS, a real udhcpc as modem and a real dhclient as subscriber's
# machine, each in a network namespace of its own. Builds first; leaves nothing behind.
#   sudo examples/quickstart.sh          (Debian 12)
set -euo pipefail
cd "$(dirname "$0")/.."
[[ $(id -u) == 0 ]] || { echo "quickstart needs root: it makes network namespaces. Run: sudo $0" >&2; exit 1; }
source tests/packages.sh

echo "== 1. packages and build (the first time takes a few minutes)"
install_missing "${build_packages[@]}" "${demo_packages[@]}"
cmake --preset release >/dev/null
cmake --build --preset release --target coaxd coaxctl coaxstorm | tail -1

work=$(mktemp -d /tmp/coaxd-quickstart.XXXXXX)
id=$$
server=cq-$id-srv cmts=cq-$id-cmts modem=cq-$id-cm cpe=cq-$id-cpe
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  for ns in "$server" "$cmts" "$modem" "$cpe"; do ip netns del "$ns" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT

echo "== 2. a network: server -- CMTS (relay) -- modem, subscriber"
for ns in "$server" "$cmts" "$modem" "$cpe"; do
  ip netns add "$ns"
  ip -n "$ns" link set lo up
done
ip -n "$server" link add up0 type veth peer name up0 netns "$cmts"
ip -n "$server" addr add 10.99.0.1/24 dev up0
ip -n "$server" link set up0 up
ip -n "$cmts" addr add 10.99.0.2/24 dev up0
ip -n "$cmts" link set up0 up
ip -n "$cmts" link add cable0 type bridge
for pair in "$modem:cm" "$cpe:cpe"; do
  ip -n "${pair%%:*}" link add eth0 type veth peer name "port-${pair##*:}" netns "$cmts"
  ip -n "${pair%%:*}" link set eth0 up
  ip -n "$cmts" link set "port-${pair##*:}" master cable0 up
done
ip -n "$modem" link set eth0 address 02:00:5e:00:53:01
ip -n "$cpe" link set eth0 address 02:00:5e:00:53:02
ip -n "$cmts" addr add 10.10.0.1/22 dev cable0
ip -n "$cmts" addr add 203.0.113.1/24 dev cable0
ip -n "$cmts" link set cable0 up
ip -n "$server" route add default via 10.99.0.2
ip netns exec "$cmts" sysctl -qw net.ipv4.ip_forward=1

echo "== 3. coaxd -cf examples/isp/dhcpd.conf"
touch "$work/dhcpd.leases"
printf '[control]\nsocket = "%s/control.sock"\n' "$work" >"$work/coaxd.toml"
ip netns exec "$server" build/bin/coaxd -4 -f -d -cf examples/isp/dhcpd.conf -lf "$work/dhcpd.leases" --no-pid -C "$work/coaxd.toml" up0 \
  2>"$work/coaxd.log" &
pids+=($!)
for _ in $(seq 50); do
  grep -q "Server starting service" "$work/coaxd.log" && break
  kill -0 "${pids[0]}" 2>/dev/null || { cat "$work/coaxd.log" >&2; exit 1; }
  sleep 0.1
done
ip netns exec "$cmts" dhcrelay -4 -d -q --no-pid -a -i cable0 -i up0 10.99.0.1 >"$work/relay.log" 2>&1 &
pids+=($!)
sleep 0.5

cat >"$work/show" <<'S'
#!/bin/sh
# udhcpc's hook: tells what the lease says and takes the address.
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
echo "   got $ip/$mask from $serverid, lease $lease s, router $router, boot file ${boot_file:-none} at ${siaddr:-none}"
S
cat >"$work/dhclient-show" <<'S'
#!/bin/sh
case $reason in BOUND|REBOOT) ;; *) exit 0 ;; esac
ip addr add "$new_ip_address/$new_subnet_mask" dev "$interface"
echo "   got $new_ip_address mask $new_subnet_mask from $new_dhcp_server_identifier, lease $new_dhcp_lease_time s, router $new_routers, DNS $new_domain_name_servers"
S
chmod +x "$work/show" "$work/dhclient-show"

echo "== 4. the modem boots (udhcpc, option 60 \"docsis3.0:\")"
ip netns exec "$modem" timeout 20 udhcpc -i eth0 -f -q -n -t 5 -T 1 -V docsis3.0: -s "$work/show" 2>"$work/udhcpc.log" || { cat "$work"/*.log >&2; exit 1; }
echo "== 5. a subscriber's machine behind it (dhclient)"
ip netns exec "$cpe" timeout 20 dhclient -4 -1 -d -cf /dev/null -lf "$work/cpe.leases" --no-pid -sf "$work/dhclient-show" eth0 \
  >"$work/dhclient.out" 2>"$work/dhclient.log" &
client=$!
for _ in $(seq 150); do grep -q "   got" "$work/dhclient.out" 2>/dev/null && break; sleep 0.1; done
kill "$client" 2>/dev/null || true
wait "$client" 2>/dev/null || true
grep "   got" "$work/dhclient.out" || { cat "$work"/*.log >&2; exit 1; }

echo "== 6. what the server says (dhcpd's own log lines)"
grep -E "^DHCP" "$work/coaxd.log" | sed 's/^/   /'
build/bin/coaxctl --socket "$work/control.sock" leases export | grep -A12 '^lease' | sed 's/^/   /'

cat <<'T'

Next:
  build/bin/coaxd -t -cf /etc/dhcp/dhcpd.conf    what of your own configuration is honoured
  tests/run.sh                                   every test
  docs/operating.md                              replacing dhcpd, and going back
T
