// parameters.h: dhcpd's own parameters (default-lease-time, next-server, allow booting ...), one row each: they are the options
// of the space `server`. Values are stored as the wire would: seconds and numbers as 4 octets (16-bit ones, the ports among them,
// as 2, 8-bit ones as 1), flags as one octet 0 false/deny, 1 true/allow, 2 ignore; text and words as text; addresses as 4 octets. Immutable, any thread. Source: dhcpd-compat §5.3.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace coaxd::config {

// Order is the code in the `server` space. Names as in dhcpd.conf with - written as _.
enum class Parameter : std::uint16_t {
  default_lease_time, max_lease_time, min_lease_time, next_server, filename, server_name, ping_check, ping_timeout,
  ping_timeout_ms, ping_cltt_secs, one_lease_per_client, use_host_decl_names, get_lease_hostnames,
  use_lease_addr_for_default_route, boot_unknown_clients, allow_booting, allow_bootp, dynamic_bootp, duplicates, declines,
  client_updates, leasequery, stash_agent_options, always_broadcast, always_reply_rfc1048, ignore_client_uids,
  echo_client_id, min_secs, check_secs_byte_order, dhcp_cache_threshold, adaptive_lease_time_threshold,
  log_threshold_high, log_threshold_low, abandon_lease_time, infinite_is_reserved, dynamic_bootp_lease_length,
  dynamic_bootp_lease_cutoff, vendor_option_space, site_option_space, delayed_ack, max_ack_delay, dont_use_fsync,
  server_id_check, local_address, limited_broadcast_address, local_port, remote_port, lease_file_name, pid_file_name,
  db_time_format, lease_id_format, omapi_port, omapi_key, log_facility, ddns_update_style, ddns_updates, ddns_hostname,
  ddns_domainname, ddns_rev_domainname, ddns_ttl, ddns_local_address4, update_static_leases, update_optimization,
  update_conflict_detection, do_forward_updates, do_reverse_updates, fqdn_reply, ddns_dual_stack_mixed_mode,
  ddns_guard_id_must_match, ddns_other_guard_is_dynamic, v6_only,  // v6_only: all the DHCPv6 words, accepted and without effect
  count
};

enum class ParameterValue : std::uint8_t {
  seconds,  // or `infinite`, 0xffffffff
  number32, number16, number8, flag,
  text,     // a string, or one bare word
  data,     // a string, or hex
  address, address6,
  word,     // bare
  key_name, // in quotes, or bare words joined by dots
  choice,   // one of `choices`
};

// How `coaxd -t` classes a statement; the closed list of the coverage report (docs/dhcpd-compat.md).
enum class Coverage : std::uint8_t { honoured, harmless, not_supported, unsafe };

struct ParameterRow {
  Parameter id;
  std::string_view name;       // as written in dhcpd.conf
  ParameterValue value;
  bool global_only;            // G: read once from the global scope
  Coverage coverage;
  std::string_view proof;      // honoured: the test that proves it; harmless / not supported: why
  std::string_view choices = {};  // ParameterValue::choice: the words, blanks between them
};

std::span<const ParameterRow> parameter_rows() noexcept;
const ParameterRow* find_parameter(std::string_view name) noexcept;  // case-insensitive

}  // namespace coaxd::config
