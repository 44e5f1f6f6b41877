// leases_export.h: bindings in dhcpd's own words, so that going back to dhcpd, dhcpd-pools and everybody's regular expressions find what they
// know: one item a line, two blanks of indentation, dhcpd's order. Pure functions over strings but for the file; any thread.
// Source: dhcpd-compat §14.2, §14.5; quoting as seen from dhcpd 4.4.3-P1.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "server/base/ipv4.h"
#include "server/lease/binding.h"
#include "server/store/lease_store.h"

namespace coaxd::store {

// What dhcpd.conf says about the form of the file; the reader knows all of them.
struct LeasesStyle {
  bool local_times = false;  // db-time-format local: `epoch N; # local time`, the time zone is the process's
  bool hex_ids = false;      // lease-id-format hex
};

std::string_view leases_header() noexcept;
// Nothing for an address that was never used.
void append_lease(std::string& out, Ipv4 address, const lease::Binding& binding, LeasesStyle style = {});

// In the place of `path` (replaced_file.h), with its owner and mode: the header and then the pieces that `more` appends until it returns false.
std::expected<void, StoreError> write_leases_file(const std::string& path, const std::function<bool(std::string&)>& more);

}  // namespace coaxd::store
