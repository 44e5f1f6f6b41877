#include "bench/coaxstorm/query.h"

#include <algorithm>
#include <cstring>

#include "server/base/assert.h"
#include "server/wire/message.h"
#include "server/wire/option_table.h"

namespace coaxd::storm {
namespace {

namespace option = wire::option;

constexpr std::size_t kXid = 4, kSecs = 8, kCiaddr = 12, kGiaddr = 24, kChaddr = 28, kCookie = 236;
constexpr std::size_t kShortest = 300;  // RFC 1542 §2.1
constexpr std::size_t kHostNameDigits = 6;

struct KindTraits {
  wire::MessageType type;
  bool requested_address;  // option 50
  bool ciaddr;
  bool server_id;
  bool parameters;         // option 55 and what the user added
};

// RFC 2131 table 5, and table 4 for the REQUESTs.
constexpr KindTraits kTraits[] = {
    {wire::MessageType::discover, false, false, false, true},
    {wire::MessageType::request, true, false, true, true},    // selecting
    {wire::MessageType::request, true, false, false, true},   // init-reboot
    {wire::MessageType::request, false, true, false, true},   // renewing
    {wire::MessageType::release, false, true, true, false},
};
static_assert(std::size(kTraits) == static_cast<std::size_t>(QueryKind::count));

void store_mac(std::uint8_t* out, std::uint64_t mac) noexcept {
  store_be16(out, static_cast<std::uint16_t>(mac >> 32));
  store_be32(out + 2, static_cast<std::uint32_t>(mac));
}

// Appends options and tells where their values stand. Stops writing, but not counting, at the end of the room.
class OptionWriter {
 public:
  OptionWriter(MutableBytes out, std::size_t at) : out_(out), at_(at) {}

  std::size_t add(std::uint8_t code, Bytes value) {
    put(code);
    put(static_cast<std::uint8_t>(value.size()));
    const std::size_t place = at_;
    for (const std::uint8_t octet : value) put(octet);
    return place;
  }
  std::size_t add(std::uint8_t code, std::initializer_list<std::uint8_t> value) {
    return add(code, Bytes{value.begin(), value.size()});
  }
  void put(std::uint8_t octet) {
    if (at_ < out_.size()) out_[at_] = octet;
    ++at_;
  }
  std::size_t at() const { return at_; }

 private:
  MutableBytes out_;
  std::size_t at_;
};

}  // namespace

QueryTemplates::Template QueryTemplates::build(QueryKind kind, const QueryStyle& style) {
  const KindTraits& traits = kTraits[static_cast<std::size_t>(kind)];
  Template result;
  auto& octets = result.octets;
  octets[0] = wire::kBootRequest;
  octets[1] = 1;  // Ethernet
  octets[2] = 6;
  store_be32(&octets[kCookie], wire::kMagicCookie);

  OptionWriter writer{octets, kCookie + 4};
  writer.add(option::message_type, {static_cast<std::uint8_t>(traits.type)});
  if (style.client_id == ClientIdKind::mac) {
    result.client_id_mac = writer.add(option::client_identifier, {1, 0, 0, 0, 0, 0, 0}) + 1;
  } else if (style.client_id == ClientIdKind::duid) {
    // 255, IAID 1, DUID type 1 (LLT), hardware type 1, a fixed time, the MAC.
    result.client_id_mac = writer.add(option::client_identifier,
                                      {255, 0, 0, 0, 1, 0, 1, 0, 1, 0x2c, 0, 0, 1, 0, 0, 0, 0, 0, 0}) + 13;
  }
  if (traits.requested_address) result.address = writer.add(option::requested_address, {0, 0, 0, 0});
  if (traits.ciaddr) result.address = kCiaddr;
  if (traits.server_id) result.server_id = writer.add(option::server_identifier, {0, 0, 0, 0});
  if (traits.parameters) {
    if (!style.parameter_request_list.empty()) {
      writer.add(option::parameter_request_list, style.parameter_request_list);
    }
    if (!style.vendor_class.empty()) {
      writer.add(option::vendor_class_identifier, as_bytes(style.vendor_class));
    }
    if (style.host_name) result.host_name = writer.add(option::host_name, as_bytes("c000000")) + 1;
    for (const auto& [code, value] : style.options) writer.add(code, value);
  }
  result.direct_end = writer.at();
  result.direct_size = std::max(result.direct_end + 1, kShortest);

  // RFC 3046 §2.1: the relay's option comes last.
  const std::size_t agent = writer.add(
      option::relay_agent_information,
      {wire::agent::circuit_id, 4, 0, 0, 0, 0, wire::agent::remote_id, 6, 0, 0, 0, 0, 0, 0});
  result.circuit_id = agent + 2;
  result.remote_id = agent + 8;
  writer.put(option::end);
  result.size = std::max(writer.at(), kShortest);
  return result;
}

bool QueryTemplates::fits(const QueryStyle& style) {
  const auto too_long = [](const auto& entry) { return entry.second.size() > 255; };
  return style.vendor_class.size() <= 255 && style.parameter_request_list.size() <= 255 &&
         std::none_of(style.options.begin(), style.options.end(), too_long) &&
         build(QueryKind::selecting, style).size <= kMaxSize;
}

QueryTemplates::QueryTemplates(const QueryStyle& style) {
  for (std::size_t kind = 0; kind < templates_.size(); ++kind) {
    templates_[kind] = build(static_cast<QueryKind>(kind), style);
    COAXD_ASSERT(templates_[kind].size <= kMaxSize);
  }
}

std::size_t QueryTemplates::write(QueryKind kind, const QueryFields& fields,
                                  std::uint8_t* out) const noexcept {
  const Template& from = templates_[static_cast<std::size_t>(kind)];
  std::memcpy(out, from.octets.data(), from.size);
  store_be32(out + kXid, fields.xid);
  store_be16(out + kSecs, fields.secs);
  store_mac(out + kChaddr, fields.mac);
  if (from.address != 0) store_be32(out + from.address, fields.address.value);
  if (from.server_id != 0) store_be32(out + from.server_id, fields.server_id.value);
  if (from.client_id_mac != 0) store_mac(out + from.client_id_mac, fields.client_id);
  if (from.host_name != 0) {
    for (std::size_t digit = 0; digit < kHostNameDigits; ++digit) {
      const auto nibble = (fields.mac >> (4 * (kHostNameDigits - 1 - digit))) & 15;
      out[from.host_name + digit] = static_cast<std::uint8_t>("0123456789abcdef"[nibble]);
    }
  }
  if (fields.giaddr.is_zero()) {
    std::memset(out + from.direct_end, 0, from.size - from.direct_end);
    out[from.direct_end] = option::end;
    return from.direct_size;
  }
  out[3] = 1;  // RFC 1542 §4.1.1: the relay counts its hop
  store_be32(out + kGiaddr, fields.giaddr.value);
  store_be32(out + from.circuit_id, fields.circuit_id);
  store_mac(out + from.remote_id, fields.remote_id);
  return from.size;
}

}  // namespace coaxd::storm
