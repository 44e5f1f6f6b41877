// interfaces.h: the network interfaces that are there now. The control thread scans, at start and when the kernel says that something
// changed, and publishes a table; workers look an arrival's interface up in it. Tables and their Interfaces are never freed while the
// process lives (a held reply may still point into an old one), which costs a few hundred octets per change of an address.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "server/engine/arrival.h"

namespace coaxd::io {

struct ScannedInterface {
  std::uint32_t index = 0;
  std::string name;
  std::array<std::uint8_t, 6> mac{};
  bool up = false, broadcast = false, loopback = false;
  std::vector<Prefix> addresses;  // network holds the address itself, mask its netmask
};

// Everything the kernel has now. The error is errno.
std::expected<std::vector<ScannedInterface>, int> scan_interfaces();

class InterfaceTable {
 public:
  // Interfaces that are served, by kernel index.
  void publish(const std::vector<ScannedInterface>& served);
  // Any thread. Null: not served.
  const engine::Interface* find(std::uint32_t index) const noexcept;
  // Any thread; for log lines.
  const std::vector<const engine::Interface*>& served() const noexcept;

 private:
  struct Table {
    std::vector<const engine::Interface*> served;
    std::vector<const engine::Interface*> by_index;  // sparse above 4096: linear search in `served`
  };
  std::deque<std::string> names_;
  std::deque<engine::Interface> interfaces_;
  std::deque<Table> tables_;
  std::atomic<const Table*> current_{nullptr};
};

// Tells when links or addresses change (rtnetlink). -1 when the kernel refuses; the caller then rescans by time.
int open_change_monitor();
void drain_change_monitor(int fd);

}  // namespace coaxd::io
