// The statements of a lease block, in the order of dhcpd-compat §14.2.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "server/store/lease_text.h"
#include "server/store/leases_reader.h"
#include "server/wire/option_table.h"

namespace coaxd::store {
namespace {

using Kind = LeasesToken::Kind;
using lease::Item;

// Where dhcpd's signed times end: it reads a later year as never (§14.4).
constexpr std::int64_t kEndOfTime = 2038;
constexpr std::size_t kLongestSubOption = 255;

std::optional<std::int64_t> number_of(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// `2024/01/04` or `10:00:00`.
std::optional<std::array<std::int64_t, 3>> three_numbers(std::string_view text, char separator) noexcept {
  std::array<std::int64_t, 3> out{};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t end = i < 2 ? text.find(separator) : text.size();
    if (end == std::string_view::npos) return std::nullopt;
    const auto value = number_of(text.substr(0, end));
    if (!value || *value < 0) return std::nullopt;
    out[i] = *value;
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return out;
}

// `1:8:0:2b`: one or two hex digits each.
std::optional<std::string> hex_list(std::string_view text) {
  std::string out;
  for (;;) {
    const std::size_t end = std::min(text.find(':'), text.size());
    unsigned octet = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + end, octet, 16);
    if (error != std::errc{} || stop != text.data() + end || end > 2) return std::nullopt;
    out += static_cast<char>(octet);
    if (end == text.size()) return out;
    text.remove_prefix(end + 1);
  }
}

// A quoted string or a hex list.
std::optional<std::string> octets_of(const LeasesToken& token) {
  if (token.kind == Kind::string) return unescape(token.text);
  if (token.kind == Kind::word) return hex_list(token.text);
  return std::nullopt;
}

std::string big_endian(std::uint32_t value) {
  std::uint8_t octets[4];
  store_be32(octets, value);
  return std::string(as_text(octets));
}

std::optional<std::uint16_t> agent_code(std::string_view name, std::string_view& format) {
  const wire::SpaceDef* space = wire::find_space("agent");
  format = "X";
  if (const wire::OptionDef* row = wire::find_option(*space, name)) {
    format = row->format;
    return row->code;
  }
  constexpr std::string_view kUnknown = "unknown-";
  if (!name.starts_with(kUnknown)) return std::nullopt;
  const auto code = number_of(name.substr(kUnknown.size()));
  if (!code || *code < 1 || *code > 255) return std::nullopt;
  if (const wire::OptionDef* row = wire::find_option(*space, static_cast<std::uint16_t>(*code))) format = row->format;
  return static_cast<std::uint16_t>(*code);
}

// The value of `option agent.NAME VALUE` as it stood on the wire.
std::optional<std::string> agent_value(std::string_view format, std::span<const LeasesToken> arguments) {
  if (arguments.empty()) return format == "Z" ? std::optional<std::string>("") : std::nullopt;
  if (arguments.size() != 1) return std::nullopt;
  const LeasesToken& token = arguments[0];
  if (token.kind == Kind::word && format == "I") {
    const auto address = Ipv4::parse(token.text);
    return address ? std::optional(big_endian(address->value)) : std::nullopt;
  }
  if (token.kind == Kind::word && format == "L") {
    const auto number = number_of(token.text);
    return number && *number >= 0 && *number <= 0xffffffff ? std::optional(big_endian(static_cast<std::uint32_t>(*number)))
                                                           : std::nullopt;
  }
  return octets_of(token);
}

}  // namespace

const LeasesReader::Statement* LeasesReader::find_statement(std::string_view word) noexcept {
  static constexpr Statement kStatements[] = {
      {"starts", &LeasesReader::read_starts},       {"ends", &LeasesReader::read_ends},
      {"tstp", &LeasesReader::read_tstp},           {"tsfp", &LeasesReader::read_tsfp},
      {"atsfp", &LeasesReader::read_atsfp},         {"cltt", &LeasesReader::read_cltt},
      {"binding", &LeasesReader::read_binding},     {"next", &LeasesReader::read_next},
      {"rewind", &LeasesReader::read_rewind},       {"reserved", &LeasesReader::read_reserved},
      {"dynamic-bootp", &LeasesReader::read_bootp}, {"bootp", &LeasesReader::read_bootp},
      {"billing", &LeasesReader::read_billing},     {"hardware", &LeasesReader::read_hardware},
      {"uid", &LeasesReader::read_uid},             {"set", &LeasesReader::read_set},
      {"option", &LeasesReader::read_option},       {"client-hostname", &LeasesReader::read_hostname},
      {"hostname", &LeasesReader::read_hostname},   {"abandoned", &LeasesReader::read_abandoned},
  };
  const auto* row = std::ranges::find(kStatements, word, &Statement::word);
  return row == std::end(kStatements) ? nullptr : row;
}

// W YYYY/MM/DD HH:MM:SS [OFFSET] | never | epoch SECONDS
bool LeasesReader::read_date(const Arguments& arguments, std::uint32_t& out) {
  if (arguments.size() == 1 && arguments[0].is("never")) {
    out = lease::kStoredNever;
    return true;
  }
  std::optional<std::int64_t> seconds;
  if (arguments.size() == 2 && arguments[0].is("epoch")) {
    seconds = number_of(arguments[1].text);
  } else if (arguments.size() == 3 || arguments.size() == 4) {
    const auto date = three_numbers(arguments[1].text, '/');
    const auto time = three_numbers(arguments[2].text, ':');
    const auto offset = arguments.size() == 4 ? number_of(arguments[3].text) : std::optional<std::int64_t>(0);
    if (date && time && offset && (*date)[0] < 10000 && (*date)[1] >= 1 && (*date)[1] <= 12 && (*date)[2] >= 1 &&
        (*date)[2] <= 31 && (*time)[0] < 24 && (*time)[1] < 60 && (*time)[2] <= 60 && *offset > -864000 && *offset < 864000) {
      const auto days = days_of((*date)[0], static_cast<unsigned>((*date)[1]), static_cast<unsigned>((*date)[2]));
      seconds = ((days * 24 + (*time)[0]) * 60 + (*time)[1]) * 60 + (*time)[2] + *offset;
    }
  }
  if (!seconds) return fail("no date");
  const bool never = *seconds >= days_of(kEndOfTime, 1, 1) * 86400;
  out = never ? lease::kStoredNever : lease::to_stored(std::max<std::int64_t>(*seconds, 0));
  return true;
}

bool LeasesReader::read_starts(const Arguments& a) { return read_date(a, draft_.binding.starts); }
bool LeasesReader::read_ends(const Arguments& a) { return read_date(a, draft_.binding.ends); }
bool LeasesReader::read_cltt(const Arguments& a) { return read_date(a, draft_.binding.cltt); }
bool LeasesReader::read_tsfp(const Arguments& a) { return read_date(a, draft_.tsfp); }
bool LeasesReader::read_atsfp(const Arguments& a) { return read_date(a, draft_.atsfp); }
bool LeasesReader::read_tstp(const Arguments& a) { return read_date(a, draft_.binding.tstp); }

bool LeasesReader::read_state(std::span<const LeasesToken> a, lease::BindingState& out) {
  if (a.size() != 2 || !a[0].is("state")) return fail("binding state expected");
  const lease::BindingStateRow* row = lease::state_by_word(a[1].text);
  if (row != nullptr) {
    out = row->state;
    return true;
  }
  // Words of old versions.
  const bool reserved = a[1].is("reserved");
  if (!reserved && !a[1].is("bootp")) return fail(fmt::format("unknown binding state \"{}\"", a[1].text.substr(0, 40)));
  out = lease::BindingState::active;
  draft_.binding.flags |= reserved ? lease::Binding::kReserved : lease::Binding::kBootp;
  return true;
}

bool LeasesReader::read_binding(const Arguments& a) {
  return draft_.has_state = read_state(a, draft_.binding.state);
}

bool LeasesReader::read_next(const Arguments& a) {
  if (a.empty() || !a[0].is("binding")) return fail("binding state expected");
  return draft_.has_next = read_state(std::span(a).subspan(1), draft_.binding.next_state);
}

bool LeasesReader::read_rewind(const Arguments& a) {
  if (a.empty() || !a[0].is("binding")) return fail("binding state expected");
  return draft_.has_rewind = read_state(std::span(a).subspan(1), draft_.binding.rewind_state);
}

bool LeasesReader::read_reserved(const Arguments&) {
  draft_.binding.flags |= lease::Binding::kReserved;
  return true;
}

bool LeasesReader::read_bootp(const Arguments&) {
  draft_.binding.flags |= lease::Binding::kBootp;
  return true;
}

bool LeasesReader::read_abandoned(const Arguments&) { return draft_.abandoned = true; }

// billing class "C"; or billing subclass "C" DATA;
bool LeasesReader::read_billing(const Arguments& a) {
  const bool subclass = !a.empty() && a[0].is("subclass");
  if (a.size() != (subclass ? 3 : 2) || (!subclass && !a[0].is("class")) || a[1].kind != Kind::string) {
    return fail("billing class expected");
  }
  const std::string name = unescape(a[1].text);
  const auto data = subclass ? octets_of(a[2]) : std::optional<std::string>("");
  if (!data || name.size() > 255) return fail("bad subclass data");
  keep(Item::billing, as_bytes(static_cast<char>(name.size()) + name + *data), "billing");
  return true;
}

bool LeasesReader::read_hardware(const Arguments& a) {
  if (a.empty() || a.size() > 2) return fail("hardware type and address expected");
  const auto type = hardware_type(a[0].text);
  if (!type) return fail(fmt::format("unknown hardware type \"{}\"", a[0].text.substr(0, 40)));
  const auto address = a.size() == 2 ? hex_list(a[1].text) : std::optional<std::string>("");
  if (!address || address->size() > draft_.binding.chaddr.size()) return fail("bad hardware address");
  draft_.binding.set_hardware(*type, as_bytes(*address));
  return true;
}

bool LeasesReader::read_uid(const Arguments& a) {
  const auto uid = a.size() == 1 ? octets_of(a[0]) : std::nullopt;
  if (!uid) return fail("bad uid");
  keep(Item::client_id, as_bytes(*uid), "uid");
  return true;
}

bool LeasesReader::read_hostname(const Arguments& a) {
  if (a.size() != 1 || a[0].kind == Kind::punctuation) return fail("a string expected");
  const std::string name = a[0].kind == Kind::string ? unescape(a[0].text) : std::string(a[0].text);
  keep(Item::hostname, as_bytes(name), "client-hostname");
  return true;
}

// set NAME = VALUE: the newest stands first in the binding, the last in the file (dhcpd puts each in front as it reads).
bool LeasesReader::read_set(const Arguments& a) {
  if (a.size() != 3 || a[0].kind != Kind::word || !a[1].is("=")) return fail("NAME = VALUE expected");
  std::array<std::uint8_t, 8> number{};
  std::string data;
  PackedVariable variable;
  variable.name = a[0].text;
  if (a[2].is("true") || a[2].is("false")) {
    number[0] = a[2].is("true") ? 1 : 0;
    variable.type = VariableType::boolean;
    variable.value = Bytes(number).first(1);
  } else if (a[2].kind == Kind::word && a[2].text.starts_with('%')) {
    const auto value = number_of(a[2].text.substr(1));
    if (!value) return fail("bad number");
    store_be32(number.data(), static_cast<std::uint32_t>(static_cast<std::uint64_t>(*value) >> 32));
    store_be32(number.data() + 4, static_cast<std::uint32_t>(*value));
    variable.type = VariableType::number;
    variable.value = number;
  } else {
    const auto octets = octets_of(a[2]);
    if (!octets) return fail("a constant expected");
    data = *octets;
    if (variable.name == kVendorClassVariable) {
      keep(Item::vendor_class, as_bytes(data), "vendor class");
      return true;
    }
    variable.value = as_bytes(data);
  }
  if (variable.name.size() > 255 || variable.value.size() > kLongestValue) {
    note("a variable is too long and left out");
    return true;
  }
  draft_.variables.insert(0, pack_variable(variable));
  return true;
}

bool LeasesReader::read_option(const Arguments& a) {
  constexpr std::string_view kPrefix = "agent.";
  if (a.empty() || !a[0].text.starts_with(kPrefix)) {
    note("an option other than agent.NAME is left out");  // as dhcpd does: it keeps the lease
    return true;
  }
  std::string_view format;
  const auto code = agent_code(a[0].text.substr(kPrefix.size()), format);
  const auto value = agent_value(format, std::span(a).subspan(1));
  if (!code || !value || value->size() > kLongestSubOption) {
    note(fmt::format("option {} is left out: {}", a[0].text.substr(0, 60), code ? "bad value" : "unknown name"));
    return true;
  }
  draft_.agent_info += static_cast<char>(*code);
  draft_.agent_info += static_cast<char>(value->size());
  draft_.agent_info += *value;
  return true;
}

// on expiry { ... }, on release { ... }, on expiry or release { ... }: the text between the braces is kept.
bool LeasesReader::read_on() {
  bool expiry = false, release = false;
  for (token_ = lexer_.next(); !token_.is("{"); token_ = lexer_.next()) {
    if (token_.is("expiry")) {
      expiry = true;
    } else if (token_.is("release")) {
      release = true;
    } else if (!token_.is("or") && !token_.is("commit")) {
      return fail("expiry or release expected");
    }
  }
  LeasesDeclaration block;
  if (!read_body(block)) return false;
  std::string_view text = block.body;
  constexpr std::string_view kBlanks = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
  if (expiry) keep(Item::on_expiry, as_bytes(text), "on expiry");
  if (release) keep(Item::on_release, as_bytes(text), "on release");
  return true;
}

void LeasesReader::keep(lease::Item item, Bytes value, std::string_view what) {
  if (!draft_.binding.set(item, value)) note(fmt::format("{} has no room and is left out", what));
}

// What the file leaves out (§14.4).
void LeasesReader::finish_lease(Ipv4 address) {
  using lease::BindingState;
  lease::Binding& b = draft_.binding;
  if (draft_.abandoned) {
    b.state = BindingState::abandoned;
  } else if (!draft_.has_state) {
    b.state = b.ends > lease::to_stored(now_) ? BindingState::active : BindingState::free;
  }
  if (!draft_.has_next || b.next_state == b.state) {
    // dhcpd writes a next state unless it is the same; but an active lease that stays so would never end.
    const bool ends = b.state == BindingState::active;
    b.next_state = ends ? (draft_.has_state ? BindingState::expired : BindingState::free) : b.state;
  }
  if (!draft_.has_rewind) b.rewind_state = b.state;
  if (b.tstp == 0) b.tstp = b.ends;
  keep(Item::agent_info, as_bytes(draft_.agent_info), "option agent");
  keep(Item::variables, as_bytes(draft_.variables), "set");
  if (draft_.tsfp != 0 || draft_.atsfp != 0) {
    keep(Item::failover, as_bytes(big_endian(draft_.tsfp) + big_endian(draft_.atsfp)), "tsfp");
  }
  std::array<std::uint8_t, kMaxRecordSize> octets{};
  const std::size_t size = encode_binding(octets, b);
  out_.leases_.insert_or_assign(address.value, std::string(as_text(Bytes(octets).first(size))));
}

}  // namespace coaxd::store
