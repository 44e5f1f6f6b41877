// worker.h: one packet loop: transport -> engine -> journal -> transport. It owns everything a packet needs (message, engine, journal,
// held replies, counters), all of it sized at start; it shares only the lease table, the limits and the immutable configuration.
// Its one promise: a reply whose binding changes waits in `held_` until the journal says durable; if the journal says lost, the
// binding goes back to what it was and the client hears nothing (RFC 2131 §3.1 step 4).
// Threads: run() is the worker's thread; request_*() any thread; counters() any thread, read only.
#pragma once

#include <atomic>
#include <cstdint>
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "server/base/spsc_queue.h"
#include "server/engine/engine.h"
#include "server/lease/change_feed.h"
#include "server/store/journal.h"
#include "server/worker/counters.h"
#include "server/worker/services.h"
#include "server/worker/standing_queue.h"
#include "server/worker/transport.h"

namespace coaxd::worker {

// execute() and its arguments on the way to the effects thread: "path\0arg\0arg\0".
struct ExecuteEffect {
  std::uint16_t size = 0;
  std::uint8_t argc = 0;
  std::array<char, 1021> text;
};

// What leaves a worker besides packets. The consumer of each queue is one thread (log, effects, leasequery over TCP).
struct Outlets {
  SpscQueue<engine::LogEvent> logs;
  SpscQueue<ExecuteEffect> effects;
  lease::ChangeFeed changes;
  explicit Outlets(std::size_t effect_capacity, std::size_t log_capacity = 8192) : logs(log_capacity), effects(effect_capacity) {}
};

// A configuration and what was derived from it, handed to workers at the reload barrier.
struct Snapshot {
  std::shared_ptr<const config::Config> config;
  std::shared_ptr<const config::HostTable> names;
};

class Worker final : private Handler, private Services::Log {
 public:
  // Most replies that can wait for the store at once (`[limits] pending_changes`): two batches of the journal (one being synced, one
  // gathering) at 4 packets' wait each, rounded up; beyond it packets are dropped as `overload` and clients ask again.
  static constexpr std::size_t kMaxHeld = 4096;
  static constexpr std::size_t kMaxEffects = 1024;  // execute() waiting for its thread
  static constexpr std::size_t kMaxProbes = 512;
  static constexpr std::int64_t kStoreRetryNs = 1'000'000'000;
  // A reply that has waited so long waits for a disk that hangs: its client has long asked again (RFC 2131 §4.1), and nobody else is served.
  static constexpr std::int64_t kStorePatienceNs = 5'000'000'000;

  // How long packets wait in a queue that stands (standing_queue.h). A client that boots waits three seconds for each answer at least (RFC
  // 2131 §4.1), one that renews a minute (§4.4.5), and so long it takes until he asks again.
  static constexpr std::int64_t kBootTargetNs = 500'000'000, kRenewTargetNs = 3'000'000'000;

  struct Parts {
    Transport& transport;
    store::Journal& journal;
    lease::LeaseTable& leases;
    lease::LeaseLimits& limits;
    engine::Settings settings;
    bool log_packets = true;
    unsigned index = 0;
    std::size_t max_held = kMaxHeld, max_effects = kMaxEffects;
    Services::Parts services{};  // files and the time of day, beside DHCP
  };
  Worker(const Parts& parts, Snapshot snapshot);
  ~Worker();

  void run();                // until request_stop(); drains held replies before it returns
  // What run() does over and over, the simulation's handles: one wait and what came of it; the rest at a reload barrier.
  void turn(std::int64_t until_mono_ns);
  void park_if_asked();

  void request_stop() noexcept;
  // Reload barrier: the worker settles everything that is held, then parks; wait_at_rest() returns. resume() lets it go on, with
  // the new snapshot if one is given.
  void request_park() noexcept;
  void wait_at_rest() const noexcept { parked_.wait(false, std::memory_order_acquire); }  // pairs with park()
  void resume(Snapshot snapshot) noexcept;
  // While it rests: the lease in this slot ends, by the operator's word, before the worker goes on. resume() returns when that is on disk, or
  // when it is clear that it will not be; has_freed() says which.
  void free_on_resume(lease::SlotId slot) noexcept { to_free_ = slot; }
  bool has_freed() const noexcept { return has_freed_; }

  const Counters& counters() const noexcept { return counters_; }
  const leasequery::Tally& leasequeries() const noexcept { return engine_.leasequeries(); }
  const Services* services() const noexcept { return services_.get(); }  // null: off
  Outlets& outlets() noexcept { return outlets_; }
  std::size_t held() const noexcept { return held_.size(); }
  // The errno with which the journal has failed; ETIMEDOUT while a write neither fails nor ends; 0 while it can be written.
  int store_error() const noexcept { return store_error_.load(std::memory_order_relaxed); }
  // The clock stepped (base/time.h): leases do not expire until an operator has looked.
  void freeze_expiry(bool frozen) noexcept { expiry_frozen_.store(frozen, std::memory_order_relaxed); }

 private:
  struct Held {
    std::uint64_t sequence = 0;  // of the last record it waits for
    std::int64_t since_ns = 0;
    engine::Change* changes = nullptr;
    TransmitBuffer buffer;
    std::uint16_t size = 0;
    wire::MessageType type = wire::MessageType::bootp;
    engine::Departure departure;
    engine::LogEvent log;
    std::uint8_t effects = 0;  // how many of held_effects_ are its own
  };
  // An engine::Effect that outlives its packet.
  struct HeldEffect {
    engine::Effect::Kind kind = engine::Effect::Kind::log;
    config::LogLevel level = config::LogLevel::debug;
    std::uint8_t argc = 0;
    std::uint16_t size = 0;
    std::array<char, 1021> text;
  };
  struct Probe {
    std::int64_t deadline_ns = 0;
    Ipv4 address;
    lease::SlotId slot = lease::kNoSlot;
    std::uint16_t sequence = 0;
    TransmitBuffer buffer;
    std::uint16_t size = 0;
    engine::Departure departure;
    engine::LogEvent log;
  };

  // A ring of fixed capacity: what is held leaves in the order it came, for the journal settles in order.
  template <typename T>
  class Fifo {
   public:
    explicit Fifo(std::size_t capacity) : items_(capacity) {}
    bool full() const noexcept { return size_ == items_.size(); }
    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }
    std::size_t capacity() const noexcept { return items_.size(); }
    T& push() noexcept { return items_[(head_ + size_++) % items_.size()]; }
    T& front() noexcept { return items_[head_]; }
    const T& front() const noexcept { return items_[head_]; }
    T& at(std::size_t index) noexcept { return items_[(head_ + index) % items_.size()]; }  // 0: front()
    void pop() noexcept {
      head_ = (head_ + 1) % items_.size();
      --size_;
    }

   private:
    std::vector<T> items_;
    std::size_t head_ = 0, size_ = 0;
  };

  void on_coming(std::span<const Bytes> payloads) override { engine_.prefetch(payloads); }
  void on_datagram(Bytes payload, const engine::Arrival& arrival) override;
  void on_discarded(engine::DropReason reason) override { drop(reason); }
  void on_echo_reply(Ipv4 from, std::uint16_t id, std::uint16_t sequence) override;
  void on_disk(std::uint64_t token, int result) override;
  void on_send_failed(int error) override;
  void on_service(Bytes payload, const tftp::Arrival& arrival) override;
  void on_service_send_failed(int) override { services_->on_send_failed(); }
  void log(const engine::LogEvent& event) override { log(event, false); }

  void read_clock_once() noexcept;
  void drop(engine::DropReason reason) noexcept { counters_.dropped[static_cast<std::size_t>(reason)].add(); }
  void act(TransmitBuffer buffer);
  engine::DropReason hold(engine::Change* changes, TransmitBuffer buffer);
  void undo(engine::Change* changes) noexcept;
  void release_settled();
  void send(TransmitBuffer buffer, std::size_t size, wire::MessageType type, const engine::Departure& departure,
            const engine::LogEvent& log);
  void start_probe(TransmitBuffer buffer);
  void finish_probes();
  void expire();
  void log(const engine::LogEvent& event, bool must_keep);
  void log_unstored(engine::LogEvent event);
  static void copy_effect(const engine::Effect& effect, HeldEffect& out) noexcept;
  void run_effects(std::span<const engine::Effect> effects);
  void emit(const HeldEffect& effect);
  void count_journal() noexcept;
  int look_at_store() const noexcept;
  void settle_held();
  void park();
  void free_by_order();

  Transport& transport_;
  store::Journal& journal_;
  lease::LeaseTable& leases_;
  engine::ChangePool changes_;
  engine::Engine engine_;
  const bool log_packets_;
  const std::uint16_t echo_id_;

  Instant now_;
  bool clock_is_stale_ = false;  // wait() was called and nothing has come of it yet
  wire::Message message_;
  engine::Actions actions_;
  Fifo<Held> held_;
  Fifo<HeldEffect> held_effects_;
  // Of a socket's queue, those who boot and those who renew.
  struct Queues {
    StandingQueue booting{kBootTargetNs}, renewing{kRenewTargetNs};
  };
  std::array<Queues, static_cast<std::size_t>(engine::Arrival::Queue::count)> queues_;
  std::vector<Probe> probes_;
  std::uint16_t next_echo_ = 0;
  lease::SlotId next_ended_offer_ = 0;
  bool more_due_ = false;  // expire() has more to look at now
  std::int64_t retry_at_ns_ = 0;
  unsigned gathered_ = 0;  // turns since the last flush of the journal
  bool log_stuck_ = false;

  Counters counters_;
  Outlets outlets_;
  std::unique_ptr<Services> services_;  // null: off
  Snapshot next_;
  lease::SlotId to_free_ = lease::kNoSlot;
  bool has_freed_ = false;
  std::atomic<bool> stop_{false}, park_{false}, parked_{false}, expiry_frozen_{false};
  std::atomic<int> store_error_{0};
};

}  // namespace coaxd::worker
