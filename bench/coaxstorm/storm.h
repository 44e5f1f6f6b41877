// storm.h: the loop that drives clients through their exchanges: begins them at their pace, sends again what stays unanswered,
// and measures. What comes after an ACK when a modem boots stands in boots.h. Owns nothing of what it is given. Single thread; stop() may be called from a signal handler.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "bench/coaxstorm/ack_log.h"
#include "bench/coaxstorm/boots.h"
#include "bench/coaxstorm/endpoint.h"
#include "bench/coaxstorm/histogram.h"
#include "bench/coaxstorm/milestones.h"
#include "bench/coaxstorm/plan.h"
#include "bench/coaxstorm/population.h"
#include "bench/coaxstorm/query.h"
#include "bench/coaxstorm/timeouts.h"

namespace coaxd::storm {

struct Phase {
  Mix mix = ExchangeKind::dora;
  Order order = Order::once;
  double rate = 0;              // exchanges a second; infinity: all at once; 0: closed loop
  std::uint32_t window = 128;   // exchanges at a time in a closed loop
  double duration_s = 0;        // 0: until the clients or `count` are through
  std::uint64_t count = 0;      // 0: no limit
  double warm_up_s = 0;         // not measured
  // An avalanche: nobody gives up. RFC 2131 §3.1 step 5: a REQUEST that was sent `attempts` times leads back to DISCOVER.
  bool insists = false;
  std::uint64_t seed = 1;
};

struct Figures {
  Histogram offer, ack;  // of what ended within the measured time
  // Closed loop: the same. Open loop: of what was due within it, however late it ended; who stayed unanswered counts as long as he
  // waited. A server that stalls in the end is charged for it, too.
  Histogram exchange;
  std::array<Histogram, 3> of_kind;  // exchanges that began as dora, renew, init_reboot
  std::array<std::uint64_t, kExchangeKinds> begun_of_kind{};
  Milestones bound, up;            // of an avalanche; up: of one that ends with a file, or the time of day
  Histogram until_up;              // the same, since it was due
  std::uint64_t begun = 0, completed = 0;  // in all
  std::uint64_t measured = 0;              // completed within the measured time
  std::uint64_t sent_again = 0, gave_up = 0, refused = 0, unfinished = 0;
  std::uint64_t restarted = 0;  // back to DISCOVER, in an avalanche
  std::uint64_t no_room = 0;    // of those: there was no place for another modem to fetch its file
  double measured_s = 0;
  double cpu_s = 0, elapsed_s = 0;  // the generator's own, until the clock or the last exchange ended it
};

class Storm {
 public:
  struct Parts {
    Population& population;
    const QueryTemplates& templates;
    Timeouts& timeouts;
    Endpoint* relays;  // null: nothing goes by DHCP
    Endpoint* direct;  // for what clients send themselves; null if the relays carry everything
    AckLog* log;       // null: not wanted
    Boots* boots = nullptr;           // an avalanche's clients are bound, and no more than that
    Ipv4 first_host{};                // fetch: of client 0; the others' addresses count from it
    std::span<const BootFile> files{};  // fetch: a client's is that of its number, modulo theirs
  };
  // Called about once a second with the figures so far.
  using Progress = std::function<void(double elapsed_s, const Figures&)>;

  Storm(Parts parts, std::uint32_t attempts, bool spin) noexcept
      : parts_(parts), attempts_(attempts), spin_(spin) {}

  Figures run(const Phase& phase, const Progress& progress);
  void stop() noexcept { stopped_.store(true, std::memory_order_relaxed); }
  bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

 private:
  struct Run;  // what belongs to one phase

  void launch(Run& run, std::int64_t now_ns);
  void expire(Run& run, std::int64_t now_ns);
  bool receive_from(Run& run, Endpoint& endpoint);
  void take_reply(Run& run, const Population::Outcome& outcome, std::int64_t now_ns);
  void take_ack(Run& run, const Population::Outcome& outcome, std::int64_t now_ns);
  void take_nak(Run& run, std::uint32_t client, std::int64_t now_ns);
  void begin_anew(Run& run, std::uint32_t client, std::int64_t now_ns);
  void boot(Run& run, std::uint32_t client, std::int64_t now_ns);
  void boot_ended(Run& run, std::uint32_t client, bool up, std::int64_t now_ns);
  bool receive_files(const Boots::Ended& ended);
  void give_back(std::uint32_t client, std::int64_t now_ns) noexcept;
  void leave_unanswered(Run& run, std::uint32_t client, std::int64_t now_ns) noexcept;
  void send(std::uint32_t client, QueryKind kind, std::int64_t now_ns) noexcept;
  void log(std::uint32_t client, std::uint32_t lease_time) noexcept;
  void flush() noexcept;
  void abandon_rest(Run& run, std::int64_t now_ns);
  void wait(const Run& run, bool launching, std::int64_t now_ns) const noexcept;

  Parts parts_;
  std::uint32_t attempts_;
  bool spin_;
  std::atomic<bool> stopped_{false};
};

std::int64_t monotonic_ns() noexcept;
std::int64_t wall_us() noexcept;

}  // namespace coaxd::storm
