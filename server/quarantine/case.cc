#include "server/quarantine/case.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

#include "server/base/json.h"

namespace coaxd::quarantine {
namespace {

constexpr std::string_view kScopes[] = {"cpe", "subscriber", "modem"};
constexpr std::string_view kStates[] = {"active", "released", "expired"};
constexpr std::string_view kEffectWords[] = {"in_memory", "nak_sent", "discover", "garden_ack", "cmts_reset", "modem_back", "page_seen", "released_ack"};
static_assert(std::size(kEffectWords) == kEffects);

std::string octets_text(std::string_view octets) { return fmt::format("{:02x}", fmt::join(as_bytes(octets), ":")); }

std::string text_or_null(std::string_view text) { return text.empty() ? "null" : json_text(text); }
std::string time_or_null(WallMillis at) { return at == 0 ? "null" : json_text(rfc3339(at)); }
std::string address_or_null(const std::optional<Ipv4>& address) { return address ? json_text(to_string(*address)) : "null"; }
std::string mac_or_null(const std::optional<subscriber::Mac>& mac) { return mac ? json_text(to_string(*mac)) : "null"; }

// Line ends in JSON stand only between its tokens.
std::string one_line(std::string_view json) {
  std::string line(json);
  for (char& c : line) c = c == '\n' || c == '\r' ? ' ' : c;
  return line.empty() ? "null" : line;
}

// Exactly `count` digits.
std::optional<int> digits(std::string_view& text, std::size_t count) {
  int value = 0;
  if (text.size() < count) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, value);
  if (error != std::errc() || end != text.data() + count || text.front() == '-') return std::nullopt;
  text.remove_prefix(count);
  return value;
}

bool eat(std::string_view& text, char c) {
  if (text.empty() || (text.front() != c && !(c == 'T' && (text.front() == 't' || text.front() == ' ')))) return false;
  text.remove_prefix(1);
  return true;
}

// "Z", "+02:00", and "+0200" as Suricata writes it; minutes east of Greenwich.
std::optional<int> zone(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = digits(text, 2);
  if (!text.empty() && text.front() == ':') text.remove_prefix(1);
  const auto minutes = digits(text, 2);
  if (!hours || !minutes || !text.empty() || *hours > 23 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 60 + *minutes);
}

}  // namespace

std::string id_text(CaseId id) { return fmt::format("q-{}", id); }

std::optional<CaseId> parse_id(std::string_view text) {
  if (!text.starts_with("q-")) return std::nullopt;
  CaseId id = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), id);
  return error == std::errc() && end == text.data() + text.size() && id != 0 ? std::optional{id} : std::nullopt;
}

std::string_view scope_word(Scope scope) { return kScopes[static_cast<std::size_t>(scope)]; }

std::optional<Scope> parse_scope(std::string_view word) {
  for (std::size_t i = 0; i < std::size(kScopes); ++i) {
    if (kScopes[i] == word) return static_cast<Scope>(i);
  }
  return std::nullopt;
}

std::string_view state_word(State state) { return kStates[static_cast<std::size_t>(state)]; }
std::string_view effect_word(Effect effect) { return kEffectWords[static_cast<std::size_t>(effect)]; }

std::string rfc3339(WallMillis at) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds(at)};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

// RFC 3339 §5.6; a leap second is the second before it.
std::optional<WallMillis> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  const auto y = digits(text, 4);
  if (!y || !eat(text, '-')) return std::nullopt;
  const auto m = digits(text, 2);
  if (!m || !eat(text, '-')) return std::nullopt;
  const auto d = digits(text, 2);
  if (!d || !eat(text, 'T')) return std::nullopt;
  const auto hour = digits(text, 2);
  if (!hour || !eat(text, ':')) return std::nullopt;
  const auto minute = digits(text, 2);
  if (!minute || !eat(text, ':')) return std::nullopt;
  const auto second = digits(text, 2);
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*m)}, day{static_cast<unsigned>(*d)}};
  if (!second || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  int thousandths = 0;
  if (eat(text, '.')) {
    int place = 100;
    const std::size_t before = text.size();
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), place /= 10) thousandths += place * (text.front() - '0');
    if (text.size() == before) return std::nullopt;
  }
  const auto east = zone(text);
  if (!east) return std::nullopt;
  const auto at = sys_days{date} + hours{*hour} + minutes{*minute - *east} + seconds{std::min(*second, 59)} + milliseconds{thousandths};
  return duration_cast<milliseconds>(at.time_since_epoch()).count();
}

std::string Subject::text() const {
  if (ip) return to_string(*ip);
  if (mac) return "the machine " + to_string(*mac);
  if (modem) return "the modem " + to_string(*modem);
  return "the subscriber " + subscriber;
}

std::string case_json(const Case& what) {
  const Found& found = what.found;
  const std::optional<Ipv4> address = what.subject.ip ? what.subject.ip : found.address;
  std::string json = fmt::format(R"({{"id":{},"state":"{}","scope":"{}","ip":{},)", what.id == 0 ? "null" : json_text(id_text(what.id)), state_word(what.state),
                                 scope_word(what.scope), address_or_null(address));
  json += fmt::format(R"("subject":{{"ip":{},"mac":{},"modem":{},"subscriber":{}}},)", address_or_null(address), text_or_null(octets_text(found.hardware)),
                      mac_or_null(found.modem), text_or_null(what.subject.subscriber));
  json += R"("addresses":[)";
  for (std::size_t i = 0; i < what.addresses.size(); ++i) json += fmt::format("{}\"{}\"", i == 0 ? "" : ",", to_string(what.addresses[i]));
  json += fmt::format(R"(],"reason":{},"source":{},"signature":{},"evidence":{},"alerts":{},)", json_text(what.reason), json_text(what.source), text_or_null(what.signature),
                      one_line(what.evidence), what.alerts);
  json += fmt::format(R"("observed_at":{},"since":{},"until":{},"ended":{},"ordered_by":{},"ended_by":{},)", time_or_null(what.observed_at), time_or_null(what.since),
                      time_or_null(what.until), time_or_null(what.ended), text_or_null(what.ordered_by), text_or_null(what.ended_by));
  json += fmt::format(R"("reset":{{"state":"{}","text":{}}},"effects":{{)", what.reset, text_or_null(what.reset_text));
  bool first = true;
  for (std::size_t i = 0; i < kEffects; ++i) {
    if (what.effects[i] == 0) continue;
    json += fmt::format("{}\"{}\":\"{}\"", first ? "" : ",", kEffectWords[i], rfc3339(what.effects[i]));
    first = false;
  }
  return json + "}}";
}

}  // namespace coaxd::quarantine
