#include "bench/coaxstorm/report.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <iterator>

namespace coaxd::storm {
namespace {

constexpr double kSaturated = 0.95;

double ms(std::int64_t ns) { return static_cast<double>(ns) * 1e-6; }

std::string latency_row(std::string_view name, const Histogram& h) {
  return fmt::format("  {:<10} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.3f}   {}\n", name, ms(h.percentile(0.5)),
                     ms(h.percentile(0.9)), ms(h.percentile(0.99)), ms(h.percentile(0.999)), ms(h.max()), h.count());
}

std::string latency_json(const Histogram& h) {
  return fmt::format(
      R"({{"count": {}, "mean": {:.4f}, "p50": {:.4f}, "p90": {:.4f}, "p99": {:.4f}, "p999": {:.4f}, "max": {:.4f}}})",
      h.count(), h.mean() * 1e-6, ms(h.percentile(0.5)), ms(h.percentile(0.9)), ms(h.percentile(0.99)),
      ms(h.percentile(0.999)), ms(h.max()));
}

}  // namespace

double Result::exchanges_per_s() const noexcept {
  return figures.measured_s > 0 ? static_cast<double>(figures.measured) / figures.measured_s : 0.0;
}

double Result::own_load() const noexcept {
  return figures.elapsed_s > 0 ? figures.cpu_s / figures.elapsed_s : 0.0;
}

std::string progress_line(double elapsed_s, const Figures& before, const Figures& now) {
  return fmt::format("{:>4.0f} s  {:>8} exchanges  {:>7} this second  p99 {:.2f} ms  sent again {}  gave up {}  refused {}",
                     elapsed_s, now.completed, now.completed - before.completed, ms(now.exchange.percentile(0.99)),
                     now.sent_again, now.gave_up, now.refused);
}

std::string to_text(const Result& result) {
  const Figures& f = result.figures;
  std::string text = fmt::format("{}: {:.0f} exchanges/s ({} in {:.2f} s), {}\n", result.mode, result.exchanges_per_s(),
                                 f.measured, f.measured_s,
                                 result.rate > 0 ? fmt::format("open loop, {:.0f}/s wanted", result.rate)
                                                 : fmt::format("closed loop, {} at a time", result.window));
  text += fmt::format("  begun {}  completed {}  refused {}  gave up {}  unfinished {}  sent again {}  strays {}\n", f.begun,
                      f.completed, f.refused, f.gave_up, f.unfinished, f.sent_again, result.strays);
  text += fmt::format("  datagrams: {} sent, {} received, {} not sent, {} lost in our own buffer; load of our core {:.0f} %\n",
                      result.datagrams_sent, result.datagrams_received, result.send_errors, result.receive_drops,
                      result.own_load() * 100);
  text += "  ms               p50       p90       p99     p99.9       max   samples\n";
  if (f.offer.count() > 0) text += latency_row("offer", f.offer);
  text += latency_row("ack", f.ack);
  text += latency_row("exchange", f.exchange);
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
      result.mode, result.rate > 0 ? "open" : "closed", result.rate, result.window, result.clients, result.seed);
  text += fmt::format(
      "  \"exchanges_per_s\": {:.1f}, \"measured\": {}, \"measured_s\": {:.4f}, \"begun\": {}, \"completed\": {},\n"
      "  \"refused\": {}, \"gave_up\": {}, \"unfinished\": {}, \"sent_again\": {}, \"strays\": {}, \"leases\": {},\n",
      result.exchanges_per_s(), f.measured, f.measured_s, f.begun, f.completed, f.refused, f.gave_up, f.unfinished,
      f.sent_again, result.strays, result.leases);
  text += fmt::format(
      "  \"datagrams_sent\": {}, \"datagrams_received\": {}, \"send_errors\": {}, \"receive_drops\": {},\n"
      "  \"generator_load\": {:.3f}, \"generator_saturated\": {},\n",
      result.datagrams_sent, result.datagrams_received, result.send_errors, result.receive_drops, result.own_load(),
      result.own_load() > kSaturated);
  text += fmt::format("  \"latency_ms\": {{\"offer\": {},\n    \"ack\": {},\n    \"exchange\": {}}},\n",
                      latency_json(f.offer), latency_json(f.ack), latency_json(f.exchange));
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
