#include "server/tftp/responder.h"

#include <algorithm>

#include "server/base/assert.h"

namespace coaxd::tftp {

namespace {

constexpr std::int64_t kNsPerMs = 1'000'000, kNsPerSecond = 1'000'000'000;
// IPv4 and UDP headers, and DATA's own.
constexpr std::size_t kOverhead = 20 + 8 + kHeaderSize;
// RFC 791: a host takes datagrams of 576 octets in any case. A path that is said to be narrower is somebody's mistake.
constexpr std::uint16_t kLeastMtu = 576;
// Buffers come back with the next completions.
constexpr std::int64_t kRoomWaitNs = 10 * kNsPerMs;
constexpr unsigned kLongestSilenceS = 120;

// An address that one can answer to: not "this network", not a group, not everybody.
bool plausible(Endpoint from) noexcept {
  const std::uint32_t first = from.address.value >> 24;
  return from.port != 0 && first != 0 && first < 224;
}

Reason reason_of(ErrorCode code) noexcept {
  if (code == ErrorCode::file_not_found) return Reason::file_not_found;
  if (code == ErrorCode::access_violation) return Reason::access_violation;
  return Reason::file_error;
}

Departure back(const Arrival& arrival) noexcept { return {arrival.from, arrival.to, arrival.socket}; }
Departure to_client(const Transfer& transfer) noexcept { return {transfer.client, transfer.server, transfer.socket}; }

}  // namespace

Responder::Responder(const Settings& settings, FileSource& files, Outlet& outlet, Instant now)
    : settings_(settings), files_(files), outlet_(outlet), table_(settings.transfers, settings.seed, now.mono_ns) {
  COAXD_ASSERT(settings_.largest_datagram >= kPlainBlockSize + kHeaderSize && settings_.largest_window >= 1);
  COAXD_ASSERT(settings_.largest_window <= Transfer::kFarthest && settings_.tries >= 1 && settings_.tries_unheard >= 1);
}

Responder::~Responder() = default;

void Responder::on_datagram(Bytes datagram, const Arrival& arrival, Instant now) {
  counters_.received.add();
  if (!plausible(arrival.from)) return refuse(Reason::implausible_source, arrival);
  // RFC 1123 §4.2.3.5: a request that everybody has got is not answered.
  if (arrival.to.value >> 24 >= 224) return refuse(Reason::broadcast, arrival);
  const auto packet = parse(datagram);
  if (!packet) return refuse(packet.error(), arrival);
  switch (packet->opcode) {
    case Opcode::rrq:
    case Opcode::wrq: return on_request(*packet, arrival, now);
    case Opcode::ack: return on_ack(packet->block, arrival, now);
    case Opcode::error: return on_error(*packet, arrival, now);
    case Opcode::data:
    case Opcode::oack: return refuse(Reason::unexpected_opcode, arrival);
  }
}

void Responder::on_request(const Packet& packet, const Arrival& arrival, Instant now) {
  // Requests come to the one port that is known for it (RFC 1350 §4).
  if (arrival.socket != 0) return refuse(Reason::request_elsewhere, arrival, packet.text);
  if (packet.opcode == Opcode::wrq) return refuse(Reason::write_refused, arrival, packet.text);
  counters_.options_ignored.add(packet.options_ignored);

  if (Transfer* known = table_.find(arrival.from); known != nullptr) {
    const bool under_way = known->state != Transfer::State::over;
    const bool same = known->server == arrival.to && table_.name(*known) == packet.text && table_.asked(*known) == packet.options;
    if (under_way && same) return repeat(*known, now);
    if (under_way) end(*known, Reason::superseded, now);
    else table_.remove(*known);
  }

  counters_.requests.add();
  if (const Reason reason = admit(arrival); reason != Reason::none) return refuse(reason, arrival, packet.text);
  Transfer* transfer = table_.add(arrival.from);
  if (transfer == nullptr) return refuse(Reason::busy, arrival, packet.text);
  transfer->server = arrival.to;
  transfer->path_mtu = std::max(arrival.path_mtu, kLeastMtu);
  transfer->timeout_s = static_cast<std::uint16_t>(packet.options.get(Option::timeout));
  transfer->started_ns = now.mono_ns;
  transfer->socket = pick_socket(*transfer);
  table_.set_request(*transfer, packet.text, packet.options);
  counters_.open.set(table_.open());
  table_.arm(*transfer, now.mono_ns + settings_.file_wait.count() * kNsPerMs);

  const Ticket ticket = table_.ticket(*transfer);
  answer(ticket, files_.open({packet.text, arrival.from, arrival.to, now, ticket}), now);
}

Reason Responder::admit(const Arrival& arrival) const noexcept {
  const bool many = table_.open_from(arrival.from.address) >= settings_.per_source;
  return many && !is_proxy(arrival.from.address) ? Reason::too_many_from_source : Reason::none;
}

void Responder::answer(Ticket ticket, const FileAnswer& answer, Instant now) {
  Transfer* transfer = table_.find(ticket);
  if (transfer == nullptr || transfer->state != Transfer::State::opening) return;
  switch (answer.status) {
    case FileAnswer::Status::pending: return;
    case FileAnswer::Status::ready: return begin(*transfer, answer.contents, now);
    case FileAnswer::Status::refused: break;
  }
  // The request came to port 69; RFC 1350 §4 has an ERROR that refuses it come from there or from a TID alike.
  const Arrival arrival{.from = transfer->client, .to = transfer->server};
  const Reason reason = reason_of(answer.code);
  refuse(reason, arrival, table_.name(*transfer), answer);
  table_.remove(*transfer);
  counters_.open.set(table_.open());
}

void Responder::begin(Transfer& transfer, std::shared_ptr<const Contents> contents, Instant now) {
  COAXD_ASSERT(contents != nullptr);
  transfer.contents = std::move(contents);
  transfer.begin(agreed(transfer));
  counters_.started.add();
  outlet_.log({.kind = Event::Kind::started,
               .client = transfer.client,
               .server = transfer.server,
               .name = table_.name(transfer),
               .size = transfer.contents->size(),
               .block_size = transfer.block_size,
               .window = transfer.window});
  proceed(transfer, now);
}

void Responder::repeat(Transfer& transfer, Instant now) {
  counters_.repeated.add();
  if (transfer.state == Transfer::State::opening) return;
  transfer.begin_again(agreed(transfer));
  transfer.tries = 0;
  proceed(transfer, now);
}

void Responder::on_ack(std::uint16_t block, const Arrival& arrival, Instant now) {
  Transfer* transfer = table_.find(arrival.from);
  // RFC 1350 §4: a packet with another TID is told so, and does not disturb the transfer.
  if (transfer == nullptr) return refuse(Reason::unknown_transfer, arrival);
  if (transfer->state == Transfer::State::opening) return refuse(Reason::unsent_ack, arrival);  // left over from an earlier one
  // Left over from an earlier one too, whose TID it names. RFC 1350 §4 would have a stranger told; but this is our client, and as long as it has not heard
  // from us it would take an ERROR for the answer to its request.
  if (transfer->socket != arrival.socket) return refuse(Reason::wrong_port, arrival);
  if (transfer->state == Transfer::State::over) return refuse(Reason::after_the_end, arrival);

  const bool within_window = transfer->next != transfer->acknowledged + 1;
  const std::uint64_t sent_to = transfer->next - 1;
  switch (transfer->acknowledge(block)) {
    case Transfer::Verdict::duplicate: return refuse(Reason::duplicate_ack, arrival);
    case Transfer::Verdict::old: return refuse(Reason::old_ack, arrival);
    case Transfer::Verdict::unsent: return refuse(Reason::unsent_ack, arrival);
    case Transfer::Verdict::complete: return end(*transfer, Reason::none, now);
    case Transfer::Verdict::moved: break;
  }
  if (within_window && transfer->acknowledged < sent_to) counters_.gaps.add();
  transfer->tries = 0;
  transfer->heard = true;
  proceed(*transfer, now);
}

void Responder::on_error(const Packet& packet, const Arrival& arrival, Instant now) {
  Transfer* transfer = table_.find(arrival.from);
  // RFC 1350 §7: an ERROR is neither acknowledged nor answered.
  if (transfer == nullptr || transfer->state == Transfer::State::over) return refuse(Reason::stray_error, arrival);
  // Before our first answer the client knows no other port than that for requests.
  const std::uint8_t socket = transfer->state == Transfer::State::opening ? std::uint8_t{0} : transfer->socket;
  if (arrival.socket != socket) return refuse(Reason::stray_error, arrival);
  end(*transfer, Reason::client_error, now, packet.text);
}

// Sends what may be sent now, and starts the timer for what will be if nothing comes back.
void Responder::proceed(Transfer& transfer, Instant now) {
  transfer.starved = false;
  if (transfer.state == Transfer::State::offering) {
    transfer.starved = !send_oack(transfer);
  } else {
    while (transfer.next <= transfer.window_end()) {
      if (send_block(transfer, transfer.next, now)) continue;
      if (!transfer.starved) return;  // it has ended
      break;
    }
  }
  arm(transfer, now);
}

bool Responder::send_oack(Transfer& transfer) {
  const MutableBytes room = outlet_.room();
  if (room.empty()) {
    counters_.no_room.add();
    return false;
  }
  const std::size_t size = write_oack(room, agreed(transfer));
  COAXD_ASSERT(size > 0);
  send(size, to_client(transfer));
  return true;
}

// False: there was no room (`starved`), or the file could not be read, which was the end of the transfer.
bool Responder::send_block(Transfer& transfer, std::uint64_t block, Instant now) {
  const MutableBytes room = outlet_.room();
  if (room.empty()) {
    counters_.no_room.add();
    transfer.starved = true;
    return false;
  }
  const std::size_t size = transfer.size_of(block);
  COAXD_ASSERT(kHeaderSize + size <= room.size());
  write_data_header(room, static_cast<std::uint16_t>(block));
  if (!transfer.contents->read(transfer.offset_of(block), room.subspan(kHeaderSize, size))) {
    const ReasonRow& why = row(Reason::read_failed);
    send_error(to_client(transfer), why.reply, why.text);
    end(transfer, Reason::read_failed, now, why.text);
    return false;
  }
  if (block <= transfer.highest) {
    counters_.resent.add();
    ++transfer.resent;
  }
  transfer.sent(block);
  counters_.octets_sent.add(size);
  send(kHeaderSize + size, to_client(transfer));
  return true;
}

void Responder::on_time(Instant now) {
  table_.expire(now.mono_ns, [&](Transfer& transfer) { on_timeout(transfer, now); });
  table_.forget_over(now.mono_ns - settings_.linger.count() * kNsPerMs);
}

void Responder::on_timeout(Transfer& transfer, Instant now) {
  if (transfer.state == Transfer::State::opening) {
    const ReasonRow& why = row(Reason::file_late);
    send_error({transfer.client, transfer.server, 0}, why.reply, why.text);
    return end(transfer, Reason::file_late, now, why.text);
  }
  if (transfer.starved) return proceed(transfer, now);
  if (++transfer.tries >= most_tries(transfer)) {
    // All was sent and only the last word is missing: the client may well have its file.
    const bool all_sent = transfer.highest == transfer.blocks && transfer.window_end() == transfer.blocks && transfer.heard;
    return end(transfer, all_sent ? Reason::unconfirmed : Reason::no_answer, now);
  }
  transfer.go_back();
  if (transfer.state == Transfer::State::offering) {
    counters_.resent.add();
    ++transfer.resent;
  }
  proceed(transfer, now);
}

// RFC 1123 §4.2.3.2: exponential back-off. RFC 2349: a timeout that was agreed upon is where it begins.
std::int64_t Responder::timeout_ns(const Transfer& transfer) const noexcept {
  const std::int64_t first = transfer.timeout_s != 0 ? transfer.timeout_s * kNsPerSecond : settings_.first_timeout.count() * kNsPerMs;
  const std::int64_t longest = std::max(first, settings_.longest_timeout.count() * kNsPerMs);
  return std::min(first << std::min<unsigned>(transfer.tries, 16), longest);
}

// A client's wish to be asked every 255 seconds only must not keep its place for half an hour.
unsigned Responder::most_tries(const Transfer& transfer) const noexcept {
  const unsigned most = transfer.heard ? settings_.tries : settings_.tries_unheard;
  const unsigned patient = transfer.timeout_s == 0 ? most : std::max(2u, kLongestSilenceS / transfer.timeout_s);
  return std::min(most, patient);
}

void Responder::arm(const Transfer& transfer, Instant now) noexcept {
  table_.arm(transfer, now.mono_ns + (transfer.starved ? kRoomWaitNs : timeout_ns(transfer)));
}

void Responder::end(Transfer& transfer, Reason reason, Instant now, std::string_view text) {
  const bool complete = reason == Reason::none;
  Event event{.kind = complete ? Event::Kind::completed : Event::Kind::failed,
              .reason = reason,
              .label = to_string(reason),
              .client = transfer.client,
              .server = transfer.server,
              .name = table_.name(transfer),
              .text = text,
              .resent = transfer.resent,
              .duration_ns = now.mono_ns - transfer.started_ns,
              .block_size = transfer.block_size,
              .window = transfer.window};
  if (transfer.contents != nullptr) {
    event.size = transfer.contents->size();
    event.acknowledged = std::min(event.size, transfer.acknowledged * transfer.block_size);
  }
  outlet_.log(event);
  const Ticket ticket = table_.ticket(transfer);
  // Late packets of a transfer that ended well are no offence; any other's client is better told that nobody is there.
  if (complete) {
    counters_.completed.add();
    table_.retire(transfer, now.mono_ns);
  } else {
    counters_.of(reason).add();
    table_.remove(transfer);
  }
  counters_.open.set(table_.open());
  files_.close(ticket, complete);
}

void Responder::refuse(Reason reason, const Arrival& arrival, std::string_view name) {
  refuse(reason, arrival, name, FileAnswer::refused(row(reason).reply));
}

void Responder::refuse(Reason reason, const Arrival& arrival, std::string_view name, const FileAnswer& answer) {
  counters_.of(reason).add();
  const std::string_view text = answer.text.empty() ? row(reason).text : answer.text;
  if (!name.empty()) {
    const std::string_view label = answer.label.empty() ? to_string(reason) : answer.label;
    outlet_.log({.kind = Event::Kind::refused, .reason = reason, .label = label, .client = arrival.from, .server = arrival.to, .name = name, .text = text});
  }
  if (answer.code != ErrorCode::silence) send_error(back(arrival), answer.code, text);
}

void Responder::send_error(const Departure& departure, ErrorCode code, std::string_view text) {
  const MutableBytes room = outlet_.room();
  if (room.empty()) {
    counters_.no_room.add();  // it was a courtesy
    return;
  }
  send(write_error(room, code, text), departure);
}

void Responder::send(std::size_t size, const Departure& departure) {
  counters_.sent.add();
  outlet_.send(size, departure);
}

// RFC 1350 §4: at random, so that the same pair of TIDs is not likely to come twice in succession.
std::uint8_t Responder::pick_socket(const Transfer& transfer) const noexcept {
  if (settings_.transfer_sockets == 0) return 0;
  std::uint8_t key[10];
  store_be32(key, transfer.client.address.value);
  store_be16(key + 4, transfer.client.port);
  store_be32(key + 6, static_cast<std::uint32_t>(counters_.requests.get()));
  return static_cast<std::uint8_t>(1 + hash_bytes(settings_.seed, key) % settings_.transfer_sockets);
}

Options Responder::agreed(const Transfer& transfer) const noexcept {
  const std::size_t fits = std::min(transfer.path_mtu - kOverhead, settings_.largest_datagram - kHeaderSize);
  const Limits limits{.largest_block = static_cast<std::uint16_t>(fits), .largest_window = settings_.largest_window};
  return agree(table_.asked(transfer), limits, transfer.contents->size());
}

bool Responder::is_proxy(Ipv4 address) const noexcept {
  return std::ranges::any_of(settings_.proxies, [&](const Prefix& prefix) { return prefix.contains(address); });
}

}  // namespace coaxd::tftp
