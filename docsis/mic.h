// mic.h: the integrity checks of a modem file, over its octets: what seal() writes and verify() compares.
// Any thread; nothing here allocates once the caller's lists have grown. Source: MULPI 3.0 Annex D.1.1 (MICs), D.2 and C.1.1.18.1.6 (extended CMTS MIC).
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <vector>

#include "docsis/digest.h"
#include "docsis/file.h"

namespace coaxd::docsis {

// Every TLV of `file`, in its order, into `items`, which is emptied first. False: something behind them is neither TLV nor end marker.
bool list_items(Bytes file, Length64 length64, std::vector<Item>& items);

// D.1.1: MD5 of the file as it stands, without TLVs 6 and 7, end marker and padding.
Md5Sum cm_mic(Bytes file, std::span<const Item> items);

// The place of a type of TLV in the order of the CMTS MIC, from 1; 0: it is not covered.
std::uint8_t mic_place(std::uint8_t code, DynamicAddress address) noexcept;

// D.1.1: HMAC-MD5 of the covered types in the order of their rows, several of one type in the file's order.
Md5Sum cmts_mic(Bytes file, std::span<const Item> items, const SharedSecret& key, DynamicAddress address);

// --- extended CMTS MIC ---

// What 43.6 asks for, as offsets into the file.
struct ExtendedMic {
  std::size_t at = 0;           // of 43.6
  std::uint8_t algorithm = 0;   // 43.6.1
  std::size_t bitmap = 0;       // 43.6.2: BITS, one for each type
  std::size_t bitmap_size = 0;
  std::optional<std::size_t> digest;  // 43.6.3, explicit form; nothing: TLV 7 is the digest
};
inline constexpr std::uint8_t kExtendedHmacMd5 = 1;

// Nothing: no 43.6 below the OUI ffffff. A problem: one that nobody can compute.
std::expected<std::optional<ExtendedMic>, Problem> find_extended_mic(Bytes file, std::span<const Item> items);

// HMAC-MD5 of the types that the bitmap selects, in the file's order; the explicit digest counts as zeros.
Md5Sum extended_mic(Bytes file, std::span<const Item> items, const ExtendedMic& extended, const SharedSecret& key);

}  // namespace coaxd::docsis
