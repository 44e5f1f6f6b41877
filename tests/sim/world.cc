#include "tests/sim/world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "server/engine/billing.h"
#include "tests/rfc/sim.h"

namespace coaxd::test {
namespace {

using engine::Departure;
using engine::DropReason;
using wire::MessageType;
namespace code = wire::option;

constexpr const char* kPath = "d/leases.db";
constexpr std::int64_t kTick = 250 * kMillisecond;  // an idle worker comes round (worker.cc, kIdleNs), and so does the daemon
constexpr Ipv4 kServerAddress = Ipv4::of(10, 1, 0, 2);

Ipv4 relay_of(unsigned link) { return Ipv4::of(10, static_cast<std::uint8_t>(link + 1), 0, 1); }
unsigned link_of(Ipv4 relay) { return (relay.value >> 16 & 0xff) - 1; }

}  // namespace

std::uint64_t seed_count(std::uint64_t fixed) {
  const char* more = std::getenv("COAXD_SIM_SEEDS");
  return more == nullptr ? fixed : std::max<std::uint64_t>(fixed, std::strtoull(more, nullptr, 10));
}

World::World(std::string_view config, const WorldOptions& options)
    : options_(options),
      random_(options.seed),
      interfaces_{{{1, "eth0", kServerAddress, {2, 0, 0, 0, 0, 1}}}},
      disk_(options.seed ^ 0xd15c),
      vfs_(disk_),
      config_(load_config(config)) {
  if (config_ == nullptr) throw std::runtime_error("the configuration of the test does not load");
  fmt::print("seed {}\n", options.seed);
  std::fflush(stdout);  // whatever comes, it can be replayed
  witness_ = std::make_unique<Witness>(*config_, engine::Settings{});
  boot();
  tick();
  fold_sometimes();
}

World::~World() = default;

// --- the server's life ---

void World::boot() {
  ++life_;
  store::StoreOptions options;
  options.path = kPath;
  options.durability = options_.durability;
  options.workers = options_.workers;
  options.segment_size = options_.segment_size;
  options.now = time_.server_wall();
  options.files = &disk_;
  options.sqlite_vfs = vfs_.name();
  auto store = store::LeaseStore::open(options);
  if (!store) throw std::runtime_error("the store does not open: " + store.error().message);
  store_ = std::move(*store);

  durable_.clear();
  const auto recovered = store_->recover([this](Ipv4 address, const lease::Binding& binding, std::uint32_t generation) {
    store::Record& record = durable_[address.value];
    record.address = address;
    record.generation = generation;
    record.binding = binding;
  });
  if (!recovered) throw std::runtime_error("recovery: " + recovered.error().message);
  if (options_.durability == store::Durability::durable && recovered->damaged != 0) violate("recovery found damage after a mere power cut");
  memory_ = std::make_unique<daemon::LeaseMemory>(*config_, time_.server_wall(), HashSeed{options_.seed, 0xfedcba9876543210});
  const auto filled = memory_->fill(*config_, *store_, "", false, time_.server_wall(), [](const std::string&) {});
  if (!filled) throw std::runtime_error(filled.error());

  for (unsigned i = 0; i < options_.workers; ++i) {
    Server& server = servers_.emplace_back();
    server.transport = std::make_unique<SimTransport>(time_, disk_, static_cast<SimTransport::Observer&>(*this), i, options_.buffers);
    server.journal = store_->journal(i, server.transport->disk());
    server.worker = std::make_unique<worker::Worker>(
        worker::Worker::Parts{.transport = *server.transport,
                              .journal = *server.journal,
                              .leases = memory_->table(),
                              .limits = memory_->limits(),
                              .settings = {.confined = &confined_, .ward_sightings = &ward_sightings_},
                              .log_packets = options_.log_packets,
                              .index = i,
                              .max_held = options_.max_held},
        worker::Snapshot{config_, std::make_shared<config::HostTable>()});
  }
}

void World::shut(bool power) {
  servers_.clear();
  store_.reset();
  memory_.reset();
  power ? disk_.crash() : disk_.kill();
  vfs_.forget();
}

void World::power_cut() {
  shut(true);
  boot();
  check_promises("after a power cut");
}

void World::kill() {
  shut(false);
  boot();
  check_promises("after a kill");
}

// The barrier as the daemon makes it. Each worker rests on a thread of its own, one after the other, so that nothing runs at once.
void World::reload(std::string_view text) {
  const auto config = load_config(text);
  if (config == nullptr) throw std::runtime_error("the new configuration does not load");
  std::vector<std::thread> threads;
  for (Server& server : servers_) {
    server.worker->request_park();
    threads.emplace_back([&server] { server.worker->park_if_asked(); });
    server.worker->wait_at_rest();
    if (server.worker->held() != 0) violate("a worker rests although a reply is held");
  }
  (void)store_->fold_now();  // in the place of the fold thread, which the daemon's store has while it serves
  if (const auto done = memory_->reconfigure(*config, *store_, time_.server_wall()); !done) throw std::runtime_error(done.error());
  for (Server& server : servers_) server.worker->resume({config, std::make_shared<config::HostTable>()});
  for (std::thread& thread : threads) thread.join();
  config_ = config;
  witness_->use(*config_);
  check_promises("after a reload");
}

// --- time ---

void World::after(std::int64_t ns, std::function<void()> what) { events_.push({time_.mono_ns + ns, event_order_++, std::move(what)}); }

void World::run(std::int64_t ns) {
  const std::int64_t end = time_.mono_ns + ns;
  while (!events_.empty() && events_.top().at <= end) {
    Event event = events_.top();
    events_.pop();
    time_.mono_ns = event.at;
    event.what();
  }
  time_.mono_ns = end;
}

void World::tick() {
  for (unsigned i = 0; i < servers_.size(); ++i) {
    servers_[i].worker->freeze_expiry(servers_[i].transport->clock_frozen());
    turn(i);
  }
  after(kTick, [this] { tick(); });
}

void World::fold_sometimes() {
  (void)store_->fold_now();
  after(300 * kMillisecond + random(1200) * kMillisecond, [this] { fold_sometimes(); });
}

void World::turn(unsigned index) {
  servers_[index].worker->turn(time_.mono_ns);
  check_books(index);
}

// --- the network ---

engine::Arrival World::relayed(unsigned link) const {
  engine::Arrival arrival;
  arrival.interface = &interfaces_[0];
  arrival.source = relay_of(link);
  arrival.source_port = 67;
  arrival.destination = kServerAddress;
  return arrival;
}

engine::Arrival World::on_link() const {
  engine::Arrival arrival;
  arrival.interface = &interfaces_[0];
  arrival.source_port = 68;
  arrival.destination = Ipv4{0xffffffff};
  arrival.from_link = true;
  return arrival;
}

void World::set_weather(unsigned loss, unsigned duplicates, std::int64_t most_delay) {
  options_.loss = loss;
  options_.duplicates = duplicates;
  options_.most_delay = most_delay;
}

void World::set_disk_delay(std::int64_t least, std::int64_t most) {
  options_.least_disk = least;
  options_.most_disk = most;
}

void World::transmit(const Client& from, Packet packet, bool unicast) {
  engine::Arrival arrival = from.link() == 0 || unicast ? on_link() : relayed(from.link());
  if (unicast) {
    arrival.from_link = false;
    arrival.source = packet.ciaddr;
    arrival.destination = kServerAddress;
  } else if (from.link() != 0) {
    packet.giaddr = relay_of(from.link());
    packet.hops = 1;
    const std::string modem = modem_of(from);
    packet.add_agent(wire::agent::remote_id, as_bytes(modem));
  }
  const std::vector<std::uint8_t> octets = packet.encode();
  asked_[packet.xid] = {octets, arrival};
  // Steered by client most of the time; correctness must not rest on it.
  const unsigned worker = random(8) == 0 ? random(options_.workers) : from.number() % options_.workers;
  const unsigned copies = random(100) < options_.loss ? 0 : random(100) < options_.duplicates ? 2 : 1;
  for (unsigned i = 0; i < copies; ++i) {
    after(delay(), [this, octets, arrival, worker] { arrive(octets, arrival, worker); });
  }
}

void World::arrive(std::vector<std::uint8_t> octets, const engine::Arrival& arrival, unsigned worker) {
  if (octets.size() >= 8) arrived_.try_emplace(load_be32(octets.data() + 4), time_.mono_ns);
  servers_[worker].transport->deliver({std::move(octets), arrival});
  // What comes within half a millisecond is one batch.
  after(random_between(kMillisecond / 2), [this, worker, life = life_] {
    if (life == life_) turn(worker);
  });
}

void World::inject(std::vector<std::uint8_t> octets, const engine::Arrival& arrival, unsigned worker) {
  arrive(std::move(octets), arrival, worker == kAny ? random(options_.workers) : worker);
}

void World::on_sent(unsigned, Bytes payload, const Departure& departure) {
  check_reply(payload, departure);
  const std::vector<std::uint8_t> octets(payload.begin(), payload.end());
  const unsigned copies = random(100) < options_.loss ? 0 : random(100) < options_.duplicates ? 2 : 1;
  for (unsigned i = 0; i < copies; ++i) {
    after(delay(), [this, octets, departure] { to_clients(octets, departure); });
  }
}

// As the reply is addressed, so it goes: who is not there does not hear it.
void World::to_clients(std::vector<std::uint8_t> octets, Departure departure) {
  wire::Message reply;
  if (!reply.parse(octets, wire::Message::Accept::replies)) return;
  const bool by_relay = departure.kind == Departure::Kind::routed && departure.port == engine::kServerPort;
  for (const auto& client : clients_) {
    bool hears = false;
    if (by_relay) {
      hears = client->link() == link_of(departure.to) && equal(client->mac(), reply.chaddr());
    } else if (departure.kind == Departure::Kind::routed) {
      hears = client->address(time_.true_wall()) == departure.to;
    } else {
      hears = client->link() == 0 && (departure.kind == Departure::Kind::link_broadcast || equal(client->mac(), departure.mac));
    }
    if (hears && equal(client->mac(), reply.chaddr())) client->receive(reply);
  }
}

void World::on_echo_request(unsigned, Ipv4 to, std::uint16_t id, std::uint16_t sequence) {
  const bool client = options_.clients_answer_pings && std::ranges::any_of(clients_, [&](const auto& one) {
    return one->address(time_.true_wall()) == to;
  });
  if (!client && !squatters_.contains(to.value)) return;
  after(delay(), [this, to, id, sequence, life = life_] {
    if (life != life_) return;
    for (unsigned i = 0; i < servers_.size(); ++i) {  // a raw socket each: everybody hears it
      servers_[i].transport->deliver_echo(to, id, sequence);
      turn(i);
    }
  });
}

void World::on_disk_write(unsigned index) {
  after(options_.least_disk + random_between(options_.most_disk - options_.least_disk), [this, index, life = life_] {
    if (life == life_) disk_works(index);
  });
}

void World::disk_works(unsigned index) {
  servers_[index].transport->step_disk();
  turn(index);
}

void World::on_durable(const store::Record& record) {
  auto [at, fresh] = durable_.try_emplace(record.address.value, record);
  if (!fresh && store::is_later(record.generation, at->second.generation)) at->second = record;
}

// --- quarantine ---

std::string World::modem_of(const Client& client) { return fmt::format("modem{}", client.number() / 2); }

bool World::is_in_garden(Ipv4 address) const {
  const config::Pool* pool = config_->pool_of(address);
  return pool != nullptr && pool->is_garden;
}

void World::confine(const std::vector<subscriber::Confined::Ward>& wards) {
  auto confined = std::make_shared<const subscriber::Confined>(wards);
  for (const auto& client : clients_) {
    const std::string modem = client->link() == 0 ? std::string{} : modem_of(*client);  // on the server's own wire there is none
    const bool now = confined->find({.hardware = client->mac(), .remote_id = as_bytes(modem), .vendor_class = {}}) != nullptr;
    Kept& kept = kept_[client->number()];
    if (kept.confined != now) kept = {now, time_.mono_ns};
  }
  confined_.publish(std::move(confined));
}

std::vector<subscriber::WardSighting> World::ward_sightings() {
  std::vector<subscriber::WardSighting> all;
  ward_sightings_.collect([&](const subscriber::WardSighting& one) { all.push_back(one); });
  return all;
}

// --- clients ---

Client& World::add_client(unsigned link, std::string client_id, Habits habits) {
  const auto number = static_cast<unsigned>(clients_.size());
  return *clients_.emplace_back(std::make_unique<Client>(*this, number, link, std::move(client_id), habits));
}

void World::start_all(unsigned within_ms) {
  for (const auto& client : clients_) {
    if (client->state() == Client::State::off) after(random(within_ms) * kMillisecond, [&client] { client->start(); });
  }
}

Client* World::client_with(Bytes mac) {
  for (const auto& client : clients_) {
    if (equal(client->mac(), mac)) return client.get();
  }
  return nullptr;
}

void World::add_abuse(std::int64_t every_ns) {
  const bool running = abuse_every_ != 0;
  abuse_every_ = every_ns;
  if (!running) abuse();
}

// Two MACs with one client identifier, one MAC with many, forged option 82, other people's addresses, noise.
void World::abuse() {
  after(abuse_every_ / 2 + random_between(abuse_every_), [this] { abuse(); });
  Packet packet;
  constexpr MessageType kTypes[] = {MessageType::discover, MessageType::request, MessageType::request, MessageType::release,
                                    MessageType::decline,  MessageType::inform,  MessageType::bootp};
  packet.type = kTypes[random(7)];
  packet.xid = static_cast<std::uint32_t>(random_()) | 0x80000000;
  packet.chaddr = {0x02, 0x66, 0x66, 0x66, 0x66, static_cast<std::uint8_t>(random(4))};
  const Ipv4 address = Ipv4::of(10, static_cast<std::uint8_t>(1 + random(4)), 0, static_cast<std::uint8_t>(random(64)));
  switch (random(3)) {
    case 0: packet.ciaddr = address; break;
    case 1: packet.add(code::requested_address, address); break;
    default: break;
  }
  switch (random(3)) {
    case 0: packet.add(code::client_identifier, std::string_view("twins")); break;
    case 1: packet.add(code::client_identifier, static_cast<std::uint32_t>(random_())); break;
    default: break;
  }
  if (random(4) == 0) packet.add(code::server_identifier, random(2) == 0 ? kServerAddress : address);
  if (random(4) == 0) packet.add(code::max_message_size, Bytes{std::array<std::uint8_t, 2>{static_cast<std::uint8_t>(random(8)), 0}});
  engine::Arrival arrival = on_link();
  if (const unsigned link = random(4); link != 0) {
    packet.giaddr = relay_of(link);
    arrival = relayed(link);
    for (unsigned n = random(4); n > 0; --n) {
      const std::vector<std::uint8_t> forged(random(200), static_cast<std::uint8_t>(random_()));
      packet.add_agent(static_cast<std::uint8_t>(random(12)), forged);
    }
  } else if (!packet.ciaddr.is_zero() && random(2) == 0) {
    arrival.from_link = false;
    arrival.source = packet.ciaddr;
    arrival.destination = kServerAddress;
  }
  std::vector<std::uint8_t> octets = packet.encode();
  switch (random(4)) {
    case 0:
      for (unsigned n = random(8); n > 0; --n) octets[236 + random(static_cast<unsigned>(octets.size()) - 236)] = static_cast<std::uint8_t>(random_());
      break;
    case 1:
      octets.resize(random(static_cast<unsigned>(octets.size())));
      break;
    default:
      break;
  }
  inject(std::move(octets), arrival);
}

// --- what must hold ---

void World::violate(std::string what) {
  violations_.push_back(fmt::format("seed {}, {:.6f} s: {}", options_.seed, static_cast<double>(time_.mono_ns) / 1e9, what));
}

lease::Binding World::binding(Ipv4 address) const {
  lease::Binding binding;
  if (const lease::SlotId slot = memory_->table().find(address); slot != lease::kNoSlot) memory_->table().read(slot, binding);
  return binding;
}

bool World::is_client(const Client& client, const lease::Binding& binding) const {
  const Bytes id = binding.get(lease::Item::client_id);
  if (!client.client_id().empty()) return equal(id, as_bytes(client.client_id()));
  return id.empty() && equal(binding.hardware(), client.mac());
}

void World::check_reply(Bytes payload, const Departure& departure) {
  wire::Message reply;
  if (!reply.parse(payload, wire::Message::Accept::replies)) return violate("a reply that does not parse");
  replies_[reply.xid()].push_back(reply.type());
  if (reply.type() == MessageType::ack) ++acks_;
  if (reply.type() == MessageType::offer) ++offers_;
  if (const auto asked = asked_.find(reply.xid()); asked != asked_.end()) {
    wire::Message query;
    if (query.parse(asked->second.octets)) {
      engine::Actions actions;
      actions.verdict = engine::Actions::Verdict::reply;
      actions.reply_type = reply.type();
      actions.reply_size = static_cast<std::uint16_t>(payload.size());
      actions.departure = departure;
      witness_->decided(query, asked->second.arrival, actions, payload, worker::TransmitBuffer::kPayload, {time_.mono_ns, time_.server_wall()});
      const auto& complaints = witness_->complaints();
      for (; complaints_ < complaints.size(); ++complaints_) violate(complaints[complaints_]);
    }
  }
  const Client* client = client_with(reply.chaddr());
  if (forbidden_ && client != nullptr && !reply.yiaddr().is_zero() && forbidden_(*client, reply.yiaddr())) {
    violate(fmt::format("client {} must not have {}", client->number(), to_string(reply.yiaddr())));
  }
  if (!reply.yiaddr().is_zero() && reply.type() != MessageType::offer) {
    check_ack(reply, client);
    if (client != nullptr) check_quarantine(reply, *client);
  }
}

// docs/quarantine.md: who asks when it is known gets an address of the garden, or of anywhere else when it is over.
void World::check_quarantine(const wire::Message& reply, const Client& client) {
  const auto kept = kept_.find(client.number());
  const auto arrived = arrived_.find(reply.xid());
  if (kept == kept_.end() || arrived == arrived_.end() || arrived->second <= kept->second.since) return;
  if (is_in_garden(reply.yiaddr()) == kept->second.confined) return;
  violate(fmt::format("client {} is {} quarantine and was given {}", client.number(), kept->second.confined ? "in" : "not in", to_string(reply.yiaddr())));
}

// RFC 2131 §3.1 step 4: what an ACK says is on the disk; and nobody else believes to have that address.
void World::check_ack(const wire::Message& reply, const Client* client) {
  const Ipv4 address = reply.yiaddr();
  if (client == nullptr) {
    for (const auto& other : clients_) {
      if (other->address(time_.true_wall()) == address) violate(fmt::format("{} of client {} was given to a stranger", to_string(address), other->number()));
    }
  }
  if (options_.durability != store::Durability::durable || config_->is_fixed_address(address)) return;
  const auto at = durable_.find(address.value);
  if (at == durable_.end() || at->second.binding.state != lease::BindingState::active) {
    return violate(fmt::format("{} was acknowledged and is not on the disk", to_string(address)));
  }
  const lease::Binding& binding = at->second.binding;
  if (!equal(binding.hardware(), reply.chaddr())) violate(fmt::format("{} was acknowledged to another than the disk says", to_string(address)));
  const Bytes seconds = reply.option(code::lease_time);
  const auto asked = asked_.find(reply.xid());
  if (client == nullptr || seconds.size() != 4 || asked == asked_.end() || binding.ends == lease::kStoredNever) return;
  // Held for a while, so the clock has gone on; the store's record has not.
  if (binding.ends < binding.starts + load_be32(seconds.data()) && binding.ends < time_.server_wall() + load_be32(seconds.data())) {
    violate(fmt::format("{} was acknowledged for longer than it is stored", to_string(address)));
  }
}

// RFC 2131 §2: an address is one client's, by the clients' own reckoning; and what it believes the server knows.
void World::accepted(const Client& client) {
  const WallSeconds now = time_.true_wall();
  const auto address = client.address(now);
  if (!address) return;
  for (const auto& other : clients_) {
    if (other.get() != &client && other->address(now) == address) {
      violate(fmt::format("{} is bound to clients {} and {}", to_string(*address), client.number(), other->number()));
    }
  }
  const lease::Binding binding = this->binding(*address);
  const bool kept = binding.state == lease::BindingState::active && is_client(client, binding) && binding.ends >= client.until() + time_.step;
  if (!kept && !config_->is_fixed_address(*address)) {
    violate(fmt::format("client {} has {} until {}, the server says {} until {}", client.number(), to_string(*address),
                        client.until(), lease::row_of(binding.state).word, binding.ends));
  }
}

void World::check_promises(std::string_view when) {
  for (const auto& client : clients_) {
    const auto address = client->address(time_.true_wall());
    // An address that the operator has taken out of the configuration is promised by nobody now; its lease waits in the store.
    if (!address || config_->is_fixed_address(*address) || config_->pool_of(*address) == nullptr) continue;
    const lease::Binding binding = this->binding(*address);
    if (binding.state == lease::BindingState::active && is_client(*client, binding) && binding.ends >= client->until()) continue;
    violate(fmt::format("{}: client {} was promised {} until {}, the server says {} until {}", when, client->number(),
                        to_string(*address), client->until(), lease::row_of(binding.state).word, binding.ends));
  }
}

// Every packet is answered, dropped for a reason, waiting, or was an order that nothing answers.
void World::check_books(unsigned index) {
  const worker::Counters& counters = servers_[index].worker->counters();
  std::uint64_t accounted = counters.without_reply.get() + servers_[index].transport->buffers_out();
  for (const worker::Counter& sent : counters.sent) accounted += sent.get();
  for (const worker::Counter& dropped : counters.dropped) accounted += dropped.get();
  const std::uint64_t delivered = servers_[index].transport->delivered();
  if (accounted != delivered) violate(fmt::format("worker {}: {} packets came, {} are accounted for", index, delivered, accounted));
}

std::uint64_t World::dropped(DropReason reason) const {
  std::uint64_t total = 0;
  for (const Server& server : servers_) total += server.worker->counters().dropped[static_cast<std::size_t>(reason)].get();
  return total;
}

std::size_t World::bound() const {
  return static_cast<std::size_t>(std::ranges::count_if(clients_, [this](const auto& client) { return client->address(time_.true_wall()).has_value(); }));
}

std::uint32_t World::billed(std::string_view class_name, std::string_view data) const {
  return memory_->limits().count(memory_->limits().key(class_name, as_bytes(data)));
}

bool World::store_failed() const {
  return std::ranges::any_of(servers_, [](const Server& server) { return server.worker->store_error() != 0; });
}

std::vector<MessageType> World::replies_to(std::uint32_t xid) const {
  const auto found = replies_.find(xid);
  return found == replies_.end() ? std::vector<MessageType>{} : found->second;
}

void World::expect_settled() {
  for (unsigned i = 0; i < servers_.size(); ++i) {
    for (int round = 0; round < 20 && servers_[i].worker->held() != 0; ++round) {
      (void)store_->fold_now();
      servers_[i].transport->step_disk_until_idle();
      turn(i);
    }
    EXPECT_EQ(servers_[i].worker->held(), 0u) << "seed " << options_.seed;
  }
  EXPECT_TRUE(memory_->table().consistent()) << "seed " << options_.seed;
  std::map<lease::LeaseLimits::Key, std::uint32_t> billed;
  lease::Binding binding;
  for (lease::SlotId slot = 0; slot < memory_->table().slot_count(); ++slot) {
    if (memory_->table().word(slot).state() != lease::SlotState::active) continue;
    memory_->table().read(slot, binding);
    if (const auto key = engine::billed_key(memory_->limits(), binding); key != 0) ++billed[key];
  }
  for (const auto& [key, count] : billed) EXPECT_EQ(memory_->limits().count(key), count) << "seed " << options_.seed;
}

}  // namespace coaxd::test
