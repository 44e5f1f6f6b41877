#include "bench/coaxstorm/command_line.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "bench/coaxstorm/mac.h"

namespace coaxd::storm {
namespace {

struct Mode {
  std::string_view name;
  ExchangeKind exchange;  // mix: --mix says more
  Order order;
  bool needs_leases;
  double timeout_s;
};

constexpr Mode kModes[] = {
    {"dora", ExchangeKind::dora, Order::once, false, 1},
    {"renew", ExchangeKind::renew, Order::random, true, 1},
    {"init-reboot", ExchangeKind::init_reboot, Order::random, true, 1},
    {"release", ExchangeKind::dora_release, Order::round, false, 1},
    {"mix", ExchangeKind::renew, Order::random, true, 1},
    {"avalanche", ExchangeKind::dora, Order::once, false, 4},  // RFC 2131 §4.1
    {"tftp", ExchangeKind::fetch, Order::round, false, 1},
    {"verify", ExchangeKind::init_reboot, Order::once, true, 1},
};

// In the order of ExchangeKind.
constexpr std::string_view kKinds[] = {"dora", "renew", "init-reboot", "release"};

constexpr const char* kAbout =
    "coaxstorm: load on a DHCPv4 server, and a judge of its answers.\n\n"
    "  dora         new clients get a lease each, in order\n"
    "  renew        clients with a lease renew it, in random order\n"
    "  init-reboot  clients with a lease ask for it again, as after a power cut\n"
    "  release      clients get a lease and give it back, round and round\n"
    "  mix          each exchange is drawn by the weights of --mix; renew, init-reboot and release take a client with a lease,\n"
    "               dora takes any. Nobody answers a RELEASE, so it has no latency\n"
    "  avalanche    all clients boot, at once or within --spread, and none gives up: each waits 4, 8, 16, 32, 64, 64 ... seconds,\n"
    "               one more or less at random, before it sends again. Reports when 50, 90, 99 and 100 % were bound;\n"
    "               with --time and --tftp, when they were up: had the time of day, and the file that their ACK names\n"
    "  tftp         hosts fetch files by TFTP, round and round, each from an address of its own, and without DHCP\n"
    "  verify       every lease of an ack log is asked for once; whatever is not confirmed is a violation. A server may\n"
    "               confirm a free address to a client it has forgotten, as dhcpd does: only --leases tells that too\n";

constexpr const char* kExamples =
    "Examples:\n"
    "  100,000 new modems as fast as the server goes, 200 at a time:\n"
    "    coaxstorm dora --server 10.0.0.1 --relay 10.0.0.2 --clients 100000 --window 200\n"
    "  renewals at 20,000 a second for a minute, latency from when each was due:\n"
    "    coaxstorm renew --server 10.0.0.1 --relay 10.0.0.2 --clients 100000 --rate 20000 --duration 60\n"
    "  what was acknowledged is still there after the server was killed:\n"
    "    coaxstorm dora ... --clients 50000 --ack-log acks; (kill, restart); "
    "coaxstorm verify ... --clients 50000 --from-log acks\n"
    "  the same against a leases file, without a server:\n"
    "    coaxstorm verify --clients 50000 --from-log acks --leases /var/lib/dhcp/dhcpd.leases\n"
    "  a city after a power cut, for no more than ten minutes:\n"
    "    coaxstorm avalanche --server 10.0.0.1 --relay 10.0.0.2 --clients 200000 --spread 5 --duration 600\n"
    "  the same until each modem has the time and its own file, whose template says CpeMacAddress ${modem} (pool 10.64.0.0/10):\n"
    "    ip route add local 10.64.0.0/10 dev lo; coaxstorm avalanche ... --time --tftp --tftp-check --tftp-option blksize=1448\n"
    "  files a second, 64 at a time, to 10.64.0.1 and those behind it:\n"
    "    coaxstorm tftp --server 10.0.0.1 --host 10.64.0.1 --clients 256 --window 64 --file gold.cm --duration 10\n"
    "  a day's mixture at 5,000 exchanges a second:\n"
    "    coaxstorm mix ... --mix dora=10,renew=70,init-reboot=15,release=5 --rate 5000 --duration 60\n"
    "  renewals unicast by the clients themselves (pool 10.64.0.0/10):\n"
    "    ip route add local 10.64.0.0/10 dev lo; coaxstorm renew ... --direct\n\n"
    "Exit status: 0; 1 if it could not run; 2 if the server broke a rule; 3 if exchanges stayed unanswered.\n";

std::optional<std::vector<std::uint8_t>> parse_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::vector<std::uint8_t> octets;
  for (; !text.empty(); text.remove_prefix(2)) {
    std::uint8_t octet = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + 2, octet, 16);
    if (error != std::errc{} || end != text.data() + 2) return std::nullopt;
    octets.push_back(octet);
  }
  return octets;
}

// CODE or CODE=HEX.
ExpectedOption parse_option(const std::string& text) {
  const std::size_t equals = text.find('=');
  ExpectedOption option{};
  const char* code_end = text.data() + std::min(equals, text.size());
  const auto [end, error] = std::from_chars(text.data(), code_end, option.code);
  if (error != std::errc{} || end != code_end || option.code == 0 || option.code == 255) {
    throw CLI::ValidationError{fmt::format("{}: an option is CODE or CODE=HEX, CODE from 1 to 254", text)};
  }
  if (equals == std::string::npos) return option;
  option.value = parse_hex(std::string_view{text}.substr(equals + 1));
  if (!option.value) throw CLI::ValidationError{fmt::format("{}: not pairs of hex digits", text)};
  return option;
}

Ipv4 parse_address(const std::string& text) {
  const auto address = Ipv4::parse(text);
  if (!address) throw CLI::ValidationError{fmt::format("{}: not an IPv4 address", text)};
  return *address;
}

// What CLI11 reads as text and becomes a value afterwards.
struct RawText {
  std::string server, first_mac = "02:c0:a0:00:00:00", client_id = "mac", trains = "auto";
  std::vector<std::string> mix{"dora=10", "renew=70", "init-reboot=15", "release=5"};
  double timeout_s = 0, spread_s = 0;
  std::vector<std::string> relays, options, expected, tftp_options;
  std::string host;
  std::uint16_t server_port = 67;
  std::uint32_t first = 0;
};

void declare_who(CLI::App& app, Settings& settings, RawText& raw) {
  auto& population = settings.population;
  auto& style = settings.style;
  app.add_option("--server", raw.server, "the server's address")->group("Who");
  app.add_option("--server-port", raw.server_port, "its port")->capture_default_str()->group("Who");
  app.add_option("--relay", raw.relays, "an address of ours that plays a relay (giaddr); several share the clients")
      ->group("Who");
  app.add_option("--relay-port", settings.relay_port, "the relays' port")->capture_default_str()->group("Who");
  app.add_option("--clients", population.clients, "how many clients")
      ->default_val(10'000)->check(CLI::Range(1, 100'000'000))->group("Who");
  app.add_option("--first", raw.first, "leave out so many clients before the first")->group("Who");
  app.add_option("--mac", raw.first_mac, "MAC of client 0; the others count from it")
      ->capture_default_str()->group("Who");
  app.add_option("--clients-per-modem", population.clients_per_modem, "clients that share a remote-id")
      ->capture_default_str()->check(CLI::Range(1, 65536))->group("Who");
  app.add_option("--client-id", raw.client_id, "option 61: none, mac, duid, or shared:N, one duid for each N clients")
      ->capture_default_str()->group("Who");
  app.add_flag("--host-name", style.host_name, "send a host name")->group("Who");
  app.add_option("--vendor-class", style.vendor_class, "send this vendor class")->group("Who");
  app.add_option("--request-list", style.parameter_request_list, "option 55, e.g. 1,3,6")->delimiter(',')->group("Who");
  app.add_option("--option", raw.options, "send CODE=HEX in DISCOVER and REQUEST")->group("Who");
}

void declare_load(CLI::App& app, Settings& settings, RawText& raw) {
  constexpr double kLongest = 1e8;  // three years; in nanoseconds it still fits
  Phase& phase = settings.phase;
  app.add_option("--window", phase.window, "closed loop: so many exchanges at a time")
      ->capture_default_str()->check(CLI::Range(1, 1'000'000))->group("How much");
  app.add_option("--rate", phase.rate, "open loop: exchanges a second, whatever the server does")
      ->check(CLI::NonNegativeNumber)->group("How much");
  app.add_option("--duration", phase.duration_s, "seconds; 0: until the clients are through")
      ->check(CLI::Range(0.0, kLongest))->group("How much");
  app.add_option("--count", phase.count, "exchanges; 0: no limit")->group("How much");
  app.add_option("--warm-up", phase.warm_up_s, "first seconds that are not measured")
      ->check(CLI::Range(0.0, kLongest))->group("How much");
  app.add_option("--seed", phase.seed, "same seed, same run")->capture_default_str()->group("How much");
  app.add_option("--mix", raw.mix, "mix: weights of dora, renew, init-reboot and release; one that is left out is 0")
      ->delimiter(',')->capture_default_str()->group("How much");
  app.add_option("--spread", raw.spread_s, "avalanche: seconds within which the clients boot, evenly; 0: all at once")
      ->check(CLI::NonNegativeNumber)->group("How much");
  app.add_option("--timeout", raw.timeout_s,
                 "seconds before a message is sent again, 1 if not given; doubles each time. avalanche: 4 if not given, doubles four "
                 "times, and each wait is up to a quarter of it longer or shorter; what comes after the ACK waits a quarter of that")
      ->check(CLI::Range(0.001, 60.0))->group("How much");
  app.add_option("--attempts", settings.attempts,
                 "transmissions of a message before its client gives up; avalanche: of a REQUEST before it goes back to DISCOVER")
      ->capture_default_str()
      ->check(CLI::Range(1u, Timeouts::kMaxDoublings + 1))->group("How much");
  app.add_flag("--direct", settings.population.direct,
               "renewals and releases come from the client's own address, not through the relay")->group("How much");
  app.add_option("--trains", raw.trains,
                 "queries of one size leave as trains (UDP_SEGMENT), and replies are taken so: auto (where the server is reached by a "
                 "network card), always or never. A capture on this host, or at the other end of a virtual cable, shows a train as "
                 "one long datagram; dhcpd and other readers of packet sockets there cannot read it")
      ->capture_default_str()->check(CLI::IsMember({"auto", "always", "never"}))->group("How much");
  app.add_flag("--spin", settings.spin, "never sleep: the answers' wake-ups cost the server nothing")->group("How much");
}

void declare_boot(CLI::App& app, Settings& settings, RawText& raw) {
  BootSettings& boots = settings.boots;
  app.add_flag("--time", boots.time, "avalanche: ask for the time of day (RFC 868) after the ACK, of the server that it names")->group("After the ACK");
  app.add_flag("--tftp", boots.file, "avalanche: then fetch the file that the ACK names")->group("After the ACK");
  app.add_flag("--tftp-check", boots.check, "a file without its modem's MAC (six octets), or with a wrong CM MIC, is a violation")->group("After the ACK");
  app.add_option("--tftp-option", raw.tftp_options, "ask for blksize=N, windowsize=N, timeout=SECONDS, tsize (RFC 2347)")->delimiter(',')
      ->group("After the ACK");
  app.add_option("--host", raw.host, "tftp: address of client 0; the others count from it")->group("After the ACK");
  app.add_option("--file", settings.files, "tftp: what to fetch; clients take several by turns")->group("After the ACK");
  app.add_option("--transfers", boots.places, "modems that fetch at a time; 0: all clients, but not more than 131072")
      ->check(CLI::Range(0u, 10'000'000u))->group("After the ACK");
  app.add_option("--tftp-port", boots.tftp_port, "port of the file's server")->capture_default_str()->group("After the ACK");
  app.add_option("--time-port", boots.time_port, "port of the time server")->capture_default_str()->group("After the ACK");
}

void declare_results(CLI::App& app, Settings& settings, RawText& raw) {
  app.add_option("--expect-option", raw.expected, "CODE or CODE=HEX that every OFFER and ACK must carry")->group("Results");
  app.add_option("--ack-log", settings.ack_log, "append every ACK: time, MAC, address, lease time")->group("Results");
  app.add_option("--from-log", settings.from_log, "take the clients' leases from such a file")->group("Results");
  app.add_option("--leases", settings.leases_file, "verify: compare with this file in dhcpd.leases format")->group("Results");
  app.add_option("--json", settings.json, "write the result to this file; - for standard output")->group("Results");
  app.add_flag("--quiet", settings.quiet, "no progress lines")->group("Results");
}

// KIND=WEIGHT each.
Mix parse_mix(const std::vector<std::string>& texts) {
  Mix::Weights weights{};
  std::uint64_t total = 0;
  for (const std::string& text : texts) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const auto kind = std::find(std::begin(kKinds), std::end(kKinds), std::string_view{text}.substr(0, equals));
    std::uint32_t weight = 0;
    const char* const end = text.data() + text.size();
    const auto [read, error] = std::from_chars(text.data() + std::min(equals + 1, text.size()), end, weight);
    if (kind == std::end(kKinds) || error != std::errc{} || read != end) {
      throw CLI::ValidationError{fmt::format("--mix {}: KIND=WEIGHT is wanted, KIND one of {}", text, fmt::join(kKinds, ", "))};
    }
    weights[static_cast<std::size_t>(kind - std::begin(kKinds))] = weight;
    total += weight;
  }
  if (total == 0) throw CLI::ValidationError{"--mix: nothing has a weight"};
  const Mix mix{weights};
  if (mix.weight(ExchangeKind::release) > 0 && mix.weight(ExchangeKind::dora) == 0) {
    throw CLI::ValidationError{"--mix: who gave a lease back gets one again by dora only"};
  }
  return mix;
}

// NAME or NAME=NUMBER each.
tftp::Options parse_tftp_options(const std::vector<std::string>& texts) {
  struct Row {
    std::string_view name;
    tftp::Option option;
    std::uint64_t least, most;
  };
  static constexpr Row kRows[] = {{"blksize", tftp::Option::blksize, 8, 65464},
                                  {"timeout", tftp::Option::timeout, 1, 255},
                                  {"tsize", tftp::Option::tsize, 0, 0},
                                  {"windowsize", tftp::Option::windowsize, 1, 65535}};
  tftp::Options options;
  for (const std::string& text : texts) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const auto row = std::ranges::find(kRows, std::string_view{text}.substr(0, equals), &Row::name);
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const char* const digits = text.data() + std::min(equals + 1, text.size());
    const auto [read, error] = std::from_chars(digits, end, value);
    const bool number = digits == end ? row != std::end(kRows) && row->most == 0 : error == std::errc{} && read == end;
    if (row == std::end(kRows) || !number || value < row->least || value > row->most) {
      throw CLI::ValidationError{fmt::format("--tftp-option {}: blksize=8 to 65464, timeout=1 to 255, windowsize=1 to 65535, or tsize", text)};
    }
    options.set(row->option, value);
  }
  return options;
}

// RFC 2131 §4.1: 4, 8, 16, 32, 64 seconds, each one more or less at random.
BackOff avalanche_back_off(std::int64_t first_ns, std::uint64_t seed) {
  return {.first_ns = first_ns, .jitter_ns = first_ns / 4, .doublings = 4, .seed = seed};
}

void take_mode(Settings& settings, const RawText& raw) {
  Phase& phase = settings.phase;
  const Mode& mode = *std::find_if(std::begin(kModes), std::end(kModes), [&](const Mode& m) { return m.name == settings.mode; });
  phase.mix = mode.name == "mix" ? parse_mix(raw.mix) : Mix{mode.exchange};
  phase.order = mode.order;
  settings.needs_leases = mode.needs_leases;
  settings.verify = mode.name == "verify";
  const auto first_ns = static_cast<std::int64_t>((raw.timeout_s > 0 ? raw.timeout_s : mode.timeout_s) * 1e9);
  settings.back_off = {.first_ns = first_ns, .doublings = settings.attempts - 1};
  phase.insists = mode.name == "avalanche";
  if (phase.insists) {
    if (phase.rate > 0) throw CLI::ValidationError{"--rate: an avalanche has --spread"};
    phase.rate = raw.spread_s > 0 ? settings.population.clients / raw.spread_s : std::numeric_limits<double>::infinity();
    settings.back_off = avalanche_back_off(first_ns, phase.seed);
  }
  const bool endless = phase.order != Order::once && phase.duration_s <= 0 && phase.count == 0;
  if (endless) phase.count = settings.population.clients;
}

// A modem begins with 1 s where DHCP begins with 4 s, and goes on to 32 s.
void take_boot(Settings& settings, const RawText& raw) {
  BootSettings& boots = settings.boots;
  const bool avalanche = settings.phase.insists, tftp = settings.mode == "tftp";
  if ((boots.time || boots.file) && !avalanche) throw CLI::ValidationError{"--time and --tftp belong to avalanche"};
  if (boots.check && !boots.file && !tftp) throw CLI::ValidationError{"--tftp-check belongs to --tftp and to mode tftp"};
  if ((!raw.host.empty() || !settings.files.empty()) && !tftp) throw CLI::ValidationError{"--host and --file belong to mode tftp"};
  if (tftp && (raw.host.empty() || settings.files.empty())) throw CLI::ValidationError{"tftp needs --host and --file"};
  if (tftp) settings.first_host = parse_address(raw.host);
  boots.file |= tftp;
  boots.patient = avalanche;
  boots.options = parse_tftp_options(raw.tftp_options);
  boots.attempts = settings.attempts;
  const std::int64_t first_ns = settings.back_off.first_ns / (avalanche ? 4 : 1);
  boots.back_off = {.first_ns = first_ns, .jitter_ns = first_ns / 4, .doublings = 5, .seed = ~settings.phase.seed};
  constexpr std::uint32_t kMostPlaces = 131'072;
  if (boots.places == 0) boots.places = std::min(settings.population.clients, kMostPlaces);
  // What is not asked for a server need not tell.
  auto& requested = settings.style.parameter_request_list;
  const auto request = [&](std::uint8_t code) {
    if (std::ranges::find(requested, code) == requested.end()) requested.push_back(code);
  };
  if (boots.time) request(4);
  if (boots.file && avalanche) request(66), request(67);
}

void take_client_id(Settings& settings, std::string_view text) {
  constexpr std::string_view kShared = "shared:";
  constexpr std::uint32_t kMostSharers = 65536;
  if (text == "none" || text == "mac") {
    settings.style.client_id = text == "none" ? ClientIdKind::none : ClientIdKind::mac;
    return;
  }
  settings.style.client_id = ClientIdKind::duid;
  if (text == "duid") return;
  const char* const end = text.data() + text.size();
  std::uint32_t& sharers = settings.population.clients_per_client_id;
  const bool shared = text.starts_with(kShared);
  const auto [read, error] = std::from_chars(text.data() + (shared ? kShared.size() : 0), end, sharers);
  if (!shared || error != std::errc{} || read != end || sharers < 1 || sharers > kMostSharers) {
    throw CLI::ValidationError{fmt::format("--client-id {}: none, mac, duid or shared:N, N from 1 to {}", text, kMostSharers)};
  }
}

void take_text(Settings& settings, const RawText& raw) {
  if (!raw.server.empty()) settings.server = {parse_address(raw.server), raw.server_port};
  for (const std::string& relay : raw.relays) settings.population.relays.push_back(parse_address(relay));
  const auto mac = parse_mac(raw.first_mac);
  if (!mac) throw CLI::ValidationError{fmt::format("--mac {}: not a MAC address", raw.first_mac)};
  settings.population.first_mac = *mac + raw.first;
  settings.population.seed = settings.phase.seed;
  take_client_id(settings, raw.client_id);
  settings.trains = raw.trains == "auto" ? Trains::on_cards : raw.trains == "always" ? Trains::always : Trains::never;
  for (const std::string& text : raw.options) {
    ExpectedOption option = parse_option(text);
    settings.style.options.emplace_back(option.code, option.value.value_or(std::vector<std::uint8_t>{}));
  }
  for (const std::string& text : raw.expected) settings.population.expected.push_back(parse_option(text));
}

void check(const Settings& settings) {
  const bool offline = settings.server.address.is_zero();
  const auto refuse = [](const char* text) { throw CLI::ValidationError{text}; };
  if (offline && !(settings.verify && !settings.leases_file.empty())) refuse("--server is needed");
  if (!offline && settings.population.relays.empty() && settings.mode != "tftp") refuse("--relay is needed");
  if (settings.verify && settings.from_log.empty()) refuse("verify needs --from-log");
  if (!settings.leases_file.empty() && !settings.verify) refuse("--leases belongs to verify");
  if (settings.population.first_mac + settings.population.clients > std::uint64_t{1} << 48) refuse("--mac: no room for so many clients");
  if (settings.phase.duration_s > 0 && settings.phase.warm_up_s >= settings.phase.duration_s) refuse("--warm-up: nothing of --duration is left");
  if (!QueryTemplates::fits(settings.style)) refuse("the options do not fit into a message of 576 octets");
}

}  // namespace

std::expected<Settings, int> parse_command_line(int argc, char** argv) {
  Settings settings;
  RawText raw;
  CLI::App app{kAbout};
  app.footer(kExamples);
  std::vector<std::string> names;
  for (const Mode& mode : kModes) names.emplace_back(mode.name);
  app.add_option("mode", settings.mode, "what the clients do")->required()->check(CLI::IsMember(names));
  declare_who(app, settings, raw);
  declare_load(app, settings, raw);
  declare_boot(app, settings, raw);
  declare_results(app, settings, raw);
  try {
    app.parse(argc, argv);
    take_text(settings, raw);
    take_mode(settings, raw);
    take_boot(settings, raw);
    check(settings);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return std::unexpected(status == 0 ? 0 : 1);
  }
  return settings;
}

}  // namespace coaxd::storm
