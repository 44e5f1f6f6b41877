#include "docsis/mic.h"

#include <array>

namespace coaxd::docsis {
namespace {

constexpr std::size_t kPlaces = 22;  // of the order, from 1

using Places = std::array<std::uint8_t, 256>;  // of each type; 0: not covered

Places places_of(DynamicAddress address) {
  Places places{};
  for (const Tlv& tlv : tlvs())
    if (tlv.mic != 0) places[tlv.code()] = tlv.mic;
  // MULPI 4.0 D.1.1: where the modem is provisioned over IPv6, 59 stands in the place of 20.
  if (address == DynamicAddress::ip6) std::swap(places[20], places[59]);
  return places;
}

const Places& places(DynamicAddress address) {
  static const Places kPlaces4 = places_of(DynamicAddress::ip4), kPlaces6 = places_of(DynamicAddress::ip6);
  return address == DynamicAddress::ip4 ? kPlaces4 : kPlaces6;
}

}  // namespace

std::uint8_t mic_place(std::uint8_t code, DynamicAddress address) noexcept { return places(address)[code]; }

bool list_items(Bytes file, Length64 length64, std::vector<Item>& items) {
  items.clear();
  std::size_t at = 0;
  for (Item item; next_item(file, at, length64, item);) items.push_back(item);
  return at == file.size() || file[at] == kEndCode;
}

Md5Sum cm_mic(Bytes file, std::span<const Item> items) {
  Md5 digest;
  std::size_t from = 0, to = 0;  // octets side by side are hashed at once
  for (const Item& item : items) {
    if (item.code == kCmMicCode || item.code == kCmtsMicCode) {
      digest.add(file.subspan(from, to - from));
      from = item.at + item.size;
    }
    to = item.at + item.size;
  }
  digest.add(file.subspan(from, to - from));
  return digest.finish();
}

Md5Sum cmts_mic(Bytes file, std::span<const Item> items, const SharedSecret& key, DynamicAddress address) {
  const Places& place_of = places(address);
  constexpr std::uint32_t kNone = 0xffffffff;
  std::array<std::uint32_t, kPlaces> first, last;
  first.fill(kNone);
  thread_local std::vector<std::uint32_t> next;  // the next item of the same place: a list for each
  next.resize(items.size());
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    const std::uint8_t place = place_of[items[i].code];
    if (place == 0) continue;
    (first[place] == kNone ? first[place] : next[last[place]]) = i;
    last[place] = i;
    next[i] = kNone;
  }
  HmacMd5 hmac(key);
  for (const std::uint32_t head : first)
    for (std::uint32_t i = head; i != kNone; i = next[i]) hmac.add(file.subspan(items[i].at, items[i].size));
  return hmac.finish();
}

}  // namespace coaxd::docsis
