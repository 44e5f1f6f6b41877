#include <fmt/format.h>

#include <algorithm>

#include "docsis/mic.h"

namespace coaxd::docsis {
namespace {

constexpr std::uint8_t kExtendedCode = 6, kVendorIdentifierCode = 8;                // below 43
constexpr std::uint8_t kAlgorithmCode = 1, kBitmapCode = 2, kDigestCode = 3;        // below 43.6

struct Sub {
  std::uint8_t code;
  std::size_t at;  // of its type
  std::size_t value, size;
};
// The TLVs with lengths of one octet between `at` and `end` of the file.
bool next_sub(Bytes file, std::size_t& at, std::size_t end, Sub& sub) noexcept {
  if (end - at < 2 || end - at - 2 < file[at + 1]) return false;
  sub = {file[at], at, at + 2, file[at + 1]};
  at = sub.value + sub.size;
  return true;
}

bool covers(Bytes bitmap, std::uint8_t code) noexcept { return code / 8u < bitmap.size() && (bitmap[code / 8u] & (0x80u >> code % 8u)) != 0; }

Problem wrong(std::size_t at, std::string message, std::string mend) { return {.offset = at, .message = std::move(message), .mend = std::move(mend)}; }

std::optional<Problem> read(Bytes file, const Sub& setting, ExtendedMic& extended) {
  extended.at = setting.at;
  Sub sub;
  for (std::size_t at = setting.value; next_sub(file, at, setting.value + setting.size, sub);) {
    if (sub.code == kAlgorithmCode && sub.size == 1) extended.algorithm = file[sub.value];
    if (sub.code == kBitmapCode) extended.bitmap = sub.value, extended.bitmap_size = sub.size;
    if (sub.code == kDigestCode) {
      if (sub.size != kMicOctets)
        return wrong(sub.at, fmt::format("the explicit digest (43.6.3) has room for {} octets, and HMAC-MD5 has 16", sub.size),
                     "write 16 zero octets: the digest is put there");
      extended.digest = sub.value;
    }
  }
  if (extended.algorithm != kExtendedHmacMd5)
    return wrong(setting.at,
                 extended.algorithm == 0 ? std::string("43.6 does not say how its digest is made (43.6.1)")
                                         : fmt::format("43.6.1 asks for HMAC type {}, which is not known here{}", extended.algorithm,
                                                       extended.algorithm == 2 ? " (MMH16-sigma-n)" : ""),
                 "write 1, HMAC-MD5");
  if (extended.bitmap_size == 0) return wrong(setting.at, "43.6 does not say which TLVs it covers (43.6.2)", "write the bitmap: 0x10 is TLV 3");
  const Bytes bitmap = file.subspan(extended.bitmap, extended.bitmap_size);
  if (covers(bitmap, kCmtsMicCode)) return wrong(setting.at, "43.6.2 covers TLV 7, which is made of the digest", "clear bit 7");
  if (extended.digest && covers(bitmap, kCmMicCode))
    return wrong(setting.at, "43.6.2 covers TLV 6, which is made of the explicit digest (43.6.3)", "clear bit 6, or leave 43.6.3 out");
  return std::nullopt;
}

}  // namespace

std::expected<std::optional<ExtendedMic>, Problem> find_extended_mic(Bytes file, std::span<const Item> items) {
  std::optional<ExtendedMic> extended;
  for (const Item& item : items) {
    if (item.code != kVendorSpecificCode) continue;
    const std::size_t end = item.at + item.size;
    std::size_t at = item.at + item.header;
    Sub sub;
    if (!next_sub(file, at, end, sub) || sub.code != kVendorIdentifierCode || sub.size != 3) continue;
    if (!std::ranges::all_of(file.subspan(sub.value, sub.size), [](std::uint8_t octet) { return octet == 0xff; })) continue;
    while (next_sub(file, at, end, sub)) {
      if (sub.code != kExtendedCode) continue;
      if (extended) return std::unexpected(wrong(sub.at, "43.6 stands here a second time", "leave one of them out"));
      if (auto problem = read(file, sub, extended.emplace())) return std::unexpected(*std::move(problem));
    }
  }
  return extended;
}

Md5Sum extended_mic(Bytes file, std::span<const Item> items, const ExtendedMic& extended, const SharedSecret& key) {
  static constexpr Md5Sum kZeros{};
  const Bytes bitmap = file.subspan(extended.bitmap, extended.bitmap_size);
  HmacMd5 hmac(key);
  for (const Item& item : items) {
    if (!covers(bitmap, item.code)) continue;
    std::size_t from = item.at;
    const std::size_t end = item.at + item.size;
    if (extended.digest && *extended.digest >= from && *extended.digest < end) {
      hmac.add(file.subspan(from, *extended.digest - from));
      hmac.add(kZeros);
      from = *extended.digest + kMicOctets;
    }
    hmac.add(file.subspan(from, end - from));
  }
  return hmac.finish();
}

}  // namespace coaxd::docsis
