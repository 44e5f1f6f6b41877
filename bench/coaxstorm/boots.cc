#include "bench/coaxstorm/boots.h"

#include <fmt/core.h>

#include <algorithm>

#include "bench/coaxstorm/mac.h"
#include "bench/coaxstorm/storm.h"
#include "server/base/assert.h"

namespace coaxd::storm {
namespace {

constexpr std::int64_t kFrom1900To1970 = 2'208'988'800;  // RFC 868
constexpr std::int32_t kFarOff = 60;                     // seconds

}  // namespace

Boots::Boots(const BootSettings& settings, Population& population, Endpoint& hosts)
    : settings_(settings),
      population_(population),
      hosts_(hosts),
      places_(settings.places),
      by_address_(settings.places),
      timeouts_(settings.places, settings.back_off) {
  free_.reserve(places_.size());
  for (std::uint32_t number = settings.places; number-- > 0;) free_.push_back(number);
}

void Boots::begin(std::uint32_t client, Ipv4 address, const BootFile& file, std::int64_t now_ns) noexcept {
  COAXD_ASSERT(!full());
  const std::uint32_t number = free_.back();
  free_.pop_back();
  Place& place = places_[number];
  place.client = client;
  place.address = address;
  place.server = file.server;
  place.time_server = file.time_server;
  place.name_size = static_cast<std::uint8_t>(std::min(file.name.size(), sizeof place.name));
  std::copy_n(file.name.data(), place.name_size, place.name);
  by_address_.give(address, number);
  if (!settings_.time) return ask_for_file(number, now_ns);
  place.waits_for = For::time;
  place.asked_ns = now_ns;
  send(place);
  timeouts_.arm(number, 0, now_ns);
}

void Boots::ask_for_file(std::uint32_t number, std::int64_t now_ns) noexcept {
  Place& place = places_[number];
  place.waits_for = For::file;
  place.asked_ns = now_ns;
  place.port = 0;
  place.fetch = {};
  if (settings_.check) place.check = FileCheck{population_.mac(place.client)};
  send(place);
  timeouts_.arm(number, 0, now_ns);
}

void Boots::send(const Place& place) noexcept {
  std::uint8_t* out = hosts_.reserve();
  if (place.waits_for == For::time) return hosts_.commit(0, place.address, {place.time_server, settings_.time_port});
  const std::size_t size = place.fetch.write({out, Endpoint::kSendRoom}, place.file(), settings_.options);
  hosts_.commit(size, place.address, {place.server, place.port != 0 ? place.port : settings_.tftp_port});
}

void Boots::send_error(Ipv4 from, SocketAddress to, tftp::ErrorCode code, std::string_view text) noexcept {
  hosts_.commit(tftp::write_error({hosts_.reserve(), Endpoint::kSendRoom}, code, text), from, to);
}

void Boots::take(Bytes datagram, const ReceiveBatch::Way& way, std::int64_t now_ns, const Ended& ended) {
  const std::uint32_t number = by_address_.holder(way.to);
  if (way.from.port == settings_.time_port) {
    const bool asked = number != kNobody && places_[number].waits_for == For::time && places_[number].time_server == way.from.address;
    if (!asked) return void(++figures_.strays);
    return take_time(number, datagram, now_ns, ended);
  }
  const auto packet = tftp::parse(datagram);
  const bool waits = number != kNobody && places_[number].waits_for == For::file && places_[number].server == way.from.address;
  if (!waits || (places_[number].port != 0 && places_[number].port != way.from.port)) {
    // RFC 1350 §4: whoever answers from another port is told, and the transfer is not disturbed. An ERROR is never answered.
    ++figures_.strays;
    const bool silent = !packet || packet->opcode == tftp::Opcode::error;
    if (!silent) send_error(way.to, way.from, tftp::ErrorCode::unknown_transfer, "no such transfer");
    return;
  }
  if (!packet) return count(Violation::malformed_tftp, places_[number]);
  take_packet(number, *packet, way.from.port, now_ns, ended);
}

// RFC 868, seconds since 1900 modulo 2^32: the difference is right whatever the era.
void Boots::take_time(std::uint32_t number, Bytes answer, std::int64_t now_ns, const Ended& ended) {
  Place& place = places_[number];
  const auto ours = static_cast<std::uint32_t>(wall_us() / 1'000'000 + kFrom1900To1970);
  const auto off = answer.size() == 4 ? static_cast<std::int32_t>(load_be32(answer.data()) - ours) : kFarOff;
  const bool sound = -kFarOff < off && off < kFarOff;
  if (!sound) return count(Violation::wrong_time, place);
  figures_.time.record(now_ns - place.asked_ns);
  timeouts_.disarm(number);
  if (!settings_.file) return end(number, true, now_ns, ended);
  ask_for_file(number, now_ns);
}

void Boots::take_packet(std::uint32_t number, const tftp::Packet& packet, std::uint16_t port, std::int64_t now_ns, const Ended& ended) {
  using Next = Fetch::Next;
  Place& place = places_[number];
  const Fetch::Step step = place.fetch.take(packet, settings_.options);
  if (settings_.check) place.check.add(step.octets);
  if (step.violation) count(*step.violation, place);
  place.port = port;
  switch (step.next) {
    case Next::none: break;
    case Next::answer: send(place); break;
    case Next::complete:
      send(place);
      if (!step.violation) return complete(number, now_ns, ended);
      timeouts_.disarm(number);
      return end(number, false, now_ns, ended);
    case Next::broken:
      send_error(place.address, {place.server, port}, tftp::ErrorCode::illegal_operation, "this is no answer to what was asked");
      timeouts_.disarm(number);
      return end(number, false, now_ns, ended);
    case Next::refused:
      ++figures_.errors;
      if (settings_.patient) {
        // It asks anew, from the beginning, when it would have sent again.
        place.port = 0;
        place.fetch = {};
        place.check = FileCheck{population_.mac(place.client)};
        return;
      }
      timeouts_.disarm(number);
      return end(number, false, now_ns, ended);
  }
  if (step.octets.empty()) return;
  timeouts_.disarm(number);  // a block more: patience begins anew
  timeouts_.arm(number, 0, now_ns);
}

void Boots::complete(std::uint32_t number, std::int64_t now_ns, const Ended& ended) {
  Place& place = places_[number];
  timeouts_.disarm(number);
  const std::optional<Violation> wrong = settings_.check ? place.check.finish() : std::nullopt;
  if (wrong) count(*wrong, place);
  figures_.file.record(now_ns - place.asked_ns);
  ++figures_.files;
  figures_.octets += place.fetch.octets();
  end(number, !wrong, now_ns, ended);
}

void Boots::expire(std::int64_t now_ns, const Ended& ended) {
  // At most a batch at a time, so that answers are read in between.
  for (std::size_t i = 0; i < Endpoint::kBatch; ++i) {
    const std::uint32_t number = timeouts_.expired(now_ns);
    if (number == kNobody) return;
    Place& place = places_[number];
    const std::uint32_t attempt = timeouts_.attempt(number) + 1;
    if (attempt < settings_.attempts) {
      ++figures_.sent_again;
      send(place);
      timeouts_.arm(number, attempt, now_ns);
    } else if (place.waits_for == For::time && settings_.file) {
      ++figures_.without_time;
      ask_for_file(number, now_ns);
    } else {
      end(number, false, now_ns, ended);
    }
  }
}

void Boots::abandon(std::int64_t now_ns, const Ended& ended) {
  const std::uint64_t failed = figures_.failed;
  for (std::uint32_t number; (number = timeouts_.expired(INT64_MAX)) != kNobody;) end(number, false, now_ns, ended);
  figures_.failed = failed;
}

// It is not armed.
void Boots::end(std::uint32_t number, bool up, std::int64_t now_ns, const Ended& ended) {
  Place& place = places_[number];
  const std::uint32_t client = place.client;
  if (!up) ++figures_.failed;
  // Unless another modem has been given the address meanwhile, which is a violation of its own.
  if (by_address_.holder(place.address) == number) by_address_.take_back(place.address);
  place.client = kNobody;
  free_.push_back(number);
  ended(client, up, now_ns);
}

void Boots::count(Violation violation, const Place& place) {
  population_.count(violation, [&] {
    return fmt::format("{} at {}, file {} of {}", mac_to_string(population_.mac(place.client)), to_string(place.address), place.file(), to_string(place.server));
  });
}

}  // namespace coaxd::storm
