// option_table.h: every DHCPv4 option that dhcpd predefines, one row each: the parser of dhcpd.conf, the printer, the
// manual and the fuzz dictionary all read these rows. Immutable data, any thread.
// Source: IANA "BOOTP Vendor Extensions and DHCP Options"; names and formats as dhcpd-options(5) spells them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace coaxd::wire {

// `format` is dhcpd's own little language, so that what users write in `option X code N = ...` and what is built in meet in one
// decoder:  I ip-address | 6 ip6-address | l s b signed 32/16/8 | L S B unsigned 32/16/8 | f boolean | t text |
// X string or hex | d domain-name | D domain-list, Dc the same compressed | Z zerolen | "E" NAME "." the options of space NAME as TLVs
// A: all before it repeats | a: the letter before it repeats | o: the letter before it is optional. Letters in a row are a record.
struct OptionDef {
  std::uint16_t code;
  std::string_view name;
  std::string_view format;
  std::string_view source;  // RFC, with its section where it defines more than this
};

// The spaces that exist before any `option space`: dhcp, agent, fqdn, nwip, vendor-class, vendor, isc.
struct SpaceDef {
  std::string_view name;
  std::uint8_t code_width;    // octets of the code in a TLV: 1, or 4 for enterprise numbers (RFC 3925)
  std::uint8_t length_width;  // octets of the length
  std::span<const OptionDef> options;  // ascending by code
  std::span<const std::uint8_t> by_name;  // indices into options, ascending by name without case
};

std::span<const SpaceDef> predefined_spaces() noexcept;
const SpaceDef* find_space(std::string_view name) noexcept;                            // case-insensitive
const OptionDef* find_option(const SpaceDef& space, std::string_view name) noexcept;   // case-insensitive
const OptionDef* find_option(const SpaceDef& space, std::uint16_t code) noexcept;

// Codes that the protocol engine itself reads or writes.
namespace option {
inline constexpr std::uint8_t pad = 0, subnet_mask = 1, routers = 3, domain_name_servers = 6, host_name = 12,
                              domain_name = 15, vendor_encapsulated = 43, requested_address = 50, lease_time = 51,
                              overload = 52, message_type = 53, server_identifier = 54, parameter_request_list = 55,
                              message = 56, max_message_size = 57, renewal_time = 58, rebinding_time = 59,
                              vendor_class_identifier = 60, client_identifier = 61, fqdn = 81,
                              relay_agent_information = 82, client_last_transaction_time = 91, associated_ip = 92,
                              subnet_selection = 118, vivso = 125, end = 255;
}
// Sub-options of option 82 (RFC 3046, 3527, 5107, 8357).
namespace agent {
inline constexpr std::uint8_t circuit_id = 1, remote_id = 2, docsis_device_class = 4, link_selection = 5,
                              server_id_override = 11, relay_port = 19;
}

}  // namespace coaxd::wire
