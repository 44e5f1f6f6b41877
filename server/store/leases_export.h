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

// Writes the header and then the pieces that `more` appends until it returns false, beside `path`; synced, then put in its place: a
// reader sees the old file or the new one, and so does a power cut. Owner and mode are those of the file it replaces, else ours and 0644.
std::expected<void, StoreError> write_leases_file(const std::string& path, const std::function<bool(std::string&)>& more);

// Puts a copy of `path`, if it is a file with anything in it, at `copy`, unless there is one already: whole and durable, or not there at all.
std::expected<void, StoreError> copy_leases_file_once(const std::string& path, const std::string& copy);

}  // namespace coaxd::store
