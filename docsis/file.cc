#include "docsis/file.h"

#include <array>

namespace coaxd::docsis {

bool wide_at_top(std::uint8_t code) noexcept {
  static const auto kWide = [] {
    std::array<bool, 256> wide{};
    for (const Tlv& tlv : tlvs())
      if (parent_of(tlv) == nullptr) wide[tlv.code()] |= tlv.two_octet_length();
    return wide;
  }();
  return kWide[code];
}

bool next_item(Bytes file, std::size_t& at, Length64 length64, Item& item) noexcept {
  if (at >= file.size() || file[at] == kEndCode) return false;
  const std::uint8_t code = file[at];
  std::size_t header = 1, value = 0;
  if (code != kPadCode) {
    const bool wide = (code == kLongVarbindCode && length64 == Length64::two_octets) || wide_at_top(code);
    header = wide ? 3 : 2;
    if (file.size() - at < header) return false;
    value = wide ? load_be16(&file[at + 1]) : file[at + 1];
    if (file.size() - at - header < value) return false;
  }
  item = {code, static_cast<std::uint8_t>(header), at, header + value};
  at += header + value;
  return true;
}

}  // namespace coaxd::docsis
