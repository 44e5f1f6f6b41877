#include "leasequery/client_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "leasequery/tcp_codes.h"
#include "server/subscriber/mac.h"
#include "server/wire/option_table.h"

namespace coaxd::leasequery {

namespace {

constexpr std::string_view kText = "text:", kId = "id:";

std::vector<std::uint8_t> octets_of(std::string_view text) {
  const Bytes bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}
std::vector<std::uint8_t> octets_of(subscriber::Mac mac) {
  std::vector<std::uint8_t> out(6);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(mac.value >> (8 * (5 - i)));
  return out;
}

void append(std::vector<std::uint8_t>& out, std::uint8_t code, Bytes value) {
  // RFC 3396 §5: longer ones in pieces.
  do {
    const Bytes piece = value.first(std::min<std::size_t>(value.size(), 255));
    out.push_back(code);
    out.push_back(static_cast<std::uint8_t>(piece.size()));
    out.insert(out.end(), piece.begin(), piece.end());
    value = value.subspan(piece.size());
  } while (!value.empty());
}
void append(std::vector<std::uint8_t>& out, std::uint8_t code, std::uint32_t value) {
  std::uint8_t octets[4];
  store_be32(octets, value);
  append(out, code, octets);
}

}  // namespace

std::expected<std::vector<std::uint8_t>, std::string> parse_octets(std::string_view word) {
  if (word.starts_with(kText) && word.size() > kText.size()) return octets_of(word.substr(kText.size()));
  std::string_view rest = word.starts_with(kId) ? word.substr(kId.size()) : word;
  std::vector<std::uint8_t> out;
  // Without colons two digits are an octet; between colons one will do.
  const bool colons = rest.contains(':');
  while (!rest.empty()) {
    const std::size_t size = colons ? std::min(rest.find(':'), rest.size()) : 2;
    unsigned octet = 0;
    if (size == 0 || size > 2 || size > rest.size()) break;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + size, octet, 16);
    if (error != std::errc{} || end != rest.data() + size) break;
    out.push_back(static_cast<std::uint8_t>(octet));
    rest = rest.substr(size);
    if (rest.starts_with(':') && rest.size() > 1) rest = rest.substr(1);
  }
  if (!rest.empty() || out.empty())
    return std::unexpected(fmt::format("'{}' is neither hex octets (01:00:10:95:01:02:03) nor text (text:NAME)", word));
  return out;
}

std::expected<Subject, std::string> parse_subject(std::string_view word) {
  Subject subject;
  if (const auto address = Ipv4::parse(word)) {
    subject.address = *address;
    return subject;
  }
  if (const auto mac = subscriber::Mac::parse(word)) {
    subject.hardware = octets_of(*mac);
    return subject;
  }
  auto octets = parse_octets(word);
  if (!octets)
    return std::unexpected(fmt::format("'{}' is no address (203.0.113.41), no MAC (00:10:95:01:02:03) and no client identifier (01:00:10:95:01:02:03, or text:NAME)", word));
  subject.client_id = std::move(*octets);
  return subject;
}

std::expected<std::uint32_t, std::string> parse_since(std::string_view word, WallSeconds now) {
  constexpr std::string_view kUnits = "smhd";
  constexpr WallSeconds kSeconds[] = {1, 60, 3600, 86400};
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const std::string_view unit = word.substr(static_cast<std::size_t>(end - word.data()));
  if (error == std::errc{} && unit.empty()) return number;
  if (error == std::errc{} && unit.size() == 1 && kUnits.find(unit[0]) != kUnits.npos)
    return static_cast<std::uint32_t>(std::max<WallSeconds>(0, now - number * kSeconds[kUnits.find(unit[0])]));
  return std::unexpected(fmt::format("'{}' is no time: give seconds since 1970, or how long ago as 90s, 15m, 2h or 3d", word));
}

std::vector<std::uint8_t> to_octets(const ClientQuery& query) {
  std::vector<std::uint8_t> out(wire::Message::kMinimum);
  const Subject& subject = query.subject;
  out[0] = wire::kBootRequest;
  if (!subject.hardware.empty()) {
    out[1] = 1;
    out[2] = static_cast<std::uint8_t>(subject.hardware.size());
    std::ranges::copy(subject.hardware, out.begin() + 28);
  }
  store_be32(&out[4], query.xid);
  store_be32(&out[12], subject.address.value_or(Ipv4{}).value);
  store_be32(&out[24], query.giaddr.value);
  store_be32(&out[wire::Message::kFixedSize], wire::kMagicCookie);
  const auto type = static_cast<std::uint8_t>(query.type);
  append(out, wire::option::message_type, Bytes{&type, 1});
  if (!query.list.empty()) append(out, wire::option::parameter_request_list, Bytes{query.list});
  if (!subject.client_id.empty()) append(out, wire::option::client_identifier, Bytes{subject.client_id});
  if (query.since) append(out, option::query_start_time, *query.since);
  if (query.until) append(out, option::query_end_time, *query.until);
  std::vector<std::uint8_t> agent;
  if (!subject.remote_id.empty()) append(agent, wire::agent::remote_id, Bytes{subject.remote_id});
  if (!subject.relay_id.empty()) append(agent, leasequery::agent::relay_id, Bytes{subject.relay_id});
  if (query.relay_port) append(agent, wire::agent::relay_port, Bytes{});
  if (!agent.empty()) append(out, wire::option::relay_agent_information, Bytes{agent});
  out.push_back(wire::option::end);
  return out;
}

}  // namespace coaxd::leasequery
