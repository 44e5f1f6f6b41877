#include "docsis/mta_hash.h"

#include <algorithm>
#include <array>

#include "docsis/digest.h"
#include "docsis/file.h"

namespace coaxd::docsis {
namespace {

constexpr std::array<std::uint8_t, 3> kClosing{kMtaDelimiterCode, 1, 0xff};

// TLV 11: SEQUENCE { OBJECT IDENTIFIER, OCTET STRING of 20 octets, which follow }.
constexpr std::array<std::uint8_t, 22> kNorthAmerican{0x0b, 0x28, 0x30, 0x26, 0x06, 0x0e, 0x2b, 0x06, 0x01, 0x04, 0x01,  // 1.3.6.1.4.1.4491.2.2.1.1.2.7.0
                                                      0xa3, 0x0b, 0x02, 0x02, 0x01, 0x01, 0x02, 0x07, 0x00, 0x04, 0x14};
constexpr std::array<std::uint8_t, 20> kEuro{0x0b, 0x26, 0x30, 0x24, 0x06, 0x0c, 0x2b, 0x06, 0x01, 0x04,  // 1.3.6.1.4.1.7432.1.1.2.9.0
                                             0x01, 0xba, 0x08, 0x01, 0x01, 0x02, 0x09, 0x00, 0x04, 0x14};
constexpr std::array<std::uint8_t, 19> kIetf{0x0b, 0x25, 0x30, 0x23, 0x06, 0x0b, 0x2b, 0x06, 0x01, 0x02,  // 1.3.6.1.2.1.140.1.2.11.0
                                             0x01, 0x81, 0x0c, 0x01, 0x02, 0x0b, 0x00, 0x04, 0x14};

}  // namespace

Bytes hash_varbind(MtaHash variant) noexcept {
  switch (variant) {
    case MtaHash::none: return {};
    case MtaHash::north_american: return kNorthAmerican;
    case MtaHash::euro: return kEuro;
    case MtaHash::ietf: return kIetf;
  }
  return {};
}

FoundHash find_hash(Bytes file) noexcept {
  // By the walk, not from the end: the octets of delimiter and hash may stand at the end of something else.
  Item item{}, last{}, before{};
  std::size_t at = 0;
  while (next_item(file, at, Length64::two_octets, item)) {
    before = last;
    last = item;
  }
  FoundHash found;
  found.closed = is_mta(file) && at == file.size() && last.at != 0 && std::ranges::equal(file.subspan(last.at, last.size), kClosing);
  if (!found.closed) return found;
  const Bytes tlv = file.subspan(before.at, before.size);
  for (const MtaHash variant : {MtaHash::north_american, MtaHash::euro, MtaHash::ietf}) {
    const Bytes head = hash_varbind(variant);
    if (tlv.size() != head.size() + std::tuple_size_v<Sha1Sum> || !std::ranges::equal(tlv.first(head.size()), head)) continue;
    found.variant = variant;
    found.at = before.at;
    found.size = before.size;
  }
  return found;
}

// PKT-SP-PROV1.5 §9.1: SHA-1 of the whole file without its hash, the closing delimiter included.
std::expected<void, Problems> add_mta_hash(Octets& out, std::size_t begin, MtaHash hash, bool utility) {
  if (hash == MtaHash::none) return {};
  const Bytes file = Bytes(out).subspan(begin);
  if (!is_mta(file)) return std::unexpected(Problems{{.message = "this is no MTA file, and only those hold a hash", .mend = "begin it with MtaConfigDelimiter 1"}});
  const FoundHash old = find_hash(file);
  if (!old.closed)
    return std::unexpected(Problems{{.offset = file.size(), .message = "the closing delimiter is missing", .mend = "end it with MtaConfigDelimiter 255"}});
  if (old.variant != MtaHash::none && !utility) {
    const auto at = out.begin() + static_cast<std::ptrdiff_t>(begin + old.at);
    out.erase(at, at + static_cast<std::ptrdiff_t>(old.size));
  }
  Sha1 digest;
  digest.add(Bytes(out).subspan(begin));
  const Sha1Sum sum = digest.finish();
  const Bytes head = hash_varbind(hash);
  const std::size_t closing = out.size() - 3;
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(closing), sum.begin(), sum.end());
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(closing), head.begin(), head.end());
  return {};
}

std::expected<Octets, Problems> seal_mta(const Document& document, MtaHash hash, bool utility) {
  auto file = encode(document);
  if (!file) return file;
  if (auto added = add_mta_hash(*file, 0, hash, utility); !added) return std::unexpected(std::move(added.error()));
  return file;
}

}  // namespace coaxd::docsis
