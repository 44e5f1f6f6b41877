#include "server/daemon/log_format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string_view>

// Every line of dhcpd-compat 15.5 to the letter: a log parser written for dhcpd must not notice.
namespace coaxd::daemon {
namespace {

using engine::LogEvent;
using engine::LogKind;
using engine::LogSuffix;

constexpr int kError = 3, kInfo = 6, kDebug = 7;

std::string_view interface_name(std::uint32_t index, const void*) { return index == 7 ? "eth0" : "?"; }

// A client 02:00:5e:00:53:01, local on eth0, about 10.0.0.7.
LogEvent event(LogKind kind, LogSuffix suffix = LogSuffix::none) {
  LogEvent e;
  e.kind = kind;
  e.suffix = suffix;
  e.htype = 1;
  e.hlen = 6;
  e.chaddr = {0x02, 0x00, 0x5e, 0x00, 0x53, 0x01};
  e.address = Ipv4::of(10, 0, 0, 7);
  e.interface_index = 7;
  return e;
}

LogEvent named(LogEvent e, std::string_view name) {
  std::copy(name.begin(), name.end(), e.name.begin());
  e.name_size = static_cast<std::uint8_t>(name.size());
  return e;
}

LogEvent worded(LogEvent e, std::string_view text) {
  std::copy(text.begin(), text.end(), e.text.begin());
  e.text_size = static_cast<std::uint16_t>(text.size());
  return e;
}

LogEvent relayed(LogEvent e) {
  e.giaddr = Ipv4::of(10, 1, 0, 1);
  return e;
}

LogEvent to_server(LogEvent e) {
  e.server_id = Ipv4::of(10, 0, 0, 1);
  e.has_server_id = true;
  return e;
}

LogEvent anonymous(LogEvent e) {
  e.htype = e.hlen = 0;
  return e;
}

LogEvent numbers(LogEvent e, std::uint32_t a, std::uint32_t b, std::uint32_t c = 0) {
  e.number_a = a;
  e.number_b = b;
  e.number_c = c;
  return e;
}

struct Row {
  LogEvent event;
  const char* text;
  int priority = kInfo;
};

void expect(const Row& row) {
  LogLine line;
  line.text = "left over";
  format_log_event(row.event, interface_name, nullptr, line);
  EXPECT_EQ(line.text, row.text);
  EXPECT_EQ(line.priority, row.priority) << row.text;
}

TEST(DhcpdCompat_15_5_Messages, AreDhcpdsToTheLetter) {
  const Row rows[] = {
      {event(LogKind::discover), "DHCPDISCOVER from 02:00:5e:00:53:01 via eth0"},
      {relayed(event(LogKind::discover)), "DHCPDISCOVER from 02:00:5e:00:53:01 via 10.1.0.1"},
      {named(event(LogKind::discover), "laptop"), "DHCPDISCOVER from 02:00:5e:00:53:01 (laptop) via eth0"},
      {anonymous(event(LogKind::discover)), "DHCPDISCOVER from <no identifier> via eth0"},
      {event(LogKind::offer), "DHCPOFFER on 10.0.0.7 to 02:00:5e:00:53:01 via eth0"},
      {named(event(LogKind::offer), "laptop"), "DHCPOFFER on 10.0.0.7 to 02:00:5e:00:53:01 (laptop) via eth0"},
      {event(LogKind::request), "DHCPREQUEST for 10.0.0.7 from 02:00:5e:00:53:01 via eth0"},
      {to_server(event(LogKind::request)), "DHCPREQUEST for 10.0.0.7 (10.0.0.1) from 02:00:5e:00:53:01 via eth0"},
      {named(relayed(to_server(event(LogKind::request))), "laptop"),
       "DHCPREQUEST for 10.0.0.7 (10.0.0.1) from 02:00:5e:00:53:01 (laptop) via 10.1.0.1"},
      {event(LogKind::ack), "DHCPACK on 10.0.0.7 to 02:00:5e:00:53:01 via eth0"},
      {named(relayed(event(LogKind::ack)), "laptop"), "DHCPACK on 10.0.0.7 to 02:00:5e:00:53:01 (laptop) via 10.1.0.1"},
      // A NAK names no host.
      {named(event(LogKind::nak), "laptop"), "DHCPNAK on 10.0.0.7 to 02:00:5e:00:53:01 via eth0"},
      {event(LogKind::release, LogSuffix::found), "DHCPRELEASE of 10.0.0.7 from 02:00:5e:00:53:01 via eth0 (found)"},
      {event(LogKind::release, LogSuffix::not_found), "DHCPRELEASE of 10.0.0.7 from 02:00:5e:00:53:01 via eth0 (not found)"},
      {event(LogKind::decline, LogSuffix::abandoned), "DHCPDECLINE of 10.0.0.7 from 02:00:5e:00:53:01 via eth0: abandoned"},
      {event(LogKind::decline, LogSuffix::not_found), "DHCPDECLINE of 10.0.0.7 from 02:00:5e:00:53:01 via eth0: not found"},
      {event(LogKind::decline, LogSuffix::ignored), "DHCPDECLINE of 10.0.0.7 from 02:00:5e:00:53:01 via eth0: ignored"},
      {event(LogKind::inform), "DHCPINFORM from 10.0.0.7 via eth0"},
      {event(LogKind::inform_ack), "DHCPACK to 10.0.0.7 (02:00:5e:00:53:01) via eth0"},
      {anonymous(event(LogKind::inform_ack)), "DHCPACK to 10.0.0.7 (<no client hardware address>) via eth0"},
      {event(LogKind::bootrequest), "BOOTREQUEST from 02:00:5e:00:53:01 via eth0"},
      {worded(event(LogKind::bootreply_static), "printer"), "BOOTREPLY for 10.0.0.7 to printer (02:00:5e:00:53:01) via eth0"},
      {event(LogKind::bootreply_dynamic), "BOOTREPLY on 10.0.0.7 to 02:00:5e:00:53:01 via eth0"},
      {relayed(event(LogKind::leasequery, LogSuffix::leasequery_not_allowed)),
       "DHCPLEASEQUERY from 10.1.0.1: LEASEQUERY not allowed, query ignored"},
      {event(LogKind::leasequery, LogSuffix::missing_giaddr),
       "DHCPLEASEQUERY from 0.0.0.0: missing giaddr, ciaddr is 10.0.0.7, no reply sent"},
  };
  for (const Row& row : rows) expect(row);
}

TEST(DhcpdCompat_15_5_Leasequery, TheQueryAndItsAnswerSayTheKey) {
  const auto line = [](LogKind kind, std::uint32_t key, std::uint32_t type = 0, std::uint32_t addresses = 0, std::uint32_t dialect = 0) {
    LogEvent e = relayed(event(kind));
    e.number_a = key | dialect << 8;
    e.number_b = type;
    e.number_c = addresses;
    return e;
  };
  const Row rows[] = {
      {line(LogKind::leasequery, 1), "DHCPLEASEQUERY from 10.1.0.1 for IP 10.0.0.7"},
      {line(LogKind::leasequery, 2), "DHCPLEASEQUERY from 10.1.0.1 for MAC address 02:00:5e:00:53:01"},
      {worded(line(LogKind::leasequery, 3), "\x01\xff"), "DHCPLEASEQUERY from 10.1.0.1 for client-id 01:ff"},
      {line(LogKind::leasequery_reply, 1, 13), "DHCPLEASEACTIVE to 10.1.0.1 for IP 10.0.0.7 (0 associated IPs)"},
      {line(LogKind::leasequery_reply, 1, 11), "DHCPLEASEUNASSIGNED to 10.1.0.1 for IP 10.0.0.7 (0 associated IPs)"},
      {line(LogKind::leasequery_reply, 2, 13, 2), "DHCPLEASEACTIVE to 10.1.0.1 for MAC address 02:00:5e:00:53:01 (2 associated IPs)"},
      {worded(line(LogKind::leasequery_reply, 3, 12), "\x01"), "DHCPLEASEUNKNOWN to 10.1.0.1 for client-id 01 (0 associated IPs)"},
      {line(LogKind::leasequery_reply, 1, 6, 0, 1), "DHCPNAK to 10.1.0.1 for IP 10.0.0.7 (0 associated IPs)"},
      {line(LogKind::leasequery_reply, 1, 12, 0, 2), "DHCPLEASEQUERY reply of type 12 to 10.1.0.1 for IP 10.0.0.7 (0 associated IPs)"},
      {line(LogKind::leasequery_dialect, 1, 13), "leasequery: 10.1.0.1 asks by message type 13, which is taken for dialect draft0."},
  };
  for (const Row& row : rows) expect(row);
}

TEST(DhcpdCompat_15_5_Suffixes, StandBehindTheRequestLine) {
  const auto request = [](LogSuffix suffix) { return event(LogKind::request, suffix); };
  const auto discover = [](LogSuffix suffix) { return event(LogKind::discover, suffix); };
#define COAXD_REQUEST "DHCPREQUEST for 10.0.0.7 from 02:00:5e:00:53:01 via eth0"
#define COAXD_DISCOVER "DHCPDISCOVER from 02:00:5e:00:53:01 via eth0"
  const Row rows[] = {
      {worded(discover(LogSuffix::no_free_leases), "cable-1"), COAXD_DISCOVER ": network cable-1: no free leases", kError},
      {discover(LogSuffix::unknown_network_segment), COAXD_DISCOVER ": unknown network segment"},
      {request(LogSuffix::wrong_network), COAXD_REQUEST ": wrong network."},
      {request(LogSuffix::ignored_not_authoritative), COAXD_REQUEST ": ignored (not authoritative)."},
      {request(LogSuffix::ignored_unknown_subnet), COAXD_REQUEST ": ignored (unknown subnet)."},
      {request(LogSuffix::lease_unavailable), COAXD_REQUEST ": lease 10.0.0.7 unavailable."},
      {request(LogSuffix::unknown_lease), COAXD_REQUEST ": unknown lease 10.0.0.7."},
      {discover(LogSuffix::unknown_client), COAXD_DISCOVER ": unknown client"},
      {discover(LogSuffix::booting_disallowed), COAXD_DISCOVER ": booting disallowed"},
      {numbers(discover(LogSuffix::min_secs), 3, 0),
       COAXD_DISCOVER ": configured min-secs value (3) is greater than secs field (0).  message dropped."},
      {worded(discover(LogSuffix::lease_limit), "subscriber"),
       COAXD_DISCOVER ": no available billing: lease limit reached in all matching classes (last: 'subscriber')"},
      {worded(discover(LogSuffix::not_responding), "recovering"), COAXD_DISCOVER ": not responding (recovering)"},
      {request(LogSuffix::database_update_failed), COAXD_REQUEST ": database update failed"},
      {event(LogKind::bootrequest, LogSuffix::bootp_dynamic_no_leases),
       "BOOTREQUEST from 02:00:5e:00:53:01 via eth0: BOOTP from dynamic client and no dynamic leases"},
      {event(LogKind::bootrequest, LogSuffix::bootp_disallowed), "BOOTREQUEST from 02:00:5e:00:53:01 via eth0: bootp disallowed"},
      {event(LogKind::bootrequest, LogSuffix::bootp_network_unknown),
       "BOOTREQUEST from 02:00:5e:00:53:01 via eth0: network unknown"},
      {worded(event(LogKind::inform, LogSuffix::inform_not_authoritative), "10.0.0.0/24"),
       "DHCPINFORM from 10.0.0.7 via eth0: not authoritative for subnet 10.0.0.0/24"},
  };
#undef COAXD_REQUEST
#undef COAXD_DISCOVER
  for (const Row& row : rows) expect(row);
}

TEST(DhcpdCompat_15_5_Others, KeepTheirWordsAndTheirLevel) {
  LogEvent own = worded(event(LogKind::text), "modem 0:15:96 came");
  own.level = 2;
  const Row rows[] = {
      {event(LogKind::abandoned_declined), "Abandoning IP address 10.0.0.7: declined.", kError},
      {event(LogKind::abandoned_pinged), "Abandoning IP address 10.0.0.7: pinged before offer", kError},
      {event(LogKind::reclaiming_abandoned), "Reclaiming abandoned lease 10.0.0.7.", kError},
      {event(LogKind::reclaiming_requested_abandoned), "Reclaiming REQUESTed abandoned IP address 10.0.0.7.", kError},
      {worded(named(event(LogKind::static_and_dynamic), "acme"), "10.0.0.0/24"),
       "Dynamic and static leases present for 10.0.0.7.\nRemove host declaration acme or remove 10.0.0.7\nfrom the dynamic address pool for "
       "10.0.0.0/24",
       kError},
      {numbers(event(LogKind::reuse_lease), 30, 25),
       "reuse_lease: lease age 30 (secs) under 25% threshold, reply with unaltered, existing lease for 10.0.0.7", kDebug},
      {named(event(LogKind::reclaimed), "bb"), "Lease on 10.0.0.7 of 02:00:5e:00:53:01 ends: the address is that of host bb.", kInfo},
      {event(LogKind::still_in_use),
       "No offer of 10.0.0.7 to its host: it answers pings, and 02:00:5e:00:53:01 has a lease on it until its next renewal.", kError},
      {worded(event(LogKind::duplicate_uid), "10.0.0.0/24"),
       "uid lease 10.0.0.7 for client 02:00:5e:00:53:01 is duplicate on 10.0.0.0/24", kError},
      {worded(event(LogKind::duplicate_leases), "10.0.0.0/24"), "client 02:00:5e:00:53:01 has duplicate leases on 10.0.0.0/24", kError},
      {worded(numbers(event(LogKind::threshold_exceeded), 3, 4, 50), "cable"),
       "Pool threshold exceeded - shared subnet: cable; address: 10.0.0.7; high threshold 50% 3/4.", kError},
      {worded(numbers(event(LogKind::threshold_reset), 1, 4), "cable"),
       "Pool threshold reset - shared subnet: cable; address: 10.0.0.7; low threshold 1/4.", kError},
      {event(LogKind::too_many_classes), "too many classes match 02:00:5e:00:53:01"},
      {own, "modem 0:15:96 came", 2},  // log(fatal, ...) of the configuration: its level, its words
  };
  for (const Row& row : rows) expect(row);
}

TEST(DhcpdCompat_15_5_Mac, LowerCaseTwoDigitsAnyLength) {
  LogEvent e = event(LogKind::discover);
  e.hlen = 1;
  e.chaddr[0] = 0x0a;
  expect({e, "DHCPDISCOVER from 0a via eth0"});
  e.hlen = 16;
  e.chaddr.fill(0xff);
  expect({e, "DHCPDISCOVER from ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff via eth0"});
}

TEST(LogFormat, TransfersOfFilesNameTheModem) {
  LogEvent longest = numbers(worded(named(anonymous(event(LogKind::file_refused)), "file-not-found"), std::string(255, 'x')), 0, 0);
  for (const Row& row : {
           Row{numbers(worded(event(LogKind::file_sent), "gold.cm"), 2048, 12), "TFTP \"gold.cm\" to 10.0.0.7 (02:00:5e:00:53:01): 2048 octets in 12 ms"},
           Row{numbers(worded(anonymous(event(LogKind::file_sent)), "gold.cm"), 2048, 1012, 3), "TFTP \"gold.cm\" to 10.0.0.7: 2048 octets in 1012 ms, 3 packets sent again"},
           Row{numbers(worded(named(event(LogKind::file_failed), "no-answer"), "gold.cm"), 2048, 512, 4),
               "TFTP \"gold.cm\" to 10.0.0.7 (02:00:5e:00:53:01) failed after 512 of 2048 octets: no-answer"},
           Row{worded(named(anonymous(event(LogKind::file_refused)), "no-lease"), std::string("gold.cm\0DHCP has not given you this address", 43)),
               "TFTP \"gold.cm\" to 10.0.0.7 refused: no-lease: \"DHCP has not given you this address\""},
       })
    expect(row);
  LogLine line;
  format_log_event(longest, interface_name, nullptr, line);
  EXPECT_EQ(line.text, "TFTP \"" + std::string(255, 'x') + "\" to 10.0.0.7 refused: file-not-found");
}

// Names and messages are a stranger's octets: no second line, no end of the quotes, no command to a terminal.
TEST(LogFormat, TransfersOfFilesShowAStrangersOctetsInQuotes) {
  const LogEvent e = worded(named(anonymous(event(LogKind::file_failed)), "client-error"), std::string("a\nDHCPACK on \"b\\\xff\0\x1b[2J", 22));
  expect({e, "TFTP \"a\\012DHCPACK on \\\"b\\\\\\377\" to 10.0.0.7 failed after 0 of 0 octets: client-error: \"\\033[2J\""});
}

TEST(LogFormat, EverySuffixSaysSomethingOfItsOwn) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < static_cast<std::size_t>(LogSuffix::count); ++i) {
    LogLine line;
    format_log_event(event(LogKind::request, static_cast<LogSuffix>(i)), interface_name, nullptr, line);
    EXPECT_TRUE(seen.insert(line.text).second) << line.text;
  }
}

}  // namespace
}  // namespace coaxd::daemon
