// log.cc: fills in what dhcpd's log lines need (dhcpd-compat §15.5); the text itself is made on the
// log thread.
#include <algorithm>

#include "server/engine/exchange.h"

namespace coaxd::engine {
namespace {

constexpr std::size_t kLongestName = 64;

// Stands on a lease for a name that no log or file should show; dhcpd's line says so in its words.
constexpr std::string_view kUnprintable{"\0", 1};
constexpr std::string_view kUnprintableWords = "Hostname Unsuitable for Printing";

bool printable(Bytes text) noexcept {
  return std::ranges::all_of(text, [](std::uint8_t c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

Bytes told_host_name(const wire::Message& query) noexcept {
  Bytes name = query.option(wire::option::host_name);
  while (!name.empty() && name.back() == 0) name = name.first(name.size() - 1);
  return name.size() <= kLongestName && printable(name) ? name : as_bytes(kUnprintable);
}

Bytes name_before(const Exchange& exchange, const Lease& lease) noexcept {
  if (lease.own) return exchange.server.before.get(lease::Item::hostname);
  if (!lease.held) return {};
  const auto told = exchange.server.offered_names.find(lease.slot, exchange.client.hash);
  return told ? *told : told_host_name(*exchange.query);  // another worker made the offer
}

void set_name(LogEvent& event, Bytes host_name) noexcept {
  if (!printable(host_name)) host_name = as_bytes(kUnprintableWords);
  event.name_size = static_cast<std::uint8_t>(std::min(host_name.size(), event.name.size()));
  std::copy_n(host_name.begin(), event.name_size, event.name.begin());
}

void set_text(LogEvent& event, std::string_view text) noexcept {
  event.text_size = static_cast<std::uint16_t>(std::min(text.size(), event.text.size()));
  std::copy_n(text.begin(), event.text_size, event.text.begin());
}

LogEvent line(const Exchange& exchange, LogKind kind) noexcept {
  LogEvent event;
  event.kind = kind;
  const Bytes chaddr = exchange.query->chaddr();
  event.htype = exchange.query->htype();
  event.hlen = static_cast<std::uint8_t>(chaddr.size());
  std::ranges::copy(chaddr, event.chaddr.begin());
  event.giaddr = exchange.query->giaddr();
  event.interface_index = exchange.arrival.interface->index;
  return event;
}

LogEvent& note(Exchange& exchange, LogKind kind) noexcept {
  Actions& actions = exchange.actions;
  if (actions.log_count < actions.logs.size()) ++actions.log_count;
  LogEvent& event = actions.logs[actions.log_count - 1u];
  event = line(exchange, kind);
  return event;
}

}  // namespace coaxd::engine
