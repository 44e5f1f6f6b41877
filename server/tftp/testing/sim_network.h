// sim_network.h: a responder, clients and the network between them, which loses, doubles, delays and so reorders; all of it from one seed, in virtual time. For tests.
// One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "server/tftp/responder.h"
#include "server/tftp/testing/sim_client.h"

namespace coaxd::tftp {

// Files by name; a name that begins with "late-" comes after `delay_ns`, one with "never-" does not.
class SimFiles final : public FileSource {
 public:
  void put(std::string name, std::vector<std::uint8_t> octets);
  void put_contents(std::string name, std::shared_ptr<const Contents> contents) { files_[std::move(name)] = std::move(contents); }
  const Contents* find(const std::string& name) const;

  FileAnswer answer(const std::string& name) const { return FileAnswer::ready(files_.at(name)); }

  FileAnswer open(const FileQuery& query) override;
  void close(Ticket ticket, bool complete) override;

  struct Late {
    Ticket ticket;
    std::string name;
    std::int64_t at_ns;
  };
  std::vector<Late> late;
  std::int64_t delay_ns = 300'000'000;
  std::map<Ticket, std::string> open_now;  // each is closed once
  std::size_t opened = 0, closed_complete = 0, closed_early = 0;

 private:
  std::map<std::string, std::shared_ptr<const Contents>, std::less<>> files_;
};

struct SimFaults {
  double loss = 0, doubled = 0;
  std::int64_t least_delay_ns = 5'000'000, most_delay_ns = 5'000'000;
};

class SimNetwork final : public Outlet {
 public:
  static constexpr Endpoint kServer{Ipv4::of(10, 0, 0, 1), 69};
  static constexpr std::uint16_t kFirstTransferPort = 40001;

  SimNetwork(const Settings& settings, const SimFaults& faults, std::uint64_t seed);

  SimClient& add(SimClientSettings settings, std::int64_t start_ns);
  void start_again(SimClient& client, std::int64_t after_ns) { starts_.push({now_.mono_ns + after_ns, &client}); }
  // Until nothing moves any more, or this long. False: it was still moving.
  bool run(std::int64_t most_ns);
  void send_from(Endpoint client, Endpoint to, Bytes datagram);  // a packet by hand

  SimFiles files;
  std::vector<std::unique_ptr<SimClient>> clients;
  Responder& responder() { return *responder_; }
  const Counters& counters() const { return responder_->counters(); }
  std::int64_t now_ns() const { return now_.mono_ns; }
  std::size_t largest_datagram() const { return largest_; }
  std::size_t most_open() const { return most_open_; }
  std::optional<std::size_t> rooms_per_step;  // no room beyond so many sends between two steps of time
  std::vector<std::string> events;            // kind and reason

 private:
  struct Packet {
    std::int64_t at_ns;
    std::uint64_t order;
    Endpoint from, to;
    std::vector<std::uint8_t> octets;
    bool operator>(const Packet& other) const { return std::pair{at_ns, order} > std::pair{other.at_ns, other.order}; }
  };
  struct Start {
    std::int64_t at_ns;
    SimClient* client;
    bool operator>(const Start& other) const { return std::pair{at_ns, client->settings().self} > std::pair{other.at_ns, other.client->settings().self}; }
  };
  MutableBytes room() override;
  void send(std::size_t size, const Departure& departure) override;
  void log(const Event& event) override;
  void transmit(Endpoint from, Endpoint to, Bytes octets);
  SimClient::Send sender(const SimClient& client);
  void deliver(const Packet& packet);
  void step_to(std::int64_t at_ns);
  void wake_clients();
  void schedule(SimClient& client);
  std::int64_t next_ns() const;
  double chance() { return std::uniform_real_distribution<double>()(random_); }

  SimFaults faults_;
  std::mt19937_64 random_;
  Instant now_{.mono_ns = 1'000'000'000, .wall = 1'800'000'000};
  std::unique_ptr<Responder> responder_;
  std::priority_queue<Packet, std::vector<Packet>, std::greater<>> in_flight_;
  std::priority_queue<Start, std::vector<Start>, std::greater<>> starts_;
  std::multimap<std::int64_t, SimClient*> wakes_;
  std::map<const SimClient*, std::int64_t> scheduled_;  // the earliest of a client's wakes
  std::map<Endpoint, SimClient*> by_endpoint_;
  std::vector<std::uint8_t> room_;
  std::uint64_t order_ = 0;
  std::size_t largest_ = 0, most_open_ = 0, sent_in_step_ = 0;
};

}  // namespace coaxd::tftp
