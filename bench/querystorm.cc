// querystorm: leasequeries as fast as a server answers them, or at a fixed rate whatever it does, and a judge of the answers: a CMTS after its reload. It asks by address, at random,
// for COUNT addresses from FIRST on; each answer must be to what was asked, and be about that address (RFC 4388 §6.4.2).
//
//   querystorm SERVER RELAY FIRST COUNT [window=N] [rate=N] [seconds=S] [type=10|13] [trains=1] [deaf=1]
//   querystorm 10.0.0.1 10.0.0.2 10.64.0.0 1000000 window=256 seconds=5
//
// RELAY is an address of ours, and the giaddr. With trains=1 queries leave several at once, as with coaxstorm --trains always; with deaf=1 no answer is
// read, so that a flood costs the core it comes from no more than its sending. One line of figures; exit status 0, 1 if it could not run, 2 if an answer was wrong, 3 if none came.
#include <fmt/format.h>
#include <poll.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "bench/coaxstorm/endpoint.h"
#include "bench/coaxstorm/histogram.h"
#include "server/wire/message.h"

namespace coaxd::storm {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::uint32_t kSlots = 1u << 16;  // queries under way at once: a slot is half of an xid, how often it was used the other half

struct Settings {
  Ipv4 server, relay, first;
  std::uint32_t count = 0, window = 256, rate = 0, seconds = 5, type = 10, trains = 0, deaf = 0;
};

struct Slot {
  std::int64_t sent_ns = 0;  // 0: not under way
  std::uint16_t turn = 0;
  Ipv4 address;
};

struct Figures {
  std::uint64_t sent = 0, lost = 0, wrong = 0;
  std::array<std::uint64_t, 19> by_type{};
  Histogram latency;
};

std::int64_t now_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<Settings> parse(std::span<const char* const> words) {
  if (words.size() < 4) return std::nullopt;
  const auto server = Ipv4::parse(words[0]), relay = Ipv4::parse(words[1]), first = Ipv4::parse(words[2]);
  const auto count = number(words[3]);
  if (!server || !relay || !first || !count || *count == 0) return std::nullopt;
  Settings settings{*server, *relay, *first, *count};
  for (const std::string_view word : words.subspan(4)) {
    const std::size_t equals = std::min(word.find('='), word.size());
    const auto value = number(word.substr(std::min(equals + 1, word.size())));
    std::uint32_t* const member = word.starts_with("window=")    ? &settings.window
                                  : word.starts_with("rate=")    ? &settings.rate
                                  : word.starts_with("seconds=") ? &settings.seconds
                                  : word.starts_with("type=")    ? &settings.type
                                  : word.starts_with("trains=")  ? &settings.trains
                                  : word.starts_with("deaf=")    ? &settings.deaf
                                                                 : nullptr;
    if (member == nullptr || !value) return std::nullopt;
    *member = *value;
  }
  return settings.window > 0 && settings.window <= kSlots && settings.seconds > 0 && settings.type < 256 ? std::optional(settings) : std::nullopt;
}

class Run {
 public:
  Run(const Settings& settings, Endpoint& endpoint) : settings_(settings), endpoint_(endpoint), slots_(settings.rate > 0 ? kSlots : settings.window) {
    query_[0] = wire::kBootRequest;
    store_be32(&query_[24], settings.relay.value);
    store_be32(&query_[wire::Message::kFixedSize], wire::kMagicCookie);
    query_[240] = 53, query_[241] = 1, query_[242] = static_cast<std::uint8_t>(settings.type), query_[243] = 255;
  }

  Figures run() {
    const std::int64_t start = now_ns(), end = start + settings_.seconds * kSecond;
    for (std::int64_t now = start; now < end; now = now_ns()) {
      settings_.rate > 0 ? send_due(start, now) : send_free(now);
      endpoint_.flush();
      if (settings_.deaf != 0) continue;
      if (!receive(now_ns()) && settings_.rate == 0) {
        pollfd one{endpoint_.fd(), POLLIN, 0};
        poll(&one, 1, 10);
      }
    }
    return figures_;
  }

 private:
  // Closed loop: every slot is under way; one that hears nothing for a second is lost.
  void send_free(std::int64_t now) {
    for (std::size_t i = 0, sent = 0; i < slots_.size() && sent < Endpoint::kBatch; ++i, next_ = (next_ + 1) % slots_.size()) {
      Slot& slot = slots_[next_];
      if (slot.sent_ns != 0 && now - slot.sent_ns < kSecond) continue;
      send(next_, now);
      ++sent;
    }
  }
  // Open loop: as many as are due.
  void send_due(std::int64_t start, std::int64_t now) {
    const auto due = static_cast<std::uint64_t>(static_cast<double>(now - start) * 1e-9 * settings_.rate);
    for (std::size_t i = 0; figures_.sent < due && i < Endpoint::kBatch; ++i, next_ = (next_ + 1) % slots_.size()) send(next_, now);
  }

  void send(std::size_t index, std::int64_t now) {
    Slot& slot = slots_[index];
    if (slot.sent_ns != 0) ++figures_.lost;
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    slot.address = {settings_.first.value + static_cast<std::uint32_t>((random_ >> 33) % settings_.count)};
    slot.sent_ns = now;
    ++slot.turn;
    store_be32(&query_[4], static_cast<std::uint32_t>(slot.turn) << 16 | static_cast<std::uint32_t>(index));
    store_be32(&query_[12], slot.address.value);
    std::ranges::copy(query_, endpoint_.reserve());
    endpoint_.commit(query_.size(), settings_.relay);
    ++figures_.sent;
  }

  bool receive(std::int64_t now) {
    const auto datagrams = endpoint_.receive();
    for (const Bytes datagram : datagrams) {
      if (datagram.size() < wire::Message::kMinimum + 3) {
        ++figures_.wrong;
        continue;
      }
      const std::uint32_t xid = load_be32(&datagram[4]);
      Slot& slot = slots_[(xid & 0xffff) % slots_.size()];
      if (slot.sent_ns == 0 || slot.turn != xid >> 16) continue;  // too late: counted as lost
      const std::uint8_t type = datagram[242];
      if (datagram[240] != 53 || type >= figures_.by_type.size() || load_be32(&datagram[12]) != slot.address.value) ++figures_.wrong;
      else ++figures_.by_type[type];
      figures_.latency.record(now - slot.sent_ns);
      slot.sent_ns = 0;
    }
    return !datagrams.empty();
  }

  const Settings settings_;
  Endpoint& endpoint_;
  std::array<std::uint8_t, 244> query_{};
  std::vector<Slot> slots_;
  std::size_t next_ = 0;
  std::uint64_t random_ = 1;
  Figures figures_;
};

int report(const Settings& settings, const Figures& figures, const Endpoint& endpoint) {
  const std::uint64_t answers = figures.latency.count();
  fmt::print("{} queries sent, {} answered: {:.0f} a second; p50 {:.1f} us, p99 {:.1f} us, p99.9 {:.1f} us; {} lost, {} wrong, {} lost at our own socket;", figures.sent, answers,
             static_cast<double>(answers) / settings.seconds, static_cast<double>(figures.latency.percentile(0.5)) * 1e-3, static_cast<double>(figures.latency.percentile(0.99)) * 1e-3,
             static_cast<double>(figures.latency.percentile(0.999)) * 1e-3, figures.lost, figures.wrong, endpoint.receive_drops());
  for (std::size_t type = 0; type < figures.by_type.size(); ++type)
    if (figures.by_type[type] > 0) fmt::print(" type {}: {}", type, figures.by_type[type]);
  fmt::print("\n");
  return settings.deaf != 0 ? 0 : answers == 0 ? 3 : figures.wrong > 0 ? 2 : 0;
}

}  // namespace
}  // namespace coaxd::storm

int main(int argc, char** argv) {
  using namespace coaxd::storm;
  const auto settings = parse({argv + 1, static_cast<std::size_t>(std::max(argc - 1, 0))});
  if (!settings) {
    fmt::print(stderr, "usage: querystorm SERVER RELAY FIRST COUNT [window=N] [rate=N] [seconds=S] [type=10|13] [trains=1] [deaf=1]\n");
    return 1;
  }
  auto endpoint = Endpoint::open({settings->relay, 67}, {settings->server, 67}, settings->trains != 0 ? Trains::always : Trains::on_cards);
  if (!endpoint) {
    fmt::print(stderr, "querystorm: {}\n", endpoint.error());
    return 1;
  }
  Run run(*settings, *endpoint);
  return report(*settings, run.run(), *endpoint);
}
