// lease_list.h: leases as JSON, one or a million: by address, ascending, piece by piece, read as any reader does while workers go on. Control thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/api/http.h"
#include "server/base/ipv4.h"
#include "server/lease/lease_table.h"

namespace coaxd::api {

// An object without a line end. Octets that may be anything are hexadecimal.
void append_lease(std::string& out, Ipv4 address, const lease::Binding& binding, std::string_view state);
// The state as it is now: what has run out and is not worked off yet is expired.
std::string_view state_word(const lease::Binding& binding, lease::SlotWord word, WallSeconds now);

struct LeaseFilter {
  std::optional<Ipv4> first{}, last{};     // addresses from and to
  std::string hardware{}, client_id{};     // octets; hardware: Ethernet
  std::string remote_id{};                 // octets of option 82.2
  std::string state{};
  std::size_t limit = SIZE_MAX;
  bool as_lines = false;                   // NDJSON, else {"leases": [...], "next": "ADDRESS" or null}
  WallSeconds now = 0;
};
// The table outlives it.
std::shared_ptr<Stream> list_leases(const lease::LeaseTable& table, LeaseFilter filter);

}  // namespace coaxd::api
