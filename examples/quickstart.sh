#!/usr/bin/env bash
# The main job, live: a cable modem comes online. coaxd with the configuration of a small ISP (examples/isp), a real dhcrelay standing for the CMTS, a scripted modem
# with a telephone adapter in it, a real dhclient as subscriber's machine, each in a network namespace of its own. Builds first; leaves nothing behind.
#   sudo examples/quickstart.sh          (Debian 12)
set -euo pipefail
cd "$(dirname "$0")/.."
[[ $(id -u) == 0 ]] || { echo "quickstart needs root: it makes network namespaces. Run: sudo $0" >&2; exit 1; }
source tests/packages.sh

echo "== 1. packages and build (the first time takes some minutes)"
install_missing "${build_packages[@]}" "${demo_packages[@]}"
cmake --preset release >/dev/null
build() { cmake --build --preset release --target coaxd coaxctl docsis coaxstorm; }
if [[ -t 1 ]]; then
  build  # one line, which counts
else
  said=$(build 2>&1) || { tail -50 <<<"$said" >&2; exit 1; }
  tail -1 <<<"$said"
fi

work=$(mktemp -d /tmp/coaxd-quickstart.XXXXXX)
id=$$
server=cq-$id-srv cmts=cq-$id-cmts modem=cq-$id-cm mta=cq-$id-mta cpe=cq-$id-cpe
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  for ns in "$server" "$cmts" "$modem" "$mta" "$cpe"; do ip netns del "$ns" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
failed() {
  cat "$work"/*.log >&2
  exit 1
}

echo "== 2. a network: server -- CMTS (relay) -- modem, its telephone adapter, a subscriber"
for ns in "$server" "$cmts" "$modem" "$mta" "$cpe"; do
  ip netns add "$ns"
  ip -n "$ns" link set lo up
done
ip -n "$server" link add up0 type veth peer name up0 netns "$cmts"
ip -n "$server" addr add 10.99.0.1/24 dev up0
ip -n "$server" link set up0 up
ip -n "$cmts" addr add 10.99.0.2/24 dev up0
ip -n "$cmts" link set up0 up
ip -n "$cmts" link add cable0 type bridge
port=0
for ns in "$modem" "$mta" "$cpe"; do
  port=$((port + 1))
  ip -n "$ns" link add eth0 type veth peer name "port$port" netns "$cmts"
  ip -n "$ns" link set eth0 address "02:00:5e:00:53:0$port"
  ip -n "$ns" link set eth0 up
  ip -n "$cmts" link set "port$port" master cable0 up
done
for address in 10.10.0.1/22 10.20.0.1/22 203.0.113.1/24; do ip -n "$cmts" addr add "$address" dev cable0; done
ip -n "$cmts" link set cable0 up
ip -n "$server" route add default via 10.99.0.2
ip netns exec "$cmts" sysctl -qw net.ipv4.ip_forward=1

echo "== 3. coaxd -cf examples/isp/dhcpd.conf -C examples/isp/coaxd.toml (with other paths)"
mkdir "$work/srv"
cp -r examples/isp/templates "$work/"
install -m 600 examples/isp/cmts.keys "$work/"
touch "$work/dhcpd.leases"
sed -e "s|/etc/coaxd|$work|; s|/srv/tftp|$work/srv|" examples/isp/coaxd.toml >"$work/coaxd.toml"
printf '\n[control]\nsocket = "%s/control.sock"\n' "$work" >>"$work/coaxd.toml"
ip netns exec "$server" build/bin/coaxd -4 -f -d -cf examples/isp/dhcpd.conf -lf "$work/dhcpd.leases" --no-pid -C "$work/coaxd.toml" up0 \
  2>"$work/coaxd.log" &
pids+=($!)
for _ in $(seq 100); do
  grep -q "Server starting service" "$work/coaxd.log" && break
  kill -0 "${pids[0]}" 2>/dev/null || failed
  sleep 0.1
done
ip netns exec "$cmts" dhcrelay -4 -d --no-pid -a -id cable0 -iu up0 10.99.0.1 >"$work/relay.log" 2>&1 &
pids+=($!)
for _ in $(seq 100); do grep -q "Sending on.*fallback" "$work/relay.log" && break; sleep 0.1; done

# Reads the file itself, and checks its MICs with code of its own: CM MIC as the modem does, CMTS MIC with the key as the CMTS does.
printf north-hub-7 >"$work/key"
boot() { ip netns exec "$1" timeout 60 /usr/bin/python3 -B tests/lib/cable_modem.py "${@:2}" eth0 || failed; }

echo "== 4. a modem boots: address, time of day, configuration file compiled from examples/isp/templates/gold.cfg"
boot "$modem" --key-file "$work/key"
echo '== 5. coaxctl modem set 02:00:5e:00:53:01 down=750000000, and it boots again'
build/bin/coaxctl --socket "$work/control.sock" modem set 02:00:5e:00:53:01 down=750000000 >/dev/null
boot "$modem" --key-file "$work/key"
echo "== 6. the telephone adapter in it (PacketCable)"
boot "$mta" --mta

echo "== 7. a subscriber's machine behind it (dhclient)"
cat >"$work/dhclient-show" <<'S'
#!/bin/sh
case $reason in BOUND|REBOOT) ;; *) exit 0 ;; esac
ip addr add "$new_ip_address/$new_subnet_mask" dev "$interface"
echo "   got $new_ip_address mask $new_subnet_mask from $new_dhcp_server_identifier, lease $new_dhcp_lease_time s, router $new_routers, DNS $new_domain_name_servers"
S
chmod +x "$work/dhclient-show"
ip netns exec "$cpe" timeout 20 dhclient -4 -1 -d -cf /dev/null -lf "$work/cpe.leases" --no-pid -sf "$work/dhclient-show" eth0 \
  >"$work/dhclient.out" 2>"$work/dhclient.log" &
client=$!
for _ in $(seq 150); do grep -q "   got" "$work/dhclient.out" 2>/dev/null && break; sleep 0.1; done
kill "$client" 2>/dev/null || true
wait "$client" 2>/dev/null || true
grep "   got" "$work/dhclient.out" || failed

echo "== 8. what the server says (of DHCP, dhcpd's own log lines)"
grep -E '^(DHCP|TFTP ")' "$work/coaxd.log" | sed 's/^/   /'
build/bin/coaxctl --socket "$work/control.sock" modem list | sed 's/^/   /'
build/bin/coaxctl --socket "$work/control.sock" leases export | sed -n '/^lease 10\.10\./,/^}/s/^/   /p'

cat <<'T'

Next:
  build/bin/coaxd -t -cf /etc/dhcp/dhcpd.conf    what of your own configuration is honoured
  docs/files.md                                  files for modems: templates, keys, who may fetch what
  tests/run.sh                                   every test
  docs/operating.md                              replacing dhcpd, and going back
T
