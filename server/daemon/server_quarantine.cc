// server_quarantine.cc: the quarantine of the running server: the switch, SNMP beside it, the API's way to it, and the page for users. Control thread.
#include <fmt/format.h>
#include <sys/random.h>

#include <boost/asio/post.hpp>

#include "server/config/setting_values.h"
#include "server/daemon/quarantine_policy.h"
#include "server/daemon/server.h"
#include "snmp/options.h"

namespace coaxd::daemon {

namespace {

constexpr auto kQuestion = std::chrono::seconds(5);
// What an infected machine sends to anybody's port 80 comes to the portal: so little per address that its owner's browser is served, and that others are.
constexpr std::size_t kPortalPerPeer = 8;
constexpr api::Patience kPortalPatience{.idle = std::chrono::seconds(5), .request = std::chrono::seconds(5), .write = std::chrono::seconds(10)};

}  // namespace

// While there are privileges: ports below 1024 are taken, certificate and keys are read.
Server::Step Server::open_portal() {
  const config::Settings::Portal& from = settings_.portal;
  if (from.listen.empty() && from.tls_listen.empty()) return {};
  if (!settings_.quarantine.enabled) return std::unexpected("[portal] listen has nothing to show without [quarantine] enabled = true.");
  auto texts = portal::Texts::load(from.texts);
  if (!texts) return std::unexpected("[portal] texts: " + texts.error());
  portal_texts_ = std::move(*texts);
  const api::Handler handler = [this](api::Request&& request, const api::Answer& answer) { portal_->handle(std::move(request), answer); };
  const auto open = [&](std::string name, const std::string& listen, api::TlsContext tls) -> Step {
    auto& server = portal_servers_.emplace_back(std::make_unique<api::HttpServer>(context_, api::HttpServer::Options{.name = std::move(name), .listen = listen, .per_peer = kPortalPerPeer, .patience = kPortalPatience}, handler));
    return server->listen(std::move(tls));
  };
  if (!from.listen.empty())
    if (auto listening = open("[portal] listen", from.listen, nullptr); !listening) return listening;
  if (!from.tls_listen.empty()) {
    auto tls = api::load_certificate({.certificate = from.certificate, .key = from.key});
    if (!tls) return std::unexpected("[portal] " + tls.error());
    if (auto listening = open("[portal] tls_listen", from.tls_listen, std::move(*tls)); !listening) return listening;
  }
  if (!line_.quiet) log_.info(fmt::format("Portal on {}.", from.listen.empty() ? from.tls_listen : from.listen));
  return {};
}

Server::Step Server::open_snmp(const Identity& identity) {
  if (settings_.snmp.cmts.empty() && settings_.snmp.modem_key.empty()) return {};
  auto options = snmp::load_options(settings_, identity.user.empty() ? geteuid() : identity.uid);
  if (!options) return std::unexpected(std::move(options.error()));
  snmp_.emplace(std::move(*options));
  return {};
}

// After the leases are there, and before the first packet: who was in quarantine is so from the first one.
Server::Step Server::open_quarantine() {
  if (!settings_.quarantine.enabled) return {};
  auto policy = quarantine_policy(settings_.quarantine);
  if (!policy) return std::unexpected(std::move(policy.error()) + ".");
  if (configuration_.config->quarantine_class() == nullptr)
    log_.warning("[quarantine] is enabled, and dhcpd.conf declares no class \"quarantine\" { }: nobody can be put there until it does, with pools that allow its members.");
  QuarantineService::Parts parts{.context = context_,
                                 .leases = leases_->table(),
                                 .modems = modems_.get(),
                                 .notes = &leases_->fixed_notes(),
                                 .store_path = store_->path(),
                                 .now = [this] { return clock_.now(); },
                                 .confined = confined_,
                                 .sightings = ward_sightings_,
                                 .log = log_,
                                 .snmp = snmp_ ? &*snmp_ : nullptr,
                                 .cmts_relays = {},
                                 .event = [this](std::string_view kind, std::string_view json) { events_->tell(kind, json); }};
  for (const auto& cmts : settings_.snmp.cmts) parts.cmts_relays.push_back(config::parse_prefixes(cmts.relays).value_or(std::vector<Prefix>{}));
  auto opened = QuarantineService::open(std::move(parts), std::move(*policy), configuration_.config);
  if (!opened) return std::unexpected(std::move(opened.error()) + ".");
  quarantine_ = std::move(*opened);
  desk_.emplace(quarantine_->quarantines(), quarantine_->cases(), [this](std::function<void()> later) { boost::asio::post(context_, std::move(later)); },
                [this] { return quarantine_->now_ms(); });
  if (portal_texts_) {
    const config::Settings::Portal& from = settings_.portal;
    const std::string& listen = from.listen.empty() ? from.tls_listen : from.listen;
    portal::Portal::Options options{.name = from.name.empty() ? listen.substr(0, listen.rfind(':')) : from.name,
                                    .operator_name = from.operator_name,
                                    .contact = from.contact,
                                    .links = {},
                                    .secure = !from.tls_listen.empty(),
                                    .secret = {}};
    for (const auto& link : from.links) options.links.push_back({link.text, link.url});
    if (getrandom(options.secret.data(), options.secret.size(), 0) != static_cast<ssize_t>(options.secret.size())) return std::unexpected("The kernel gives no random octets.");
    portal_.emplace(std::move(options), std::move(*portal_texts_), quarantine_->quarantines(), [this] { return quarantine_->now_ms(); });
  }
  const auto active = quarantine_->quarantines().tally().active;
  if (!line_.quiet || active > 0) log_.info(fmt::format("{} in quarantine.", active));
  return {};
}

// The workers, and the thread of leasequery, are there.
void Server::start_quarantine() {
  if (snmp_) snmp_->start();
  if (!quarantine_) return;
  quarantine_->tell_followers(leasequery_ ? &*leasequery_ : nullptr);
  quarantine_->start_ticking();
}

void Server::stop_quarantine() {
  portal_servers_.clear();
  snmp_.reset();  // its thread ends, and with it its reports
  desk_.reset();
  quarantine_.reset();
}

// Where the modem can be reached: its newest lease that runs.
Ipv4 Server::address_of(subscriber::Mac modem) {
  std::array<lease::SlotId, 16> slots{};
  const std::size_t count = leases_->table().find_by_hardware(1, modem.octets(), slots);
  Ipv4 newest;
  lease::StoredTime since = 0;
  lease::Binding binding;
  for (const lease::SlotId slot : std::span(slots).first(count)) {
    if (!lease::is_running(leases_->table().read(slot, binding), clock_.now().wall) || binding.cltt < since) continue;
    newest = leases_->table().address_of(slot);
    since = binding.cltt;
  }
  return newest;
}

// What `POST /v1/modems/{mac}/reset` and `GET /v1/modems/{mac}?state=1` ask. A reset is told of at once, for it may be tried for minutes; a question waits some seconds for its answer.
void Server::ask_modem(snmp::Act act, subscriber::Mac modem, std::function<void(api::Text)> done) {
  const Ipv4 address = address_of(modem);
  std::vector<std::vector<Prefix>> relays;
  for (const auto& cmts : settings_.snmp.cmts) relays.push_back(config::parse_prefixes(cmts.relays).value_or(std::vector<Prefix>{}));
  const auto once = std::make_shared<std::function<void(api::Text)>>(std::move(done));
  const auto tell = [once](api::Text text) {
    if (auto last = std::exchange(*once, nullptr)) last(std::move(text));
  };
  const auto heard = [this, tell](const snmp::Report& report) { boost::asio::post(context_, [tell, report] { tell(to_json(report)); }); };
  const snmp::Request request{.act = act, .mac = modem, .relay = relay_of(address, *configuration_.config, relays), .modem_address = address};
  const std::uint64_t id = snmp_->post(request, heard);
  if (id == 0) return tell(std::unexpected("too many requests of SNMP are pending: ask again in a minute"));
  const auto as_it_is = [this, id, tell] {
    const auto report = snmp_ ? snmp_->find(id) : std::nullopt;
    tell(report ? api::Text(to_json(*report)) : api::Text(std::unexpected("the server is stopping")));
  };
  if (act == snmp::Act::reset_modem) return as_it_is();
  const auto patience = std::make_shared<boost::asio::steady_timer>(context_, kQuestion);
  patience->async_wait([as_it_is, patience](const boost::system::error_code&) { as_it_is(); });
}

// A modem that has asked for an address since it was reset has started anew, whatever its CMTS said. Once a second.
void Server::look_for_reset_modems() {
  if (!snmp_) return;
  for (const snmp::Report& report : snmp_->list()) {
    if (report.act != snmp::Act::reset_modem || report.proven != 0 || report.sent.mono_ns == 0) continue;
    const auto modem = modems_->get(report.mac);
    if (modem && modem->dhcp_seen > report.sent.wall) snmp_->saw_discover(report.mac, clock_.now());
  }
}

}  // namespace coaxd::daemon
