#include "leasequery/tcp_session.h"

#include <algorithm>
#include <utility>

#include "server/wire/option_table.h"

namespace coaxd::leasequery {

std::string_view to_string(Ended ended) noexcept {
  constexpr std::array<std::string_view, static_cast<std::size_t>(Ended::count)> kNames{"by-peer", "idle", "not-reading", "bad-length", "no-tls", "stopped"};
  return kNames[static_cast<std::size_t>(ended)];
}

TcpSession::TcpSession(const Parts& parts, Instant now)
    : settings_(parts.settings),
      teller_(parts.teller),
      counters_(parts.counters),
      server_id_(parts.server_id),
      lists_(parts.lists),
      may_be_told_(parts.may_be_told),
      history_from_(parts.history_from),
      out_(parts.settings.output),
      heard_at_ns_(now.mono_ns),
      sent_at_ns_(now.mono_ns) {}

// --- in ---

std::size_t TcpSession::receive(Bytes octets, Instant now) {
  std::size_t taken = 0;
  while (can_take()) {
    taken += in_.take(octets.subspan(taken));
    if (in_.broken()) {
      end(Ended::bad_length, false);
      break;
    }
    if (!in_.whole()) break;
    on_message(in_.message(), now);
    in_.next();
  }
  if (taken > 0) heard_at_ns_ = now.mono_ns;
  // RFC 7724 §9: what was sent in clear behind DHCPTLS would be taken for what TLS protects.
  if (next_ == Next::start_tls && (taken < octets.size() || in_.in_message())) end(Ended::no_tls, true);
  return taken;
}

void TcpSession::end_of_input() noexcept {
  input_ended_ = true;
  active_.reset();  // a peer that is gone does not say so again
  if (bulk_.empty()) end(Ended::by_peer, pending().empty());
}

void TcpSession::on_message(Bytes octets, Instant now) {
  const bool first = std::exchange(first_message_, false);
  const std::uint32_t xid = load_be32(&octets[4]);  // a framed message has its fixed fields
  const auto parsed = message_->parse(octets);
  const bool tls = parsed && message_->type() == wire::MessageType::tls;
  if (settings_.tls == TlsMode::required && !secured_ && !tls) return end(Ended::no_tls, false);
  if (!parsed) return tell(wire::MessageType::lease_query_done, xid, {StatusCode::malformed_query, wire::to_string(parsed.error())}, now);
  if (tls && first && settings_.tls != TlsMode::off) return on_tls(xid, now);
  if (tls) return tell(wire::MessageType::tls, xid, {StatusCode::tls_connection_refused, first ? "TLS is off here" : "TLS comes first or never"}, now);
  if (in_flight(xid)) return counters_.repeated.add();
  auto query = parse_tcp_query(*message_);
  if (!query) return tell(wire::MessageType::lease_query_done, xid, query.error(), now);
  if (query->active && active_)
    return tell(wire::MessageType::lease_query_done, xid, {StatusCode::not_allowed, "a connection has one DHCPACTIVELEASEQUERY"}, now);
  query->wanted = wanted_by(*message_, Dialect::rfc4388, lists_, may_be_told_);
  begin(std::move(*query), now);
}

bool TcpSession::in_flight(std::uint32_t xid) const noexcept {
  return (active_ && active_->query().xid == xid) || std::ranges::any_of(bulk_, [xid](const auto& walk) { return walk->query().xid == xid; });
}

void TcpSession::begin(TcpQuery query, Instant now) {
  if (query.active) {
    counters_.active.add();
    active_ = std::make_unique<ActiveFollow>(std::move(query), history_from_, now);
  } else {
    counters_.bulk[static_cast<std::size_t>(query.by)].add();
    bulk_.push_back(std::make_unique<BulkWalk>(std::move(query), teller_.view, now.wall));
  }
}

void TcpSession::on_tls(std::uint32_t xid, Instant now) {
  counters_.tls.add();
  tell(wire::MessageType::tls, xid, {}, now);
  next_ = Next::start_tls;
}

void TcpSession::tls_started() noexcept {
  secured_ = true;
  first_message_ = false;
  next_ = Next::go_on;
}

// --- out ---

void TcpSession::tell(wire::MessageType type, std::uint32_t xid, Status status, Instant now) {
  const MutableBytes room = out_.room(kLongestTcpReply);
  if (room.empty()) return;
  out_.push(write_status(room, type, xid, status, server_id_, now.wall));
  counters_.status[static_cast<std::size_t>(status.code)].add();
}

bool TcpSession::work(Instant now) {
  const bool idle = pending().empty();
  Budget budget;
  if (active_ && active_->has_work(now)) active_->work(teller_, out_, server_id_, now, budget);
  if (!bulk_.empty()) {
    turn_ %= bulk_.size();
    if (bulk_[turn_]->work(teller_, out_, server_id_, now.wall, budget)) {
      counters_.status[static_cast<std::size_t>(StatusCode::success)].add();
      bulk_.erase(bulk_.begin() + static_cast<std::ptrdiff_t>(turn_));
      heard_at_ns_ = now.mono_ns;  // idle since then
      if (bulk_.empty() && input_ended_) end(Ended::by_peer, false);
    } else {
      ++turn_;
    }
  }
  if (idle) sent_at_ns_ = now.mono_ns;  // what waits has waited since now
  return !out_.room(kLongestTcpReply).empty() && (!bulk_.empty() || (active_ && active_->has_work(now)));
}

void TcpSession::sent(std::size_t octets, Instant now) noexcept {
  out_.sent(octets);
  sent_at_ns_ = now.mono_ns;
}

// --- time and the end ---

std::int64_t TcpSession::next_ns() const noexcept {
  std::int64_t next = kNoTime;
  if (!pending().empty()) next = sent_at_ns_ + (active_ ? settings_.active_stall_ns : settings_.bulk_stall_ns);
  if (active_ && pending().empty()) next = active_->next_ns();
  if (queries_in_flight() == 0) next = std::min(next, heard_at_ns_ + settings_.idle_ns);
  return next;
}

void TcpSession::on_time(Instant now) {
  if (!pending().empty() && now.mono_ns >= sent_at_ns_ + (active_ ? settings_.active_stall_ns : settings_.bulk_stall_ns)) {
    terminate(Ended::not_reading, now);
    broken_ = true;
  } else if (queries_in_flight() == 0 && now.mono_ns >= heard_at_ns_ + settings_.idle_ns) {
    end(Ended::idle, false);
  }
}

void TcpSession::terminate(Ended why, Instant now) {
  const Status status{StatusCode::query_terminated, why == Ended::not_reading ? "the requester does not read" : "the server stops"};
  if (active_) tell(wire::MessageType::lease_query_done, active_->query().xid, status, now);
  for (const auto& walk : bulk_) tell(wire::MessageType::lease_query_done, walk->query().xid, status, now);
  end(why, false);
}

void TcpSession::end(Ended why, bool at_once) noexcept {
  active_.reset();
  bulk_.clear();
  next_ = Next::close;
  broken_ = broken_ || at_once;
  ended_ = why;
}

}  // namespace coaxd::leasequery
