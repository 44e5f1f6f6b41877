// interfaces.h: the network interfaces that are there now. The control thread scans, at start and when the kernel says that something
// changed, and publishes a table; workers look an arrival's interface up in it. Tables and their Interfaces are never freed while the
// process lives (a held reply may still point into an old one). What is kept is bounded all the same: each Interface and each table once, so a
// few hundred octets for each state that there ever was, not for each event. A link that flaps or an address that comes and goes for years has
// two states; only served interfaces count, and their kernel index, address and MAC change by the operator's hand.
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
  bool up = false, broadcast = false, loopback = false, card = false;  // card: as in engine::Interface
  std::uint16_t mtu = 1500;  // likewise
  std::vector<Prefix> addresses;  // network holds the address itself, mask its netmask
};

// Everything the kernel has now. The error is errno.
std::expected<std::vector<ScannedInterface>, int> scan_interfaces();

class InterfaceTable {
 public:
  // Interfaces that are served. Control thread.
  void publish(const std::vector<ScannedInterface>& served);
  // Any thread. Null: not served.
  const engine::Interface* find(std::uint32_t index) const noexcept;
  // Any thread; for log lines.
  const std::vector<const engine::Interface*>& served() const noexcept;

 private:
  using Table = std::vector<const engine::Interface*>;  // by kernel index
  const engine::Interface* intern(const ScannedInterface& scanned);

  std::deque<std::string> names_;
  std::deque<engine::Interface> interfaces_;
  std::deque<Table> tables_ = std::deque<Table>(1);
  std::atomic<const Table*> current_{&tables_.front()};
};

// Tells when links or addresses change (rtnetlink). -1 when the kernel refuses; changes are then noticed at reloads only.
int open_change_monitor();
void drain_change_monitor(int fd);

}  // namespace coaxd::io
