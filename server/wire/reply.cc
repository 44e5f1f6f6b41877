#include "server/wire/reply.h"

#include <algorithm>
#include <array>

#include "server/base/assert.h"
#include "server/wire/option_table.h"

namespace coaxd::wire {
namespace {

constexpr std::size_t kSnameAt = 44, kSnameSize = 64, kFileAt = 108, kFileSize = 128;
constexpr std::size_t kBootpVendorSize = 64;  // RFC 951 §3
constexpr std::size_t kLongest = 255;         // what one length octet can say
constexpr std::size_t kOverloadSize = 3, kEndSize = 1, kCookieSize = 4;

// Octets of an option with the code and length octets of each of its instances.
constexpr std::size_t encoded_size(std::size_t length) noexcept {
  return length + 2 * std::max<std::size_t>(1, (length + kLongest - 1) / kLongest);
}

// A part of the packet that options are written to; END has its place beyond `limit`.
struct Field {
  std::uint8_t* base = nullptr;
  std::size_t used = 0, limit = 0;

  std::size_t left() const noexcept { return limit - used; }
  // Octets of one value that put_pieces() can take.
  std::size_t room_in_pieces() const noexcept {
    const std::size_t last = left() % (kLongest + 2);
    return left() / (kLongest + 2) * kLongest + (last > 2 ? last - 2 : 0);
  }
  void put(std::uint8_t code, Bytes value) noexcept {
    base[used] = code;
    base[used + 1] = static_cast<std::uint8_t>(value.size());
    std::copy(value.begin(), value.end(), &base[used + 2]);
    used += 2 + value.size();
  }
  // As many instances as fit, the longest first; what is left of the value afterwards.
  Bytes put_pieces(std::uint8_t code, Bytes value) noexcept {
    while (!value.empty() && left() > 2) {
      const std::size_t size = std::min({value.size(), left() - 2, kLongest});
      put(code, value.first(size));
      value = value.subspan(size);
    }
    return value;
  }
  void put_any_length(std::uint8_t code, Bytes value) noexcept {
    if (value.size() <= kLongest) return put(code, value);
    value = put_pieces(code, value);
    COAXD_ASSERT(value.empty());
  }
};

// In the order in which a reader joins them (RFC 3396 §5): the options field, file, sname. A value
// that is cut between them is written in that order as well, and so comes back in one piece.
struct Fields {
  Field main, file, sname;

  std::array<Field*, 3> in_order() noexcept { return {&main, &file, &sname}; }

  // Whole in the first field that has room; else, and if longer than 255 at once, cut to fill what
  // room there is, as dhcpd does. False: it fits nowhere, and nothing was written.
  bool store(const ReplyOption& option) noexcept {
    if (option.value.size() <= kLongest) {
      for (Field* field : in_order()) {
        if (field->left() < 2 + option.value.size()) continue;
        field->put(option.code, option.value);
        return true;
      }
    }
    std::size_t room = 0;
    for (const Field* field : in_order()) room += field->room_in_pieces();
    if (room < std::max<std::size_t>(1, option.value.size())) return false;
    Bytes rest = option.value;
    for (Field* field : in_order()) rest = field->put_pieces(option.code, rest);
    return true;
  }
};

void write_fixed_fields(MutableBytes out, const ReplyHeader& header) noexcept {
  COAXD_ASSERT(header.chaddr.size() <= Message::kChaddrSize);
  std::fill_n(out.begin(), Message::kFixedSize, std::uint8_t{0});
  out[0] = kBootReply;
  out[1] = header.htype;
  out[2] = static_cast<std::uint8_t>(header.chaddr.size());
  out[3] = header.hops;
  store_be32(&out[4], header.xid);
  store_be16(&out[8], header.secs);
  store_be16(&out[10], header.flags);
  store_be32(&out[12], header.ciaddr.value);
  store_be32(&out[16], header.yiaddr.value);
  store_be32(&out[20], header.siaddr.value);
  store_be32(&out[24], header.giaddr.value);
  std::copy(header.chaddr.begin(), header.chaddr.end(), &out[28]);
  std::copy_n(header.sname.begin(), std::min(header.sname.size(), kSnameSize), &out[kSnameAt]);
  std::copy_n(header.file.begin(), std::min(header.file.size(), kFileSize), &out[kFileAt]);
}

// Options in the main field alone if they fit there together, else in all the fields that are free.
std::uint16_t store_options(Fields& fields, std::span<const ReplyOption> options, bool file_free,
                            bool sname_free) noexcept {
  std::size_t total = 0;
  for (const ReplyOption& each : options) total += encoded_size(each.value.size());
  if (total <= fields.main.left()) {
    for (const ReplyOption& each : options) fields.main.put_any_length(each.code, each.value);
    return 0;
  }

  const bool can_overload = (file_free || sname_free) && fields.main.left() >= kOverloadSize;
  if (can_overload) {
    fields.main.limit -= kOverloadSize;  // option 52 comes last, its place is kept from the start
    if (file_free) fields.file.limit = kFileSize - kEndSize;
    if (sname_free) fields.sname.limit = kSnameSize - kEndSize;
  }
  std::uint16_t left_out = 0;
  for (const ReplyOption& each : options)
    if (!fields.store(each)) ++left_out;

  if (can_overload) fields.main.limit += kOverloadSize;
  const bool file_used = fields.file.used != 0, sname_used = fields.sname.used != 0;
  if (file_used || sname_used) {
    const std::uint8_t which =
        static_cast<std::uint8_t>((file_used ? 1 : 0) | (sname_used ? 2 : 0));
    fields.main.put(option::overload, {&which, 1});
    // Zeros stand behind END already, and PAD is zero.
    if (file_used) fields.file.base[fields.file.used] = option::end;
    if (sname_used) fields.sname.base[fields.sname.used] = option::end;
  }
  return left_out;
}

// RFC 951 §3: without a cookie nobody knows what the vendor area means; it goes back as it came.
std::size_t write_vendor_area(MutableBytes area, Bytes vendor_area) noexcept {
  const std::size_t size = std::min({vendor_area.size(), kBootpVendorSize, area.size()});
  std::copy_n(vendor_area.begin(), size, area.begin());
  return size;
}

ReplyResult write_options(MutableBytes out, const ReplyHeader& header,
                          std::span<const ReplyOption> options, Bytes relay_agent_info,
                          const ReplyLimits& limits) noexcept {
  // Option 82 comes on top of the client's limit, as the relay takes it off again. The buffer
  // limits both.
  const std::size_t area = out.size() - Message::kFixedSize;
  std::uint16_t left_out = 0;
  std::size_t relay_size = relay_agent_info.empty() ? 0 : encoded_size(relay_agent_info.size());
  if (relay_size > area - kCookieSize - kEndSize) {
    relay_size = 0;
    ++left_out;
  }
  const std::size_t room =
      std::max(kCookieSize + kEndSize, std::min(limits.option_room, area - relay_size));

  Fields fields;
  fields.main = {&out[Message::kFixedSize], kCookieSize, room - kEndSize};
  fields.file.base = &out[kFileAt];
  fields.sname.base = &out[kSnameAt];
  store_be32(fields.main.base, kMagicCookie);
  left_out = static_cast<std::uint16_t>(
      left_out + store_options(fields, options, limits.may_overload && header.file.empty(),
                               limits.may_overload && header.sname.empty()));

  // RFC 3046 §2.2: option 82 last, behind it only END.
  if (relay_size != 0) {
    fields.main.limit += relay_size;
    fields.main.put_any_length(option::relay_agent_information, relay_agent_info);
  }
  fields.main.base[fields.main.used++] = option::end;
  return {Message::kFixedSize + fields.main.used, left_out};
}

}  // namespace

ReplyResult write_reply(MutableBytes out, const ReplyHeader& header,
                        std::span<const ReplyOption> options, Bytes relay_agent_info,
                        const ReplyLimits& limits) noexcept {
  if (out.size() < Message::kMinimum + kEndSize) return {};
  write_fixed_fields(out, header);
  ReplyResult result;
  if (limits.cookie)
    result = write_options(out, header, options, relay_agent_info, limits);
  else
    result.size = Message::kFixedSize +
                  write_vendor_area(out.subspan(Message::kFixedSize), limits.echo_vendor_area);
  const std::size_t padded = std::min(std::max(result.size, limits.pad_to), out.size());
  std::fill(&out[0] + result.size, &out[0] + padded, option::pad);
  result.size = padded;
  return result;
}

}  // namespace coaxd::wire
