// sim.h: the protocol on a bench: a configuration in text, clients by name, a clock that only the
// test moves, a store that is told when to succeed. No socket, no thread, no real time. A script is
// a table, one event a row, what must come of it behind the arrow:
//
//     0s  cm1  DISCOVER giaddr=10.1.0.1                        -> OFFER yiaddr=10.1.0.10
//     0s  cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10       -> ACK   yiaddr=10.1.0.10 lease=3600
//     9s  -    expire                                          -> 1
//     9s  -    lease 10.1.0.10                                 -> free client=cm1
//
// After every step the Witness checks what must hold always. Test code only.
//
// Clients: any name ending in a number; its MAC is made of the name. Fields of a message:
//   select=A init_reboot=A renew=A rebind=A ciaddr=A giaddr=A req=A server=A source=A to=A link
//   (came by packet socket) uid=HEX|"text" mac=HEX no_uid htype=N secs=N hops=N broadcast cookie=no
//   lease=N hostname=T vendor=T prl=1,3,6 maxsize=N circuit=T remote=T linksel=A subnet=A
//   override=A port19 agent=HEX opt=N:HEX worker=N room=N if=N
// Expectations: OFFER ACK NAK BOOTREPLY PROBE DROP STOREFAIL WAIT, then
//   yiaddr= ciaddr= siaddr= giaddr= lease= t1= t2= server= mask= routers= message="..." file=
//   sname= flags=N hops=N to=A port=N from=A relay|client|unicast|broadcast opt=N:HEX noopt=N
//   echo=HEX noecho reason=NAME log=SUFFIX logs=N size<=N changes=N effects=N name=T
//   options=53,54,... (the exact order)
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/config.h"
#include "server/engine/engine.h"
#include "tests/rfc/packet.h"
#include "tests/rfc/witness.h"

namespace coaxd::test {

enum class StorePolicy : std::uint8_t { immediate, delayed, failing };

struct SimOptions {
  unsigned workers = 1;
  engine::Settings settings = {};
  std::size_t changes = 64;  // of each worker's pool
  StorePolicy store = StorePolicy::immediate;
};

// One answered (or not) message.
struct Outcome {
  std::string word;  // OFFER ... as in a script
  engine::Actions actions;
  std::vector<std::uint8_t> reply;
  wire::Message message;  // of `reply`, when there is one
  std::size_t changes = 0;
};

class Sim {
 public:
  explicit Sim(std::string_view config_text, const SimOptions& options = {});
  explicit Sim(std::shared_ptr<const config::Config> config, const SimOptions& options = {});
  ~Sim();

  void script(std::string_view text);
  // One message from bytes, as the fuzzer and the random simulation send them.
  const Outcome& send(std::span<const std::uint8_t> datagram, const engine::Arrival& arrival,
                      unsigned worker = 0, std::size_t room = 1472);

  // What waits for the store: everything, or the oldest Actions. Returns how many changes were
  // settled.
  std::size_t settle(bool durable);
  bool settle_one(bool durable);
  std::size_t expire(std::size_t limit = 1000, unsigned worker = 0);

  void set_store(StorePolicy policy) { store_ = policy; }
  void set_time(WallSeconds since_start) {
    now_ = {since_start * 1'000'000'000, kStart + since_start};
  }
  // A new configuration over the same leases, as a reload makes it.
  void reload(std::string_view config_text);
  void reload(std::shared_ptr<const config::Config> config) { use(std::move(config)); }

  static constexpr WallSeconds kStart = 1'700'000'000;
  Instant now() const { return now_; }
  const config::Config& config() const { return *config_; }
  lease::LeaseTable& leases() { return *leases_; }
  lease::LeaseLimits& limits() { return *limits_; }
  engine::Engine& engine(unsigned worker = 0) { return *engines_[worker].engine; }
  std::size_t changes_available(unsigned worker = 0) const {
    return engines_[worker].changes->available();
  }
  std::size_t waiting() const { return waiting_.size(); }
  const Witness& witness() const { return *witness_; }
  // The seed of the network and of the client is the test: equal scripts are equal bytes.
  const engine::Interface& interface(unsigned index = 0) const { return interfaces_[index]; }
  lease::Binding binding(Ipv4 address) const;
  static std::vector<std::uint8_t> mac_of(std::string_view client);

 private:
  struct Worker {
    std::unique_ptr<engine::ChangePool> changes;
    std::unique_ptr<engine::Engine> engine;
  };
  // Actions whose changes are on their way to the store, with all that is needed to send their
  // reply.
  struct Waiting {
    unsigned worker = 0;
    std::vector<engine::Change*> changes;
    std::vector<std::uint8_t> query, reply;
    engine::Actions actions;
    Instant at;
  };
  void use(std::shared_ptr<const config::Config> config);
  void run_line(std::string_view line, int number);
  std::string run_command(const std::vector<std::string>& words);
  void expect(const Outcome& outcome, const std::vector<std::string>& words);
  bool finish(Waiting& waiting, bool durable);
  void check(std::string_view where);

  Instant now_;
  StorePolicy store_;
  SimOptions options_;
  std::shared_ptr<const config::Config> config_;
  std::unique_ptr<lease::LeaseTable> leases_;
  std::unique_ptr<lease::LeaseLimits> limits_;
  leasequery::FixedNotes fixed_notes_{HashSeed{}};
  std::vector<Worker> engines_;
  std::deque<Waiting> waiting_;
  std::unique_ptr<Witness> witness_;
  std::vector<engine::Interface> interfaces_;
  std::map<std::string, std::string> memory_;  // uid of a client, once told
  Outcome outcome_;
  wire::Message query_;
  std::size_t complained_ = 0;
};

// Parses and resolves; a configuration that does not load is a failed test.
std::shared_ptr<const config::Config> load_config(std::string_view text);
// The table's pools as the configuration has them.
std::vector<lease::PoolSpec> pool_specs(const config::Config& config);

}  // namespace coaxd::test
