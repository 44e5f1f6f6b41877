// resetter.h: SNMP for the rest of the server: resets modems, makes CMTSs forget CPEs, and asks how a modem stands. The socket side and the thread; what is sent when is dispatch.h's.
//
//     Resetter snmp(*options);
//     snmp.start();
//     const auto id = snmp.post({.act = Act::reset_modem, .mac = modem, .relay = giaddr, .modem_address = lease}, [&](const Report& report) { control.post(...); });
//
// The SET leaves as soon as post() has returned and the thread has run, unless its CMTS is not known yet, is paced, or does not answer. A callback is called when its request
// has ended, and once more when the modem's DISCOVER has proven it. What is pending when the Resetter ends is not told of: who posts keeps his own record, and posts again.
//
// Threads: post(), saw_discover(), list(), find(), cmts() and counters() are for any, and wait for nothing but a short lock; callbacks run on the thread of SNMP and should
// only hand on. Construction, start() and destruction are the control thread's. One Resetter a process at a time: net-snmp's tables are the process's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "snmp/counters.h"
#include "snmp/options.h"
#include "snmp/report.h"

namespace coaxd::snmp {

class Resetter {
 public:
  using Callback = std::function<void(const Report&)>;

  explicit Resetter(Options options);
  ~Resetter();  // ends the thread
  Resetter(const Resetter&) = delete;
  Resetter& operator=(const Resetter&) = delete;

  // Asks every CMTS what it is.
  void start();

  // The id that the reports carry; the same act on the same device, while it is pending, is one. 0, and no callback: too many are pending.
  std::uint64_t post(const Request& request, Callback callback);
  // A modem has sent a DISCOVER. Costs next to nothing when no reset of it waits for that.
  void saw_discover(Mac modem, Instant when);

  // Pending ones, and those that ended in the last ten minutes; by id, from `after` on.
  std::vector<Report> list(std::uint64_t after = 0, std::size_t limit = 1000) const;
  std::optional<Report> find(std::uint64_t id) const;
  std::vector<CmtsReport> cmts() const;
  const Counters& counters() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace coaxd::snmp
