#include "server/config/settings.h"

#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// toml++ asserts, or with NDEBUG assumes, that a table's name begins as a key does: "[=" would end the process, though the next lines of its parser refuse it in words. No assertion then.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expression) static_cast<void>(0)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <toml++/toml.h>
#pragma GCC diagnostic pop
#pragma pop_macro("NDEBUG")

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "server/base/did_you_mean.h"
#include "server/base/ipv4.h"
#include "server/base/json.h"
#include "server/config/setting_values.h"

namespace coaxd::config {
namespace {

constexpr std::string_view kIoChoices[] = {"auto", "uring", "asio"};
constexpr std::string_view kFailoverModes[] = {"", "alone"};
constexpr std::string_view kTemplateDialects[] = {"native", "utility"};
constexpr std::string_view kMtaHashes[] = {"none", "north-american", "euro", "ietf"};
constexpr std::string_view kQueryDialects[] = {"auto", "rfc4388", "draft0", "draft2"};
constexpr std::string_view kQueryLists[] = {"liberal", "strict"};
constexpr std::string_view kQueryTls[] = {"off", "optional", "required"};

// With or without an interface, as fe80::1%eth0.
bool is_ipv6(std::string_view text) {
  in6_addr address;
  return inet_pton(AF_INET6, std::string(text.substr(0, text.find('%'))).c_str(), &address) == 1;
}

// "" or ADDRESS:PORT, the address in digits: a name would be looked up before there is anything to log to.
std::string_view check_listen(std::string_view value) {
  if (value.empty()) return {};
  const std::size_t colon = value.rfind(':');
  unsigned port = 0;
  const char* end = value.data() + value.size();
  if (colon == std::string_view::npos) return "expecting \"ADDRESS:PORT\"";
  const auto [stop, problem] = std::from_chars(value.data() + colon + 1, end, port);
  if (problem != std::errc() || stop != end || port == 0 || port > 65535) return "expecting a port from 1 to 65535 after the colon";
  const std::string_view host = value.substr(0, colon);
  const bool v6 = host.starts_with('[') && host.ends_with(']') && is_ipv6(host.substr(1, host.size() - 2));
  if (!v6 && !Ipv4::parse(host)) return "expecting an IPv4 address or [IPv6 address] before the colon";
  return {};
}

// The file may be read before a chroot or a change of directory and used after it.
std::string_view check_path(std::string_view value) {
  return value.empty() || value.starts_with('/') ? std::string_view{} : "expecting an absolute path";
}

std::string_view check_prefixes(std::string_view value) {
  return parse_prefixes(value) ? std::string_view{} : "expecting addresses and prefixes such as \"10.1.0.1, 10.2.0.0/24\"";
}

std::string_view check_prefix(std::string_view value) {
  const auto prefixes = parse_prefixes(value);
  return prefixes && prefixes->size() == 1 ? std::string_view{} : "expecting one address or prefix such as \"10.2.0.0/24\"";
}

std::string_view check_some_prefixes(std::string_view value) {
  return value.empty() ? "expecting addresses and prefixes such as \"10.1.0.1, 10.2.0.0/24\"" : check_prefixes(value);
}

// Port 161 where none is said.
std::string_view check_agent(std::string_view value) {
  return Ipv4::parse(value) || (!value.empty() && !value.starts_with('[') && check_listen(value).empty()) ? std::string_view{} : "expecting \"ADDRESS\" or \"ADDRESS:PORT\", such as \"10.0.0.1:161\"";
}

std::string_view check_key_name(std::string_view value) { return value.empty() ? "expecting the name of a line of [snmp] keys" : std::string_view{}; }

std::string_view check_word(std::string_view value) { return value.empty() ? "expecting a name" : std::string_view{}; }

std::string_view check_url(std::string_view value) {
  return value.starts_with("https://") || value.starts_with("http://") ? std::string_view{} : "expecting a URL such as \"https://www.example.com/help\"";
}

std::string_view check_host(std::string_view value) {
  return value.find_first_of(" /:") == std::string_view::npos ? std::string_view{} : "expecting the name of a host, such as \"portal.example.net\"";
}

std::string_view check_option_codes(std::string_view value) {
  return parse_option_codes(value) ? std::string_view{} : "expecting numbers of options, 1 to 254, such as \"51, 61, 82\"";
}

std::string_view check_ports(std::string_view value) { return parse_ports(value) ? std::string_view{} : "expecting \"LOW-HIGH\", such as \"40000-40063\""; }

// A row's two functions, from the member they reach.
template <auto Group, auto Member>
SettingRow::Value get_member(const Settings& settings) {
  const auto& value = (settings.*Group).*Member;
  using T = std::remove_cvref_t<decltype(value)>;
  if constexpr (std::is_enum_v<T>) {
    return static_cast<std::uint32_t>(value);
  } else {
    return value;
  }
}
template <auto Group, auto Member>
void set_member(Settings& settings, const SettingRow::Value& value) {
  auto& member = (settings.*Group).*Member;
  using T = std::remove_cvref_t<decltype(member)>;
  if constexpr (std::is_enum_v<T>) {
    member = static_cast<T>(std::get<std::uint32_t>(value));
  } else {
    member = std::get<T>(value);
  }
}

template <auto Group, auto Member>
constexpr SettingRow boolean(std::string_view table, std::string_view key, std::string_view help) {
  return {table, key, SettingType::boolean, 0, 0, {}, nullptr, help, get_member<Group, Member>, set_member<Group, Member>};
}
template <auto Group, auto Member>
constexpr SettingRow number(std::string_view table, std::string_view key, std::uint32_t low, std::uint32_t high,
                            std::string_view help) {
  return {table, key, SettingType::number, low, high, {}, nullptr, help, get_member<Group, Member>, set_member<Group, Member>};
}
template <auto Group, auto Member>
constexpr SettingRow text(std::string_view table, std::string_view key, std::string_view (*check)(std::string_view),
                          std::string_view help) {
  return {table, key, SettingType::text, 0, 0, {}, check, help, get_member<Group, Member>, set_member<Group, Member>};
}
template <auto Group, auto Member>
constexpr SettingRow choice(std::string_view table, std::string_view key, std::span<const std::string_view> choices,
                            std::string_view help) {
  return {table, key, SettingType::choice, 0, 0, choices, nullptr, help, get_member<Group, Member>, set_member<Group, Member>};
}

using S = Settings;
using Requester = S::Leasequery::Requester;
using Cmts = S::Snmp::Cmts;
using QuarantineSource = S::Quarantine::Source;
using Link = S::Portal::Link;

// The same for a member of the last record.
template <auto Group, auto Records, auto Member>
SettingRow::Value get_of_last(const Settings& settings) {
  const auto& value = ((settings.*Group).*Records).back().*Member;
  if constexpr (std::is_enum_v<std::remove_cvref_t<decltype(value)>>) {
    return static_cast<std::uint32_t>(value);
  } else {
    return value;
  }
}
template <auto Group, auto Records, auto Member>
void set_of_last(Settings& settings, const SettingRow::Value& value) {
  auto& member = ((settings.*Group).*Records).back().*Member;
  using T = std::remove_cvref_t<decltype(member)>;
  if constexpr (std::is_enum_v<T>) {
    member = static_cast<T>(std::get<std::uint32_t>(value));
  } else {
    member = std::get<T>(value);
  }
}

// A field of the records that lie in Settings::*Group::*Records.
template <auto Group, auto Records>
struct FieldOf {
  std::string_view table;

  template <auto Member>
  constexpr SettingRow text(std::string_view key, std::string_view (*check)(std::string_view), std::string_view help) const {
    return {table, key, SettingType::text, 0, 0, {}, check, help, get_of_last<Group, Records, Member>, set_of_last<Group, Records, Member>};
  }
  template <auto Member>
  constexpr SettingRow number(std::string_view key, std::uint32_t low, std::uint32_t high, std::string_view help) const {
    return {table, key, SettingType::number, low, high, {}, nullptr, help, get_of_last<Group, Records, Member>, set_of_last<Group, Records, Member>};
  }
  template <auto Member>
  constexpr SettingRow choice(std::string_view key, std::span<const std::string_view> choices, std::string_view help) const {
    return {table, key, SettingType::choice, 0, 0, choices, nullptr, help, get_of_last<Group, Records, Member>, set_of_last<Group, Records, Member>};
  }
};

constexpr FieldOf<&S::leasequery, &S::Leasequery::requesters> kRequester{"leasequery"};
constexpr SettingRow kRequesterFields[] = {
    kRequester.text<&Requester::prefix>("prefix", check_prefix, "whose queries"),
    kRequester.choice<&Requester::dialect>("dialect", kQueryDialects, "what its queries are"),
    kRequester.number<&Requester::type>("type", 9, 13, "message type of its queries in draft2"),
    kRequester.number<&Requester::rate>("rate", 0, 10'000'000, "queries a second"),
    kRequester.choice<&Requester::lists>("lists", kQueryLists, "what its option lists mean"),
};

constexpr FieldOf<&S::snmp, &S::Snmp::cmts> kCmts{"snmp"};
constexpr SettingRow kCmtsFields[] = {
    kCmts.text<&Cmts::relays>("relays", check_some_prefixes, "giaddrs of its modems and clients"),
    kCmts.text<&Cmts::address>("address", check_agent, "where it listens for SNMP"),
    kCmts.text<&Cmts::key>("key", check_key_name, "name of a line of `keys`"),
    kCmts.choice<&Cmts::kind>("kind", kCmtsKindNames, "what it is"),
};

constexpr FieldOf<&S::quarantine, &S::Quarantine::sources> kSource{"quarantine"};
constexpr SettingRow kSourceFields[] = {
    kSource.text<&QuarantineSource::name>("name", check_word, "as its orders name it"),
    kSource.number<&QuarantineSource::weight>("weight", 0, 1'000'000, "points of each of its events"),
    kSource.number<&QuarantineSource::per_minute>("per_minute", 1, 1'000'000, "orders a minute"),
    kSource.number<&QuarantineSource::longest_seconds>("longest_seconds", 0, 315'360'000, "of its quarantines; 0: any"),
};

constexpr FieldOf<&S::portal, &S::Portal::links> kLink{"portal"};
constexpr SettingRow kLinkFields[] = {
    kLink.text<&Link::text>("text", check_word, "what the page says"),
    kLink.text<&Link::url>("url", check_url, "where it leads"),
};

// As TOML writes them.
template <auto Group, auto Records, const auto& Fields>
SettingRow::Value get_records(const Settings& settings) {
  std::string all;
  for (const auto& record : (settings.*Group).*Records) {
    Settings single;
    ((single.*Group).*Records).push_back(record);
    std::string one;
    for (const SettingRow& field : Fields) one += fmt::format("{}{} = {}", one.empty() ? "" : ", ", field.key, setting_text(field, single));
    all += fmt::format("{}{{ {} }}", all.empty() ? "" : ", ", one);
  }
  return "[" + all + "]";
}

constexpr SettingRow kRows[] = {
    number<&S::server, &S::Server::workers>("server", "workers", 0, 256, "Packet workers; 0 is one for each core."),
    choice<&S::server, &S::Server::io>("server", "io", kIoChoices,
        "How packets are received and sent: io_uring where the kernel lets it, else Boost.Asio, or one of them by name."),
    choice<&S::server, &S::Server::reply_trains>("server", "reply_trains", kReplyTrainsNames,
        "Whether replies of one size to one relay go to the kernel as one message, which the network card cuts into "
        "packets (UDP segmentation): only where they leave by a card of their own, always, or never. A capture on this machine "
        "shows the uncut message, and so does one at the other end of a virtual cable."),
    boolean<&S::server, &S::Server::rfc5107>("server", "rfc5107",
        "Let a relay override the server identifier (RFC 5107); dhcpd does not."),
    boolean<&S::server, &S::Server::cpu_affinity>("server", "cpu_affinity", "Bind each worker to a core of its own."),

    text<&S::store, &S::Store::path>("store", "path", check_path,
        "The lease store: an SQLite file, its journals beside it; empty is the path of the leases file with .db appended."),
    choice<&S::store, &S::Store::durability>("store", "durability", kDurabilityNames,
        "What a lease survives before it is acknowledged: a power cut, a crash of the server only, or nothing."),
    number<&S::store, &S::Store::history_days>("store", "history_days", 0, 36500,
        "How long it is kept who had which address; 0 is for ever."),
    boolean<&S::store, &S::Store::mirror>("store", "mirror",
        "Keep a leases file in dhcpd's format current, so that going back to dhcpd loses nothing."),
    number<&S::store, &S::Store::mirror_seconds>("store", "mirror_seconds", 1, 86400, "How old that leases file may be."),
    number<&S::store, &S::Store::segment_mb>("store", "segment_mb", 1, 4096, "Size of a journal segment file in MiB."),

    choice<&S::failover, &S::Failover::mode>("failover", "mode", kFailoverModes,
        "\"alone\" says that the failover partner is off and stays off: pools with a failover peer are then served by this server "
        "alone. Without it such a configuration is refused, for the partner might give the same address to somebody else."),

    number<&S::names, &S::Names::refresh_seconds>("names", "refresh_seconds", 10, 86400,
        "How often host names in dhcpd.conf are looked up again."),
    number<&S::names, &S::Names::timeout_ms>("names", "timeout_ms", 100, 60000,
        "How long the start waits for the name servers."),

    boolean<&S::log, &S::Log::packets>("log", "packets", "Log DHCPDISCOVER, DHCPACK and so on as dhcpd does."),
    number<&S::log, &S::Log::lines_per_second>("log", "lines_per_second", 0, 10'000'000,
        "More lines than this are counted instead of written, DHCPACK excepted; 0 is no limit."),

    text<&S::metrics, &S::Metrics::listen>("metrics", "listen", check_listen,
        "Address and port that serve the counters as Prometheus text, such as \"127.0.0.1:9767\"; empty is off."),

    text<&S::api, &S::Api::listen>("api", "listen", check_listen,
        "Address and port of the API over HTTP, such as \"127.0.0.1:8067\"; empty is off."),
    text<&S::api, &S::Api::tokens>("api", "tokens", check_path,
        "File of those who may use it, one line each (coaxctl token new), which only the server may read (chmod 600); read again at a reload."),
    text<&S::api, &S::Api::tls_certificate>("api", "tls_certificate", check_path,
        "PEM file of the server's certificate, then of those between it and its root, for HTTPS; empty is plain HTTP; read again at a reload."),
    text<&S::api, &S::Api::tls_key>("api", "tls_key", check_path, "PEM file of its private key, which nobody else may read."),
    boolean<&S::api, &S::Api::allow_plain>("api", "allow_plain",
        "Plain HTTP beyond this machine, where anybody on the way can read the tokens: behind a proxy of one's own."),
    boolean<&S::api, &S::Api::open_metrics>("api", "open_metrics", "Whether /metrics needs no token from this machine."),
    number<&S::api, &S::Api::requests_per_second>("api", "requests_per_second", 0, 1'000'000,
        "Requests a second of one token; more are told to wait; 0 is no limit."),
    number<&S::api, &S::Api::connections>("api", "connections", 1, 10000, "Connections at a time; more are closed at once."),
    number<&S::api, &S::Api::connections_per_peer>("api", "connections_per_peer", 1, 10000, "The same of one address."),
    text<&S::api, &S::Api::backups>("api", "backups", check_path, "Folder that backups are written to, the server's own; empty is no backups by the API."),

    text<&S::control, &S::Control::socket>("control", "socket", check_path, "Socket that coaxctl talks to; empty is none."),

    number<&S::limits, &S::Limits::pending_changes>("limits", "pending_changes", 64, 1u << 16,
        "Lease changes of one worker that may wait for the disk; further packets are dropped, and clients ask again."),
    number<&S::limits, &S::Limits::execute_waiting>("limits", "execute_waiting", 1, 1u << 20,
        "Programs of execute() that may wait to be run; further ones are counted and left out."),
    number<&S::limits, &S::Limits::execute_seconds>("limits", "execute_seconds", 1, 3600,
        "How long a program of execute() may run before it is stopped."),

    boolean<&S::tftp, &S::Tftp::enabled>("tftp", "enabled", "Serve files by TFTP, read only."),
    text<&S::tftp, &S::Tftp::root>("tftp", "root", check_path,
        "The folder whose files are served, and nothing outside it; empty is none."),
    number<&S::tftp, &S::Tftp::port>("tftp", "port", 1, 65535, "UDP port for requests."),
    number<&S::tftp, &S::Tftp::transfer_ports>("tftp", "transfer_ports", 0, 16,
        "UDP ports from which each worker sends files; 0 sends them from the port for requests too, for firewalls that know nothing of TFTP."),
    text<&S::tftp, &S::Tftp::ports>("tftp", "ports", check_ports,
        "Range from which all workers take their transfer_ports, such as \"40000-40063\", for firewalls; empty is any free port."),
    number<&S::tftp, &S::Tftp::transfers>("tftp", "transfers", 1, 1'000'000,
        "Transfers at once, of all workers together; beyond it requests are not answered, and clients ask again."),
    number<&S::tftp, &S::Tftp::per_source>("tftp", "per_source", 1, 1'000'000,
        "Transfers at once for one address, those of cmts excepted."),
    text<&S::tftp, &S::Tftp::cmts>("tftp", "cmts", check_prefixes,
        "Addresses and prefixes of the CMTSs that fetch files for their modems, such as \"10.1.0.1, 10.2.0.0/24\"."),
    boolean<&S::tftp, &S::Tftp::require_lease>("tftp", "require_lease",
        "Serve only addresses that have a lease, or that dhcpd.conf fixes, and those of cmts."),
    number<&S::tftp, &S::Tftp::max_blksize>("tftp", "max_blksize", 512, 1468,
        "Largest block that a client may ask for (RFC 2348): less where the way to it takes no 1500 octets."),
    number<&S::tftp, &S::Tftp::window>("tftp", "window", 1, 64, "Most blocks that are sent before an acknowledgement (RFC 7440)."),
    number<&S::tftp, &S::Tftp::first_timeout_ms>("tftp", "first_timeout_ms", 100, 60000,
        "How long an acknowledgement is waited for before a block is sent again; each further time takes twice as long, up to 8 seconds."),
    number<&S::tftp, &S::Tftp::tries>("tftp", "tries", 1, 20, "How often a block is sent before the client counts as gone."),
    number<&S::tftp, &S::Tftp::cache_mb>("tftp", "cache_mb", 1, 65536,
        "Memory of each worker for files of up to 1 MiB, in MiB; larger ones are read as they are sent."),
    boolean<&S::tftp, &S::Tftp::world_readable_only>("tftp", "world_readable_only",
        "Serve only files that everybody on this machine may read (chmod o+r)."),

    text<&S::docsis, &S::Docsis::templates>("docsis", "templates", check_path,
        "Folder of the templates (gold.cfg) from which the files of modems are compiled as they ask, before [tftp] root is looked in; empty is none."),
    text<&S::docsis, &S::Docsis::secrets>("docsis", "secrets", check_path,
        "File of the keys shared with CMTSs, one line each, which only the server may read (chmod 600); empty is no key."),
    choice<&S::docsis, &S::Docsis::dialect>("docsis", "dialect", kTemplateDialects,
        "Language of the templates: ours, or the one of the docsis utility to the letter."),
    boolean<&S::docsis, &S::Docsis::timestamp>("docsis", "timestamp",
        "Add the time of the download (TLV 19): a CMTS rejects a modem with an old file."),
    boolean<&S::docsis, &S::Docsis::modem_address>("docsis", "modem_address",
        "Add the address that the modem has from DHCP (TLV 20): a CMTS rejects a modem with another's file."),
    choice<&S::docsis, &S::Docsis::mta_hash>("docsis", "mta_hash", kMtaHashes,
        "The hash that the files of MTAs end with: none, or the one of North American, European or IETF MTAs."),
    number<&S::docsis, &S::Docsis::cache_mb>("docsis", "cache_mb", 0, 4096,
        "Memory of each worker for compiled files, in MiB."),
    boolean<&S::docsis, &S::Docsis::only_told>("docsis", "only_told",
        "Serve to each modem only the file that DHCP has named to it, and what unasked names."),
    text<&S::docsis, &S::Docsis::unasked>("docsis", "unasked", nullptr,
        "How names begin that any modem may fetch with only_told, such as \"firmware/, tones/\"."),
    boolean<&S::docsis, &S::Docsis::generated_names>("docsis", "generated_names",
        "Hand out by DHCP, in the place of a file's name, one that nobody can guess, for this modem alone."),
    number<&S::docsis, &S::Docsis::name_seconds>("docsis", "name_seconds", 10, 86400,
        "How long such a name is good."),
    boolean<&S::docsis, &S::Docsis::single_download>("docsis", "single_download",
        "Such a name is good for one whole download."),
    number<&S::docsis, &S::Docsis::remembered>("docsis", "remembered", 1024, 10000000,
        "Modems of which it is remembered what DHCP has told them; 512 octets each."),

    {"leasequery", "requesters", SettingType::records, 0, 0, {}, nullptr,
        "Who may ask by leasequery which address is whose: [{ prefix = \"10.1.0.1\", dialect = \"auto\", type = 13, rate = 0, lists = \"liberal\" }, ...], all but prefix may be "
        "left out; empty is whom `allow leasequery` of dhcpd.conf allows to.",
        get_records<&S::leasequery, &S::Leasequery::requesters, kRequesterFields>, nullptr, kRequesterFields, [](Settings& settings) { settings.leasequery.requesters.emplace_back(); }},
    number<&S::leasequery, &S::Leasequery::rate>("leasequery", "rate", 0, 10'000'000,
        "Leasequeries a second, of all requesters together, beyond which they are not answered; 0 is no limit."),
    text<&S::leasequery, &S::Leasequery::options>("leasequery", "options", check_option_codes,
        "Options of a client that requesters may be told (RFC 4388 section 6.4.2); 53 and 54, and what a query repeats, always are."),
    boolean<&S::leasequery, &S::Leasequery::tcp>("leasequery", "tcp",
        "Answer bulk and active leasequery over TCP (RFC 6926, RFC 7724), to requesters alone."),
    number<&S::leasequery, &S::Leasequery::tcp_port>("leasequery", "tcp_port", 1, 65535, "TCP port for them."),
    number<&S::leasequery, &S::Leasequery::tcp_connections>("leasequery", "tcp_connections", 1, 1000,
        "Connections at a time; more are closed at once."),
    choice<&S::leasequery, &S::Leasequery::tls>("leasequery", "tls", kQueryTls,
        "TLS over TCP: for nobody, for whoever asks for it (DHCPTLS), or for everybody."),
    text<&S::leasequery, &S::Leasequery::tls_certificate>("leasequery", "tls_certificate", check_path,
        "PEM file of the server's certificate, then of those between it and its root."),
    text<&S::leasequery, &S::Leasequery::tls_key>("leasequery", "tls_key", check_path,
        "PEM file of its private key, which nobody else may read."),
    text<&S::leasequery, &S::Leasequery::tls_client_ca>("leasequery", "tls_client_ca", check_path,
        "PEM file of who signs the certificates of requesters; without such a certificate there is no TLS."),

    {"snmp", "cmts", SettingType::records, 0, 0, {}, nullptr,
        "CMTSs that SNMP reaches, by giaddr: [{ relays = \"10.64.0.1, 10.64.128.0/20\", address = \"10.0.0.1:161\", key = \"north\", kind = \"auto\" }, ...]; kind and the port may be "
        "left out; empty is none.",
        get_records<&S::snmp, &S::Snmp::cmts, kCmtsFields>, nullptr, kCmtsFields, [](Settings& settings) { settings.snmp.cmts.emplace_back(); }},
    text<&S::snmp, &S::Snmp::keys>("snmp", "keys", check_path,
        "File of the communities and users of SNMP, one line each, which only the server may read (chmod 600); empty is none."),
    text<&S::snmp, &S::Snmp::modem_key>("snmp", "modem_key", nullptr,
        "Name of the key with which a modem itself is told to reset where its CMTS does not do it; empty is never."),
    number<&S::snmp, &S::Snmp::timeout_ms>("snmp", "timeout_ms", 50, 60000,
        "How long an answer is waited for; then a request is sent once more, and waited for as long again."),
    number<&S::snmp, &S::Snmp::retry_seconds>("snmp", "retry_seconds", 1, 86400,
        "How long a reset is tried again and again at a CMTS that does not answer."),
    number<&S::snmp, &S::Snmp::sets_per_second>("snmp", "sets_per_second", 1, 1000,
        "Resets a second of one CMTS."),

    boolean<&S::quarantine, &S::Quarantine::enabled>("quarantine", "enabled",
        "Take orders to put machines and subscribers in quarantine, where dhcpd.conf has pools for members of class \"quarantine\"."),
    boolean<&S::quarantine, &S::Quarantine::dry_run>("quarantine", "dry_run",
        "Decide about orders and record them, and do nothing else."),
    text<&S::quarantine, &S::Quarantine::never>("quarantine", "never", check_prefixes,
        "Addresses and prefixes that are never put in quarantine, such as \"10.1.0.1, 10.2.0.0/24\"."),
    text<&S::quarantine, &S::Quarantine::never_macs>("quarantine", "never_macs", nullptr,
        "Hardware addresses of machines, and of modems with all that is behind them, that are never put in quarantine."),
    text<&S::quarantine, &S::Quarantine::never_classes>("quarantine", "never_classes", nullptr,
        "Classes of dhcpd.conf whose members are never put in quarantine, with commas between them."),
    number<&S::quarantine, &S::Quarantine::most_percent>("quarantine", "most_percent", 0, 100,
        "Of the subscribers, that are in quarantine at a time; more are refused, with an alarm."),
    number<&S::quarantine, &S::Quarantine::always_allowed>("quarantine", "always_allowed", 0, 1'000'000,
        "So many may be in quarantine however few the subscribers are."),
    {"quarantine", "sources", SettingType::records, 0, 0, {}, nullptr,
        "Sensors whose orders weigh otherwise than others': [{ name = \"suricata\", weight = 50, per_minute = 600, longest_seconds = 86400 }, ...]; all but name may be left out.",
        get_records<&S::quarantine, &S::Quarantine::sources, kSourceFields>, nullptr, kSourceFields, [](Settings& settings) { settings.quarantine.sources.emplace_back(); }},
    number<&S::quarantine, &S::Quarantine::threshold>("quarantine", "threshold", 1, 1'000'000'000,
        "Points that one signature must have of one subject before something is done; an event of an unlisted source has 100."),
    number<&S::quarantine, &S::Quarantine::window_seconds>("quarantine", "window_seconds", 1, 31'536'000,
        "How long points count."),
    number<&S::quarantine, &S::Quarantine::oldest_seconds>("quarantine", "oldest_seconds", 1, 31'536'000,
        "What a sensor observed longer ago is recorded, and nothing is done."),
    number<&S::quarantine, &S::Quarantine::default_seconds>("quarantine", "default_seconds", 0, 315'360'000,
        "How long a quarantine lasts whose order does not say; 0 is until somebody releases it."),
    number<&S::quarantine, &S::Quarantine::per_minute>("quarantine", "per_minute", 1, 1'000'000,
        "Orders a minute of a source that is not listed."),
    number<&S::quarantine, &S::Quarantine::self_releases>("quarantine", "self_releases", 0, 1000,
        "How often a user may release himself within self_days."),
    number<&S::quarantine, &S::Quarantine::self_days>("quarantine", "self_days", 1, 3650,
        "How long his releases of himself are counted."),
    number<&S::quarantine, &S::Quarantine::grace_seconds>("quarantine", "grace_seconds", 0, 31'536'000,
        "For so long after a release alerts are recorded, and nothing is done: queued ones would take him back."),
    number<&S::quarantine, &S::Quarantine::wait_seconds>("quarantine", "wait_seconds", 0, 31'536'000,
        "How long a user waits before he may release himself."),

    text<&S::portal, &S::Portal::listen>("portal", "listen", check_listen,
        "Address and port of the page for users in quarantine, such as \"10.66.0.1:80\"; empty is off."),
    text<&S::portal, &S::Portal::tls_listen>("portal", "tls_listen", check_listen,
        "The same over TLS, such as \"10.66.0.1:443\", which option 114 needs (RFC 8910); empty is off."),
    text<&S::portal, &S::Portal::certificate>("portal", "certificate", check_path,
        "PEM file of its certificate, whose name is that of `name`, then of those between it and its root."),
    text<&S::portal, &S::Portal::key>("portal", "key", check_path,
        "PEM file of its private key, which nobody else may read."),
    text<&S::portal, &S::Portal::name>("portal", "name", check_host,
        "How users' machines name the portal: every other host is sent there; empty is the address of `listen`."),
    text<&S::portal, &S::Portal::operator_name>("portal", "operator", nullptr,
        "Who speaks: the first line of the page."),
    text<&S::portal, &S::Portal::contact>("portal", "contact", nullptr,
        "Whom a user can call, such as \"0800 1234567\"; empty is nobody."),
    {"portal", "links", SettingType::records, 0, 0, {}, nullptr,
        "Where there is help against malicious software: [{ text = \"A virus scanner\", url = \"https://www.example.com/\" }, ...]; each must be on the allow-list of the garden's "
        "resolver and filter.",
        get_records<&S::portal, &S::Portal::links, kLinkFields>, nullptr, kLinkFields, [](Settings& settings) { settings.portal.links.emplace_back(); }},
    text<&S::portal, &S::Portal::texts>("portal", "texts", check_path,
        "Folder of LANGUAGE.txt, page.html and portal.css that stand before the built-in ones; empty is none."),

    boolean<&S::time, &S::Time::enabled>("time", "enabled", "Tell the time of day on port 37, UDP and TCP (RFC 868)."),
};

std::string name_of(const SettingRow& row) { return fmt::format("[{}] {}", row.table, row.key); }

std::string suggestion(std::string_view wrong, std::span<const std::string_view> known) {
  const std::string_view best = did_you_mean(wrong, known);
  return best.empty() ? std::string() : fmt::format("; did you mean {}?", best);
}

class Reader {
 public:
  Reader(std::uint32_t file, std::vector<Diagnostic>& problems) : file_(file), problems_(problems) {}

  void read(const toml::table& root, Settings& settings) {
    for (const auto& [name, node] : root) {
      const auto in_table = [&](const SettingRow& row) { return row.table == name.str(); };
      if (const auto row = std::ranges::find(kRows, name.str(), &SettingRow::key); row != std::end(kRows) && !node.is_table()) {
        error(name.source(), fmt::format("{} belongs under [{}]", name.str(), row->table));
      } else if (std::ranges::none_of(kRows, in_table)) {
        error(name.source(), fmt::format("no table [{}]{}", name.str(), suggestion(name.str(), names(&SettingRow::table))));
      } else if (const toml::table* table = node.as_table()) {
        read_table(name.str(), *table, settings);
      } else {
        error(name.source(), fmt::format("expecting the table [{}]", name.str()));
      }
    }
  }

  void error(const toml::source_region& where, std::string message) {
    for (char& c : message)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';  // a quoted key may hold anything
    problems_.push_back({Severity::error, {file_, where.begin.line, where.begin.column}, std::move(message)});
  }

 private:
  void read_table(std::string_view table, const toml::table& keys, Settings& settings) {
    for (const auto& [name, node] : keys) {
      const auto same = [&](const SettingRow& row) { return row.table == table && row.key == name.str(); };
      const auto row = std::ranges::find_if(kRows, same);
      if (row == std::end(kRows)) {
        auto known = names(&SettingRow::key, table);
        error(name.source(), fmt::format("no key {} in [{}]{}", name.str(), table, suggestion(name.str(), known)));
      } else {
        read_value(*row, node, settings);
      }
    }
  }

  // Of each table its fields, and none that is wrong by being absent.
  void read_records(const SettingRow& row, const toml::node& node, Settings& settings) {
    const toml::array* records = node.as_array();
    if (records == nullptr) return error(node.source(), fmt::format("{}: expecting an array of tables", name_of(row)));
    for (const toml::node& each : *records) {
      const toml::table* record = each.as_table();
      if (record == nullptr) {
        error(each.source(), fmt::format("{}: expecting a table such as {{ {} = ... }}", name_of(row), row.fields.front().key));
        continue;
      }
      row.add_record(settings);
      for (const auto& [name, value] : *record) {
        const auto field = std::ranges::find(row.fields, name.str(), &SettingRow::key);
        if (field != row.fields.end()) {
          read_value(*field, value, settings);
          continue;
        }
        std::vector<std::string_view> known;
        for (const SettingRow& one : row.fields) known.push_back(one.key);
        error(name.source(), fmt::format("{}: no field {}{}", name_of(row), name.str(), suggestion(name.str(), known)));
      }
      for (const SettingRow& field : row.fields) {
        if (field.check == nullptr || record->contains(field.key)) continue;
        if (const std::string_view problem = field.check(std::get<std::string>(field.get(settings))); !problem.empty())
          error(each.source(), fmt::format("{}: {} is missing: {}", name_of(row), field.key, problem));
      }
    }
  }

  void read_value(const SettingRow& row, const toml::node& node, Settings& settings) {
    switch (row.type) {
      case SettingType::records: return read_records(row, node, settings);
      case SettingType::boolean:
        if (const auto* value = node.as_boolean()) return row.set(settings, value->get());
        return error(node.source(), name_of(row) + ": expecting true or false");
      case SettingType::number:
        if (const auto* value = node.as_integer(); value != nullptr && value->get() >= row.low && value->get() <= row.high) {
          return row.set(settings, static_cast<std::uint32_t>(value->get()));
        }
        return error(node.source(), fmt::format("{}: expecting a number from {} to {}", name_of(row), row.low, row.high));
      case SettingType::text: {
        const auto* value = node.as_string();
        if (value == nullptr) return error(node.source(), name_of(row) + ": expecting a string");
        const std::string_view problem = row.check != nullptr ? row.check(value->get()) : std::string_view{};
        if (!problem.empty()) return error(node.source(), fmt::format("{}: {}", name_of(row), problem));
        return row.set(settings, value->get());
      }
      case SettingType::choice: {
        const auto* value = node.as_string();
        const auto chosen = value == nullptr ? row.choices.end() : std::ranges::find(row.choices, value->get());
        if (chosen != row.choices.end()) {
          return row.set(settings, static_cast<std::uint32_t>(chosen - row.choices.begin()));
        }
        const std::string hint = value == nullptr ? std::string() : suggestion(value->get(), row.choices);
        return error(node.source(),
                     fmt::format("{}: expecting one of \"{}\"{}", name_of(row), fmt::join(row.choices, "\", \""), hint));
      }
    }
  }

  static std::vector<std::string_view> names(std::string_view SettingRow::*name, std::string_view table = {}) {
    std::vector<std::string_view> result;
    for (const SettingRow& row : kRows) {
      if (table.empty() || row.table == table) result.push_back(row.*name);
    }
    return result;
  }

  std::uint32_t file_;
  std::vector<Diagnostic>& problems_;
};

std::string range_text(const SettingRow& row) {
  switch (row.type) {
    case SettingType::number: return fmt::format(" ({} to {})", row.low, row.high);
    case SettingType::choice: return fmt::format(" (\"{}\")", fmt::join(row.choices, "\", \""));
    default: return {};
  }
}

// "# " before each line, broken at blanks.
std::string comment(std::string_view sentence) {
  constexpr std::size_t kWidth = 100;
  std::string result = "#";
  std::size_t column = 1;
  while (!sentence.empty()) {
    const std::string_view word = sentence.substr(0, sentence.find(' '));
    if (column + 1 + word.size() > kWidth) {
      result += "\n#";
      column = 1;
    }
    result.append(" ").append(word);
    column += 1 + word.size();
    sentence.remove_prefix(std::min(sentence.size(), word.size() + 1));
  }
  return result;
}

}  // namespace

std::span<const SettingRow> setting_rows() noexcept { return kRows; }

std::string setting_text(const SettingRow& row, const Settings& settings) {
  const SettingRow::Value value = row.get(settings);
  switch (row.type) {
    case SettingType::boolean: return std::get<bool>(value) ? "true" : "false";
    case SettingType::number: return fmt::format("{}", std::get<std::uint32_t>(value));
    case SettingType::text: return json_text(std::get<std::string>(value));  // a basic string of TOML has JSON's escapes
    case SettingType::choice: return fmt::format("\"{}\"", row.choices[std::get<std::uint32_t>(value)]);
    case SettingType::records: return std::get<std::string>(value);
  }
  std::unreachable();
}

std::expected<Settings, std::vector<Diagnostic>> parse_settings(std::string name, std::string text_, Sources& sources) {
  const std::uint32_t file = sources.add(std::move(name), std::move(text_));
  std::vector<Diagnostic> problems;
  Reader reader(file, problems);
  Settings settings;
  const toml::parse_result result = toml::parse(sources.file(file).text);
  if (result) {
    reader.read(result.table(), settings);
  } else {
    reader.error(result.error().source(), std::string(result.error().description()));
  }
  if (problems.empty()) return settings;
  std::ranges::sort(problems, {}, [](const Diagnostic& d) { return std::pair(d.pos.line, d.pos.column); });
  return std::unexpected(std::move(problems));
}

std::string settings_reference() {
  std::string out;
  std::string_view table;
  for (const SettingRow& row : kRows) {
    if (row.table != table) out += fmt::format("{}[{}]\n", table.empty() ? "" : "\n", row.table);
    table = row.table;
    out += fmt::format("{}\n{} = {}\n", comment(std::string(row.help) + range_text(row)), row.key, setting_text(row, Settings{}));
  }
  return out;
}

}  // namespace coaxd::config
