// sim_transport.h: a worker's outside world in memory. Nothing here acts by itself: datagrams arrive when the network (world.h) puts
// them into the inbox, the disk works when step_disk() says so, time is what SimTime says. What leaves goes to the Observer.
// Owned by the World; one thread. Test code only.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "server/store/record.h"
#include "server/store/testing/sim_disk.h"
#include "server/worker/transport.h"

namespace coaxd::test {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kMillisecond = 1'000'000;

// True time, which clients live by, and the server's wall clock, which somebody may set.
struct SimTime {
  static constexpr WallSeconds kStart = 1'700'000'000;
  std::int64_t mono_ns = 0;
  WallSeconds step = 0;  // by which the server's wall clock is wrong
  WallSeconds true_wall() const noexcept { return kStart + mono_ns / kSecond; }
  WallSeconds server_wall() const noexcept { return true_wall() + step; }
};

struct Datagram {
  std::vector<std::uint8_t> octets;
  engine::Arrival arrival;
};

class SimTransport final : public worker::Transport {
 public:
  class Observer {
   public:
    virtual void on_sent(unsigned worker, Bytes payload, const engine::Departure& departure) = 0;
    virtual void on_echo_request(unsigned worker, Ipv4 to, std::uint16_t id, std::uint16_t sequence) = 0;
    virtual void on_disk_write(unsigned worker) = 0;
    // A record that was written and synced, both without an error.
    virtual void on_durable(const store::Record& record) = 0;
    // The worker waits for its disk alone and the test's clock stands (reload barrier): let the store's own thread do its part.
    virtual void on_disk_awaited() = 0;

   protected:
    ~Observer() = default;
  };

  SimTransport(const SimTime& time, store::SimDisk& disk, Observer& observer, unsigned worker, std::size_t buffers = 512);

  // --- the world's side ---
  void deliver(Datagram datagram) { inbox_.push_back(std::move(datagram)); }
  void deliver_echo(Ipv4 from, std::uint16_t id, std::uint16_t sequence) { echoes_.push_back({from, id, sequence}); }
  void step_disk();
  bool disk_idle() const { return disk_.async.idle(); }
  void step_disk_until_idle() { while (!disk_idle()) step_disk(); }
  bool has_input() const { return !inbox_.empty() || !echoes_.empty() || !completions_.empty(); }
  std::uint64_t delivered() const { return delivered_; }
  std::size_t buffers_out() const { return buffers_.size() - free_.size(); }
  void can_ping(bool can) { can_ping_ = can; }
  // How long the last wait() was allowed to sleep.
  std::int64_t until() const { return until_; }
  bool clock_frozen() const { return clock_.frozen(); }

  // --- the worker's side ---
  Instant now() override { return clock_.advance(time_.mono_ns, time_.server_wall()); }
  bool wait(worker::Handler& handler, std::int64_t until_mono_ns, Intake intake) override;
  void flush() override {}
  void wake() override {}
  worker::TransmitBuffer take() override;
  void give_back(worker::TransmitBuffer buffer) override;
  void send(worker::TransmitBuffer buffer, std::size_t payload_size, const engine::Departure& departure) override;
  bool send_echo(Ipv4 to, std::uint16_t id, std::uint16_t sequence) override;
  store::AsyncDisk& disk() override { return disk_; }

 private:
  struct Echo {
    Ipv4 from;
    std::uint16_t id, sequence;
  };
  // The simulated disk, with an eye on what went to it.
  struct WatchedDisk final : store::AsyncDisk {
    struct Write {
      Bytes data;
      bool sync;
    };
    WatchedDisk(store::SimDisk& disk, Observer& o, unsigned w) : async(disk), observer(o), worker(w) {}
    void write(store::FileHandle file, std::uint64_t offset, Bytes data, bool sync, std::uint64_t token) override;
    store::SimAsyncDisk async;
    Observer& observer;
    unsigned worker;
    std::deque<Write> writes;  // in the order of their completions
  };

  using Frame = std::array<std::uint8_t, worker::TransmitBuffer::kHeadroom + worker::TransmitBuffer::kPayload>;

  const SimTime& time_;
  WallClock clock_;
  Observer& observer_;
  const unsigned worker_;
  WatchedDisk disk_;
  std::vector<std::unique_ptr<Frame>> buffers_;
  std::vector<std::uint32_t> free_;
  std::vector<bool> taken_;
  std::deque<Datagram> inbox_;
  std::deque<Echo> echoes_;
  std::deque<store::DiskCompletion> completions_;
  std::uint64_t delivered_ = 0;
  std::int64_t until_ = 0;
  bool can_ping_ = true;
};

}  // namespace coaxd::test
