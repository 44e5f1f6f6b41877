// server_api.cc: the API of the running server: what its handlers may look at and change, who may use it, where it listens. Control thread.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "server/daemon/modem_commands.h"
#include "server/daemon/server.h"
#include "server/store/backup.h"

namespace coaxd::daemon {

namespace {

constexpr std::string_view kVersion = COAXD_VERSION;

}  // namespace

std::string Server::ailment() const {
  const int error = store_error();
  return error == 0 ? std::string{} : "the lease store " + store_ailment(error);
}

Server::Step Server::open_api() {
  api::Site site{.leases = leases_->table(),
                 .modems = *modems_,
                 .config = [this] { return configuration_.config; },
                 .now = [this] { return clock_.now(); },
                 .free_lease = [this](const std::string& address) { return free_lease(address); },
                 .reload = [this] { return reload(); },
                 .metrics = [this] { return to_prometheus(samples()); },
                 .stats = [this] { return to_json(samples()); },
                 .ailment = [this] { return ailment(); },
                 .modem_json = modem_json,
                 .back_up = [this](auto done) { return back_up(std::move(done)); }};
  site.events = events_;
  site.version = kVersion;
  site.quarantine = desk_ ? &*desk_ : nullptr;
  if (snmp_) {
    site.reset_modem = [this](subscriber::Mac modem, auto done) { ask_modem(snmp::Act::reset_modem, modem, std::move(done)); };
    site.modem_state = [this](subscriber::Mac modem, auto done) { ask_modem(snmp::Act::modem_state, modem, std::move(done)); };
  }
  site.quarantine = desk_ ? &*desk_ : nullptr;
  if (snmp_) {
    site.reset_modem = [this](subscriber::Mac modem, auto done) { ask_modem(snmp::Act::reset_modem, modem, std::move(done)); };
    site.modem_state = [this](subscriber::Mac modem, auto done) { ask_modem(snmp::Act::modem_state, modem, std::move(done)); };
  }
  if (auto history = store::HistoryReader::open(store_->path())) {
    site.history = std::move(*history);
  } else {
    log_.warning(fmt::format("{} cannot be opened for reading its history: {}.", store_->path(), history.error()));
  }
  const config::Settings::Api& from = settings_.api;
  api_.emplace(std::move(site), api::Api::Options{.requests_per_second = from.requests_per_second,
                                                  .open_metrics = from.open_metrics,
                                                  .log = [this](const std::string& line) { log_.warning(line); },
                                                  .record = [this](const std::string& line) { log_.info(line); }});
  const api::Handler handler = [this](api::Request&& request, api::Answer answer) { api_->handle(std::move(request), std::move(answer)); };
  http_of_socket_.emplace(handler);

  if (!settings_.metrics.listen.empty()) {
    metrics_.emplace(context_, api::HttpServer::Options{.name = "[metrics] listen", .listen = settings_.metrics.listen},
                     [this](api::Request&& request, const api::Answer& answer) { api_->handle_open_pages(std::move(request), answer); });
    if (auto listening = metrics_->listen(); !listening) return listening;
  }
  if (from.listen.empty()) return {};
  http_.emplace(context_, api::HttpServer::Options{.name = "[api] listen", .listen = from.listen, .allow_plain = from.allow_plain, .connections = from.connections, .per_peer = from.connections_per_peer},
                handler);
  api::TlsContext tls;
  if (!from.tls_certificate.empty() || !from.tls_key.empty()) {
    auto loaded = api::load_certificate({.certificate = from.tls_certificate, .key = from.tls_key});
    if (!loaded) return std::unexpected(std::move(loaded.error()));
    tls = std::move(*loaded);
  }
  if (from.tokens.empty())
    return std::unexpected("[api] tokens is missing: name a file of those who may use the API; coaxctl token new NAME ROLE prints a line for it.");
  if (std::string wrong = read_api_files(); !wrong.empty()) return std::unexpected(std::move(wrong));
  if (auto listening = http_->listen(std::move(tls)); !listening) return listening;
  if (!line_.quiet) log_.info(fmt::format("API on {}.", from.listen));
  return {};
}

// Tokens and certificate, each taken over if it is good; "", or what is wrong: then the former ones go on.
std::string Server::read_api_files() {
  const config::Settings::Api& from = settings_.api;
  if (!http_) return {};
  std::string wrong;
  auto tokens = api::Tokens::load(from.tokens, geteuid());
  if (tokens) {
    api_->use(std::move(*tokens));
  } else {
    wrong = tokens.error();
  }
  if (from.tls_certificate.empty()) return wrong;
  auto tls = api::load_certificate({.certificate = from.tls_certificate, .key = from.tls_key});
  if (tls) {
    http_->use(std::move(*tls));
  } else {
    wrong += (wrong.empty() || wrong.ends_with('\n') ? "" : "\n") + tls.error();
  }
  return wrong;
}

// In a thread of its own, which folds first what is acknowledged: the control thread goes on, and no packet waits for either.
std::expected<void, std::string> Server::back_up(std::function<void(api::Text)> done) {
  const std::string& folder = settings_.api.backups;
  if (folder.empty()) return std::unexpected("No folder for backups is named: set [api] backups in coaxd.toml.");
  if (backs_up_) return std::unexpected("A backup is being made already: ask again when it is done.");
  if (backup_.joinable()) backup_.join();
  backs_up_ = true;
  std::string file = fmt::format("{}/coaxd-{:%Y%m%dT%H%M%SZ}.db", folder, fmt::gmtime(static_cast<std::time_t>(clock_.now().wall)));
  backup_ = std::thread([this, file = std::move(file), done = std::move(done)]() mutable {
    api::Text result = file;
    if (auto folded = store_->fold_now(); !folded) {
      result = std::unexpected(folded.error().message);
    } else if (auto copied = store::back_up(store_->path(), file); !copied) {
      result = std::unexpected(copied.error());
    }
    boost::asio::post(context_, [this, result = std::move(result), done = std::move(done)] {
      backs_up_ = false;
      log_.info(result ? fmt::format("Backup {} is written.", *result) : "Backup: " + result.error());
      done(result);
    });
  });
  return {};
}

}  // namespace coaxd::daemon
