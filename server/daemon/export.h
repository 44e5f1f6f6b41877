// export.h: every lease as text, piece by piece: dhcpd's leases file (without its header), or one JSON object a line. Reads as any reader does, while
// workers go on: each lease is consistent in itself. Control and mirror threads.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "server/daemon/control.h"
#include "server/lease/lease_table.h"
#include "server/store/leases_export.h"

namespace coaxd::daemon {

// Leases of addresses that no range has held since the start, by address: they have no slot in the table, but belong to whoever has them.
using Homeless = std::map<Ipv4, std::string>;  // encode_binding()

enum class ExportFormat : std::uint8_t { dhcpd, json };
// `newest` (may be null) becomes the time of the newest event told.
BodySource export_leases(const lease::LeaseTable& table, const Homeless& homeless, ExportFormat format, store::LeasesStyle style = {},
                         lease::StoredTime* newest = nullptr);

}  // namespace coaxd::daemon
