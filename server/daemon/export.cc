#include "server/daemon/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>

#include "server/base/json.h"
#include "server/store/leases_file.h"

namespace coaxd::daemon {

namespace {

constexpr std::size_t kPiece = 256 << 10;  // octets produced before the client gets his turn

void append_hex(std::string& out, Bytes bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) fmt::format_to(std::back_inserter(out), "{}{:02x}", i == 0 ? "" : ":", bytes[i]);
}

void append_json(std::string& out, Ipv4 address, const lease::Binding& binding) {
  const auto text = [&](std::string_view name, Bytes value) {
    if (value.empty()) return;
    fmt::format_to(std::back_inserter(out), R"(, "{}": {})", name, json_octets(as_text(value)));
  };
  const auto hex = [&](std::string_view name, Bytes value) {
    if (value.empty()) return;
    fmt::format_to(std::back_inserter(out), R"(, "{}": ")", name);
    append_hex(out, value);
    out += '"';
  };
  fmt::format_to(std::back_inserter(out), R"({{"ip": "{}", "state": "{}", "starts": {}, "ends": )", to_string(address),
                 lease::row_of(binding.state).word, binding.starts);
  if (binding.ends == lease::kStoredNever) {
    out += "null";  // never
  } else {
    fmt::format_to(std::back_inserter(out), "{}", binding.ends);
  }
  fmt::format_to(std::back_inserter(out), R"(, "cltt": {})", binding.cltt);
  hex("mac", binding.hardware());
  hex("client_id", binding.get(lease::Item::client_id));
  hex("agent_info", binding.get(lease::Item::agent_info));
  text("hostname", binding.get(lease::Item::hostname));
  text("vendor_class", binding.get(lease::Item::vendor_class));
  out += "}\n";
}

}  // namespace

BodySource export_leases(const lease::LeaseTable& table, const Homeless& homeless, ExportFormat format, store::LeasesStyle style,
                         lease::StoredTime* newest) {
  struct Progress {
    lease::SlotId next = 0;
    Ipv4 next_homeless;
    lease::Binding binding;
  };
  const auto tell = [format, style, newest](std::string& chunk, Ipv4 address, const lease::Binding& binding) {
    if (!binding.ever_used()) return;
    if (newest != nullptr) *newest = std::max(*newest, store::last_event(binding));
    if (format == ExportFormat::dhcpd) {
      store::append_lease(chunk, address, binding, style);
    } else {
      append_json(chunk, address, binding);
    }
  };
  return [&table, &homeless, tell, progress = std::make_shared<Progress>()](std::string& chunk) {
    for (; progress->next < table.slot_count(); ++progress->next) {
      if (chunk.size() >= kPiece) return true;
      if (table.word(progress->next).state() == lease::SlotState::absent) continue;
      table.read(progress->next, progress->binding);
      tell(chunk, table.address_of(progress->next), progress->binding);
    }
    for (auto one = homeless.lower_bound(progress->next_homeless); one != homeless.end(); ++one) {
      progress->next_homeless = one->first;
      if (chunk.size() >= kPiece) return true;
      // A reload may have given it a range, and so a slot.
      if (table.find(one->first) == lease::kNoSlot && store::decode_binding(as_bytes(one->second), progress->binding))
        tell(chunk, one->first, progress->binding);
    }
    return false;
  };
}

}  // namespace coaxd::daemon
