#include "server/tftp/testing/sim_network.h"

#include <algorithm>

namespace coaxd::tftp {

namespace {
constexpr std::int64_t kNever = TimerWheel::kNoTime;
}

void SimFiles::put(std::string name, std::vector<std::uint8_t> octets) { put_contents(std::move(name), std::make_shared<MemoryContents>(std::move(octets))); }

const Contents* SimFiles::find(const std::string& name) const {
  const auto found = files_.find(name);
  return found == files_.end() ? nullptr : found->second.get();
}

FileAnswer SimFiles::open(const FileQuery& query) {
  const auto found = files_.find(query.name);
  if (found == files_.end()) return FileAnswer::refused(ErrorCode::file_not_found);
  ++opened;
  open_now.emplace(query.ticket, query.name);
  if (query.name.starts_with("never-")) return FileAnswer::pending();
  if (!query.name.starts_with("late-")) return FileAnswer::ready(found->second);
  late.push_back({query.ticket, std::string(query.name), query.now.mono_ns + delay_ns});
  return FileAnswer::pending();
}

void SimFiles::close(Ticket ticket, bool complete) {
  if (open_now.erase(ticket) != 1) std::abort();  // once for each
  ++(complete ? closed_complete : closed_early);
}

SimNetwork::SimNetwork(const Settings& settings, const SimFaults& faults, std::uint64_t seed)
    : faults_(faults), random_(seed), responder_(std::make_unique<Responder>(settings, files, *this, now_)), room_(settings.largest_datagram) {}

SimClient& SimNetwork::add(SimClientSettings settings, std::int64_t start_ns) {
  settings.server = kServer;
  clients.push_back(std::make_unique<SimClient>(std::move(settings)));
  SimClient& client = *clients.back();
  by_endpoint_[client.settings().self] = &client;
  starts_.push({now_.mono_ns + start_ns, &client});
  return client;
}

SimClient::Send SimNetwork::sender(const SimClient& client) {
  return [this, self = client.settings().self](Bytes datagram, Endpoint to) { transmit(self, to, datagram); };
}

void SimNetwork::send_from(Endpoint client, Endpoint to, Bytes datagram) {
  in_flight_.push({now_.mono_ns, order_++, client, to, {datagram.begin(), datagram.end()}});
}

void SimNetwork::transmit(Endpoint from, Endpoint to, Bytes octets) {
  const auto once = [&] {
    if (chance() < faults_.loss) return;
    std::uniform_int_distribution<std::int64_t> delay(faults_.least_delay_ns, faults_.most_delay_ns);
    in_flight_.push({now_.mono_ns + delay(random_), order_++, from, to, {octets.begin(), octets.end()}});
  };
  once();
  if (chance() < faults_.doubled) once();
}

MutableBytes SimNetwork::room() {
  if (rooms_per_step && sent_in_step_ >= *rooms_per_step) return {};
  return room_;
}

void SimNetwork::send(std::size_t size, const Departure& departure) {
  ++sent_in_step_;
  largest_ = std::max(largest_, size);
  const std::uint16_t port = departure.socket == 0 ? kServer.port : static_cast<std::uint16_t>(kFirstTransferPort + departure.socket - 1);
  transmit({departure.from, port}, departure.to, Bytes{room_}.first(size));
}

void SimNetwork::log(const Event& event) {
  static constexpr const char* kKinds[] = {"refused", "started", "completed", "failed"};
  std::string line = kKinds[static_cast<std::size_t>(event.kind)];
  if (event.reason != Reason::none) line.append(" ").append(to_string(event.reason));
  events.push_back(std::move(line));
}

void SimNetwork::deliver(const Packet& packet) {
  if (packet.to.address == kServer.address) {
    const auto socket = static_cast<std::uint8_t>(packet.to.port == kServer.port ? 0 : packet.to.port - kFirstTransferPort + 1);
    responder_->on_datagram(packet.octets, {.from = packet.from, .to = packet.to.address, .socket = socket}, now_);
    most_open_ = std::max(most_open_, responder_->open());
    return;
  }
  const auto found = by_endpoint_.find(packet.to);
  if (found == by_endpoint_.end()) return;
  SimClient& client = *found->second;
  client.on_datagram(packet.octets, packet.from, now_.mono_ns, sender(client));
  schedule(client);
}

void SimNetwork::schedule(SimClient& client) {
  const std::int64_t next = client.next_ns();
  const auto [found, first] = scheduled_.try_emplace(&client, kNever);
  if (next >= found->second) return;
  found->second = next;
  wakes_.emplace(next, &client);
}

std::int64_t SimNetwork::next_ns() const {
  std::int64_t next = responder_->next_ns();
  if (!in_flight_.empty()) next = std::min(next, in_flight_.top().at_ns);
  if (!starts_.empty()) next = std::min(next, starts_.top().at_ns);
  if (!wakes_.empty()) next = std::min(next, wakes_.begin()->first);
  for (const SimFiles::Late& late : files.late) next = std::min(next, late.at_ns);
  return next;
}

void SimNetwork::wake_clients() {
  while (!wakes_.empty() && wakes_.begin()->first <= now_.mono_ns) {
    SimClient& client = *wakes_.begin()->second;
    wakes_.erase(wakes_.begin());
    scheduled_.erase(&client);
    client.on_time(now_.mono_ns, sender(client));
    schedule(client);
  }
}

void SimNetwork::step_to(std::int64_t at_ns) {
  now_.wall += (at_ns - now_.mono_ns) / 1'000'000'000;
  now_.mono_ns = at_ns;
  sent_in_step_ = 0;
  while (!starts_.empty() && starts_.top().at_ns <= at_ns) {
    SimClient& client = *starts_.top().client;
    starts_.pop();
    client.start(at_ns, sender(client));
    schedule(client);
  }
  while (!in_flight_.empty() && in_flight_.top().at_ns <= at_ns) {
    const Packet packet = in_flight_.top();
    in_flight_.pop();
    deliver(packet);
  }
  for (std::size_t i = 0; i < files.late.size();) {
    if (files.late[i].at_ns > at_ns) {
      ++i;
      continue;
    }
    const SimFiles::Late late = files.late[i];
    files.late.erase(files.late.begin() + static_cast<std::ptrdiff_t>(i));
    const FileAnswer answer = files.answer(late.name);
    responder_->answer(late.ticket, answer, now_);
  }
  wake_clients();
  responder_->on_time(now_);
}

bool SimNetwork::run(std::int64_t most_ns) {
  const std::int64_t end = now_.mono_ns + most_ns;
  for (std::int64_t next = next_ns(); next != kNever; next = next_ns()) {
    if (next > end) {
      step_to(end);
      return false;
    }
    step_to(std::max(next, now_.mono_ns));
  }
  return true;
}

}  // namespace coaxd::tftp
