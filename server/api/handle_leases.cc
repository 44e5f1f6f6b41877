#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "server/api/asked.h"
#include "server/api/handlers.h"
#include "server/api/lease_list.h"
#include "server/base/did_you_mean.h"
#include "server/base/json.h"

namespace coaxd::api {
namespace {

using Refused = std::unexpected<Response>;
using store::Period;

constexpr std::uint64_t kMostLimit = 100'000'000;
constexpr std::size_t kPeriods = 1000;

Asked<std::string> state_of(std::string_view text, std::string_view name) {
  std::vector<std::string_view> words;
  for (std::size_t i = 0; i < static_cast<std::size_t>(lease::BindingState::count); ++i) words.push_back(lease::row_of(static_cast<lease::BindingState>(i)).word);
  if (std::ranges::find(words, text) != words.end()) return std::string(text);
  const std::string_view meant = did_you_mean(text, words);
  return Refused(problem(400, fmt::format("{}: '{}' is no state of a lease{}. There are: {}.", name, text, meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant), fmt::join(words, ", "))));
}

Asked<std::size_t> limit_of(const Request& request, std::size_t otherwise) {
  const auto limit = parameter<std::uint64_t>(request, "limit", [](std::string_view text, std::string_view name) { return number_of(text, name, 1, kMostLimit); });
  if (!limit) return Refused(limit.error());
  return limit->has_value() ? static_cast<std::size_t>(**limit) : otherwise;
}

Asked<LeaseFilter> filter_of(const Site& site, const Request& request) {
  LeaseFilter filter;
  const auto ip = parameter<Ipv4>(request, "ip", address_of);
  if (!ip) return Refused(ip.error());
  const auto subnet = parameter<Prefix>(request, "subnet", prefix_of);
  if (!subnet) return Refused(subnet.error());
  const auto cursor = parameter<Ipv4>(request, "cursor", address_of);
  if (!cursor) return Refused(cursor.error());
  const auto mac = parameter<subscriber::Mac>(request, "mac", mac_of);
  if (!mac) return Refused(mac.error());
  const auto client_id = parameter<std::string>(request, "client_id", [](std::string_view text, std::string_view name) { return octets_of(text, name); });
  if (!client_id) return Refused(client_id.error());
  const auto modem = parameter<subscriber::Mac>(request, "modem", mac_of);
  if (!modem) return Refused(modem.error());
  const auto state = parameter<std::string>(request, "state", state_of);
  if (!state) return Refused(state.error());
  const auto limit = limit_of(request, std::numeric_limits<std::size_t>::max());
  if (!limit) return Refused(limit.error());

  if (*subnet) {
    filter.first = (*subnet)->network;
    filter.last = Ipv4{(*subnet)->network.value | ~(*subnet)->mask.value};
  }
  if (*ip) {
    if (site.leases.find(**ip) == lease::kNoSlot)
      return Refused(problem(404, fmt::format("{} is in no range of the configuration, so nobody can have a lease on it.", to_string(**ip))));
    filter.first = filter.last = **ip;
  }
  if (*cursor) filter.first = Ipv4{std::max(filter.first.value_or(Ipv4{}).value, (*cursor)->value + ((*cursor)->value != 0xffffffff ? 1 : 0))};
  if (*mac) filter.hardware = as_text((*mac)->octets());
  filter.client_id = client_id->value_or("");
  if (*modem) filter.remote_id = as_text((*modem)->octets());
  filter.state = state->value_or("");
  filter.limit = *limit;
  filter.as_lines = request.wants_lines();
  filter.now = site.now().wall;
  return filter;
}

// --- history ---

void append_period(std::string& out, const Period& period) {
  const auto text = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) fmt::format_to(std::back_inserter(out), R"(, "{}": {})", name, json_octets(value));
  };
  const auto hex = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) fmt::format_to(std::back_inserter(out), R"(, "{}": "{:02x}")", name, fmt::join(as_bytes(value), ":"));
  };
  fmt::format_to(std::back_inserter(out), R"({{"ip": "{}", "since": "{}", "until": {})", to_string(period.address), utc(period.since),
                 period.until ? "\"" + utc(*period.until) + "\"" : "null");
  text("reason", period.reason);
  text("mac", period.mac);
  hex("client_id", period.client_id);
  hex("circuit_id", period.circuit_id);
  hex("remote_id", period.remote_id);
  text("hostname", period.hostname);
  out += '}';
}

std::string periods_json(const std::vector<Period>& periods) {
  std::string out = "{\"periods\": [";
  for (const Period& period : periods) {
    out += &period == &periods.front() ? "\n" : ",\n";
    append_period(out, period);
  }
  return out + "\n]}\n";
}

std::string text_of_octets(Bytes octets) { return std::string(as_text(octets)); }

// The store is about a second behind: what the lease table says of the address now is put on top.
void add_what_is_new(std::vector<Period>& periods, const lease::LeaseTable& leases, Ipv4 address, std::optional<WallSeconds> at, WallSeconds now) {
  const lease::SlotId slot = leases.find(address);
  if (slot == lease::kNoSlot) return;
  lease::Binding binding;
  const lease::SlotWord word = leases.read(slot, binding);
  const std::string mac = fmt::format("{:02x}", fmt::join(binding.hardware(), ":"));
  const bool runs = lease::is_running(word, now);
  Period* const open = !periods.empty() && !periods.front().until ? &periods.front() : nullptr;
  const bool is_his = open != nullptr && open->mac == mac && open->client_id == as_text(binding.get(lease::Item::client_id));
  if (is_his) {
    if (!runs && binding.ends != lease::kStoredNever && binding.ends <= now) open->until = binding.ends;
  } else if (runs && binding.cltt != 0) {
    if (open != nullptr) open->until = binding.starts;
    periods.insert(periods.begin(), Period{.address = address, .since = binding.starts, .mac = mac, .client_id = text_of_octets(binding.get(lease::Item::client_id)),
                                           .hostname = text_of_octets(binding.get(lease::Item::hostname))});
  }
  if (at) std::erase_if(periods, [&](const Period& each) { return each.since > *at || (each.until && *each.until <= *at); });
}

// Through all periods, some thousand at a time.
class Search final : public Stream {
 public:
  Search(store::HistoryReader& reader, store::HistoryReader::Search search, std::size_t limit) : reader_(reader), search_(std::move(search)), limit_(limit) {}

  Next next(std::string& piece) override {
    if (told_ == 0 && place_ == 0) piece = "{\"periods\": [";
    std::vector<Period> found;
    const auto more = reader_.search(search_, place_, found);
    for (const Period& period : found) {
      if (told_ == limit_) break;
      piece += told_++ == 0 ? "\n" : ",\n";
      append_period(piece, period);
    }
    if (!more) return Next::cut;  // what was sent cannot be taken back
    if (*more && told_ < limit_) return Next::more;
    piece += "\n]}\n";
    return Next::last;
  }

 private:
  store::HistoryReader& reader_;
  const store::HistoryReader::Search search_;
  const std::size_t limit_;
  std::size_t told_ = 0;
  std::int64_t place_ = 0;
};

Response no_history(const std::string& why) { return problem(503, fmt::format("The history cannot be read now: {}. Try again.", why)); }

}  // namespace

void list_leases(Site& site, const Request& request, const Answer& answer) {
  auto filter = filter_of(site, request);
  if (!filter) return answer(std::move(filter.error()));
  Response response{.type = filter->as_lines ? "application/x-ndjson" : "application/json"};
  response.stream = list_leases(site.leases, std::move(*filter));
  answer(std::move(response));
}

void free_lease(Site& site, const Request& request, const Answer& answer) {
  const auto address = address_of(request.captured[0], "ip");
  if (!address) return answer(address.error());
  if (site.leases.find(*address) == lease::kNoSlot)
    return answer(problem(404, fmt::format("{} is in no range of the configuration, so there is no lease on it to end.", to_string(*address))));
  const Text freed = site.free_lease(to_string(*address));
  if (!freed) return answer(problem(503, freed.error()));
  answer({.body = fmt::format("{{\"ip\": \"{}\", \"text\": {}}}\n", to_string(*address), json_octets(*freed))});
}

void show_history(Site& site, const Request& request, const Answer& answer) {
  const auto ip = parameter<Ipv4>(request, "ip", address_of);
  if (!ip) return answer(ip.error());
  const auto mac = parameter<subscriber::Mac>(request, "mac", mac_of);
  if (!mac) return answer(mac.error());
  const auto modem = parameter<subscriber::Mac>(request, "modem", mac_of);
  if (!modem) return answer(modem.error());
  const auto remote_id = parameter<std::string>(request, "remote_id", [](std::string_view text, std::string_view name) { return octets_of(text, name); });
  if (!remote_id) return answer(remote_id.error());
  const auto at = parameter<WallSeconds>(request, "at", time_of);
  if (!at) return answer(at.error());
  const auto limit = limit_of(request, kPeriods);
  if (!limit) return answer(limit.error());
  const int named = ip->has_value() + mac->has_value() + modem->has_value() + remote_id->has_value();
  if (named != 1) return answer(problem(400, "Name one of ip, mac, modem and remote_id, such as /v1/history?ip=203.0.113.9&at=2026-11-23T14:05:00Z."));
  if (site.history == nullptr) return answer(no_history("its file is not open"));
  if (!*ip) {
    const subscriber::Mac machine = mac->value_or(subscriber::Mac{});
    Response response;
    response.stream = std::make_shared<Search>(
        *site.history,
        store::HistoryReader::Search{.mac = *mac ? to_string(machine) : "", .remote_id = *modem ? std::string(as_text((*modem)->octets())) : remote_id->value_or(""), .at = *at}, *limit);
    return answer(std::move(response));
  }
  const WallSeconds now = site.now().wall;
  auto periods = site.history->of_address(**ip, *at, now + 1, *limit);
  if (!periods) return answer(no_history(periods.error()));
  add_what_is_new(*periods, site.leases, **ip, *at, now);
  if (periods->empty() && *at) {
    // RFC 9457: which was looked for, and what there was before.
    const auto before = site.history->of_address(**ip, std::nullopt, **at, 1);
    const std::string last = before && !before->empty() && before->front().until ? fmt::format(" The last one before ended {}.", utc(*before->front().until)) : std::string{};
    return answer(problem(404, fmt::format("Nobody had {} at {}.{}", to_string(**ip), utc(**at), last)));
  }
  answer({.body = periods_json(*periods)});
}

}  // namespace coaxd::api
