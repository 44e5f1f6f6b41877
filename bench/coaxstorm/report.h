// report.h: the result of a run, for people and for programs. Values to text; no thread of its own.
#pragma once

#include <optional>
#include <string>

#include "bench/coaxstorm/storm.h"

namespace coaxd::storm {

struct Result {
  std::string mode;
  double rate = 0;  // infinity: all at once
  std::uint32_t window = 0;
  std::uint32_t clients = 0;
  std::uint64_t seed = 0;
  Figures figures;
  ViolationCounts violations{};
  std::uint64_t strays = 0, leases = 0;
  std::optional<BootFigures> boots;  // where there was more than DHCP
  std::uint64_t datagrams_sent = 0, datagrams_received = 0, send_errors = 0, receive_drops = 0;

  double exchanges_per_s() const noexcept;
  double own_load() const noexcept;  // share of a core that the generator used
  double own_us() const noexcept;    // microseconds of it an exchange
};

std::string progress_line(double elapsed_s, const Figures& before, const Figures& now);
std::string to_text(const Result& result);
std::string to_json(const Result& result);

}  // namespace coaxd::storm
