#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "server/api/asked.h"
#include "server/api/handlers.h"
#include "server/base/json.h"

namespace coaxd::api {
namespace {

using subscriber::Mac, subscriber::Modem, subscriber::Modems;

constexpr std::size_t kPiece = 64 << 10;
constexpr std::uint64_t kMostLimit = 100'000'000;
constexpr int kModemsAtOnce = 4096;

constexpr Member kMembers[] = {
    {"profile", Member::Type::text, "its profile: option modem.profile of dhcpd.conf; null: none"},
    {"variables", Member::Type::texts, "variables of its record, for templates; what is not named is removed"},
};

// Made as the client takes it: what changes meanwhile is told as it is then.
class ModemList final : public Stream {
 public:
  ModemList(const Site& site, std::optional<std::string> profile, std::optional<Mac> behind, std::size_t limit, bool as_lines)
      : site_(site), profile_(std::move(profile)), limit_(limit), as_lines_(as_lines), macs_(site.modems.all()) {
    if (behind) next_ = static_cast<std::size_t>(std::ranges::upper_bound(macs_, *behind) - macs_.begin());
  }
  Next next(std::string& piece) override {
    if (!std::exchange(begun_, true) && !as_lines_) piece = "{\"modems\": [";
    for (int looked = 0; looked < kModemsAtOnce && piece.size() < kPiece; ++looked) {
      if (next_ == macs_.size()) return end(piece, "null");
      const Mac mac = macs_[next_++];
      const auto modem = site_.modems.get(mac);
      if (!modem || (profile_ && modem->profile != *profile_)) continue;
      if (!as_lines_) piece += told_ == 0 ? "\n" : ",\n";
      piece += site_.modem_json(*modem);
      if (as_lines_) piece += '\n';
      if (++told_ == limit_) return end(piece, "\"" + to_string(mac) + "\"");
    }
    return Next::more;
  }

 private:
  Next end(std::string& piece, const std::string& cursor) const {
    if (!as_lines_) piece += "\n], \"next\": " + cursor + "}\n";
    return Next::last;
  }

  const Site& site_;
  const std::optional<std::string> profile_;
  const std::size_t limit_;
  const bool as_lines_;
  const std::vector<Mac> macs_;
  std::size_t next_ = 0, told_ = 0;
  bool begun_ = false;
};

Response no_record(Mac mac) { return problem(404, fmt::format("There is no record of the modem {}: PUT /v1/modems/{} makes one.", to_string(mac), to_string(mac))); }

Response no_snmp() { return problem(503, "There is no SNMP: name the CMTSs in [snmp] cmts of coaxd.toml."); }

}  // namespace

std::span<const Member> modem_members() noexcept { return kMembers; }

void list_modems(Site& site, const Request& request, const Answer& answer) {
  const auto cursor = parameter<Mac>(request, "cursor", mac_of);
  if (!cursor) return answer(cursor.error());
  const auto limit = parameter<std::uint64_t>(request, "limit", [](std::string_view text, std::string_view name) { return number_of(text, name, 1, kMostLimit); });
  if (!limit) return answer(limit.error());
  const std::string* profile = request.parameter("profile");
  const bool as_lines = request.wants_lines();
  Response response{.type = as_lines ? "application/x-ndjson" : "application/json"};
  response.stream = std::make_shared<ModemList>(site, profile == nullptr ? std::nullopt : std::optional(*profile), *cursor, static_cast<std::size_t>(limit->value_or(kMostLimit)), as_lines);
  answer(std::move(response));
}

void show_modem(Site& site, const Request& request, const Answer& answer) {
  const auto mac = mac_of(request.captured[0], "mac");
  if (!mac) return answer(mac.error());
  const auto modem = site.modems.get(*mac);
  if (!modem) return answer(no_record(*mac));
  const std::string* state = request.parameter("state");
  if (state == nullptr || *state == "0") return answer({.body = site.modem_json(*modem) + "\n"});
  if (*state != "1") return answer(problem(400, fmt::format("state: '{}' is not 1, which asks its CMTS.", *state)));
  if (!site.modem_state) return answer(no_snmp());
  site.modem_state(*mac, [answer, record = site.modem_json(*modem)](const Text& told) {
    if (!told) return answer(problem(502, told.error()));
    answer({.body = fmt::format("{}, \"state\": {}}}\n", std::string_view(record).substr(0, record.size() - 1), *told)});
  });
}

void set_modem(Site& site, const Request& request, const Answer& answer) {
  const auto mac = mac_of(request.captured[0], "mac");
  if (!mac) return answer(mac.error());
  const auto body = read_object(request.body, kMembers);
  if (!body) return answer(body.error());
  // The record is as the body says: what it does not name goes.
  Modems::Setting setting{*mac, {.profile = text_of(*body, "profile"), .variables = {}}};
  const auto before = site.modems.get(*mac);
  if (const auto* variables = body->if_contains("variables"); variables != nullptr && variables->is_object())
    for (const auto& [name, text] : variables->get_object())
      setting.change.variables.push_back({{name.data(), name.size()}, text.is_string() ? std::string(text.get_string().data(), text.get_string().size()) : std::string{}});
  if (before)
    for (const subscriber::Variable& old : before->variables)
      if (std::ranges::find(setting.change.variables, old.name, &subscriber::Variable::name) == setting.change.variables.end()) setting.change.variables.push_back({old.name, ""});
  if (const auto done = site.modems.set({&setting, 1}, site.now().wall); !done) return answer(problem(400, done.error()));
  answer({.status = before ? 200u : 201u, .body = site.modem_json(*site.modems.get(*mac)) + "\n"});
}

void erase_modem(Site& site, const Request& request, const Answer& answer) {
  const auto mac = mac_of(request.captured[0], "mac");
  if (!mac) return answer(mac.error());
  const auto modem = site.modems.get(*mac);
  if (!modem) return answer(no_record(*mac));
  if (const auto done = site.modems.erase(*mac); !done) return answer(problem(503, done.error()));
  answer({.body = site.modem_json(*modem) + "\n"});
}

void reset_modem(Site& site, const Request& request, const Answer& answer) {
  const auto mac = mac_of(request.captured[0], "mac");
  if (!mac) return answer(mac.error());
  if (!site.reset_modem) return answer(no_snmp());
  site.reset_modem(*mac, [answer](const Text& told) {
    if (!told) return answer(problem(503, told.error()));
    answer({.status = 202, .body = *told + "\n"});
  });
}

}  // namespace coaxd::api
