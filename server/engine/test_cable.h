// test_cable.h: a configuration such as cable ISPs run, and the packets that meet it: for what is counted and timed. Single thread.
#pragma once

#include "server/wire/test_packet.h"

namespace coaxd::engine {

inline constexpr const char* kCableConfig = R"(
option space ccc;
option ccc.primary-dhcp code 1 = ip-address;
option ccc.provisioning-server code 3 = { integer 8, string };
option ccc.realm code 6 = string;
option ccc-area code 122 = encapsulate ccc;
option space cl;
option cl.tftp code 2 = array of ip-address;
option vendor.cablelabs code 4491 = encapsulate cl;
authoritative;
ping-check off;
default-lease-time 86400; max-lease-time 604800; min-lease-time 3600;
log-facility local7;
option domain-name-servers 10.0.0.2, 10.0.0.3;
option domain-name "cable.example";
if exists agent.circuit-id and option dhcp-message-type = 03 {
  log(info, concat("lease ", binary-to-ascii(10, 8, ".", leased-address), " port ",
    binary-to-ascii(10, 8, "/", suffix(option agent.circuit-id, 2)), " modem ",
    binary-to-ascii(16, 8, ":", option agent.remote-id)));
}
on commit {
  set modem = binary-to-ascii(16, 8, ":", pick-first-value(option agent.remote-id, substring(hardware, 1, 6)));
  execute("/usr/local/bin/seen", "commit", binary-to-ascii(10, 8, ".", leased-address), modem,
    pick-first-value(option host-name, "none"));
  on expiry or release { execute("/usr/local/bin/seen", "end", binary-to-ascii(10, 8, ".", leased-address), modem); }
}
class "docsis-3.0" {
  match if substring(option vendor-class-identifier, 0, 9) = "docsis3.0";
  option time-offset -18000; option time-servers 10.0.0.4; option log-servers 10.0.0.5;
  next-server 10.0.0.6;
  filename = concat("cm-", lcase(binary-to-ascii(16, 8, "", suffix(hardware, 3))), ".cfg");
  option tftp-server-name "10.0.0.6";
}
class "docsis" {
  match if substring(option vendor-class-identifier, 0, 6) = "docsis";
  option ccc.primary-dhcp 10.0.0.7; option ccc.provisioning-server 0 03:63:6d:73:00; option ccc.realm 05:42:41:53:49:43:01:31:00;
}
class "packetcable" { match if substring(option vendor-class-identifier, 0, 4) = "pktc"; option domain-name "mta.example"; }
class "pxe" { match if substring(option vendor-class-identifier, 0, 9) = "PXEClient"; filename "pxelinux.0"; }
class "modem" { match hardware; lease limit 4; }
subclass "modem" 1:00:15:96:00:00:05 { option host-name "cm-5"; }
subclass "modem" 1:00:15:96:00:00:06;
class "cpe-of-modem" { spawn with option agent.remote-id; lease limit 2; }
shared-network cmts-1 {
  subnet 10.1.0.0 netmask 255.255.0.0 {
    option routers 10.1.0.1; option broadcast-address 10.1.255.255;
    pool { range 10.1.1.0 10.1.9.255; allow members of "docsis"; deny dynamic bootp clients; }
  }
  subnet 172.16.0.0 netmask 255.255.0.0 {
    option routers 172.16.0.1; default-lease-time 3600;
    pool { range 172.16.1.0 172.16.9.255; deny members of "docsis"; }
  }
}
)";

// Option 82 names the modem; circuit and vendor as a CMTS and a modem send them.
inline wire::TestPacket cable_request(std::uint8_t type, std::uint8_t last_octet) {
  wire::TestPacket packet;
  packet.set(3, {1}).set(24, {10, 1, 0, 1}).set(33, {last_octet}).cookie();
  packet.add(53, {type}).text(60, "docsis3.0:052401010102010303010104010105010106010107010f0801100901000a01010b01180c0101");
  packet.add(61, {1, 0, 0x15, 0x96, 0, 0, last_octet}).add(57, {0x02, 0x40}).text(12, "modem");
  packet.add(55, {1, 2, 3, 4, 7, 6, 12, 15, 66, 67, 122, 125});
  packet.add(82, {1, 4, 0x80, 0, 0, 3, 2, 6, 0, 0x15, 0x96, 0, 0, last_octet, 4, 4, 0, 0, 0, 1}).end();
  return packet.pad();
}

}  // namespace coaxd::engine
