#include "server/wire/option_table.h"

#include <algorithm>
#include <array>

namespace coaxd::wire {
namespace {

constexpr OptionDef kDhcp[] = {
    {1, "subnet-mask", "I", "RFC 2132 §3.3"},
    {2, "time-offset", "l", "RFC 2132 §3.4"},
    {3, "routers", "IA", "RFC 2132 §3.5"},
    {4, "time-servers", "IA", "RFC 2132 §3.6"},
    {5, "ien116-name-servers", "IA", "RFC 2132 §3.7"},
    {6, "domain-name-servers", "IA", "RFC 2132 §3.8"},
    {7, "log-servers", "IA", "RFC 2132 §3.9"},
    {8, "cookie-servers", "IA", "RFC 2132 §3.10"},
    {9, "lpr-servers", "IA", "RFC 2132 §3.11"},
    {10, "impress-servers", "IA", "RFC 2132 §3.12"},
    {11, "resource-location-servers", "IA", "RFC 2132 §3.13"},
    {12, "host-name", "t", "RFC 2132 §3.14"},
    {13, "boot-size", "S", "RFC 2132 §3.15"},
    {14, "merit-dump", "t", "RFC 2132 §3.16"},
    {15, "domain-name", "t", "RFC 2132 §3.17"},
    {16, "swap-server", "I", "RFC 2132 §3.18"},
    {17, "root-path", "t", "RFC 2132 §3.19"},
    {18, "extensions-path", "t", "RFC 2132 §3.20"},
    {19, "ip-forwarding", "f", "RFC 2132 §4.1"},
    {20, "non-local-source-routing", "f", "RFC 2132 §4.2"},
    {21, "policy-filter", "IIA", "RFC 2132 §4.3"},
    {22, "max-dgram-reassembly", "S", "RFC 2132 §4.4"},
    {23, "default-ip-ttl", "B", "RFC 2132 §4.5"},
    {24, "path-mtu-aging-timeout", "L", "RFC 2132 §4.6"},
    {25, "path-mtu-plateau-table", "SA", "RFC 2132 §4.7"},
    {26, "interface-mtu", "S", "RFC 2132 §5.1"},
    {27, "all-subnets-local", "f", "RFC 2132 §5.2"},
    {28, "broadcast-address", "I", "RFC 2132 §5.3"},
    {29, "perform-mask-discovery", "f", "RFC 2132 §5.4"},
    {30, "mask-supplier", "f", "RFC 2132 §5.5"},
    {31, "router-discovery", "f", "RFC 2132 §5.6"},
    {32, "router-solicitation-address", "I", "RFC 2132 §5.7"},
    {33, "static-routes", "IIA", "RFC 2132 §5.8"},
    {34, "trailer-encapsulation", "f", "RFC 2132 §6.1"},
    {35, "arp-cache-timeout", "L", "RFC 2132 §6.2"},
    {36, "ieee802-3-encapsulation", "f", "RFC 2132 §6.3"},
    {37, "default-tcp-ttl", "B", "RFC 2132 §7.1"},
    {38, "tcp-keepalive-interval", "L", "RFC 2132 §7.2"},
    {39, "tcp-keepalive-garbage", "f", "RFC 2132 §7.3"},
    {40, "nis-domain", "t", "RFC 2132 §8.1"},
    {41, "nis-servers", "IA", "RFC 2132 §8.2"},
    {42, "ntp-servers", "IA", "RFC 2132 §8.3"},
    {43, "vendor-encapsulated-options", "E.", "RFC 2132 §8.4"},
    {44, "netbios-name-servers", "IA", "RFC 2132 §8.5"},
    {45, "netbios-dd-server", "IA", "RFC 2132 §8.6"},
    {46, "netbios-node-type", "B", "RFC 2132 §8.7"},
    {47, "netbios-scope", "t", "RFC 2132 §8.8"},
    {48, "font-servers", "IA", "RFC 2132 §8.9"},
    {49, "x-display-manager", "IA", "RFC 2132 §8.10"},
    {50, "dhcp-requested-address", "I", "RFC 2132 §9.1"},
    {51, "dhcp-lease-time", "L", "RFC 2132 §9.2"},
    {52, "dhcp-option-overload", "B", "RFC 2132 §9.3"},
    {53, "dhcp-message-type", "B", "RFC 2132 §9.6"},
    {54, "dhcp-server-identifier", "I", "RFC 2132 §9.7"},
    {55, "dhcp-parameter-request-list", "BA", "RFC 2132 §9.8"},
    {56, "dhcp-message", "t", "RFC 2132 §9.9"},
    {57, "dhcp-max-message-size", "S", "RFC 2132 §9.10"},
    {58, "dhcp-renewal-time", "L", "RFC 2132 §9.11"},
    {59, "dhcp-rebinding-time", "L", "RFC 2132 §9.12"},
    {60, "vendor-class-identifier", "X", "RFC 2132 §9.13"},
    {61, "dhcp-client-identifier", "X", "RFC 2132 §9.14"},
    {62, "nwip-domain", "t", "RFC 2242 §2"},
    {63, "nwip-suboptions", "Enwip.", "RFC 2242 §3"},
    {64, "nisplus-domain", "t", "RFC 2132 §8.11"},
    {65, "nisplus-servers", "IA", "RFC 2132 §8.12"},
    {66, "tftp-server-name", "t", "RFC 2132 §9.4"},
    {67, "bootfile-name", "t", "RFC 2132 §9.5"},
    {68, "mobile-ip-home-agent", "IA", "RFC 2132 §8.13"},
    {69, "smtp-server", "IA", "RFC 2132 §8.14"},
    {70, "pop-server", "IA", "RFC 2132 §8.15"},
    {71, "nntp-server", "IA", "RFC 2132 §8.16"},
    {72, "www-server", "IA", "RFC 2132 §8.17"},
    {73, "finger-server", "IA", "RFC 2132 §8.18"},
    {74, "irc-server", "IA", "RFC 2132 §8.19"},
    {75, "streettalk-server", "IA", "RFC 2132 §8.20"},
    {76, "streettalk-directory-assistance-server", "IA", "RFC 2132 §8.21"},
    {77, "user-class", "t", "RFC 3004 §4"},
    {78, "slp-directory-agent", "fIa", "RFC 2610 §3"},
    {79, "slp-service-scope", "fto", "RFC 2610 §4"},
    {81, "fqdn", "Efqdn.", "RFC 4702 §2"},
    {82, "relay-agent-information", "Eagent.", "RFC 3046 §2.0"},
    {85, "nds-servers", "IA", "RFC 2241 §2"},
    {86, "nds-tree-name", "t", "RFC 2241 §3"},
    {87, "nds-context", "t", "RFC 2241 §4"},
    {88, "bcms-controller-names", "D", "RFC 4280"},
    {89, "bcms-controller-address", "Ia", "RFC 4280"},
    {91, "client-last-transaction-time", "L", "RFC 4388 §6.1"},
    {92, "associated-ip", "Ia", "RFC 4388 §6.1"},
    {93, "pxe-system-type", "Sa", "RFC 4578 §2.1"},
    {94, "pxe-interface-id", "BBB", "RFC 4578 §2.2"},
    {97, "pxe-client-id", "BX", "RFC 4578 §2.3"},
    {98, "uap-servers", "t", "RFC 2485"},
    {99, "geoconf-civic", "X", "RFC 4776 §3.1"},
    {100, "pcode", "t", "RFC 4833 §2"},
    {101, "tcode", "t", "RFC 4833 §2"},
    {108, "v6-only-preferred", "L", "RFC 8925 §3.1"},
    {112, "netinfo-server-address", "Ia", "RFC 3679"},
    {113, "netinfo-server-tag", "t", "RFC 3679"},
    {114, "default-url", "t", "RFC 3679"},
    {116, "auto-config", "B", "RFC 2563 §2"},
    {117, "name-service-search", "Sa", "RFC 2937"},
    {118, "subnet-selection", "I", "RFC 3011 §2"},
    {119, "domain-search", "Dc", "RFC 3397 §2"},
    {124, "vivco", "Evendor-class.", "RFC 3925 §3"},
    {125, "vivso", "Evendor.", "RFC 3925 §4"},
    {136, "pana-agent", "Ia", "RFC 5192"},
    {137, "v4-lost", "d", "RFC 5223"},
    {138, "capwap-ac-v4", "Ia", "RFC 5417 §2"},
    {141, "sip-ua-cs-domains", "Dc", "RFC 6011"},
    {142, "ipv4-address-andsf", "IA", "RFC 6153"},
    {146, "rdnss-selection", "BIID", "RFC 6731 §4.3"},
    {150, "tftp-server-address", "Ia", "RFC 5859"},
    {159, "v4-portparams", "BBS", "RFC 7618 §9"},
    {160, "v4-captive-portal", "t", "RFC 7710 §2.1"},
    {209, "loader-configfile", "t", "RFC 5071 §4"},
    {210, "loader-pathprefix", "t", "RFC 5071 §5"},
    {211, "loader-reboottime", "L", "RFC 5071 §6"},
    {212, "option-6rd", "BB6Ia", "RFC 5969 §7.1.1"},
    {213, "v4-access-domain", "d", "RFC 5986"},
};

constexpr OptionDef kAgent[] = {
    {1, "circuit-id", "X", "RFC 3046 §3.1"},
    {2, "remote-id", "X", "RFC 3046 §3.2"},
    {3, "agent-id", "I", "dhcp-options(5): a draft's agent address, never an RFC's"},
    {4, "DOCSIS-device-class", "L", "RFC 3256"},
    {5, "link-selection", "I", "RFC 3527 §3"},
    {19, "relay-port", "Z", "RFC 8357"},
};

// Not TLVs on the wire: three octets of flags and rcodes, then the name; dhcpd gives each part a code.
constexpr OptionDef kFqdn[] = {
    {1, "no-client-update", "f", "RFC 4702 §2.1"},
    {2, "server-update", "f", "RFC 4702 §2.1"},
    {3, "encoded", "f", "RFC 4702 §2.1"},
    {4, "rcode1", "B", "RFC 4702 §2.2"},
    {5, "rcode2", "B", "RFC 4702 §2.2"},
    {6, "hostname", "t", "RFC 4702 §2.3"},
    {7, "domainname", "t", "RFC 4702 §2.3"},
    {8, "fqdn", "t", "RFC 4702 §2.3"},
};

constexpr OptionDef kNwip[] = {
    {5, "nsq-broadcast", "f", "RFC 2242 §3"},
    {6, "preferred-dss", "IA", "RFC 2242 §3"},
    {7, "nearest-nwip-server", "IA", "RFC 2242 §3"},
    {8, "autoretries", "B", "RFC 2242 §3"},
    {9, "autoretry-secs", "B", "RFC 2242 §3"},
    {10, "nwip-1-1", "f", "RFC 2242 §3"},
    {11, "primary-dss", "I", "RFC 2242 §3"},
};

constexpr OptionDef kVendorClass[] = {
    {2495, "isc", "X", "RFC 3925 §3"},
};

constexpr OptionDef kVendor[] = {
    {2495, "isc", "Eisc.", "RFC 3925 §4"},
};

constexpr OptionDef kIsc[] = {
    {1, "media", "t", "dhcp-options(5)"},
    {2, "update-assist", "X", "dhcp-options(5)"},
};

// std::tolower asks the locale.
constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool less_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return lower(x) < lower(y); });
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

template <std::size_t N>
consteval std::array<std::uint8_t, N> ordered_by_name(const OptionDef (&rows)[N]) {
  std::array<std::uint8_t, N> order{};
  for (std::size_t i = 0; i < N; ++i) order[i] = static_cast<std::uint8_t>(i);
  std::sort(order.begin(), order.end(), [&rows](std::uint8_t a, std::uint8_t b) {
    return less_ignoring_case(rows[a].name, rows[b].name);
  });
  return order;
}

constexpr auto kDhcpByName = ordered_by_name(kDhcp);
constexpr auto kAgentByName = ordered_by_name(kAgent);
constexpr auto kFqdnByName = ordered_by_name(kFqdn);
constexpr auto kNwipByName = ordered_by_name(kNwip);
constexpr auto kVendorClassByName = ordered_by_name(kVendorClass);
constexpr auto kVendorByName = ordered_by_name(kVendor);
constexpr auto kIscByName = ordered_by_name(kIsc);

// config::OptionRegistry numbers its spaces in this order: dhcp is 0, agent is 1.
constexpr SpaceDef kSpaces[] = {
    {"dhcp", 1, 1, kDhcp, kDhcpByName},
    {"agent", 1, 1, kAgent, kAgentByName},
    {"fqdn", 1, 1, kFqdn, kFqdnByName},
    {"nwip", 1, 1, kNwip, kNwipByName},
    {"vendor-class", 4, 1, kVendorClass, kVendorClassByName},
    {"vendor", 4, 1, kVendor, kVendorByName},
    {"isc", 2, 2, kIsc, kIscByName},
};

consteval bool codes_ascend() {
  for (const SpaceDef& space : kSpaces)
    for (std::size_t i = 1; i < space.options.size(); ++i)
      if (space.options[i - 1].code >= space.options[i].code) return false;
  return true;
}

consteval bool names_are_unique_words() {
  for (const SpaceDef& space : kSpaces) {
    for (std::size_t i = 0; i < space.options.size(); ++i) {
      const std::string_view name = space.options[space.by_name[i]].name;
      if (name.empty() || name.front() == '-') return false;
      for (const char c : name)
        if (!(lower(c) >= 'a' && lower(c) <= 'z') && !(c >= '0' && c <= '9') && c != '-') return false;
      if (i > 0 && !less_ignoring_case(space.options[space.by_name[i - 1]].name, name)) return false;
    }
  }
  return true;
}

consteval bool is_space(std::string_view name) {
  for (const SpaceDef& space : kSpaces)
    if (space.name == name) return true;
  return name.empty();  // "E.": the space that vendor-option-space names at run time
}

// The little language of OptionDef::format, checked as a whole: a typing error there would garble replies.
consteval bool format_is_valid(std::string_view format) {
  bool any_value = false;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if (c == 'E') {
      const std::size_t dot = format.find('.', i);
      if (dot == std::string_view::npos || !is_space(format.substr(i + 1, dot - i - 1))) return false;
      i = dot;
    } else if (c == 'c') {
      if (i == 0 || format[i - 1] != 'D') return false;
    } else if (c == 'A' || c == 'a' || c == 'o') {
      if (!any_value || i + 1 != format.size()) return false;
    } else if (std::string_view{"I6lsbLSBftXdDZ"}.find(c) == std::string_view::npos) {
      return false;
    }
    any_value = true;
  }
  return any_value;
}

consteval bool formats_are_valid() {
  for (const SpaceDef& space : kSpaces)
    for (const OptionDef& row : space.options)
      if (!format_is_valid(row.format) || row.source.empty()) return false;
  return true;
}

static_assert(codes_ascend());
static_assert(names_are_unique_words());
static_assert(formats_are_valid());
static_assert(!format_is_valid("") && !format_is_valid("A") && !format_is_valid("IAa") &&
              !format_is_valid("Ic") && !format_is_valid("Enowhere.") && !format_is_valid("Eagent"));

}  // namespace

std::span<const SpaceDef> predefined_spaces() noexcept { return kSpaces; }

const SpaceDef* find_space(std::string_view name) noexcept {
  for (const SpaceDef& space : kSpaces)
    if (equal_ignoring_case(space.name, name)) return &space;
  return nullptr;
}

const OptionDef* find_option(const SpaceDef& space, std::string_view name) noexcept {
  const auto at = std::lower_bound(
      space.by_name.begin(), space.by_name.end(), name,
      [&space](std::uint8_t row, std::string_view wanted) {
        return less_ignoring_case(space.options[row].name, wanted);
      });
  if (at == space.by_name.end()) return nullptr;
  const OptionDef& row = space.options[*at];
  return equal_ignoring_case(row.name, name) ? &row : nullptr;
}

const OptionDef* find_option(const SpaceDef& space, std::uint16_t code) noexcept {
  const auto at = std::lower_bound(space.options.begin(), space.options.end(), code,
                                   [](const OptionDef& row, std::uint16_t wanted) { return row.code < wanted; });
  return at != space.options.end() && at->code == code ? &*at : nullptr;
}

}  // namespace coaxd::wire
