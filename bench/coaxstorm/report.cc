#include "bench/coaxstorm/report.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace coaxd::storm {
namespace {

constexpr double kSaturated = 0.95;

double ms(std::int64_t ns) { return static_cast<double>(ns) * 1e-6; }

std::string latency_row(std::string_view name, const Histogram& h) {
  return fmt::format("  {:<13} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.3f}   {}\n", name, ms(h.percentile(0.5)),
                     ms(h.percentile(0.9)), ms(h.percentile(0.99)), ms(h.percentile(0.999)), ms(h.max()), h.count());
}

std::string latency_json(const Histogram& h) {
  return fmt::format(
      R"({{"count": {}, "mean": {:.4f}, "p50": {:.4f}, "p90": {:.4f}, "p99": {:.4f}, "p999": {:.4f}, "max": {:.4f}}})",
      h.count(), h.mean() * 1e-6, ms(h.percentile(0.5)), ms(h.percentile(0.9)), ms(h.percentile(0.99)),
      ms(h.percentile(0.999)), ms(h.max()));
}

// In the order of ExchangeKind.
constexpr std::string_view kKinds[] = {"dora", "renew", "init-reboot", "release"};

std::string loop_text(const Result& result) {
  if (std::isinf(result.rate)) return "all at once";
  return result.rate > 0 ? fmt::format("open loop, {:.0f}/s wanted", result.rate)
                         : fmt::format("closed loop, {} at a time", result.window);
}

std::string milestones_text(std::string_view name, const Milestones& bound) {
  std::string text = fmt::format("  {:<6}", fmt::format("{}:", name));
  for (std::size_t i = 0; i < Milestones::kPercents.size(); ++i) {
    const auto after = bound.after_ns(i);
    text += fmt::format("  {} % {}", Milestones::kPercents[i],
                        after ? fmt::format("after {:.3f} s", static_cast<double>(*after) * 1e-9) : "never");
  }
  return text + fmt::format("  ({} of {})\n", bound.count(), bound.total());
}

std::string milestones_json(std::string_view name, const Milestones& bound) {
  std::string text = fmt::format("  \"{}\": {{\"clients\": {}", name, bound.count());
  for (std::size_t i = 0; i < Milestones::kPercents.size(); ++i) {
    const auto after = bound.after_ns(i);
    text += fmt::format(", \"{}_percent_s\": {}", Milestones::kPercents[i],
                        after ? fmt::format("{:.6f}", static_cast<double>(*after) * 1e-9) : "null");
  }
  return text + "},\n";
}

std::string boots_text(const BootFigures& b, std::uint64_t no_room) {
  return fmt::format("  files {}  octets {}  sent again {}  ERRORs {}  failed {}  no room {}  without the time {}  strays {}\n", b.files, b.octets,
                     b.sent_again, b.errors, b.failed, no_room, b.without_time, b.strays);
}

std::string boots_json(const BootFigures& b, std::uint64_t no_room) {
  return fmt::format(
      "  \"files\": {{\"count\": {}, \"octets\": {}, \"sent_again\": {}, \"errors\": {}, \"failed\": {}, \"no_room\": {}, \"without_time\": {}, "
      "\"strays\": {}}},\n",
      b.files, b.octets, b.sent_again, b.errors, b.failed, no_room, b.without_time, b.strays);
}

bool mixed(const Figures& f) {
  std::size_t kinds = 0;
  for (const std::uint64_t begun : f.begun_of_kind) kinds += begun > 0 ? 1 : 0;
  return kinds > 1;
}

}  // namespace

double Result::exchanges_per_s() const noexcept {
  return figures.measured_s > 0 ? static_cast<double>(figures.measured) / figures.measured_s : 0.0;
}

double Result::own_load() const noexcept {
  return figures.elapsed_s > 0 ? figures.cpu_s / figures.elapsed_s : 0.0;
}

double Result::own_us() const noexcept {
  return figures.completed > 0 ? figures.cpu_s * 1e6 / static_cast<double>(figures.completed) : 0.0;
}

std::string progress_line(double elapsed_s, const Figures& before, const Figures& now) {
  const auto reached = [](std::string_view name, const Milestones& one) {
    return one.total() == 0 ? "" : fmt::format("  {} {:.1f} %", name, 100.0 * static_cast<double>(one.count()) / static_cast<double>(one.total()));
  };
  const std::string share = reached("bound", now.bound) + reached("up", now.up);
  return fmt::format("{:>4.0f} s  {:>8} exchanges  {:>7} this second{}  p99 {:.2f} ms  sent again {}  gave up {}  refused {}",
                     elapsed_s, now.completed, now.completed - before.completed, share, ms(now.exchange.percentile(0.99)),
                     now.sent_again, now.gave_up, now.refused);
}

std::string to_text(const Result& result) {
  const Figures& f = result.figures;
  std::string text = fmt::format("{}: {:.0f} exchanges/s ({} in {:.2f} s), {}\n", result.mode, result.exchanges_per_s(),
                                 f.measured, f.measured_s, loop_text(result));
  text += fmt::format("  begun {}  completed {}  refused {}  gave up {}  unfinished {}  sent again {}  strays {}\n", f.begun,
                      f.completed, f.refused, f.gave_up, f.unfinished, f.sent_again, result.strays);
  if (f.bound.total() > 0) text += milestones_text("bound", f.bound);
  if (f.up.total() > 0) text += milestones_text("up", f.up);
  if (f.bound.total() > 0) text += fmt::format("  back to DISCOVER {} times\n", f.restarted);
  if (result.boots) text += boots_text(*result.boots, f.no_room);
  if (mixed(f)) {
    text += "  mix:";
    for (std::size_t i = 0; i < std::size(kKinds); ++i) text += fmt::format("  {} {}", kKinds[i], f.begun_of_kind[i]);
    text += '\n';
  }
  text += fmt::format("  datagrams: {} sent, {} received, {} not sent, {} lost in our own buffer; load of our core {:.0f} %, "
                      "{:.2f} us an exchange\n",
                      result.datagrams_sent, result.datagrams_received, result.send_errors, result.receive_drops,
                      result.own_load() * 100, result.own_us());
  text += "  ms                  p50       p90       p99     p99.9       max   samples\n";
  if (f.offer.count() > 0) text += latency_row("offer", f.offer);
  if (f.ack.count() > 0) text += latency_row("ack", f.ack);
  text += latency_row("exchange", f.exchange);
  if (result.boots && result.boots->time.count() > 0) text += latency_row("time of day", result.boots->time);
  if (result.boots && result.boots->file.count() > 0) text += latency_row("file", result.boots->file);
  if (f.until_up.count() > 0) text += latency_row("until up", f.until_up);
  for (std::size_t i = 0; i < f.of_kind.size(); ++i) {
    if (f.of_kind[i].count() > 0) text += latency_row(fmt::format("- {}", kKinds[i]), f.of_kind[i]);
  }
  for (std::size_t i = 0; i < result.violations.size(); ++i) {
    if (result.violations[i] == 0) continue;
    const ViolationText& what = describe(static_cast<Violation>(i));
    text += fmt::format("  VIOLATED {} times: {}\n", result.violations[i], what.text);
  }
  return text;
}

std::string to_json(const Result& result) {
  const Figures& f = result.figures;
  std::string text = fmt::format(
      "{{\n  \"mode\": \"{}\", \"loop\": \"{}\", \"rate\": {:.1f}, \"window\": {}, \"clients\": {}, \"seed\": {},\n",
      result.mode, std::isinf(result.rate) ? "at once" : result.rate > 0 ? "open" : "closed",
      std::isinf(result.rate) ? 0.0 : result.rate, result.window, result.clients, result.seed);
  text += fmt::format(
      "  \"exchanges_per_s\": {:.1f}, \"measured\": {}, \"measured_s\": {:.4f}, \"begun\": {}, \"completed\": {},\n"
      "  \"refused\": {}, \"gave_up\": {}, \"unfinished\": {}, \"sent_again\": {}, \"strays\": {}, \"leases\": {},\n",
      result.exchanges_per_s(), f.measured, f.measured_s, f.begun, f.completed, f.refused, f.gave_up, f.unfinished,
      f.sent_again, result.strays, result.leases);
  if (f.bound.total() > 0) text += fmt::format("  \"restarted\": {},\n", f.restarted) + milestones_json("bound", f.bound);
  if (f.up.total() > 0) text += milestones_json("up", f.up);
  if (result.boots) text += boots_json(*result.boots, f.no_room);
  if (mixed(f)) {
    text += "  \"mix\": {";
    for (std::size_t i = 0; i < std::size(kKinds); ++i) {
      text += fmt::format("{}\"{}\": {}", i == 0 ? "" : ", ", kKinds[i], f.begun_of_kind[i]);
    }
    text += "},\n";
  }
  text += fmt::format(
      "  \"datagrams_sent\": {}, \"datagrams_received\": {}, \"send_errors\": {}, \"receive_drops\": {},\n"
      "  \"generator_load\": {:.3f}, \"generator_cpu_us\": {:.3f}, \"generator_saturated\": {},\n",
      result.datagrams_sent, result.datagrams_received, result.send_errors, result.receive_drops, result.own_load(),
      result.own_us(), result.own_load() > kSaturated);
  text += fmt::format("  \"latency_ms\": {{\"offer\": {},\n    \"ack\": {},\n    \"exchange\": {}",
                      latency_json(f.offer), latency_json(f.ack), latency_json(f.exchange));
  if (result.boots) text += fmt::format(",\n    \"time\": {},\n    \"file\": {}", latency_json(result.boots->time), latency_json(result.boots->file));
  if (f.until_up.count() > 0) text += fmt::format(",\n    \"up\": {}", latency_json(f.until_up));
  for (std::size_t i = 0; i < f.of_kind.size(); ++i) {
    if (f.of_kind[i].count() > 0) text += fmt::format(",\n    \"{}\": {}", kKinds[i], latency_json(f.of_kind[i]));
  }
  text += "},\n";
  text += "  \"violations\": {";
  const char* separator = "";
  for (std::size_t i = 0; i < result.violations.size(); ++i) {
    if (result.violations[i] == 0) continue;
    fmt::format_to(std::back_inserter(text), "{}\"{}\": {}", separator, describe(static_cast<Violation>(i)).key,
                   result.violations[i]);
    separator = ", ";
  }
  return text + "}\n}\n";
}

}  // namespace coaxd::storm
