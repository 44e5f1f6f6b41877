#include "server/config/keyword.h"

#include <array>
#include <cstddef>

namespace coaxd::config {
namespace {

struct Row {
  std::string_view word;
  Keyword keyword;
};

using enum Keyword;
constexpr Row kWords[] = {
    {"add", add}, {"address", address}, {"after", after}, {"algorithm", algorithm}, {"all", all},
    {"allow", allow}, {"and", and_}, {"append", append}, {"array", array},
    {"authenticated", authenticated}, {"authoritative", authoritative},
    {"auto-partner-down", auto_partner_down}, {"balance", balance},
    {"binary-to-ascii", binary_to_ascii}, {"boolean", boolean}, {"booting", booting},
    {"bootp", bootp}, {"break", break_}, {"case", case_}, {"check", check}, {"class", class_},
    {"client-state", client_state}, {"client-updates", client_updates}, {"clients", clients},
    {"code", code}, {"commit", commit}, {"compressed", compressed}, {"concat", concat},
    {"config-option", config_option}, {"debug", debug}, {"declines", declines},
    {"default", default_}, {"define", define}, {"defined", defined}, {"deleted", deleted},
    {"deny", deny}, {"domain-list", domain_list}, {"domain-name", domain_name},
    {"duplicates", duplicates}, {"dynamic", dynamic}, {"dynamic-bootp", dynamic_bootp},
    {"else", else_}, {"elsif", elsif}, {"encapsulate", encapsulate}, {"encode-int", encode_int},
    {"epoch", epoch}, {"error", error}, {"ethernet", ethernet}, {"eval", eval},
    {"execute", execute}, {"exists", exists}, {"expiry", expiry}, {"extract-int", extract_int},
    {"failover", failover}, {"fatal", fatal}, {"fddi", fddi}, {"filename", filename},
    {"fixed-address", fixed_address}, {"fixed-address6", fixed_address6},
    {"fixed-prefix6", fixed_prefix6}, {"gethostbyname", gethostbyname},
    {"gethostname", gethostname}, {"group", group}, {"hardware", hardware}, {"hash", hash},
    {"hba", hba}, {"hex", hex}, {"host", host}, {"host-decl-name", host_decl_name},
    {"host-identifier", host_identifier}, {"if", if_}, {"ignore", ignore}, {"include", include},
    {"infiniband", infiniband}, {"infinite", infinite}, {"info", info}, {"integer", integer},
    {"interface", interface}, {"ip-address", ip_address}, {"ip6-address", ip6_address},
    {"key", key}, {"known", known}, {"known-clients", known_clients}, {"lcase", lcase},
    {"lease", lease}, {"lease-id-format", lease_id_format}, {"lease-time", lease_time},
    {"leased-address", leased_address}, {"leasequery", leasequery}, {"length", length},
    {"limit", limit}, {"load", load}, {"log", log}, {"match", match}, {"max", max},
    {"max-balance", max_balance}, {"max-lease-misbalance", max_lease_misbalance},
    {"max-lease-ownership", max_lease_ownership}, {"max-response-delay", max_response_delay},
    {"max-transmit-idle", max_transmit_idle}, {"max-unacked-updates", max_unacked_updates},
    {"mclt", mclt}, {"members", members}, {"min-balance", min_balance}, {"netmask", netmask},
    {"never", never}, {"no", no}, {"not", not_}, {"null", null}, {"octal", octal}, {"of", of},
    {"on", on}, {"option", option}, {"or", or_}, {"packet", packet},
    {"parse-vendor-option", parse_vendor_option}, {"peer", peer}, {"pick", pick},
    {"pick-first-value", pick_first_value}, {"pool", pool}, {"pool6", pool6}, {"port", port},
    {"prefix6", prefix6}, {"prepend", prepend}, {"primary", primary}, {"primary6", primary6},
    {"range", range}, {"range6", range6}, {"release", release}, {"return", return_},
    {"reverse", reverse}, {"secondary", secondary}, {"secondary6", secondary6},
    {"seconds", seconds}, {"secret", secret}, {"send", send}, {"server-duid", server_duid},
    {"server-identifier", server_identifier}, {"server-name", server_name}, {"set", set},
    {"shared-network", shared_network}, {"signed", signed_}, {"size", size}, {"space", space},
    {"spawn", spawn}, {"split", split}, {"static", static_}, {"string", string},
    {"subclass", subclass}, {"subnet", subnet}, {"subnet6", subnet6}, {"substring", substring},
    {"suffix", suffix}, {"supersede", supersede}, {"switch", switch_}, {"text", text},
    {"token-ring", token_ring}, {"transmission", transmission}, {"ucase", ucase}, {"uid", uid},
    {"unauthenticated", unauthenticated}, {"unknown", unknown},
    {"unknown-clients", unknown_clients}, {"unset", unset}, {"unsigned", unsigned_},
    {"user-class", user_class}, {"v6relopt", v6relopt}, {"vendor-class", vendor_class},
    {"width", width}, {"with", with}, {"zerolen", zerolen}, {"zone", zone},
};

// DHCPv6, DNS updates, failover states, the leases file and dhclient: words all the same.
constexpr std::string_view kReserved[] = {
    "abandoned", "active", "alias", "also", "anycast-mac", "at", "atsfp", "authentication",
    "authoring-byte-order", "backup", "billing", "binding", "boot-unknown-clients", "ciaddr",
    "client-hostname", "client-identifier", "close", "cltt", "communications-interrupted",
    "conflict-done", "connect", "create", "db-time-format", "default-duid", "default-lease-time",
    "delete", "disconnect", "do-forward-updates", "domain", "dynamic-bootp-lease-cutoff",
    "dynamic-bootp-lease-length", "en", "ends", "expire", "expired", "free", "get-lease-hostnames",
    "giaddr", "help", "hostname", "ia-na", "ia-pd", "ia-ta", "iaaddr", "iaprefix", "identifier",
    "initial-delay", "initial-interval", "is", "lease6", "let", "little-endian", "ll", "llt",
    "local", "max-lease-time", "max-life", "media", "medium", "min-lease-time", "min-secs", "my",
    "nameserver", "new", "next", "next-server", "normal", "notauth", "notimp", "notzone",
    "nxdomain", "nxrrset", "one-lease-per-client", "open", "owner", "partner", "partner-down",
    "paused", "potential-conflict", "preferred-life", "pseudo", "rebind", "reboot",
    "recontact-interval", "recover", "recover-done", "recover-wait", "refresh", "refused", "reject",
    "released", "remove", "renew", "request", "require", "reserved", "reset",
    "resolution-interrupted", "retry", "rewind", "script", "search", "select", "select-timeout",
    "server", "servfail", "shutdown", "siaddr", "starts", "startup", "state", "timeout",
    "timestamp", "tsfp", "tstp", "unknown-state", "update", "use-host-decl-names",
    "use-lease-addr-for-default-route", "v6relay", "vendor", "yiaddr", "yxdomain", "yxrrset",
};

constexpr std::size_t kSlots = 1024;  // a power of two, about a third full
static_assert(std::size(kWords) + std::size(kReserved) < kSlots / 2);

constexpr std::uint32_t hash_of(std::string_view word) {
  std::uint32_t hash = kKeywordHashStart;
  for (const char c : word) hash = keyword_hash(hash, c);
  return hash;
}

// Open addressing, filled by the compiler.
constexpr std::array<Row, kSlots> make_table() {
  std::array<Row, kSlots> table{};
  const auto insert = [&table](Row row) {
    std::size_t slot = hash_of(row.word) % kSlots;
    while (!table[slot].word.empty()) slot = (slot + 1) % kSlots;
    table[slot] = row;
  };
  for (const Row& row : kWords) insert(row);
  for (const std::string_view word : kReserved) insert({word, reserved});
  return table;
}
constexpr std::array<Row, kSlots> kTable = make_table();

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr bool same_word(std::string_view word, std::string_view lower_case) {
  if (word.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (lower(word[i]) != lower_case[i]) return false;
  }
  return true;
}

}  // namespace

Keyword find_keyword(std::string_view word, std::uint32_t hash) noexcept {
  for (std::size_t slot = hash % kSlots; !kTable[slot].word.empty(); slot = (slot + 1) % kSlots) {
    if (same_word(word, kTable[slot].word)) return kTable[slot].keyword;
  }
  return none;
}

}  // namespace coaxd::config
