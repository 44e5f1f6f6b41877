// command_listing.h: what the utility writes to its output while it encodes, and scripts read. Pure, any thread.
#pragma once

#include <string>

#include "docsis/binary.h"
#include "docsis/text.h"
#include "server/base/bytes.h"

namespace coaxd::docsis {

struct Listing {
  PrintOptions print;
  bool utility_walk = false;  // Seal::utility_walk: the covered TLVs end at the first TLV 64
  DynamicAddress address = DynamicAddress::ip4;  // Seal::address
};
// The TLVs under the CMTS MIC in its order, the digest, and the whole file as text; of an MTA file the last alone. `file` is one that was just made.
std::string listing(Bytes file, const Listing& options);

}  // namespace coaxd::docsis
