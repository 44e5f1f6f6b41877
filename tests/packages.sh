# packages.sh: sourced by tests/run.sh, examples/quickstart.sh and people: Debian 12 packages, and install_missing NAME... which installs what is missing.

build_packages=(
  g++ cmake ninja-build ccache pkg-config liburing-dev libboost1.81-dev libsqlite3-dev libfmt-dev libgtest-dev libgmock-dev
  libbenchmark-dev libtomlplusplus-dev libcli11-dev libssl-dev libsnmp-dev libsystemd-dev libcap-ng-dev
)
# Real clients, relays, servers to compare with, and the tools that look at packets and files.
test_packages=(
  iproute2 iputils-ping procps isc-dhcp-server isc-dhcp-relay isc-dhcp-client udhcpc dhcpcd-base kea-admin kea-dhcp4-server tshark
  tcpdump dhcpd-pools python3 python3-isc-dhcp-leases e2fsprogs sqlite3 man-db strace
  tftp-hpa atftp curl busybox openssl libwrap0 snmpd snmp nftables dnsmasq-base unbound
  chromium fonts-dejavu-core
)
# What bench/compare can run besides those; it leaves out what is not there.
compare_packages=(dnsmasq-base freeradius freeradius-dhcp postgresql mariadb-server-core mariadb-client-core)
# Two that Debian does not install together, and that would start: unpack_beside puts them where bench/compare/tftp_race.py looks. They need libwrap0.
compare_unpacked=(tftpd-hpa atftpd)
demo_packages=(iproute2 iputils-ping procps isc-dhcp-relay isc-dhcp-client python3)

install_missing() {
  local missing=()
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  echo "installing: ${missing[*]}"
  # Servers and relays that a test brings in must not start serving this machine.
  local policy=/usr/sbin/policy-rc.d made_policy=0
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    made_policy=1
  fi
  local status=0
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; } || status=$?
  ((made_policy)) && rm -f "$policy"
  if ((status)); then
    echo "could not install: ${missing[*]} (run as root, with Debian 12's package sources)" >&2
    return "$status"
  fi
}

# unpack_beside FOLDER NAME...: the files of each package in FOLDER/NAME, where they are not yet, and nothing installed or started.
unpack_beside() {
  local folder=$1 package scratch status=0 missing=()
  shift
  for package in "$@"; do
    [[ -d $folder/$package ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  echo "unpacking into $folder: ${missing[*]}"
  [[ $(id -u) != 0 ]] || apt-get update -qq || true  # the lists of before may do
  mkdir -p "$folder" && scratch=$(mktemp -d "$folder/.new.XXXXXX") || return
  for package in "${missing[@]}"; do
    (cd "$scratch" && apt-get download -qq -o APT::Sandbox::User=root "$package" >/dev/null && dpkg-deb -x "$package"_*.deb whole && chmod 755 whole) &&
      mv "$scratch/whole" "$folder/$package" || {
      echo "could not get: $package" >&2
      status=1
    }
  done
  rm -rf "$scratch"
  return "$status"
}
