# packages.sh: sourced by tests/run.sh, examples/quickstart.sh and people: Debian 12 packages, and install_missing NAME... which installs what is missing.

build_packages=(
  g++ cmake ninja-build ccache pkg-config liburing-dev libboost1.81-dev libsqlite3-dev libfmt-dev libgtest-dev libgmock-dev
  libbenchmark-dev libtomlplusplus-dev libcli11-dev libssl-dev libsnmp-dev libsystemd-dev libcap-ng-dev
)
# Real clients, relays, servers to compare with, and the tools that look at packets and files.
test_packages=(
  iproute2 iputils-ping procps isc-dhcp-server isc-dhcp-relay isc-dhcp-client udhcpc dhcpcd-base kea-admin kea-dhcp4-server tshark
  tcpdump dhcpd-pools python3 python3-isc-dhcp-leases e2fsprogs sqlite3 man-db strace
  tftp-hpa atftp curl busybox openssl snmpd snmp
)
# What bench/compare can run besides those; it leaves out what is not there.
compare_packages=(dnsmasq-base libwrap0 freeradius freeradius-dhcp postgresql mariadb-server-core mariadb-client-core)
# Two that Debian does not install together: unpack_beside puts them where bench/compare/tftp_race.py looks.
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

# unpack_beside FOLDER NAME...: the files of each package in FOLDER/NAME, and nothing installed or started.
unpack_beside() {
  local folder=$1 package scratch
  shift
  scratch=$(mktemp -d) && chmod 755 "$scratch" && mkdir -p "$folder" || return
  for package in "$@"; do
    (cd "$scratch" && apt-get download -qq -o APT::Sandbox::User=root "$package" >/dev/null) && dpkg-deb -x "$scratch/$package"_*.deb "$folder/$package" || {
      echo "could not get: $package" >&2
      rm -rf "$scratch"
      return 1
    }
  done
  rm -rf "$scratch"
}
