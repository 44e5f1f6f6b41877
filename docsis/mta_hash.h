// mta_hash.h: the SHA-1 varbind in front of the closing delimiter of an MTA file. Any thread. Source: PKT-SP-PROV1.5 §9.1; RFC 4682 for IETF's object.
#pragma once

#include "docsis/binary.h"

namespace coaxd::docsis {

// The octets of TLV 11 up to the digest; empty for `none`.
Bytes hash_varbind(MtaHash variant) noexcept;

struct FoundHash {
  bool closed = false;  // the file is an MTA's, and ends with the closing delimiter
  MtaHash variant = MtaHash::none;
  std::size_t at = 0, size = 0;  // of its TLV 11, where there is one
};
// The hash that stands in front of the closing delimiter.
FoundHash find_hash(Bytes file) noexcept;

}  // namespace coaxd::docsis
