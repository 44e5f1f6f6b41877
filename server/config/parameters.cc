#include "server/config/parameters.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace coaxd::config {
namespace {

using enum Parameter;
using enum ParameterValue;
using enum Coverage;

constexpr bool kGlobal = true, kAny = false;
constexpr std::string_view kDns = "this server makes no DNS updates (docs/non-goals.md)";
constexpr std::string_view kV6 = "DHCPv6; without effect on a DHCPv4 server, in dhcpd too";
constexpr std::string_view kOmapi = "no OMAPI listener; coaxctl takes its place";

constexpr ParameterRow kRows[] = {
    // lease times (dhcpd-compat §11)
    {default_lease_time, "default-lease-time", seconds, kAny, honoured, "differential default"},
    {max_lease_time, "max-lease-time", seconds, kAny, honoured, "differential asked-for"},
    {min_lease_time, "min-lease-time", seconds, kAny, honoured,
     "differential minimum-is-applied-last"},
    // the header of a reply (§12.1)
    {next_server, "next-server", address, kAny, honoured, "differential next-server-file-and-name"},
    {filename, "filename", text, kAny, honoured, "differential next-server-file-and-name"},
    {server_name, "server-name", text, kAny, honoured, "differential next-server-file-and-name"},
    // probing (§9.12)
    {ping_check, "ping-check", flag, kAny, honoured, "differential probed-address-is-in-use"},
    {ping_timeout, "ping-timeout", seconds, kAny, honoured, "differential probe-without-an-answer"},
    {ping_timeout_ms, "ping-timeout-ms", seconds, kAny, honoured,
     "differential ping-timeout-in-milliseconds"},
    {ping_cltt_secs, "ping-cltt-secs", seconds, kAny, honoured, "differential ping-cltt-secs"},
    // who is served, and with what (§9)
    {one_lease_per_client, "one-lease-per-client", flag, kAny, honoured,
     "differential one-lease-per-client"},
    {use_host_decl_names, "use-host-decl-names", flag, kAny, honoured,
     "differential host-name-from-the-declaration"},
    {get_lease_hostnames, "get-lease-hostnames", flag, kAny, not_supported,
     "every reply would wait for a DNS server, or go out without the name whenever it was not asked "
     "before; use-host-decl-names or option host-name need no DNS"},
    {use_lease_addr_for_default_route, "use-lease-addr-for-default-route", flag, kAny, honoured,
     "differential default-route-to-itself"},
    {boot_unknown_clients, "boot-unknown-clients", flag, kAny, honoured,
     "differential unknown-clients-denied"},
    {allow_booting, "allow-booting", flag, kAny, honoured, "differential booting-denied"},
    {allow_bootp, "allow-bootp", flag, kAny, honoured, "differential bootp-not-admitted"},
    {dynamic_bootp, "dynamic-bootp", flag, kAny, harmless,
     "without effect in dhcpd, too: the permits of the pool decide"},
    {duplicates, "duplicates", flag, kAny, honoured, "differential deny-duplicates"},
    {declines, "declines", flag, kAny, honoured, "differential declines-denied"},
    {client_updates, "client-updates", flag, kAny, harmless, kDns},
    {leasequery, "leasequery", flag, kAny, honoured, "differential leasequery-who-may-ask"},
    {stash_agent_options, "stash-agent-options", flag, kAny, honoured,
     "differential stash-keeps-the-renewal-in-its-class"},
    {always_broadcast, "always-broadcast", flag, kAny, honoured, "differential always-broadcast"},
    {always_reply_rfc1048, "always-reply-rfc1048", flag, kAny, honoured,
     "differential bootp-without-cookie"},
    {ignore_client_uids, "ignore-client-uids", flag, kAny, honoured,
     "differential ignore-client-uids"},
    {echo_client_id, "echo-client-id", flag, kAny, honoured, "differential client-id-echo"},
    {min_secs, "min-secs", number8, kAny, honoured, "differential min-secs"},
    {check_secs_byte_order, "check-secs-byte-order", flag, kGlobal, honoured,
     "differential seconds-byte-order-is-a-global-parameter"},
    {dhcp_cache_threshold, "dhcp-cache-threshold", number8, kAny, honoured,
     "differential young-lease-is-repeated"},
    {adaptive_lease_time_threshold, "adaptive-lease-time-threshold", number8, kAny, honoured,
     "differential adaptive-threshold"},
    {log_threshold_high, "log-threshold-high", number8, kAny, honoured,
     "differential threshold-in-a-shared-network"},
    {log_threshold_low, "log-threshold-low", number8, kAny, honoured,
     "differential threshold-of-a-full-pool"},
    {abandon_lease_time, "abandon-lease-time", seconds, kGlobal, honoured,
     "differential abandoned-address-waits-behind-an-offered-one"},
    {infinite_is_reserved, "infinite-is-reserved", flag, kAny, honoured,
     "differential infinite-is-reserved"},
    {dynamic_bootp_lease_length, "dynamic-bootp-lease-length", number32, kAny, honoured,
     "differential bootp-dynamic"},
    {dynamic_bootp_lease_cutoff, "dynamic-bootp-lease-cutoff", seconds, kAny, honoured,
     "differential dynamic-bootp-lease-cutoff"},
    {vendor_option_space, "vendor-option-space", word, kAny, honoured,
     "DhcpdReply_12_5_Vendor43.RawThenVendorSpaceThenDefinition"},
    {site_option_space, "site-option-space", data, kAny, honoured,
     "DhcpdReply_5_3_SiteSpace.OwnsTheHighCodes"},
    // the store's own affair
    {delayed_ack, "delayed-ack", number16, kGlobal, harmless,
     "every ACK waits for its batch; the batches size themselves"},
    {max_ack_delay, "max-ack-delay", number32, kGlobal, harmless,
     "every ACK waits for its batch; the batches size themselves"},
    {dont_use_fsync, "dont-use-fsync", flag, kGlobal, harmless,
     "the store's mode is set in coaxd.toml"},
    {server_id_check, "server-id-check", flag, kGlobal, harmless,
     "only looks at pools with a failover peer"},
    // the process
    {local_address, "local-address", address, kGlobal, honoured, "differential local-address"},
    {limited_broadcast_address, "limited-broadcast-address", address, kGlobal, honoured,
     "differential limited-broadcast-address"},
    {local_port, "local-port", number16, kGlobal, honoured, "differential local-port"},
    {remote_port, "remote-port", number16, kGlobal, honoured, "differential remote-port"},
    {lease_file_name, "lease-file-name", text, kGlobal, honoured, "differential lease-file-name"},
    {pid_file_name, "pid-file-name", text, kGlobal, honoured,
     "Configuration.FileNamesGoBeforeTheCommandLine"},
    {db_time_format, "db-time-format", choice, kAny, honoured,
     "differential leases-in-local-time-with-hexadecimal-ids", "default local"},
    {lease_id_format, "lease-id-format", choice, kAny, honoured,
     "differential leases-in-local-time-with-hexadecimal-ids", "octal hex"},
    {omapi_port, "omapi-port", number16, kGlobal, harmless, kOmapi},
    {omapi_key, "omapi-key", key_name, kGlobal, harmless, kOmapi},
    {log_facility, "log-facility", choice, kGlobal, honoured,
     "LogWriterTest.Rfc3164_4_1_LinesLookLikeThoseOfSyslog3",
     "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp local0 local1 local2 "
     "local3 local4 local5 local6 local7"},
    // DNS updates
    {ddns_update_style, "ddns-update-style", choice, kGlobal, harmless, kDns,
     "none interim standard ad-hoc"},
    {ddns_updates, "ddns-updates", flag, kAny, harmless, kDns},
    {ddns_hostname, "ddns-hostname", text, kAny, harmless, kDns},
    {ddns_domainname, "ddns-domainname", text, kAny, harmless, kDns},
    {ddns_rev_domainname, "ddns-rev-domainname", text, kAny, harmless, kDns},
    {ddns_ttl, "ddns-ttl", seconds, kAny, harmless, kDns},
    {ddns_local_address4, "ddns-local-address4", address, kGlobal, harmless, kDns},
    {update_static_leases, "update-static-leases", flag, kAny, harmless, kDns},
    {update_optimization, "update-optimization", flag, kAny, harmless, kDns},
    {update_conflict_detection, "update-conflict-detection", flag, kAny, harmless, kDns},
    {do_forward_updates, "do-forward-updates", flag, kAny, harmless, kDns},
    {do_reverse_updates, "do-reverse-updates", flag, kAny, harmless, kDns},
    {fqdn_reply, "fqdn-reply", flag, kAny, harmless, kDns},
    {ddns_dual_stack_mixed_mode, "ddns-dual-stack-mixed-mode", flag, kAny, harmless, kDns},
    {ddns_guard_id_must_match, "ddns-guard-id-must-match", flag, kAny, harmless, kDns},
    {ddns_other_guard_is_dynamic, "ddns-other-guard-is-dynamic", flag, kAny, harmless, kDns},
    // DHCPv6
    {v6_only, "preferred-lifetime", seconds, kAny, harmless, kV6},
    {v6_only, "limit-addrs-per-ia", number32, kAny, harmless, kV6},
    {v6_only, "limit-prefs-per-ia", number32, kAny, harmless, kV6},
    {v6_only, "prefix-length-mode", choice, kAny, harmless, kV6,
     "ignore prefer exact minimum maximum"},
    {v6_only, "dhcpv6-lease-file-name", text, kAny, harmless, kV6},
    {v6_only, "dhcpv6-pid-file-name", text, kAny, harmless, kV6},
    {v6_only, "dhcpv6-set-tee-times", flag, kAny, harmless, kV6},
    {v6_only, "release-on-roam", flag, kAny, harmless, kV6},
    {v6_only, "bind-local-address6", flag, kAny, harmless, kV6},
    {v6_only, "ddns-local-address6", address6, kAny, harmless, kV6},
};

// A row per parameter, in the order of the enumeration: the code in the space `server` is the
// index.
consteval bool in_order() {
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    const auto id = static_cast<std::size_t>(kRows[i].id);
    if (id != std::min(i, static_cast<std::size_t>(v6_only))) return false;
  }
  return true;
}
static_assert(in_order());
static_assert(static_cast<std::size_t>(v6_only) + 1 == static_cast<std::size_t>(Parameter::count));

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

}  // namespace

std::span<const ParameterRow> parameter_rows() noexcept {
  return kRows;
}

const ParameterRow* find_parameter(std::string_view name) noexcept {
  const auto same = [name](const ParameterRow& row) {
    return std::ranges::equal(row.name, name, {}, {}, lower);
  };
  const auto found = std::ranges::find_if(kRows, same);
  return found == std::end(kRows) ? nullptr : found;
}

}  // namespace coaxd::config
