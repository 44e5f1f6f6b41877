#include "server/tftp/packet.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace coaxd::tftp {

namespace {

// What a value must be. Above `most` the server may answer with less than was asked for (RFC 2348, RFC 7440 §3), but not for a timeout, which is agreed upon as it
// stands or not at all (RFC 2349).
struct OptionRow {
  std::string_view name;
  std::uint64_t least, most;
  bool may_be_lowered;
};
constexpr std::array<OptionRow, static_cast<std::size_t>(Option::count)> kOptions{{
    {"blksize", 8, 65464, true},                                       // RFC 2348
    {"timeout", 1, 255, false},                                        // RFC 2349
    {"tsize", 0, std::numeric_limits<std::uint64_t>::max(), false},    // RFC 2349
    {"windowsize", 1, 65535, true},                                    // RFC 7440 §3
}};

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// RFC 1350 §5, RFC 2347: case does not matter.
bool same_word(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<Option> find_option(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kOptions.size(); ++i) {
    if (same_word(kOptions[i].name, name)) return static_cast<Option>(i);
  }
  return std::nullopt;
}

// Decimal digits and nothing else. What is too large for 64 bits is the largest.
std::optional<std::uint64_t> read_number(std::string_view text) noexcept {
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || !digits) return std::nullopt;
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc{} ? value : std::numeric_limits<std::uint64_t>::max();
}

// The string up to the next NUL, which is taken too; nothing if there is none.
std::optional<std::string_view> take_string(Bytes& rest) noexcept {
  const auto end = std::ranges::find(rest, std::uint8_t{0});
  if (end == rest.end()) return std::nullopt;
  const auto size = static_cast<std::size_t>(end - rest.begin());
  const std::string_view taken = as_text(rest.first(size));
  rest = rest.subspan(size + 1);
  return taken;
}

// False: this option is as if it had not been there.
bool adopt(std::string_view name, std::string_view value, Options& out) noexcept {
  const auto option = find_option(name);
  if (!option || out.has(*option)) return false;
  const OptionRow& row = kOptions[static_cast<std::size_t>(*option)];
  const auto number = read_number(value);
  if (!number || *number < row.least || (*number > row.most && !row.may_be_lowered)) return false;
  out.set(*option, std::min(*number, row.most));
  return true;
}

// RFC 2347: pairs of strings. An empty name is no option: some senders fill their request up with zeros.
Reason read_options(Bytes rest, Packet& out) noexcept {
  while (!rest.empty() && rest[0] != 0) {
    const auto name = take_string(rest);
    if (!name) return Reason::option_incomplete;
    const auto value = take_string(rest);
    if (!value) return Reason::option_incomplete;
    if (!adopt(*name, *value, out.options) && out.options_ignored != 255) ++out.options_ignored;
  }
  return Reason::none;
}

Reason read_request(Bytes rest, Packet& out) noexcept {
  const auto name = take_string(rest);
  if (!name || name->empty()) return Reason::name_missing;
  if (name->size() > kMaxName) return Reason::name_too_long;
  const auto mode = take_string(rest);
  if (!mode) return Reason::mode_missing;
  if (same_word(*mode, "octet")) {
    out.mode = Mode::octet;
  } else if (same_word(*mode, "netascii")) {
    out.mode = Mode::netascii;
  } else {
    return Reason::unknown_mode;  // `mail` above all, which RFC 1350 §1 calls obsolete
  }
  out.text = *name;
  return read_options(rest, out);
}

// RFC 1350 §5: a number and a string; that the string is not terminated does not make it less of an error.
void read_error(Bytes rest, std::uint16_t number, Packet& out) noexcept {
  out.error = number <= static_cast<std::uint16_t>(ErrorCode::option_refused) ? static_cast<ErrorCode>(number) : ErrorCode::undefined;
  const auto text = take_string(rest);
  out.text = (text ? *text : as_text(rest)).substr(0, kMaxErrorText);
}

// Appends to `out`; once something does not fit nothing more is written and size() is 0.
class Writer {
 public:
  explicit Writer(MutableBytes out) noexcept : out_(out) {}
  void number(std::uint16_t value) noexcept {
    std::uint8_t octets[2];
    store_be16(octets, value);
    append(octets);
  }
  void string(std::string_view text) noexcept {
    append(as_bytes(text));
    const std::uint8_t nul[] = {0};
    append(nul);
  }
  void options(const Options& options) noexcept {
    for (std::size_t i = 0; i < kOptions.size(); ++i) {
      const auto option = static_cast<Option>(i);
      if (!options.has(option)) continue;
      char digits[20];
      const auto end = std::to_chars(digits, digits + sizeof digits, options.get(option)).ptr;
      string(kOptions[i].name);
      string({digits, end});
    }
  }
  std::size_t size() const noexcept { return fits_ ? used_ : 0; }

 private:
  void append(Bytes octets) noexcept {
    fits_ = fits_ && octets.size() <= out_.size() - used_;
    if (!fits_ || octets.empty()) return;
    std::memcpy(out_.data() + used_, octets.data(), octets.size());
    used_ += octets.size();
  }

  MutableBytes out_;
  std::size_t used_ = 0;
  bool fits_ = true;
};

std::size_t write_numbers(MutableBytes out, Opcode opcode, std::uint16_t second) noexcept {
  Writer writer(out);
  writer.number(static_cast<std::uint16_t>(opcode));
  writer.number(second);
  return writer.size();
}

}  // namespace

std::expected<Packet, Reason> parse(Bytes datagram) noexcept {
  if (datagram.size() < 2) return std::unexpected(Reason::too_short);
  const std::uint16_t opcode = load_be16(datagram.data());
  if (opcode < static_cast<std::uint16_t>(Opcode::rrq) || opcode > static_cast<std::uint16_t>(Opcode::oack)) {
    return std::unexpected(Reason::unknown_opcode);
  }
  Packet packet;
  packet.opcode = static_cast<Opcode>(opcode);
  Reason reason = Reason::none;
  if (packet.opcode == Opcode::rrq || packet.opcode == Opcode::wrq) {
    reason = read_request(datagram.subspan(2), packet);
  } else if (packet.opcode == Opcode::oack) {
    reason = read_options(datagram.subspan(2), packet);
  } else if (datagram.size() < kHeaderSize) {
    reason = Reason::too_short;
  } else if (packet.opcode == Opcode::error) {
    read_error(datagram.subspan(kHeaderSize), load_be16(datagram.data() + 2), packet);
  } else {
    packet.block = load_be16(datagram.data() + 2);
    if (packet.opcode == Opcode::data) packet.data = datagram.subspan(kHeaderSize);
  }
  if (reason != Reason::none) return std::unexpected(reason);
  return packet;
}

std::size_t write_data_header(MutableBytes out, std::uint16_t block) noexcept { return write_numbers(out, Opcode::data, block); }

std::size_t write_ack(MutableBytes out, std::uint16_t block) noexcept { return write_numbers(out, Opcode::ack, block); }

std::size_t write_oack(MutableBytes out, const Options& options) noexcept {
  Writer writer(out);
  writer.number(static_cast<std::uint16_t>(Opcode::oack));
  writer.options(options);
  return writer.size();
}

std::size_t write_error(MutableBytes out, ErrorCode code, std::string_view text) noexcept {
  Writer writer(out);
  writer.number(static_cast<std::uint16_t>(Opcode::error));
  writer.number(static_cast<std::uint16_t>(code));
  writer.string(text.substr(0, kMaxErrorText));
  return writer.size();
}

std::size_t write_request(MutableBytes out, Opcode opcode, std::string_view name, std::string_view mode, const Options& options) noexcept {
  Writer writer(out);
  writer.number(static_cast<std::uint16_t>(opcode));
  writer.string(name);
  writer.string(mode);
  writer.options(options);
  return writer.size();
}

}  // namespace coaxd::tftp
