// keyword.h: the words dhcpd's lexer knows. A word of this list is never a variable's name (dhcpd-compat §1), whether or not the
// DHCPv4 grammar has a use for it; those it has no use for are all `reserved`. Immutable, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace coaxd::config {

// Names as in dhcpd.conf with - written as _ ; a trailing _ keeps C++'s own words apart.
enum class Keyword : std::uint8_t {
  none, reserved,
  add, address, after, algorithm, all, allow, and_, append, array, authenticated, authoritative,
  auto_partner_down, balance, binary_to_ascii, boolean, booting, bootp, break_, case_, check,
  class_, client_state, client_updates, clients, code, commit, compressed, concat, config_option,
  debug, declines, default_, define, defined, deleted, deny, domain_list, domain_name, duplicates,
  dynamic, dynamic_bootp, else_, elsif, encapsulate, encode_int, epoch, error, ethernet, eval,
  execute, exists, expiry, extract_int, failover, fatal, fddi, filename, fixed_address,
  fixed_address6, fixed_prefix6, gethostbyname, gethostname, group, hardware, hash, hba, hex, host,
  host_decl_name, host_identifier, if_, ignore, include, infiniband, infinite, info, integer,
  interface, ip_address, ip6_address, key, known, known_clients, lcase, lease, lease_id_format,
  lease_time, leased_address, leasequery, length, limit, load, log, match, max, max_balance,
  max_lease_misbalance, max_lease_ownership, max_response_delay, max_transmit_idle,
  max_unacked_updates, mclt, members, min_balance, netmask, never, no, not_, null, octal, of, on,
  option, or_, packet, parse_vendor_option, peer, pick, pick_first_value, pool, pool6, port,
  prefix6, prepend, primary, primary6, range, range6, release, return_, reverse, secondary,
  secondary6, seconds, secret, send, server_duid, server_identifier, server_name, set,
  shared_network, signed_, size, space, spawn, split, static_, string, subclass, subnet, subnet6,
  substring, suffix, supersede, switch_, text, token_ring, transmission, ucase, uid,
  unauthenticated, unknown, unknown_clients, unset, unsigned_, user_class, v6relopt, vendor_class,
  width, with, zerolen, zone
};

// Of a word and keyword_hash() of it; case does not matter.
Keyword find_keyword(std::string_view word, std::uint32_t hash) noexcept;

// FNV-1a over the lower-cased octets, fed by the lexer while it scans so that no word is read twice.
inline constexpr std::uint32_t kKeywordHashStart = 2166136261u;
constexpr std::uint32_t keyword_hash(std::uint32_t hash, char c) noexcept {
  return (hash ^ (static_cast<unsigned char>(c) | 0x20u)) * 16777619u;
}

}  // namespace coaxd::config
