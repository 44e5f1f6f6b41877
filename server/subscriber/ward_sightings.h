// ward_sightings.h: what workers see of those who are in quarantine, for the record of the effect (reference 4.9): his renewal was refused, he asks anew, he has an
// address of the garden, his modem has started again. First sights are what counts, so a full queue loses little, and counts it.
//
// Threads: a Reporter is one worker's, and its note() allocates nothing and waits for nobody; collect() is the control thread's.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "server/base/atomic.h"
#include "server/base/bytes.h"
#include "server/base/ipv4.h"
#include "server/base/spsc_queue.h"

namespace coaxd::subscriber {

struct WardSighting {
  enum class Kind : std::uint8_t {
    nak,         // for `address`, which he is not to have
    discover,
    garden_ack,  // of `address`; its lease is on disk
    modem_back,  // the modem's own DISCOVER: it has started anew
  };
  Kind kind = Kind::nak;
  std::uint8_t hardware_size = 0;
  std::array<std::uint8_t, 16> octets{};
  Ipv4 address;            // zero: none
  std::uint64_t id = 0;    // of the quarantine
  std::int64_t at_ns = 0;  // monotonic; wall milliseconds as collect() tells them: wall_ms(this, ...)

  Bytes hardware() const noexcept { return {octets.data(), hardware_size}; }
  // When that was, for who knows what time it is now.
  std::int64_t wall_ms(std::int64_t now_wall_ms, std::int64_t now_mono_ns) const noexcept { return now_wall_ms - (now_mono_ns - at_ns) / 1'000'000; }
};

class WardSightings {
 public:
  class Reporter {
   public:
    static constexpr std::size_t kQueue = 1024;

    explicit Reporter(WardSightings& sightings);
    ~Reporter();
    Reporter(const Reporter&) = delete;
    Reporter& operator=(const Reporter&) = delete;

    void note(WardSighting::Kind kind, std::uint64_t id, Bytes hardware, Ipv4 address, std::int64_t now_mono_ns) noexcept;

   private:
    friend class WardSightings;
    WardSightings& sightings_;
    Atomic<std::uint64_t> lost_{0};
    SpscQueue<WardSighting> queue_{kQueue};
  };

  WardSightings() = default;
  ~WardSightings();  // after all its reporters
  WardSightings(const WardSightings&) = delete;
  WardSightings& operator=(const WardSightings&) = delete;

  // What they saw, oldest first of each.
  void collect(const std::function<void(const WardSighting&)>& use);
  std::uint64_t lost() const;

 private:
  mutable std::mutex mutex_;  // reporters coming, going, being looked at: never while one notes
  std::vector<Reporter*> reporters_;
};

}  // namespace coaxd::subscriber
