// log_event.h: what happened, as a value: the engine fills one in, the worker puts it on a queue, the log thread turns it into dhcpd's
// line (dhcpd-compat §15.5). No text is formatted on the packet path. Fixed size; a copy takes what is said, not what could be.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "server/base/ipv4.h"

namespace coaxd::engine {

enum class LogKind : std::uint8_t {
  none,
  discover, request, decline, release, inform, bootrequest, leasequery,  // the incoming line, with its suffix if it got no reply
  offer, ack, nak, inform_ack, bootreply_static, bootreply_dynamic,
  leasequery_reply,                      // leasequery, too: number_a is 1 + the key (leasequery::Key), and the dialect above the low octet; `text` a client
                                         // identifier; number_b the type of the answer, number_c the client's addresses
  leasequery_dialect,                    // a relay is heard in this dialect (number_a) first, by a message of type number_b
  abandoned_declined, abandoned_pinged,  // "Abandoning IP address X: ..."
  reclaiming_abandoned, reclaiming_requested_abandoned,
  static_and_dynamic,                    // "Dynamic and static leases present for X." and its two companions
  reuse_lease,                           // debug
  too_many_classes,
  release_with_address,                  // "DHCPRELEASE from MAC specified requested-address." (RFC 2131 table 5 forbids it)
  echo_reply,                            // debug: "ICMP Echo reply while lease X valid."
  duplicate_uid,                         // "uid lease X for client MAC is duplicate on NET"
  duplicate_leases,                      // "client MAC has duplicate leases on NET"
  threshold_exceeded, threshold_reset,   // "Pool threshold ...": number_a of number_b addresses in use, number_c percent
  reclaimed,                             // a host's address: the lease of whoever had it has ended for that; `name` is the host's
  still_in_use,                          // a host's address: whoever has a lease on it answers pings
  unknown_segment,                       // "TYPE from MAC via VIA: unknown network segment", number_a is the message type
  text,                                  // log(...) of the configuration, `text` and `level`
  file_sent, file_failed, file_refused,  // TFTP: `text` is the file's name, and behind a NUL what was said of it; `name` the label of why not; number_a its size,
                                         // number_b milliseconds or octets acknowledged, number_c packets sent again
  execute,                               // "execute_statement argv[0] = ..." lines come with the effect itself
  count
};

// dhcpd finds these out before it writes the line of the message itself.
constexpr bool precedes_message(LogKind kind) noexcept {
  switch (kind) {
    case LogKind::abandoned_declined:
    case LogKind::reclaiming_abandoned:
    case LogKind::reclaiming_requested_abandoned:
    case LogKind::static_and_dynamic:
    case LogKind::too_many_classes:
    case LogKind::release_with_address:
    case LogKind::duplicate_uid:
    case LogKind::duplicate_leases:
    case LogKind::threshold_exceeded:
    case LogKind::threshold_reset:
    case LogKind::leasequery_dialect:
      return true;
    default:
      return false;
  }
}

// Said of a lease, a pool or a host rather than of a message: stays when `[log] packets` is off.
constexpr bool outlives_message(LogKind kind) noexcept {
  switch (kind) {
    case LogKind::abandoned_declined:
    case LogKind::abandoned_pinged:
    case LogKind::reclaiming_abandoned:
    case LogKind::reclaiming_requested_abandoned:
    case LogKind::threshold_exceeded:
    case LogKind::threshold_reset:
    case LogKind::reclaimed:
    case LogKind::still_in_use:
    case LogKind::leasequery_dialect:
    case LogKind::text:
      return true;
    default:
      return false;
  }
}

// What follows the incoming line when it was not answered; the texts are in the log formatter, beside dhcpd's.
enum class LogSuffix : std::uint8_t {
  none, no_free_leases, unknown_network_segment, wrong_network, ignored_not_authoritative, ignored_unknown_subnet,
  lease_unavailable, unknown_lease, unknown_client, booting_disallowed, min_secs, lease_limit, found, not_found, abandoned,
  ignored, not_responding, database_update_failed, bootp_dynamic_no_leases, bootp_disallowed, bootp_network_unknown,
  inform_not_authoritative, inform_unknown_subnet, leasequery_not_allowed, missing_giaddr, count
};

struct LogFields {
  LogKind kind = LogKind::none;
  LogSuffix suffix = LogSuffix::none;
  std::uint8_t level = 6;  // syslog priority of `text`
  std::uint8_t htype = 0, hlen = 0;
  std::array<std::uint8_t, 16> chaddr{};
  Ipv4 address;      // the address of the line
  Ipv4 server_id;    // DHCPREQUEST (SERVERID)
  bool has_server_id = false;  // option 54 was sent, be it 0.0.0.0
  Ipv4 giaddr;       // VIA, when not zero
  Ipv4 other;        // inform: source; lease_unavailable / unknown_lease: the lease
  std::uint32_t interface_index = 0;  // VIA otherwise; the formatter knows the names
  std::int64_t at_ns = 0;  // monotonic, set by the worker: the lines of several workers are merged by it
  std::uint32_t number_a = 0, number_b = 0, number_c = 0;  // min-secs: N, M; reuse_lease: age, percent; thresholds: above
  std::uint8_t name_size = 0;      // host name in parentheses
  std::uint16_t text_size = 0;     // network name, class name, log() text; cut to fit
};

struct LogEvent : LogFields {
  std::array<char, 64> name;   // to name_size
  std::array<char, 256> text;  // to text_size

  LogEvent() noexcept {}  // neither is written before it is needed
  LogEvent(const LogEvent& from) noexcept : LogFields(from) { copy_words(from); }
  LogEvent& operator=(const LogEvent& from) noexcept {
    LogFields::operator=(from);
    copy_words(from);
    return *this;
  }

 private:
  void copy_words(const LogEvent& from) noexcept {
    std::copy_n(from.name.begin(), name_size, name.begin());
    std::copy_n(from.text.begin(), text_size, text.begin());
  }
};

}  // namespace coaxd::engine
