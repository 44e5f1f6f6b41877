// world.h: a whole server and its surroundings on one thread and one seed: workers over one lease table, their journals and SQLite on a disk
// that forgets what was not synced, a network that delays, drops, duplicates and reorders, clients, the abuse of a few, power cuts.
// Time is an event queue; equal seeds give equal histories. After every event the world checks what must hold always, and what does not
// is a sentence in violations(). Test code only.
//
//   link 0  on the server's own wire: broadcasts come by packet socket      10.1.0.0/24, the server is 10.1.0.2
//   link n  behind the relay agent 10.(n+1).0.1
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/daemon/lease_memory.h"
#include "server/store/lease_store.h"
#include "server/store/testing/sim_vfs.h"
#include "server/worker/worker.h"
#include "tests/rfc/witness.h"
#include "tests/sim/client.h"

namespace coaxd::test {

// The seeds of every run, and more on demand: a night with COAXD_SIM_SEEDS=10000.
std::uint64_t seed_count(std::uint64_t fixed);

#define NO_VIOLATION(world) ASSERT_TRUE((world).violations().empty()) << (world).violations().front()

struct WorldOptions {
  std::uint64_t seed = 1;
  unsigned workers = 2;
  store::Durability durability = store::Durability::durable;
  std::uint64_t segment_size = 16384;
  // Network: in a hundred, and one way.
  unsigned loss = 0, duplicates = 0;
  std::int64_t least_delay = kMillisecond, most_delay = 20 * kMillisecond;
  // Disk.
  std::int64_t least_disk = 100'000, most_disk = 5 * kMillisecond;
  std::size_t buffers = 512;
  std::size_t max_held = worker::Worker::kMaxHeld;
  bool clients_answer_pings = false;
  bool log_packets = false;
};

class World final : private SimTransport::Observer {
 public:
  World(std::string_view config, const WorldOptions& options);
  ~World();

  // --- what happens ---
  Client& add_client(unsigned link, std::string client_id = {}, Habits habits = {});
  void start_all(unsigned within_ms = 5000);
  void run(std::int64_t ns);
  void after(std::int64_t ns, std::function<void()> what);
  // A packet from nobody in particular (hostile, or written by a test): arrives at once, at that worker (any: by chance).
  static constexpr unsigned kAny = ~0u;
  void inject(std::vector<std::uint8_t> octets, const engine::Arrival& arrival, unsigned worker = kAny);
  engine::Arrival relayed(unsigned link) const;
  engine::Arrival on_link() const;
  void add_abuse(std::int64_t every_ns);  // hostile clients from now on
  // Addresses that a client must never be offered or given, whatever else is free.
  void forbid(std::function<bool(const Client&, Ipv4)> forbidden) { forbidden_ = std::move(forbidden); }
  // Who is in quarantine from now on, and who is not any more. What an ACK gives must be of the garden or not, for whoever asked after that.
  void confine(const std::vector<subscriber::Confined::Ward>& wards);
  static std::string modem_of(const Client& client);
  bool is_in_garden(Ipv4 address) const;
  void add_squatter(Ipv4 address) { squatters_.insert(address.value); }

  void power_cut();  // the machine: memory is lost, and of the disk what was not synced
  void kill();       // the process
  void reload(std::string_view config);
  void fold() { (void)store_->fold_now(); }
  void set_weather(unsigned loss, unsigned duplicates, std::int64_t most_delay);
  void set_disk_delay(std::int64_t least, std::int64_t most);
  void step_clock(WallSeconds by) { time_.step += by; }

  // --- for clients ---
  const SimTime& time() const { return time_; }
  unsigned random(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  std::uint32_t next_xid() { return ++xid_; }
  void transmit(const Client& from, Packet packet, bool unicast);
  void accepted(const Client& client);

  // --- looking ---
  const std::vector<std::string>& violations() const { return violations_; }
  store::SimDisk& disk() { return disk_; }
  lease::LeaseTable& leases() { return memory_->table(); }
  const config::Config& config() const { return *config_; }
  std::vector<std::unique_ptr<Client>>& clients() { return clients_; }
  worker::Worker& worker(unsigned index) { return *servers_[index].worker; }
  SimTransport& transport(unsigned index) { return *servers_[index].transport; }
  lease::Binding binding(Ipv4 address) const;
  std::uint64_t dropped(engine::DropReason reason) const;
  std::size_t bound() const;  // clients that have an address by their own reckoning
  // What the workers have told of those in quarantine since the last call.
  std::vector<subscriber::WardSighting> ward_sightings();
  std::uint64_t acks() const { return acks_; }
  std::uint64_t offers() const { return offers_; }
  std::uint32_t billed(std::string_view class_name, std::string_view data) const;
  bool store_failed() const;
  // Nothing on its way: every reply is sent, all counts agree with the leases.
  void expect_settled();
  // All replies since the last call, by xid.
  std::vector<wire::MessageType> replies_to(std::uint32_t xid) const;

 private:
  struct Server {
    std::unique_ptr<SimTransport> transport;
    std::unique_ptr<store::Journal> journal;
    std::unique_ptr<worker::Worker> worker;
  };
  struct Event {
    std::int64_t at = 0;
    std::uint64_t order = 0;
    std::function<void()> what;
    bool operator>(const Event& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  struct Asked {
    std::vector<std::uint8_t> octets;
    engine::Arrival arrival;
  };

  void boot();
  void shut(bool power);
  void turn(unsigned index);
  void turn_all();
  void tick();
  void fold_sometimes();
  void disk_works(unsigned index);
  void arrive(std::vector<std::uint8_t> octets, const engine::Arrival& arrival, unsigned worker);
  std::int64_t delay() { return options_.least_delay + random_between(options_.most_delay - options_.least_delay); }
  std::int64_t random_between(std::int64_t span) { return span <= 0 ? 0 : static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(span)); }
  void to_clients(std::vector<std::uint8_t> octets, engine::Departure departure);
  void abuse();
  Client* client_with(Bytes mac);
  bool is_client(const Client& client, const lease::Binding& binding) const;
  void check_reply(Bytes payload, const engine::Departure& departure);
  void check_ack(const wire::Message& reply, const Client* client);
  void check_quarantine(const wire::Message& reply, const Client& client);
  void check_books(unsigned index);
  void check_promises(std::string_view when);
  void violate(std::string what);

  void on_sent(unsigned worker, Bytes payload, const engine::Departure& departure) override;
  void on_echo_request(unsigned worker, Ipv4 to, std::uint16_t id, std::uint16_t sequence) override;
  void on_disk_write(unsigned worker) override;
  void on_durable(const store::Record& record) override;
  void on_disk_awaited() override { fold(); }

  WorldOptions options_;
  std::mt19937_64 random_;
  SimTime time_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t event_order_ = 0;
  std::uint64_t life_ = 0;  // of the server: what was under way for an earlier one is lost
  std::uint32_t xid_ = 0;
  std::array<engine::Interface, 1> interfaces_;

  // Since when he is confined, or is not any more.
  struct Kept {
    bool confined = false;
    std::int64_t since = -1;
  };
  subscriber::PublishedConfined confined_{std::make_shared<const subscriber::Confined>()};
  subscriber::WardSightings ward_sightings_;
  std::map<unsigned, Kept> kept_;                   // by client
  std::map<std::uint32_t, std::int64_t> arrived_;  // by xid: the first packet with it

  store::SimDisk disk_;
  store::SimVfs vfs_;
  std::shared_ptr<const config::Config> config_;
  std::unique_ptr<store::LeaseStore> store_;
  std::unique_ptr<daemon::LeaseMemory> memory_;
  std::vector<Server> servers_;

  std::vector<std::unique_ptr<Client>> clients_;
  std::set<std::uint32_t> squatters_;
  std::function<bool(const Client&, Ipv4)> forbidden_;
  std::int64_t abuse_every_ = 0;

  std::unique_ptr<Witness> witness_;
  std::size_t complaints_ = 0;
  std::map<std::uint32_t, Asked> asked_;  // the last honest query with that xid
  std::map<std::uint32_t, std::vector<wire::MessageType>> replies_;
  std::map<std::uint32_t, store::Record> durable_;  // the newest of each address
  std::uint64_t acks_ = 0, offers_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace coaxd::test
