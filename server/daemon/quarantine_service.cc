#include "server/daemon/quarantine_service.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "server/base/json.h"
#include "server/quarantine/case_store.h"

namespace coaxd::daemon {
namespace {

using quarantine::Case;
using quarantine::CaseId;
using quarantine::Effect;
using quarantine::Step;
using quarantine::WallMillis;
using subscriber::WardSighting;

constexpr auto kTick = std::chrono::milliseconds(50);
constexpr WallMillis kComesBack = 3'600'000;  // for so long after a release it is looked for
constexpr int kWarning = 4, kNotice = 5;  // of syslog

std::optional<Effect> effect_of(WardSighting::Kind kind) {
  switch (kind) {
    case WardSighting::Kind::nak: return Effect::nak_sent;
    case WardSighting::Kind::discover: return Effect::discover;
    case WardSighting::Kind::garden_ack: return Effect::garden_ack;
    case WardSighting::Kind::modem_back: return Effect::modem_back;
  }
  return std::nullopt;
}

// What the operator's log says of a step; "": nothing, the record has it.
std::string log_line(std::string_view kind, const Case& what, const Step& step) {
  const std::string id = what.id == 0 ? std::string("quarantine") : "quarantine " + quarantine::id_text(what.id);
  const std::string by = step.from.empty() ? step.actor : fmt::format("{} from {}", step.actor, step.from);
  if (kind == "quarantine") return fmt::format("{} begins: {} (by {})", id, step.text, by);
  if (kind == "release") return fmt::format("{} of {} is released by {}{}{}", id, what.subject.text(), by, step.text.empty() ? "" : ": ", step.text);
  if (kind == "expire") return fmt::format("{} of {} ends: {}", id, what.subject.text(), step.text);
  if (kind == "refused" || kind == "too-many") return fmt::format("{} refused to {}: {}", id, by, step.text);
  if (kind == "reset") return fmt::format("{}: reset {}", id, step.text);
  return {};
}

}  // namespace

Ipv4 relay_of(Ipv4 address, const config::Config& config, std::span<const std::vector<Prefix>> cmts_relays) {
  const config::Subnet* const subnet = config.subnet_of(address);
  for (const std::vector<Prefix>& relays : cmts_relays) {
    for (const Prefix& relay : relays) {
      if (relay.contains(address)) return address;
      if (subnet == nullptr) continue;
      for (const config::Subnet* beside : subnet->network->subnets) {
        if (beside->prefix.contains(relay.network)) return relay.network;
      }
    }
  }
  return {};
}

std::expected<std::unique_ptr<QuarantineService>, std::string> QuarantineService::open(Parts parts, quarantine::Policy policy, std::shared_ptr<const config::Config> config) {
  auto cases = quarantine::open_cases(parts.store_path + "-quarantine");
  if (!cases) return std::unexpected(std::move(cases.error()));
  std::unique_ptr<QuarantineService> service(new QuarantineService(std::move(parts), std::move(policy), std::move(*cases), std::move(config)));
  if (auto loaded = service->switch_.load(service->now_ms()); !loaded) return std::unexpected(std::move(loaded.error()));
  return service;
}

QuarantineService::QuarantineService(Parts parts, quarantine::Policy policy, std::unique_ptr<quarantine::Cases> cases, std::shared_ptr<const config::Config> config)
    : parts_(std::move(parts)),
      config_(std::move(config)),
      cases_(std::move(cases)),
      plant_(parts_.leases, parts_.modems, [this](Ipv4 address, WallSeconds at) { return who_had(address, at); }, [this] { return parts_.now().wall; }, parts_.notes),
      switch_(std::move(policy), plant_, *cases_, *this),
      ticker_(parts_.context),
      self_(std::make_shared<QuarantineService*>(this)) {
  plant_.use(config_);
}

QuarantineService::~QuarantineService() { *self_ = nullptr; }

void QuarantineService::use(std::shared_ptr<const config::Config> config) {
  config_ = std::move(config);
  plant_.use(config_);
}

WallMillis QuarantineService::now_ms() const {
  // The disciplined clock says which second it is; of its thousandths only the record takes note.
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const WallMillis read = std::chrono::duration_cast<std::chrono::milliseconds>(now).count(), told = parts_.now().wall * 1000;
  return std::abs(read - told) < 2000 ? read : told;
}

void QuarantineService::start_ticking() { wait(); }

void QuarantineService::wait() {
  ticker_.expires_after(kTick);
  ticker_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    collect();
    switch_.tick(now_ms());
    wait();
  });
}

void QuarantineService::collect() {
  const WallMillis now = now_ms();
  const std::int64_t mono = parts_.now().mono_ns;
  if (now / 1000 != looked_at_ / 1000) look_for_those_who_are_back(now);
  parts_.sightings.collect([&](const WardSighting& sighting) {
    const auto effect = effect_of(sighting.kind);
    const std::optional<Ipv4> address = sighting.address.is_zero() ? std::nullopt : std::optional(sighting.address);
    if (effect) switch_.saw(sighting.id, *effect, sighting.wall_ms(now, mono), address);
  });
}

// Of the released nothing is told by the workers, to whom they are like everybody.
void QuarantineService::look_for_those_who_are_back(WallMillis now) {
  looked_at_ = now;
  for (const Case* what : switch_.not_back_since(now - kComesBack)) {
    if (const auto address = plant_.usual_address_since(what->found.hardware, what->ended)) switch_.saw(what->id, Effect::released_ack, now, address);
  }
}

std::expected<std::optional<quarantine::LeasePlant::Past>, std::string> QuarantineService::who_had(Ipv4 address, WallSeconds at) {
  if (history_ == nullptr) {
    auto opened = store::HistoryReader::open(parts_.store_path);
    if (!opened) return std::unexpected(std::move(opened.error()));
    history_ = std::move(*opened);
  }
  auto periods = history_->of_address(address, at, kNever, 1);
  if (!periods) return std::unexpected(std::move(periods.error()));
  if (periods->empty()) return std::nullopt;
  const store::Period& period = periods->front();
  const auto mac = subscriber::Mac::parse(period.mac);
  if (!mac) return std::nullopt;  // no Ethernet: nothing here could name him
  return quarantine::LeasePlant::Past{
      .hardware = std::string(as_text(mac->octets())), .remote_id = period.remote_id, .since = period.since, .until = period.until.value_or(0)};
}

// --- effects ---

WallMillis QuarantineService::publish(std::shared_ptr<const subscriber::Confined> confined) {
  parts_.confined.publish(std::move(confined));
  return now_ms();
}

void QuarantineService::changed(std::span<const Ipv4> addresses) {
  if (followers_ == nullptr) return;
  for (const Ipv4 address : addresses) followers_->changed(address);
}

void QuarantineService::reset_machine(CaseId id, std::string_view hardware, Ipv4 address) {
  const auto mac = subscriber::Mac::of(as_bytes(hardware));
  if (mac) ask_snmp(id, {.act = snmp::Act::forget_cpe, .mac = *mac, .relay = relay_of(address, *config_, parts_.cmts_relays)});
}

void QuarantineService::bounce_modem(CaseId id, subscriber::Mac modem, const std::optional<Ipv4>& address) {
  const Ipv4 at = address.value_or(Ipv4{});
  ask_snmp(id, {.act = snmp::Act::reset_modem, .mac = modem, .relay = relay_of(at, *config_, parts_.cmts_relays), .modem_address = {}});
}

// The outcome comes on SNMP's thread, and may come when this service is gone.
void QuarantineService::ask_snmp(CaseId id, const snmp::Request& request) {
  if (parts_.snmp == nullptr) return;
  const auto heard = [self = self_, &context = parts_.context, id](const snmp::Report& report) {
    boost::asio::post(context, [self, id, report] {
      if (*self == nullptr) return;
      QuarantineService& my = **self;
      my.switch_.reset_is(id, to_string(report.outcome), fmt::format("{} {}{}{}", to_string(report.act), to_string(report.mac), report.reason.empty() ? "" : ": ", report.reason), my.now_ms());
    });
  };
  const std::string what = fmt::format("{} {}", to_string(request.act), to_string(request.mac));
  if (parts_.snmp->post(request, heard) == 0) return switch_.reset_is(id, "refused", what + ": too many resets are pending", now_ms());
  switch_.reset_is(id, "pending", what, now_ms());
}

void QuarantineService::tell(std::string_view kind, const Case& what, const Step& step) {
  if (const std::string line = log_line(kind, what, step); !line.empty()) parts_.log.message(kind == "refused" || kind == "too-many" ? kWarning : kNotice, line);
  if (!parts_.event) return;
  const auto quoted = [](std::string_view text) { return json_text(text); };
  std::string json = case_json(what);
  json.pop_back();
  json += fmt::format(R"(,"event":{{"kind":{},"at":"{}","actor":{},"from":{},"text":{}}}}})", quoted(kind), quarantine::rfc3339(step.at), quoted(step.actor), quoted(step.from), quoted(step.text));
  parts_.event(kind, json);
}

}  // namespace coaxd::daemon
