// mirror.h: the leases in dhcpd's own format, kept current beside the store, so that going back to dhcpd loses nothing: written every few
// seconds while something changed, and at every clean stop. What else dhcpd had in its file goes along; and before a file that is no
// mirror is written over, it is copied (store/kept_leases.h). Own thread; reads the lease table as any reader does.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <expected>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "server/daemon/export.h"
#include "server/lease/lease_table.h"
#include "server/store/leases_export.h"

namespace coaxd::daemon {

class Mirror {
 public:
  struct Options {
    std::string path;
    std::chrono::seconds interval{60};
    store::LeasesStyle style{};
    std::string others{};  // LeasesFile::others()
    const Homeless* homeless = nullptr;
  };
  // `changes` counts committed changes; the file is written when it moved.
  Mirror(const lease::LeaseTable& table, Options options, std::function<std::uint64_t()> changes,
         std::function<void(const std::string&)> complain);
  ~Mirror();
  void start();
  void stop();  // ends the thread and writes once more
  std::expected<void, std::string> write_now();
  // What the file lacks: changes of leases, and how long it has lacked some. Any thread.
  struct Lag {
    std::uint64_t changes = 0;
    std::chrono::seconds age{0};
  };
  Lag lag() const;
  // While held, nothing is read of the lease table: for a reload, which rebuilds it.
  [[nodiscard]] std::unique_lock<std::mutex> hold() { return std::unique_lock(writing_); }
  // Another configuration, while held.
  void use(store::LeasesStyle style) { options_.style = style; }

 private:
  const lease::LeaseTable& table_;
  Options options_;
  const std::function<std::uint64_t()> changes_;
  const std::function<void(const std::string&)> complain_;
  std::mutex writing_;  // held over write_now()
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false, original_kept_ = false;
  static constexpr std::uint64_t kNotYet = ~std::uint64_t{0};
  std::atomic<std::uint64_t> written_at_change_{kNotYet};
  std::atomic<std::chrono::steady_clock::time_point> written_at_{std::chrono::steady_clock::now()};
  std::thread thread_;
};

// True when the file is a mirror, whole and untouched (its last line carries the CRC-32C of the rest), and tells nothing that is newer than
// `store_newest`: a restart then need not read a million leases that it has. False for everything else, dhcpd's own file above all.
bool mirror_adds_nothing(const std::string& path, WallSeconds store_newest);
// What else than leases such a mirror holds (LeasesFile::others()): it stands before the leases.
std::string others_of_mirror(const std::string& path);

}  // namespace coaxd::daemon
