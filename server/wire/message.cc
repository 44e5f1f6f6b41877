#include "server/wire/message.h"

#include <algorithm>

#include "server/base/assert.h"
#include "server/wire/option_table.h"

namespace coaxd::wire {
namespace {

constexpr std::uint8_t kLastMessageType = static_cast<std::uint8_t>(MessageType::tls);

// Calls each(code, value) for every option of one field, in order. END ends it, PAD is skipped
// (RFC 2132 §3.1, §3.2). False: an option says it is longer than its field.
template <typename Each>
bool walk_options(Bytes field, Each&& each) noexcept {
  std::size_t at = 0;
  while (at < field.size()) {
    const std::uint8_t code = field[at];
    if (code == option::end) return true;
    if (code == option::pad) {
      ++at;
      continue;
    }
    if (field.size() - at < 2) return false;
    const std::size_t length = field[at + 1];
    if (field.size() - at - 2 < length) return false;
    each(code, field.subspan(at + 2, length));
    at += 2 + length;
  }
  return true;
}

// Sub-options have neither PAD nor END (RFC 3046 §2.0), but dhcpd takes code 0 for the end. What
// follows an overrunning sub-option cannot be told apart from noise, so the walk ends there too:
// the option is still the relay's, and its readable part still says where the client is.
// each(code, tlv) returns false to end the walk.
template <typename Each>
void walk_sub_options(Bytes raw, Each&& each) noexcept {
  std::size_t at = 0;
  while (raw.size() - at >= 2 && raw[at] != 0) {
    const std::size_t size = 2u + raw[at + 1];
    if (raw.size() - at < size || !each(raw[at], raw.subspan(at, size))) return;
    at += size;
  }
}

constexpr std::string_view kParseErrorTexts[] = {
    "shorter than the fixed fields",
    "not a request",
    "hardware address longer than 16 octets",
    "option longer than its field",
    "bad DHCP message type",
    "bad option overload",
    "empty client identifier",
    "address option not of 4 octets",
    "too many split options",
};
static_assert(std::size(kParseErrorTexts) == static_cast<std::size_t>(ParseError::count));

}  // namespace

std::string_view to_string(ParseError error) noexcept {
  COAXD_ASSERT(error < ParseError::count);
  return kParseErrorTexts[static_cast<std::size_t>(error)];
}

Glimpse glimpse(Bytes datagram) noexcept {
  Glimpse seen;
  if (datagram.size() < Message::kMinimum) return seen;
  seen.htype = datagram[1];
  seen.chaddr = datagram.subspan(28, std::min<std::size_t>(datagram[2], Message::kChaddrSize));
  seen.address = {load_be32(&datagram[12])};
  seen.uses_address = !seen.address.is_zero();
  walk_options(datagram.subspan(Message::kMinimum), [&seen](std::uint8_t code, Bytes value) {
    if (code == option::client_identifier) seen.client_id = value;
    if (code == option::requested_address && value.size() == 4) seen.address = {load_be32(value.data())};
  });
  return seen;
}

Bytes RelayAgentInfo::find(std::uint8_t code) const noexcept {
  Bytes found;
  walk_sub_options(raw_, [&found, code](std::uint8_t at, Bytes tlv) {
    if (at == code) found = tlv;
    return at != code;
  });
  return found;
}

bool RelayAgentInfo::has(std::uint8_t code) const noexcept {
  return !find(code).empty();
}

Bytes RelayAgentInfo::get(std::uint8_t code) const noexcept {
  const Bytes tlv = find(code);
  return tlv.empty() ? tlv : tlv.subspan(2);
}

std::size_t RelayAgentInfo::echo(MutableBytes out) const noexcept {
  std::bitset<256> seen;
  std::size_t written = 0;
  walk_sub_options(raw_, [&](std::uint8_t code, Bytes tlv) {
    const bool repeated = seen[code];
    seen.set(code);
    // Sub-option 19 has no value (RFC 8357 §4); dhcpd leaves out all others that came without one.
    if (repeated || (tlv.size() == 2 && code != agent::relay_port)) return true;
    if (out.size() - written < tlv.size()) return false;
    std::copy(tlv.begin(), tlv.end(), out.begin() + static_cast<std::ptrdiff_t>(written));
    written += tlv.size();
    return true;
  });
  return written;
}

std::expected<void, ParseError> Message::parse(Bytes datagram, Accept accept) noexcept {
  COAXD_ASSERT(datagram.size() <=
               65535);  // what an IPv4 datagram, or a length of RFC 6926 §6.1, can say
  present_.reset();
  type_ = MessageType::bootp;
  agent_ = {};
  has_cookie_ = false;
  data_ = datagram;
  if (datagram.size() < kFixedSize) return std::unexpected(ParseError::too_short);
  if (op() != (accept == Accept::requests ? kBootRequest : kBootReply))
    return std::unexpected(ParseError::not_a_request);
  if (hlen() > kChaddrSize) return std::unexpected(ParseError::bad_hlen);
  has_cookie_ = datagram.size() >= kMinimum && load_be32(&datagram[kFixedSize]) == kMagicCookie;
  // Without the cookie this is plain BOOTP, and the vendor area is in a format of its own
  // (RFC 1497, RFC 2131 §3).
  if (!has_cookie_) return {};
  if (auto indexed = index_options(); !indexed) return indexed;
  return check_options();
}

std::expected<void, ParseError> Message::index_options() noexcept {
  std::bitset<256> repeated;
  const auto index = [this, &repeated](std::uint8_t code, Bytes value) {
    // An empty piece adds nothing, so only two that are not empty need joining. Until then the
    // first walk may read what it found: it looks at option 52 for the fields to walk next.
    if (has(code) && option_size_[code] != 0) {
      if (value.empty()) return;
      option_size_[code] = static_cast<std::uint16_t>(option_size_[code] + value.size());
      repeated.set(code);
      return;
    }
    present_.set(code);
    option_base_[code] = value.data();
    option_size_[code] = static_cast<std::uint16_t>(value.size());
  };
  // An overload option inside an overloaded field would point at itself.
  const auto index_overloaded = [&index](std::uint8_t code, Bytes value) {
    if (code != option::overload) index(code, value);
  };

  std::array<Bytes, 3> fields{data_.subspan(kMinimum)};
  if (!walk_options(fields[0], index)) return std::unexpected(ParseError::option_overruns);
  if (has(option::overload)) {
    const Bytes which = option(option::overload);
    if (which.empty()) return std::unexpected(ParseError::bad_overload);
    // RFC 2131 §4.1: first the options field, then file, then sname. As for dhcpd, only the two bits
    // of the first octet count (RFC 2132 §9.3 has no other values).
    if ((which[0] & 1) != 0) fields[1] = file();
    if ((which[0] & 2) != 0) fields[2] = sname();
    if (!walk_options(fields[1], index_overloaded) || !walk_options(fields[2], index_overloaded))
      return std::unexpected(ParseError::option_overruns);
  }
  return repeated.none() || join(repeated, fields) ? std::expected<void, ParseError>{}
                                                   : std::unexpected(ParseError::too_many_options);
}

// RFC 3396 §7: all instances of an option are one option, in the order of the fields. The sizes are
// known from the first walk, so each value gets its place first and is filled by a second walk.
bool Message::join(std::bitset<256> repeated, std::span<const Bytes> fields) noexcept {
  std::array<std::uint8_t*, 256> next;
  std::size_t used = 0;
  for (std::size_t code = 0; code < repeated.size(); ++code) {
    if (!repeated[code]) continue;
    if (kJoinRoom - used < option_size_[code]) return false;
    option_base_[code] = next[code] = &joined_[used];
    used += option_size_[code];
  }
  const auto append = [&repeated, &next](std::uint8_t code, Bytes value) {
    if (repeated[code]) next[code] = std::copy(value.begin(), value.end(), next[code]);
  };
  for (const Bytes field : fields) {
    walk_options(field, append);
    // The first walk did not count an overload option inside an overloaded field: it has no place.
    repeated.reset(option::overload);
  }
  return true;
}

std::expected<void, ParseError> Message::check_options() noexcept {
  if (has(option::message_type)) {
    const Bytes type = option(option::message_type);
    // As for dhcpd the first octet counts: option 53 sent twice is joined to two (RFC 3396 §7).
    if (type.empty() || type[0] < 1 || type[0] > kLastMessageType)
      return std::unexpected(ParseError::bad_message_type);
    type_ = static_cast<MessageType>(type[0]);
  }
  if (has(option::client_identifier) && option(option::client_identifier).empty())
    return std::unexpected(ParseError::empty_client_id);
  for (const std::uint8_t code :
       {option::requested_address, option::server_identifier, option::subnet_selection})
    if (has(code) && option(code).size() != 4)
      return std::unexpected(ParseError::bad_address_option);
  if (has(option::relay_agent_information)) {
    agent_.present_ = true;
    agent_.raw_ = option(option::relay_agent_information);
  }
  return {};
}

Ipv4 Message::address_option(std::uint8_t code) const noexcept {
  const Bytes value = option(code);
  return value.size() == 4 ? Ipv4{load_be32(value.data())} : Ipv4{};
}

void Message::adopt_relay_agent_info(Bytes raw) noexcept {
  if (raw.size() > kAdoptRoom) return;
  std::copy(raw.begin(), raw.end(), &joined_[kJoinRoom]);
  agent_.present_ = true;
  agent_.raw_ = Bytes{joined_}.subspan(kJoinRoom, raw.size());
}

}  // namespace coaxd::wire
