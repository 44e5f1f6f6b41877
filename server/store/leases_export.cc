#include "server/store/leases_export.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <span>
#include <utility>

#include "server/store/lease_text.h"
#include "server/store/replaced_file.h"
#include "server/wire/option_table.h"

namespace coaxd::store {
namespace {

using lease::Item;

// The mirror writes millions of leases a minute beside the packets: what every lease has is put together by hand, at a third of fmt's price.
void line(std::string& out, std::string_view name, std::string_view value) {
  out += "  ";
  out += name;
  out += ' ';
  out += value;
  out += ";\n";
}

void two_digits(std::string& out, char before, std::uint32_t value) {
  const char text[] = {before, static_cast<char>('0' + value / 10 % 10), static_cast<char>('0' + value % 10)};
  out.append(text, sizeof text);
}

bool is_printable(std::uint8_t c) noexcept { return c >= 0x20 && c < 0x7f; }

// What can stand between quotes as it is.
bool is_plain(Bytes octets) noexcept {
  return !octets.empty() && std::ranges::all_of(octets, [](std::uint8_t c) { return is_printable(c) && c != '"' && c != '\\'; });
}

std::string quoted(Bytes octets) {
  std::string out = "\"";
  for (const std::uint8_t c : octets) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (is_printable(c)) {
      out += static_cast<char>(c);
    } else {
      fmt::format_to(std::back_inserter(out), "\\{:03o}", c);
    }
  }
  return out += '"';
}

std::string hex(Bytes octets, bool two_digits) {
  std::string out;
  for (const std::uint8_t c : octets) {
    static constexpr char kDigits[] = "0123456789abcdef";
    if (!out.empty()) out += ':';
    if (two_digits || c > 15) out += kDigits[c >> 4];
    out += kDigits[c & 15];
  }
  return out;
}

// What stands behind the semicolon is a comment to those who read the file; dhcpd takes the words from the C locale.
void local_date(std::string& out, std::string_view name, lease::StoredTime time) {
  const std::time_t seconds = time;
  std::tm local{};
  localtime_r(&seconds, &local);
  char words[64];
  const std::size_t size = std::strftime(words, sizeof words, "%a %b %d %H:%M:%S %Y", &local);
  fmt::format_to(std::back_inserter(out), "  {} epoch {}; # {}\n", name, time, std::string_view{words, size});
}

void date(std::string& out, std::string_view name, lease::StoredTime time, LeasesStyle style) {
  if (time == 0) return;
  if (time == lease::kStoredNever) return line(out, name, "never");
  if (style.local_times) return local_date(out, name, time);
  const std::int64_t days = time / 86400;
  const CivilDate date = date_of(days);
  const std::uint32_t second = time % 86400;
  constexpr std::int64_t kThursday = 4;  // 1970-01-01
  out += "  ";
  out += name;
  out += ' ';
  out += static_cast<char>('0' + (days + kThursday) % 7);
  const auto year = static_cast<std::uint32_t>(date.year);  // of a time since 1970 that fits 32 bits
  two_digits(out, ' ', year / 100);
  out += static_cast<char>('0' + year / 10 % 10);
  out += static_cast<char>('0' + year % 10);
  two_digits(out, '/', static_cast<std::uint32_t>(date.month));
  two_digits(out, '/', static_cast<std::uint32_t>(date.day));
  two_digits(out, ' ', second / 3600);
  two_digits(out, ':', second / 60 % 60);
  two_digits(out, ':', second % 60);
  out += ";\n";
}

void billing(std::string& out, Bytes item) {
  if (item.empty() || item.size() < 1u + item[0]) return;
  const std::string name = quoted(item.subspan(1, item[0]));
  const Bytes data = item.subspan(1u + item[0]);
  if (data.empty()) return line(out, "billing class", name);
  line(out, "billing subclass", name + " " + (is_plain(data) ? quoted(data) : hex(data, true)));
}

void variables(std::string& out, Bytes packed) {
  while (const auto variable = take_variable(packed)) {
    std::string value;
    switch (variable->type) {
      case VariableType::data: value = quoted(variable->value); break;
      case VariableType::boolean:
        value = !variable->value.empty() && variable->value[0] != 0 ? "true" : "false";
        break;
      case VariableType::number: {
        if (variable->value.size() != 8) continue;
        const std::uint64_t number =
            std::uint64_t{load_be32(variable->value.data())} << 32 | load_be32(variable->value.data() + 4);
        value = fmt::format("%{}", static_cast<std::int64_t>(number));
      }
    }
    fmt::format_to(std::back_inserter(out), "  set {} = {};\n", variable->name, value);
  }
}

std::string agent_value(std::string_view format, Bytes value) {
  if (value.size() == 4 && format == "I") return to_string(Ipv4{load_be32(value.data())});
  if (value.size() == 4 && format == "L") return fmt::format("{}", load_be32(value.data()));
  if (format == "I" || format == "L") return quoted(value);  // not what it should be; as hex it would read as something else
  return is_plain(value) ? quoted(value) : hex(value, false);
}

// RFC 3046 §2.0. dhcpd has no words for a sub-option without octets, and drops it as well.
void agent_options(std::string& out, Bytes info) {
  const wire::SpaceDef& space = *wire::find_space("agent");
  while (info.size() >= 2 && info.size() >= 2u + info[1]) {
    const Bytes value = info.subspan(2, info[1]);
    const wire::OptionDef* row = wire::find_option(space, std::uint16_t{info[0]});
    const std::string name = row != nullptr ? std::string(row->name) : fmt::format("unknown-{}", info[0]);
    if (!value.empty()) line(out, "option agent." + name, agent_value(row != nullptr ? row->format : "X", value));
    info = info.subspan(2 + value.size());
  }
}

void on_block(std::string& out, std::string_view events, Bytes text) {
  if (text.empty()) return;
  fmt::format_to(std::back_inserter(out), "  on {} {{\n    {}\n  }}\n", events, as_text(text));
}

void states(std::string& out, const lease::Binding& b) {
  line(out, "binding state", row_of(b.state).word);
  if (b.next_state != b.state) line(out, "next binding state", row_of(b.next_state).word);
  if (b.rewind_state != b.state) line(out, "rewind binding state", row_of(b.rewind_state).word);
}

}  // namespace

std::string_view leases_header() noexcept {
  // The third line tells dhcpd in which byte order integers of old formats were written.
  return "# The format of this file is documented in the dhcpd.leases(5) manual page.\n"
         "# This lease file was written by isc-dhcp-4.4.3-P1\n"
         "\n"
         "# authoring-byte-order entry is generated, DO NOT DELETE\n"
         "authoring-byte-order little-endian;\n"
         "\n";
}

void append_lease(std::string& out, Ipv4 address, const lease::Binding& b, LeasesStyle style) {
  if (!b.ever_used() && b.ends == 0) return;  // what was abandoned once has an end, and no client
  const FailoverTimes failover = failover_times(b);
  out += "lease ";
  out += to_string(address);
  out += " {\n";
  const auto dated = [&](std::string_view name, lease::StoredTime time) { date(out, name, time, style); };
  dated("starts", b.starts);
  dated("ends", b.ends);
  dated("tstp", b.tstp);
  dated("tsfp", failover.tsfp);
  dated("atsfp", failover.atsfp);
  dated("cltt", b.cltt);
  states(out, b);
  if ((b.flags & lease::Binding::kReserved) != 0) out += "  reserved;\n";
  if ((b.flags & lease::Binding::kBootp) != 0) out += "  dynamic-bootp;\n";
  billing(out, b.get(Item::billing));
  if (b.hlen > 0) line(out, "hardware", hardware_name(b.htype) + " " + hex(b.hardware(), true));
  if (const Bytes uid = b.get(Item::client_id); !uid.empty()) line(out, "uid", style.hex_ids ? hex(uid, true) : quoted(uid));
  variables(out, b.get(Item::variables));
  if (b.has(Item::vendor_class)) {
    fmt::format_to(std::back_inserter(out), "  set {} = {};\n", kVendorClassVariable, quoted(b.get(Item::vendor_class)));
  }
  agent_options(out, b.get(Item::agent_info));
  if (is_plain(b.get(Item::hostname))) line(out, "client-hostname", quoted(b.get(Item::hostname)));
  const Bytes expiry = b.get(Item::on_expiry), release = b.get(Item::on_release);
  if (equal(expiry, release)) {
    on_block(out, "expiry or release", expiry);
  } else {
    on_block(out, "expiry", expiry);
    on_block(out, "release", release);
  }
  out += "}\n";
}

std::expected<void, StoreError> write_leases_file(const std::string& path, const std::function<bool(std::string&)>& more) {
  bool first = true;
  return replace_file(path, path, [&](std::string& piece) -> std::expected<bool, int> {
    if (std::exchange(first, false)) piece = leases_header();
    return more(piece);
  });
}

}  // namespace coaxd::store
