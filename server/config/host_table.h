// host_table.h: the host names a configuration mentions and the addresses they stand for, as one immutable snapshot. The packet path
// only reads it (find() neither allocates nor asks anybody); the control thread makes a new one when the old has aged and hands it to the
// workers as it hands them a Config. dhcpd asks the resolver in the middle of a packet instead and waits (dhcpd-compat §1).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/ipv4.h"
#include "server/config/ast.h"

namespace coaxd::config {

class HostTable {
 public:
  struct Entry {
    std::string name;
    std::vector<Ipv4> addresses;  // empty: does not resolve, which evaluates to null
  };

  HostTable() = default;
  explicit HostTable(std::vector<Entry> entries);

  // Empty when the name is unknown or has no address. Names compare without case and without a final dot (RFC 4343).
  std::span<const Ipv4> find(std::string_view name) const noexcept;
  // Whether it is in the table at all, with an address or without.
  bool has(std::string_view name) const noexcept;
  std::span<const Entry> entries() const noexcept { return entries_; }

 private:
  std::vector<Entry> entries_;  // sorted, unique
};

// Every name that an expression, option value or fixed-address of the configuration mentions, each once, in order of name.
std::vector<std::string> host_names(const Ast& ast);

// A HostLookup (config.h) whose context is a HostTable: fixed addresses are those the names had when the configuration was loaded.
std::vector<Ipv4> find_in_table(std::string_view name, void* table);

// Asks the system's resolver for all names at once and waits no longer than `limit`. A name without an answer keeps the addresses
// it had in `previous` (may be null): a resolver that is down must not take an option away from a running server.
// Blocks: start and control thread only, never two at once.
std::shared_ptr<const HostTable> look_up_hosts(std::span<const std::string> names, std::chrono::milliseconds limit,
                                               const HostTable* previous);

}  // namespace coaxd::config
