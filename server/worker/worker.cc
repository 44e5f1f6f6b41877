#include "server/worker/worker.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <thread>
#include <utility>

namespace coaxd::worker {

namespace {

// One packet changes its own binding and, with one-lease-per-client, releases a few others.
constexpr std::size_t kChangesPerReply = 2;
// Leases ended per turn: enough for a million in seconds, little enough that packets do not notice.
constexpr std::size_t kExpiriesPerTurn = 64;
// Most turns whose leases share a sync: 256 packets, less than a millisecond.
constexpr unsigned kGatherTurns = 4;
// For how many held replies the memory is asked together for what their commits will touch, as many ahead.
constexpr std::size_t kTogether = 8;
// With nothing to do the loop still comes round, to look at the clock and at requests.
constexpr std::int64_t kIdleNs = 500'000'000;
constexpr auto kLogPatience = std::chrono::seconds(1);
// Too many held replies: the next completion makes room; packets wait in the sockets' buffers meanwhile.
constexpr std::int64_t kFullNs = 1'000'000;

constexpr std::int64_t kRenewing = 60'000'000'000;  // RFC 2131 §4.4.5: a minute at least
constexpr std::int64_t kUnrepeated = std::numeric_limits<std::int64_t>::max();

// How long a client waits before it asks again: an answer to what it has asked before only costs time that its new question needs.
std::int64_t patience_of(const wire::Message& message) noexcept {
  constexpr std::int64_t kSecond = 1'000'000'000;
  switch (message.type()) {
    case wire::MessageType::request:
      if (!message.ciaddr().is_zero()) return kRenewing;
      [[fallthrough]];
    case wire::MessageType::bootp:
    case wire::MessageType::discover:
    case wire::MessageType::inform:
      return 3 * kSecond;  // RFC 2131 §4.1: four seconds, give or take one
    default:
      // A CMTS that hears nothing asks again when the next packet of that client comes; a RELEASE and a DECLINE come once.
      return leasequery::may_be_query(message.type()) ? 3 * kSecond : kUnrepeated;
  }
}

// wire::ParseError's order is that of the first drop reasons (drop_reason.h); a static check would need both lists.
engine::DropReason to_drop(wire::ParseError error) noexcept {
  return static_cast<engine::DropReason>(static_cast<int>(error) +
                                         static_cast<int>(engine::DropReason::too_short));
}
static_assert(static_cast<int>(engine::DropReason::too_many_options) -
                  static_cast<int>(engine::DropReason::too_short) ==
              static_cast<int>(wire::ParseError::too_many_options));

}  // namespace

Worker::Worker(const Parts& parts, Snapshot snapshot)
    : transport_(parts.transport),
      journal_(parts.journal),
      leases_(parts.leases),
      changes_(parts.max_held * kChangesPerReply),
      engine_(parts.leases, parts.limits, changes_, parts.settings),
      log_packets_(parts.log_packets),
      echo_id_(static_cast<std::uint16_t>(0x4300 + parts.index)),
      held_(parts.max_held),
      held_effects_(parts.max_held),
      outlets_(parts.max_effects) {
  probes_.reserve(kMaxProbes);
  now_ = transport_.now();
  if (parts.services.any()) services_ = std::make_unique<Services>(parts.services, transport_, leases_, static_cast<Services::Log&>(*this), now_);
  engine_.use(std::move(snapshot.config), std::move(snapshot.names));
}

Worker::~Worker() = default;

void Worker::run() {
  while (!stop_.load(std::memory_order_acquire)) {
    std::int64_t until = transport_.now().mono_ns + kIdleNs;
    if (!probes_.empty()) until = std::min(until, probes_.front().deadline_ns);
    if (services_) until = std::min(until, services_->next_ns());
    turn(until);
    park_if_asked();
  }
  settle_held();
}

// To rest: what is held gets its fate and its answer; packets stay in the sockets' buffers, or under load this would never end.
void Worker::settle_held() {
  for (;;) {
    journal_.flush();
    release_settled();
    transport_.flush();
    if (held_.empty() && journal_.at_rest()) return;
    clock_is_stale_ = true;
    transport_.wait(*this, transport_.now().mono_ns + kIdleNs, Transport::Intake::completions);
    release_settled();
  }
}

void Worker::turn(std::int64_t until_mono_ns) {
  clock_is_stale_ = true;
  // What was gathered has its client waiting, and what has come to an end is to be looked at: nobody sleeps on them.
  const bool full = held_.full();
  if (full) until_mono_ns = std::min(until_mono_ns, now_.mono_ns + kFullNs);
  const bool more = transport_.wait(*this, gathered_ > 0 || more_due_ ? 0 : until_mono_ns,
                                    full ? Transport::Intake::completions : Transport::Intake::everything);
  now_ = transport_.now();
  clock_is_stale_ = false;
  finish_probes();
  if (services_) services_->on_time(now_);
  expire();
  // While packets wait, what they will change shares the sync with what is there: it costs as much processor time as some exchanges.
  gathered_ = more ? gathered_ + 1 : kGatherTurns;
  if (gathered_ >= kGatherTurns) {
    journal_.flush();
    gathered_ = 0;
  }
  release_settled();  // `memory` settles at once, and so does a synchronous disk
  if (journal_.failed() != 0 && now_.mono_ns >= retry_at_ns_) {
    retry_at_ns_ = now_.mono_ns + kStoreRetryNs;
    journal_.retry();
  }
  store_error_.store(look_at_store(), std::memory_order_relaxed);
  transport_.flush();
  count_journal();
  counters_.turns.add();
}

int Worker::look_at_store() const noexcept {
  if (journal_.failed() != 0) return journal_.failed();
  return !held_.empty() && now_.mono_ns - held_.front().since_ns > kStorePatienceNs ? ETIMEDOUT : 0;
}

// The journal's own figures are plain numbers of this thread; others read these.
void Worker::count_journal() noexcept {
  const store::Journal::Stats& stats = journal_.stats();
  counters_.journal_batches.set(stats.batches);
  counters_.journal_records.set(stats.records);
  counters_.journal_octets.set(stats.octets);
  counters_.journal_failures.set(stats.failures);
  counters_.journal_sync_ns.set(stats.sync_ns_total);
}

// wait() may have slept for half a second, and lease times are told in whole ones: the first thing that it delivers reads the clock,
// for the whole batch.
void Worker::read_clock_once() noexcept {
  if (!clock_is_stale_) return;
  now_ = transport_.now();
  clock_is_stale_ = false;
}

void Worker::on_datagram(Bytes payload, const engine::Arrival& arrival) {
  read_clock_once();
  if (const auto parsed = message_.parse(payload); !parsed) {
    drop(to_drop(parsed.error()));
    return;
  }
  const wire::MessageType type = leasequery::may_be_query(message_.type()) ? wire::MessageType::leasequery : message_.type();
  counters_.received[static_cast<std::size_t>(type)].add();
  const std::int64_t patience = patience_of(message_);
  if (arrival.waited_ns > patience) {
    drop(engine::DropReason::stale);
    return;
  }
  Queues& queues = queues_[static_cast<std::size_t>(arrival.queue)];
  StandingQueue& queue = patience == kRenewing ? queues.renewing : queues.booting;
  if (patience != kUnrepeated && queue.gives_way(arrival.waited_ns, now_.mono_ns)) {
    drop(engine::DropReason::overload);
    return;
  }
  // An OFFER now is a REQUEST in a moment, and there would be no place for it.
  const std::size_t places = message_.type() == wire::MessageType::discover ? held_.capacity() / 4 * 3 : held_.capacity();
  if (held_.size() >= places) {
    drop(engine::DropReason::overload);
    return;
  }
  TransmitBuffer buffer = transport_.take();
  if (!buffer) {
    drop(engine::DropReason::no_transmit_buffer);
    return;
  }
  engine_.decide(message_, arrival, now_, buffer.payload(), actions_);
  act(buffer);
}

void Worker::act(TransmitBuffer buffer) {
  using Verdict = engine::Actions::Verdict;
  for (const bool before : {true, false}) {
    for (std::size_t i = 0; i < actions_.log_count; ++i) {
      if (engine::precedes_message(actions_.logs[i].kind) == before) log(actions_.logs[i], false);
    }
  }
  if (actions_.verdict == Verdict::drop && actions_.reason != engine::DropReason::none) drop(actions_.reason);

  if (actions_.changes != nullptr) {
    const bool replies = actions_.verdict == Verdict::reply;
    const engine::DropReason refused = hold(actions_.changes, replies ? buffer : TransmitBuffer{});
    if (refused != engine::DropReason::none) {
      if (actions_.reason == engine::DropReason::none) drop(refused);
      if (replies && refused == engine::DropReason::store_failed) log_unstored(actions_.reply_log);
      return transport_.give_back(buffer);
    }
    if (replies) return;
    // A probe goes out beside changes of other leases: an OFFER promises nothing, so it need not wait for them.
    if (actions_.verdict == Verdict::probe) return start_probe(buffer);
    if (actions_.reason == engine::DropReason::none) counters_.without_reply.add();
    return transport_.give_back(buffer);
  }
  run_effects(actions_.effects);
  switch (actions_.verdict) {
    case Verdict::drop:
      if (actions_.reason == engine::DropReason::none) counters_.without_reply.add();
      transport_.give_back(buffer);
      return;
    case Verdict::reply:
      // While the store fails no ACK leaves, not even one that repeats a lease unchanged (dhcp-cache-threshold): a RELEASE of that lease
      // may have been lost with the last batch (store/journal.cc).
      if (journal_.failed() != 0 && actions_.reply_type == wire::MessageType::ack) {
        drop(engine::DropReason::store_failed);
        log_unstored(actions_.reply_log);
        transport_.give_back(buffer);
        return;
      }
      send(buffer, actions_.reply_size, actions_.reply_type, actions_.departure, actions_.reply_log);
      return;
    case Verdict::probe:
      start_probe(buffer);
      return;
  }
}

// Appends every change to the journal and remembers what waits for it. A reason: nothing waits, everything is as before, and the buffer
// is still the caller's.
engine::DropReason Worker::hold(engine::Change* changes, TransmitBuffer buffer) {
  if (held_.full()) {
    undo(changes);
    return engine::DropReason::overload;
  }
  // All records of a packet or none: the end of one lease must not become durable without the grant that asked for it, for in memory it
  // would be undone, and its client served on from there.
  std::size_t count = 0;
  for (const engine::Change* change = changes; change != nullptr; change = change->next) ++count;
  if (!journal_.has_room(count)) {
    undo(changes);
    return journal_.failed() != 0 ? engine::DropReason::store_failed : engine::DropReason::overload;
  }
  std::uint64_t last = 0;
  const auto at = lease::to_stored(now_.wall);
  for (engine::Change* change = changes; change != nullptr; change = change->next) {
    last = journal_.append(change->address, change->claim.generation, at, store::Record::Kind::binding, change->binding);
    COAXD_ASSERT(last != 0);
  }
  Held& held = held_.push();
  held.sequence = last;
  held.since_ns = now_.mono_ns;
  held.changes = changes;
  held.buffer = buffer;
  held.size = actions_.reply_size;
  held.type = actions_.reply_type;
  held.departure = actions_.departure;
  held.log = actions_.reply_log;
  held.effects = 0;
  for (const engine::Effect& effect : actions_.effects) {
    if (held_effects_.full()) {
      counters_.effects_lost.add();
      continue;
    }
    copy_effect(effect, held_effects_.push());
    ++held.effects;
  }
  return engine::DropReason::none;
}

void Worker::undo(engine::Change* changes) noexcept {
  while (changes != nullptr) {
    engine::Change* next = changes->next;
    engine_.settle(changes, false);
    changes = next;
  }
}

// Called after every completion, before the next batch can start: so a settled sequence that is not durable yet never will be.
void Worker::release_settled() {
  for (std::size_t settled = 0; !held_.empty() && held_.front().sequence <= journal_.settled(); ++settled) {
    // Between a claim and its commit lie so many others that its slot may have left the cache.
    for (std::size_t i = kTogether; settled % kTogether == 0 && i < std::min(2 * kTogether, held_.size()); ++i) {
      if (const engine::Change* soon = held_.at(i).changes) leases_.prefetch(soon->claim);
    }
    Held& held = held_.front();
    const bool durable = held.sequence <= journal_.durable();
    for (engine::Change* change = held.changes; change != nullptr;) {
      engine::Change* next = change->next;
      const lease::SlotId slot = change->claim.slot;
      engine_.settle(change, durable);
      if (durable) outlets_.changes.changed(slot);
      (durable ? counters_.commits : counters_.commits_failed).add();
      change = next;
    }
    for (; held.effects > 0; --held.effects) {
      if (durable) emit(held_effects_.front());
      held_effects_.pop();
    }
    if (held.buffer) {
      if (durable) {
        send(held.buffer, held.size, held.type, held.departure, held.log);
      } else {
        drop(engine::DropReason::store_failed);
        log_unstored(held.log);
        transport_.give_back(held.buffer);
      }
    }
    held_.pop();
  }
}

void Worker::send(TransmitBuffer buffer, std::size_t size, wire::MessageType type, const engine::Departure& departure,
                  const engine::LogEvent& event) {
  transport_.send(buffer, size, departure);
  counters_.sent[static_cast<std::size_t>(type)].add();
  // An ACK's line is what operators and courts look for: it waits for room rather than be lost.
  log(event, type == wire::MessageType::ack);
}

// Why no ACK follows a REQUEST whose own line is written already, in dhcpd's words.
void Worker::log_unstored(engine::LogEvent event) {
  if (event.kind != engine::LogKind::ack) return;
  event.kind = engine::LogKind::request;
  event.suffix = engine::LogSuffix::database_update_failed;
  log(event, false);
}

void Worker::log(const engine::LogEvent& event, bool must_keep) {
  if (event.kind == engine::LogKind::none || (!log_packets_ && !engine::outlives_message(event.kind))) return;
  // The last quarter of the queue is kept for the lines that must not be lost.
  if (!must_keep && outlets_.logs.size() >= outlets_.logs.capacity() / 4 * 3) {
    counters_.logs_lost.add();
    return;
  }
  engine::LogEvent* place = outlets_.logs.reserve();
  if (place == nullptr && !log_stuck_) {
    // Back-pressure on the clients rather than a lost line; but a log that takes nothing at all must not take the service with it.
    const auto patience = std::chrono::steady_clock::now() + kLogPatience;
    while (place == nullptr && std::chrono::steady_clock::now() < patience) {
      std::this_thread::yield();
      place = outlets_.logs.reserve();
    }
  }
  log_stuck_ = place == nullptr;
  if (log_stuck_) {
    (must_keep ? counters_.ack_logs_lost : counters_.logs_lost).add();
    return;
  }
  *place = event;
  place->at_ns = now_.mono_ns;
  outlets_.logs.push();
}

void Worker::copy_effect(const engine::Effect& effect, HeldEffect& out) noexcept {
  out.kind = effect.kind;
  if (effect.kind == engine::Effect::Kind::log) {
    out.level = effect.level;
    out.size = static_cast<std::uint16_t>(std::min(effect.text.size(), out.text.size()));
    std::copy_n(effect.text.begin(), out.size, out.text.begin());
    return;
  }
  out.size = 0;
  out.argc = 0;
  for (Bytes argument : effect.argv) {
    if (out.size + argument.size() + 1 > out.text.size()) {
      out.argc = 0;  // cut arguments would run something else than was asked for
      return;
    }
    std::copy(argument.begin(), argument.end(), out.text.begin() + out.size);
    out.size = static_cast<std::uint16_t>(out.size + argument.size());
    out.text[out.size++] = '\0';
    ++out.argc;
  }
}

void Worker::run_effects(std::span<const engine::Effect> effects) {
  for (const engine::Effect& effect : effects) {
    HeldEffect copy;
    copy_effect(effect, copy);
    emit(copy);
  }
}

void Worker::emit(const HeldEffect& effect) {
  if (effect.kind == engine::Effect::Kind::log) {
    engine::LogEvent event;
    event.kind = engine::LogKind::text;
    event.level = engine::syslog_priority(effect.level);
    event.text_size = static_cast<std::uint16_t>(std::min<std::size_t>(effect.size, event.text.size()));
    std::copy_n(effect.text.begin(), event.text_size, event.text.begin());
    log(event, false);
    return;
  }
  ExecuteEffect* place = effect.argc == 0 ? nullptr : outlets_.effects.reserve();
  if (place == nullptr) {
    counters_.effects_lost.add();
    return;
  }
  place->argc = effect.argc;
  place->size = effect.size;
  std::copy_n(effect.text.begin(), effect.size, place->text.begin());
  outlets_.effects.push();
  counters_.effects_run.add();
}

void Worker::on_disk(std::uint64_t token, int result) {
  read_clock_once();
  journal_.on_complete(token, result);
  release_settled();
}

void Worker::on_service(Bytes payload, const tftp::Arrival& arrival) {
  read_clock_once();
  services_->on_datagram(payload, arrival, now_);
}

void Worker::on_send_failed(int) { drop(engine::DropReason::send_failed); }

void Worker::start_probe(TransmitBuffer buffer) {
  const std::uint16_t sequence = next_echo_++;
  if (probes_.size() == kMaxProbes || !transport_.send_echo(actions_.probe_address, echo_id_, sequence)) {
    // Asking is a courtesy (RFC 2131 §3.1 step 2, SHOULD); being unable to ask must not stop the network.
    send(buffer, actions_.reply_size, actions_.reply_type, actions_.departure, actions_.reply_log);
    return;
  }
  counters_.probes_sent.add();
  const Probe probe{.deadline_ns = now_.mono_ns + actions_.probe_timeout.count() * 1'000'000,
                    .address = actions_.probe_address,
                    .slot = actions_.probe_slot,
                    .sequence = sequence,
                    .buffer = buffer,
                    .size = actions_.reply_size,
                    .departure = actions_.departure,
                    .log = actions_.reply_log};
  // By deadline: timeouts differ by scope, so the newest is not always the last.
  const auto place = std::upper_bound(probes_.begin(), probes_.end(), probe,
                                      [](const Probe& a, const Probe& b) { return a.deadline_ns < b.deadline_ns; });
  probes_.insert(place, probe);
}

void Worker::finish_probes() {
  std::size_t due = 0;
  for (; due < probes_.size() && probes_[due].deadline_ns <= now_.mono_ns; ++due) {
    const Probe& probe = probes_[due];
    send(probe.buffer, probe.size, wire::MessageType::offer, probe.departure, probe.log);
  }
  probes_.erase(probes_.begin(), probes_.begin() + static_cast<std::ptrdiff_t>(due));
}

void Worker::on_echo_reply(Ipv4 from, std::uint16_t id, std::uint16_t sequence) {
  if (id != echo_id_) return;  // every worker hears every reply
  read_clock_once();
  const auto found = std::find_if(probes_.begin(), probes_.end(), [&](const Probe& probe) {
    return probe.address == from && probe.sequence == sequence;
  });
  if (found == probes_.end()) return;
  const Probe probe = *found;
  probes_.erase(found);
  transport_.give_back(probe.buffer);
  counters_.probes_answered.add();
  drop(engine::DropReason::probe_answered);
  engine::Change* change = engine_.probe_answered(probe.slot, now_, actions_);
  for (std::size_t i = 0; i < actions_.log_count; ++i) log(actions_.logs[i], false);
  if (change != nullptr) hold(change, TransmitBuffer{});
}

void Worker::expire() {
  more_due_ = false;
  if (held_.full() || leases_.next_due_at() > lease::to_stored(now_.wall)) return;
  if (expiry_frozen_.load(std::memory_order_relaxed) || journal_.failed() != 0) {
    // No lease can end now, but an offer can: it was only ever in memory, and what was offered on a full disk must not stay away.
    next_ended_offer_ = leases_.withdraw_ended_offers(now_.wall, next_ended_offer_, kExpiriesPerTurn);
    return;
  }
  engine::Change* change = engine_.expire(now_, kExpiriesPerTurn, actions_);
  more_due_ = leases_.next_due_at() <= lease::to_stored(now_.wall);  // renewed leases are many, and go on without a word to the disk
  for (std::size_t i = 0; i < actions_.log_count; ++i) log(actions_.logs[i], false);
  if (change == nullptr) return;
  std::size_t count = 0;
  for (const engine::Change* c = change; c != nullptr; c = c->next) ++count;
  if (hold(change, TransmitBuffer{}) == engine::DropReason::none) counters_.expired.add(count);
}

void Worker::request_stop() noexcept {
  stop_.store(true, std::memory_order_release);
  transport_.wake();
}

void Worker::request_park() noexcept {
  park_.store(true, std::memory_order_release);
  transport_.wake();
}

void Worker::park_if_asked() {
  if (park_.load(std::memory_order_acquire)) park();
}

// The reload barrier. Claims must not cross it (the table is rebuilt meanwhile), so what is held is settled first; packets wait in the
// sockets' buffers.
void Worker::park() {
  settle_held();
  parked_.store(true, std::memory_order_release);  // pairs with wait_at_rest()
  parked_.notify_all();
  park_.wait(true, std::memory_order_acquire);     // pairs with resume()
  if (next_.config) engine_.use(std::move(next_.config), std::move(next_.names));
  next_ = {};
  if (to_free_ != lease::kNoSlot) free_by_order();
  parked_.store(false, std::memory_order_release);  // pairs with resume()
  parked_.notify_all();
}

void Worker::free_by_order() {
  const lease::SlotId slot = std::exchange(to_free_, lease::kNoSlot);
  now_ = transport_.now();
  engine::Change* change = engine_.free_lease(slot, now_, actions_);
  for (std::size_t i = 0; i < actions_.log_count; ++i) log(actions_.logs[i], false);
  if (change != nullptr) {
    hold(change, TransmitBuffer{});
    settle_held();
  }
  // The others rest still, so this is what came of it. A free address without an end is reserved.
  const lease::SlotWord word = leases_.word(slot);
  has_freed_ = word.state() == lease::SlotState::free && word.expiry() != lease::kStoredNever;
}

void Worker::resume(Snapshot snapshot) noexcept {
  next_ = std::move(snapshot);  // the worker is parked: nobody else looks
  park_.store(false, std::memory_order_release);
  park_.notify_one();
  parked_.wait(true, std::memory_order_acquire);  // or the next barrier would take this rest for its own
}

}  // namespace coaxd::worker
