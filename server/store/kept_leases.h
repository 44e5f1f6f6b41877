// kept_leases.h: copies of the leases files that coaxd did not write and is about to write over: dhcpd's, before the first start and again
// whenever the operator was back with it. What was not imported exists nowhere else.
//
//   PATH.before-coaxd                   the first one; never written again
//   PATH.before-coaxd.20261122-205825   a later one, under the time of its last change (UTC); the newest kMostLater of them
//
// A file of which there is a copy already gets no second one. Control or mirror thread.
#pragma once

#include <expected>
#include <string>

#include "server/store/lease_store.h"

namespace coaxd::store {

inline constexpr std::size_t kMostLater = 4;

// Nothing, when there is no such file or nothing in it. A copy is whole and durable, or not there at all.
std::expected<void, StoreError> keep_leases_file(const std::string& path);

}  // namespace coaxd::store
