#include "server/worker/services.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>

#include "server/tftp/time_of_day.h"

namespace coaxd::worker {

namespace {

constexpr std::int64_t kNsPerMs = 1'000'000, kNsPerSecond = 1'000'000'000;

engine::LogKind kind_of(tftp::Event::Kind kind) noexcept {
  switch (kind) {
    case tftp::Event::Kind::refused: return engine::LogKind::file_refused;
    case tftp::Event::Kind::completed: return engine::LogKind::file_sent;
    case tftp::Event::Kind::failed: return engine::LogKind::file_failed;
    case tftp::Event::Kind::started: break;  // its end says it all
  }
  return engine::LogKind::none;
}

std::uint32_t cut(std::uint64_t number) noexcept { return static_cast<std::uint32_t>(std::min<std::uint64_t>(number, 0xffffffff)); }

// As much as fits behind the first `size` octets, with three dots where something is left out; the new size.
template <std::size_t kSize>
std::size_t append(std::array<char, kSize>& out, std::size_t size, std::string_view text) noexcept {
  const auto rest = std::span(out).subspan(size);
  std::ranges::copy(text.substr(0, rest.size()), rest.begin());
  if (text.size() > rest.size()) std::ranges::fill(rest.last(std::min<std::size_t>(rest.size(), 3)), '.');
  return size + std::min(text.size(), rest.size());
}

}  // namespace

Services::Services(const Parts& parts, Transport& transport, const lease::LeaseTable& leases, Log& log, Instant now)
    : transport_(transport), leases_(leases), log_(log), files_(parts.files), time_(parts.time), now_(now) {
  if (files_ != nullptr) responder_.emplace(parts.tftp, *files_, static_cast<tftp::Outlet&>(*this), now);
}

void Services::on_datagram(Bytes payload, const tftp::Arrival& arrival, Instant now) {
  now_ = now;
  if (arrival.socket == kTimeSocket) return tell_time(payload.size(), arrival, now);
  if (responder_) responder_->on_datagram(payload, arrival, now);
}

void Services::on_time(Instant now) {
  now_ = now;
  if (files_ == nullptr) return;
  responder_->on_time(now);
  files_->refresh();
}

std::int64_t Services::next_ns() const noexcept { return responder_ ? responder_->next_ns() : std::numeric_limits<std::int64_t>::max(); }

void Services::tell_time(std::size_t size, const tftp::Arrival& arrival, Instant now) {
  const std::uint32_t first = arrival.from.address.value >> 24;
  const bool alone = arrival.to.value >> 24 < 224 && first != 0 && first < 224;
  if (!time_ || !alone || !tftp::is_asking_for_time(arrival.from.port, size)) return;
  const MutableBytes out = room();
  if (out.empty()) return;  // it asks again
  const auto answer = tftp::time_of_day(now.wall);
  std::ranges::copy(answer, out.begin());
  transport_.send_service(answer.size(), {arrival.from, arrival.to, arrival.socket});
  counters_.time_answers.add();
}

void Services::log(const tftp::Event& event) {
  const engine::LogKind kind = kind_of(event.kind);
  if (kind == engine::LogKind::none || (event.kind == tftp::Event::Kind::refused && too_many(event.reason))) return;
  engine::LogEvent line;
  line.kind = kind;
  line.address = event.client.address;
  line.name_size = static_cast<std::uint8_t>(append(line.name, 0, event.label));
  std::size_t said = append(line.text, 0, event.name);
  if (!event.text.empty() && event.text != tftp::row(event.reason).text) said = append(line.text, append(line.text, said, std::string_view("", 1)), event.text);
  line.text_size = static_cast<std::uint16_t>(said);
  line.number_a = cut(event.size);
  line.number_b = event.kind == tftp::Event::Kind::failed ? cut(event.acknowledged) : cut(static_cast<std::uint64_t>(event.duration_ns / kNsPerMs));
  line.number_c = event.resent;
  name_hardware(event.client.address, line);
  log_.log(line);
}

bool Services::too_many(tftp::Reason reason) noexcept {
  if (now_.mono_ns / kNsPerSecond != second_) {
    second_ = now_.mono_ns / kNsPerSecond;
    lines_.fill(0);
  }
  unsigned& lines = lines_[static_cast<std::size_t>(reason)];
  if (lines == kLinesPerSecond) return true;
  ++lines;
  return false;
}

void Services::name_hardware(Ipv4 client, engine::LogEvent& out) noexcept {
  const lease::SlotId slot = leases_.find(client);
  if (slot == lease::kNoSlot || !lease::is_running(leases_.read(slot, binding_), now_.wall)) return;
  out.htype = binding_.htype;
  out.hlen = binding_.hlen;
  out.chaddr = binding_.chaddr;
}

}  // namespace coaxd::worker
