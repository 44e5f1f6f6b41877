#include "snmp/report.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "server/base/json.h"

namespace coaxd::snmp {
namespace {

// RFC 3339; "" of 0.
std::string utc(WallSeconds when) {
  if (when == 0) return "null";
  const std::time_t seconds = when;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "\"%Y-%m-%dT%H:%M:%SZ\"", &parts);
  return {text.data(), length};
}

}  // namespace

std::string_view to_string(Outcome outcome) noexcept {
  constexpr std::array<std::string_view, 4> kNames{"pending", "done", "refused", "unknown"};
  return kNames[static_cast<std::size_t>(outcome)];
}

std::string to_json(const Report& report) {
  std::string out = fmt::format("{{\"id\":{},\"act\":\"{}\",\"mac\":\"{}\",\"relay\":\"{}\",\"cmts\":{},\"outcome\":\"{}\",\"reason\":{},\"tries\":{},\"posted\":{},\"sent\":{},\"ended\":{},\"proven\":{}",
                                report.id, to_string(report.act), subscriber::to_string(report.mac), coaxd::to_string(report.relay), json_octets(report.cmts), to_string(report.outcome),
                                json_octets(report.reason), report.tries, utc(report.posted.wall), utc(report.sent.wall), utc(report.ended.wall), utc(report.proven));
  if (report.state) fmt::format_to(std::back_inserter(out), ",\"modem\":{}", to_json(*report.state));
  return out + "}";
}

std::string to_json(const CmtsReport& report) {
  return fmt::format("{{\"address\":{},\"kind\":{},\"model\":{},\"description\":{},\"known\":{},\"failures\":{},\"heard\":{},\"pending\":{}}}", json_octets(report.address), json_octets(report.kind),
                     json_octets(report.model), json_octets(report.description), report.known, report.failures, utc(report.heard), report.pending);
}

}  // namespace coaxd::snmp
