#include "server/daemon/log_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "leasequery/query.h"

namespace coaxd::daemon {

namespace {

using engine::LogEvent;
using engine::LogKind;
using engine::LogSuffix;
using Out = std::back_insert_iterator<std::string>;

constexpr int kError = 3, kInfo = 6, kDebug = 7;

struct Writer {
  const LogEvent& event;
  InterfaceName interface_name;
  const void* context;
  std::string& text;

  template <typename... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) const {
    fmt::format_to(Out{text}, format, std::forward<Args>(args)...);
  }
  void address(Ipv4 value) const {
    char buffer[16];
    text.append(buffer, format_ipv4(buffer, value));
  }
  void mac() const {
    // dhcpd asks for the type; hardware of a type but without octets prints as nothing (observed).
    if (event.htype == 0) {
      text += "<no identifier>";
      return;
    }
    for (std::size_t i = 0; i < event.hlen; ++i) put("{}{:02x}", i == 0 ? "" : ":", event.chaddr[i]);
  }
  // " (H)", when the client told its name.
  void name() const {
    if (event.name_size > 0) put(" ({})", std::string_view{event.name.data(), event.name_size});
  }
  void via() const {
    text += " via ";
    if (!event.giaddr.is_zero()) {
      address(event.giaddr);
    } else {
      text += interface_name(event.interface_index, context);
    }
  }
  std::string_view words() const { return {event.text.data(), event.text_size}; }
  void pool_threshold(std::string_view what) const {
    put("Pool threshold {} - shared subnet: {}; address: ", what, words());
    address(event.address);
    text += "; ";
  }

  void from_mac_via() const {
    text += " from ";
    mac();
    name();
    via();
  }
  void on_address_to_mac_via(std::string_view verb, bool with_name) const {
    text += verb;
    text += " on ";
    address(event.address);
    text += " to ";
    mac();
    if (with_name) name();
    via();
  }
};

// What stands before the suffix, by kind. Two-line kinds put their own newlines.
using Body = void (*)(const Writer&);

void request_line(const Writer& w) {
  w.text += "DHCPREQUEST for ";
  w.address(w.event.address);
  if (w.event.has_server_id) {
    w.text += " (";
    w.address(w.event.server_id);
    w.text += ")";
  }
  w.from_mac_via();
}

void inform_line(const Writer& w) {
  w.text += "DHCPINFORM from ";
  w.address(w.event.address);
  w.via();
}

void inform_ack_line(const Writer& w) {
  w.text += "DHCPACK to ";
  w.address(w.event.address);
  w.text += " (";
  if (w.event.hlen == 0) {
    w.text += "<no client hardware address>";
  } else {
    w.mac();
  }
  w.text += ")";
  w.via();
}

void static_and_dynamic_lines(const Writer& w) {
  w.text += "Dynamic and static leases present for ";
  w.address(w.event.address);
  w.put(".\nRemove host declaration {} or remove ", std::string_view{w.event.name.data(), w.event.name_size});
  w.address(w.event.address);
  w.put("\nfrom the dynamic address pool for {}", w.words());
}

// The types in the order of their numbers (RFC 2132 §9.6, RFC 4388 §6.1).
void unknown_segment_line(const Writer& w) {
  constexpr std::string_view kTypes[] = {
      "BOOTREQUEST", "DHCPDISCOVER", "DHCPOFFER",      "DHCPREQUEST",    "DHCPDECLINE",         "DHCPACK",          "DHCPNAK",
      "DHCPRELEASE", "DHCPINFORM",   "type 9",         "DHCPLEASEQUERY", "DHCPLEASEUNASSIGNED", "DHCPLEASEUNKNOWN", "DHCPLEASEACTIVE"};
  if (w.event.number_a < std::size(kTypes)) {
    w.text += kTypes[w.event.number_a];
  } else {
    w.put("type {}", w.event.number_a);
  }
  w.text += " from ";
  w.mac();
  w.via();
  w.text += ": unknown network segment";
}

// What was asked for; nothing is said of a query that is refused.
void leasequery_key(const Writer& w) {
  if (w.event.number_a == 0) return;
  switch (static_cast<leasequery::Key>((w.event.number_a & 0xff) - 1)) {
    case leasequery::Key::address:
      w.text += " for IP ";
      return w.address(w.event.address);
    case leasequery::Key::hardware:
      w.text += " for MAC address ";
      return w.mac();
    default:
      w.text += " for client-id ";
      for (std::size_t i = 0; i < w.event.text_size; ++i) w.put("{}{:02x}", i == 0 ? "" : ":", static_cast<unsigned char>(w.event.text[i]));
  }
}

void leasequery_reply_line(const Writer& w) {
  constexpr std::string_view kTypes[] = {"DHCPACK", "DHCPNAK", "DHCPLEASEUNASSIGNED", "DHCPLEASEUNKNOWN", "DHCPLEASEACTIVE"};
  constexpr std::uint8_t kNumbers[] = {5, 6, 11, 12, 13};
  const auto known = std::ranges::find(kNumbers, w.event.number_b);
  const bool own_numbers = static_cast<leasequery::Dialect>(w.event.number_a >> 8) == leasequery::Dialect::draft2;
  if (!own_numbers && known != std::end(kNumbers)) {
    w.text += kTypes[known - std::begin(kNumbers)];
  } else {
    w.put("DHCPLEASEQUERY reply of type {}", w.event.number_b);
  }
  w.text += " to ";
  w.address(w.event.giaddr);
  leasequery_key(w);
  w.put(" ({} associated IPs)", w.event.number_c);
}

void leasequery_dialect_line(const Writer& w) {
  w.text += "leasequery: ";
  w.address(w.event.giaddr);
  w.put(" asks by message type {}, which is taken for dialect {}.", w.event.number_b, leasequery::to_string(static_cast<leasequery::Dialect>(w.event.number_a)));
}

// A stranger's octets, in quotes: they must not pass for words of ours, nor for another line, nor reach a terminal as a command.
void quoted(const Writer& w, std::string_view octets) {
  w.text += '"';
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet > 0x7e) {
      w.put("\\{:03o}", octet);
    } else {
      if (c == '"' || c == '\\') w.text += '\\';
      w.text += c;
    }
  }
  w.text += '"';
}

// TFTP "gold.cm" to 10.1.0.5 (00:10:95:01:02:03)
void file_to(const Writer& w) {
  w.text += "TFTP ";
  quoted(w, w.words().substr(0, w.words().find('\0')));
  w.text += " to ";
  w.address(w.event.address);
  if (w.event.hlen == 0) return;
  w.text += " (";
  w.mac();
  w.text += ")";
}

// The reason's label, and in quotes what the other side, or the file's source, said.
void file_reason(const Writer& w) {
  w.text += std::string_view{w.event.name.data(), w.event.name_size};
  const std::string_view said = w.words().substr(std::min(w.words().find('\0'), w.words().size()));
  if (said.size() < 2) return;
  w.text += ": ";
  quoted(w, said.substr(1));
}

void file_sent_line(const Writer& w) {
  file_to(w);
  w.put(": {} octets in {} ms", w.event.number_a, w.event.number_b);
  if (w.event.number_c > 0) w.put(", {} packets sent again", w.event.number_c);
}

void file_failed_line(const Writer& w) {
  file_to(w);
  w.put(" failed after {} of {} octets: ", w.event.number_b, w.event.number_a);
  file_reason(w);
}

void file_refused_line(const Writer& w) {
  file_to(w);
  w.text += " refused: ";
  file_reason(w);
}

// log() says what clients sent: a line of theirs must not pass for one of ours, nor reach a terminal as a command.
void printable_text(const Writer& w) {
  for (const char c : w.words()) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet == 0x7f) {
      w.put("\\{:03o}", octet);
    } else {
      w.text += c;
    }
  }
}

struct KindRow {
  LogKind kind;
  int priority;
  Body body;
};

constexpr KindRow kKinds[] = {
    {LogKind::none, kDebug, [](const Writer&) {}},
    {LogKind::discover, kInfo, [](const Writer& w) { w.text += "DHCPDISCOVER"; w.from_mac_via(); }},
    {LogKind::request, kInfo, request_line},
    {LogKind::decline, kInfo, [](const Writer& w) { w.text += "DHCPDECLINE of "; w.address(w.event.address); w.from_mac_via(); }},
    {LogKind::release, kInfo, [](const Writer& w) { w.text += "DHCPRELEASE of "; w.address(w.event.address); w.from_mac_via(); }},
    {LogKind::inform, kInfo, inform_line},
    {LogKind::bootrequest, kInfo, [](const Writer& w) { w.text += "BOOTREQUEST from "; w.mac(); w.via(); }},
    {LogKind::leasequery, kInfo,
     [](const Writer& w) {
       w.text += "DHCPLEASEQUERY from ";
       w.address(w.event.giaddr);
       leasequery_key(w);
     }},
    {LogKind::offer, kInfo, [](const Writer& w) { w.on_address_to_mac_via("DHCPOFFER", true); }},
    {LogKind::ack, kInfo, [](const Writer& w) { w.on_address_to_mac_via("DHCPACK", true); }},
    {LogKind::nak, kInfo, [](const Writer& w) { w.on_address_to_mac_via("DHCPNAK", false); }},
    {LogKind::inform_ack, kInfo, inform_ack_line},
    {LogKind::bootreply_static, kInfo,
     [](const Writer& w) {
       w.text += "BOOTREPLY for ";
       w.address(w.event.address);
       w.put(" to {} (", w.words());
       w.mac();
       w.text += ")";
       w.via();
     }},
    {LogKind::bootreply_dynamic, kInfo, [](const Writer& w) { w.on_address_to_mac_via("BOOTREPLY", true); }},
    {LogKind::leasequery_reply, kInfo, leasequery_reply_line},
    {LogKind::leasequery_dialect, kInfo, leasequery_dialect_line},
    {LogKind::abandoned_declined, kError,
     [](const Writer& w) { w.text += "Abandoning IP address "; w.address(w.event.address); w.text += ": declined."; }},
    {LogKind::abandoned_pinged, kError,
     [](const Writer& w) { w.text += "Abandoning IP address "; w.address(w.event.address); w.text += ": pinged before offer"; }},
    {LogKind::reclaiming_abandoned, kError,
     [](const Writer& w) { w.text += "Reclaiming abandoned lease "; w.address(w.event.address); w.text += "."; }},
    {LogKind::reclaiming_requested_abandoned, kError,
     [](const Writer& w) { w.text += "Reclaiming REQUESTed abandoned IP address "; w.address(w.event.address); w.text += "."; }},
    {LogKind::static_and_dynamic, kError, static_and_dynamic_lines},
    {LogKind::reuse_lease, kDebug,
     [](const Writer& w) {
       w.put("reuse_lease: lease age {} (secs) under {}% threshold, reply with unaltered, existing lease for ", w.event.number_a,
             w.event.number_b);
       w.address(w.event.address);
     }},
    {LogKind::too_many_classes, kInfo, [](const Writer& w) { w.text += "too many classes match "; w.mac(); }},
    {LogKind::release_with_address, kInfo,
     [](const Writer& w) { w.text += "DHCPRELEASE from "; w.mac(); w.text += " specified requested-address."; }},
    {LogKind::echo_reply, kDebug,
     [](const Writer& w) { w.text += "ICMP Echo reply while lease "; w.address(w.event.address); w.text += " valid."; }},
    {LogKind::duplicate_uid, kError,
     [](const Writer& w) {
       w.text += "uid lease ";
       w.address(w.event.address);
       w.text += " for client ";
       w.mac();
       w.put(" is duplicate on {}", w.words());
     }},
    {LogKind::duplicate_leases, kError,
     [](const Writer& w) {
       w.text += "client ";
       w.mac();
       w.put(" has duplicate leases on {}", w.words());
     }},
    {LogKind::threshold_exceeded, kError,
     [](const Writer& w) {
       w.pool_threshold("exceeded");
       w.put("high threshold {}% {}/{}.", w.event.number_c, w.event.number_a, w.event.number_b);
     }},
    {LogKind::threshold_reset, kError,
     [](const Writer& w) {
       w.pool_threshold("reset");
       w.put("low threshold {}/{}.", w.event.number_a, w.event.number_b);
     }},
    {LogKind::reclaimed, kInfo,
     [](const Writer& w) {
       w.text += "Lease on ";
       w.address(w.event.address);
       w.text += " of ";
       w.mac();
       w.put(" ends: the address is that of host {}.", std::string_view{w.event.name.data(), w.event.name_size});
     }},
    {LogKind::still_in_use, kError,
     [](const Writer& w) {
       w.text += "No offer of ";
       w.address(w.event.address);
       w.text += " to its host: it answers pings, and ";
       w.mac();
       w.text += " has a lease on it until its next renewal.";
     }},
    {LogKind::unknown_segment, kInfo, unknown_segment_line},
    {LogKind::text, kInfo, printable_text},
    {LogKind::file_sent, kInfo, file_sent_line},
    {LogKind::file_failed, kInfo, file_failed_line},
    {LogKind::file_refused, kInfo, file_refused_line},
    {LogKind::execute, kDebug, [](const Writer& w) { w.text += w.words(); }},
};
static_assert(std::size(kKinds) == static_cast<std::size_t>(LogKind::count));

using Tail = void (*)(const Writer&);
struct SuffixRow {
  LogSuffix suffix;
  int priority;  // 0: the kind's own
  Tail tail;
};

constexpr SuffixRow kSuffixes[] = {
    {LogSuffix::none, 0, [](const Writer&) {}},
    {LogSuffix::no_free_leases, kError, [](const Writer& w) { w.put(": network {}: no free leases", w.words()); }},
    {LogSuffix::unknown_network_segment, 0, [](const Writer& w) { w.text += ": unknown network segment"; }},
    {LogSuffix::wrong_network, 0, [](const Writer& w) { w.text += ": wrong network."; }},
    {LogSuffix::ignored_not_authoritative, 0, [](const Writer& w) { w.text += ": ignored (not authoritative)."; }},
    {LogSuffix::ignored_unknown_subnet, 0, [](const Writer& w) { w.text += ": ignored (unknown subnet)."; }},
    {LogSuffix::lease_unavailable, 0,
     [](const Writer& w) { w.text += ": lease "; w.address(w.event.address); w.text += " unavailable."; }},
    {LogSuffix::unknown_lease, 0,
     [](const Writer& w) { w.text += ": unknown lease "; w.address(w.event.address); w.text += "."; }},
    {LogSuffix::unknown_client, 0, [](const Writer& w) { w.text += ": unknown client"; }},
    {LogSuffix::booting_disallowed, 0, [](const Writer& w) { w.text += ": booting disallowed"; }},
    {LogSuffix::min_secs, 0,
     [](const Writer& w) {
       w.put(": configured min-secs value ({}) is greater than secs field ({}).  message dropped.", w.event.number_a,
             w.event.number_b);
     }},
    {LogSuffix::lease_limit, 0,
     [](const Writer& w) {
       w.put(": no available billing: lease limit reached in all matching classes (last: '{}')", w.words());
     }},
    {LogSuffix::found, 0, [](const Writer& w) { w.text += " (found)"; }},
    {LogSuffix::not_found, 0,
     [](const Writer& w) { w.text += w.event.kind == LogKind::release ? " (not found)" : ": not found"; }},
    {LogSuffix::abandoned, 0, [](const Writer& w) { w.text += ": abandoned"; }},
    {LogSuffix::ignored, 0, [](const Writer& w) { w.text += ": ignored"; }},
    {LogSuffix::not_responding, 0, [](const Writer& w) { w.put(": not responding ({})", w.words()); }},
    {LogSuffix::database_update_failed, 0, [](const Writer& w) { w.text += ": database update failed"; }},
    {LogSuffix::bootp_dynamic_no_leases, 0,
     [](const Writer& w) { w.text += ": BOOTP from dynamic client and no dynamic leases"; }},
    {LogSuffix::bootp_disallowed, 0, [](const Writer& w) { w.text += ": bootp disallowed"; }},
    {LogSuffix::bootp_network_unknown, 0, [](const Writer& w) { w.text += ": network unknown"; }},
    {LogSuffix::inform_not_authoritative, 0,
     [](const Writer& w) { w.put(": not authoritative for subnet {}", w.words()); }},
    {LogSuffix::inform_unknown_subnet, 0,
     [](const Writer& w) { w.text += ": unknown subnet for client address "; w.address(w.event.address); }},
    {LogSuffix::leasequery_not_allowed, 0, [](const Writer& w) { w.text += ": LEASEQUERY not allowed, query ignored"; }},
    {LogSuffix::missing_giaddr, 0,
     [](const Writer& w) {
       w.text += ": missing giaddr, ciaddr is ";
       w.address(w.event.address);
       w.text += ", no reply sent";
     }},
};
static_assert(std::size(kSuffixes) == static_cast<std::size_t>(LogSuffix::count));

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(kKinds); ++i)
    if (static_cast<std::size_t>(kKinds[i].kind) != i) return false;
  for (std::size_t i = 0; i < std::size(kSuffixes); ++i)
    if (static_cast<std::size_t>(kSuffixes[i].suffix) != i) return false;
  return true;
}
static_assert(in_order(), "rows stand in the order of their enumerators");

}  // namespace

void format_log_event(const LogEvent& event, InterfaceName name, const void* context, LogLine& out) {
  out.text.clear();
  const Writer writer{event, name, context, out.text};
  const KindRow& kind = kKinds[static_cast<std::size_t>(event.kind)];
  const SuffixRow& suffix = kSuffixes[static_cast<std::size_t>(event.suffix)];
  kind.body(writer);
  suffix.tail(writer);
  out.priority = event.kind == LogKind::text ? event.level : suffix.priority != 0 ? suffix.priority : kind.priority;
}

}  // namespace coaxd::daemon
