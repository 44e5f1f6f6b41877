#include "server/engine/evaluate_data.h"

#include <unistd.h>

#include <algorithm>
#include <string>

#include "server/engine/packet_option.h"

namespace coaxd::engine::data {
namespace {

using config::Expr;

Value of(const std::optional<Bytes>& octets) noexcept { return octets ? Value::of(*octets) : Value{}; }

// What was asked of the arena, or null when it is used up.
Value of(MutableBytes taken, std::size_t wanted) noexcept {
  return taken.size() == wanted ? Value::of(Bytes{taken}) : Value{};
}

Bytes until_nul(Bytes field) noexcept {
  return field.first(static_cast<std::size_t>(std::ranges::find(field, 0) - field.begin()));
}

template <typename Map>
Value mapped(const Expr& expr, Context& context, Map map) noexcept {
  const std::optional<Bytes> data = evaluate_data(expr.args[0], context);
  if (!data) return {};
  const MutableBytes out = context.arena->take(data->size());
  if (out.size() == data->size()) std::ranges::transform(*data, out.begin(), map);
  return of(out, data->size());
}

// dhcpd's count of digits: its powers of the base wrap at 32 bits, so that from 1410065408 up a decimal number gets a
// leading zero (observed). No digit at all for a base above 16.
std::size_t digits_of(std::uint32_t number, std::uint32_t base) noexcept {
  if (base > 16) return 0;
  std::size_t digits = 1;
  std::uint32_t column = base;
  while (number >= column) {
    ++digits;
    const std::uint32_t wider = column * base;
    if (wider <= column) break;
    column = wider;
  }
  return digits;
}

std::uint32_t load(Bytes octets) noexcept {
  std::uint32_t value = 0;
  for (const std::uint8_t octet : octets) value = value << 8 | octet;
  return value;
}

}  // namespace

Value constant(const Expr& expr, Context&) noexcept { return Value::of(Bytes{expr.bytes}); }

Value packet_option(const Expr& expr, Context& context) noexcept {
  return of(engine::packet_option(*expr.option, context));
}

Value config_option(const Expr& expr, Context& context) noexcept {
  context.depends_on_moment = true;
  return of(context.reply->get(expr.option->space->index, expr.option->code));
}

// Numbers are unsigned, so -1 is beyond every end: empty as an offset, everything as a length.
Value substring(const Expr& expr, Context& context) noexcept {
  const std::optional<Bytes> data = evaluate_data(expr.args[0], context);
  const std::optional<std::uint64_t> offset = evaluate_number(expr.args[1], context);
  const std::optional<std::uint64_t> length = evaluate_number(expr.args[2], context);
  if (!data || !offset || !length) return {};
  if (*offset >= data->size()) return Value::of(Bytes{});
  const Bytes rest = data->subspan(static_cast<std::size_t>(*offset));
  return Value::of(rest.first(static_cast<std::size_t>(std::min<std::uint64_t>(*length, rest.size()))));
}

Value suffix(const Expr& expr, Context& context) noexcept {
  const std::optional<Bytes> data = evaluate_data(expr.args[0], context);
  const std::optional<std::uint64_t> length = evaluate_number(expr.args[1], context);
  if (!data || !length) return {};
  return Value::of(data->last(static_cast<std::size_t>(std::min<std::uint64_t>(*length, data->size()))));
}

// The parts are laid down as they come: one that takes scratch of its own is moved down behind the earlier ones.
Value concat(const Expr& expr, Context& context) noexcept {
  Bytes whole;
  for (const Expr& arg : expr.args) {
    const std::optional<Bytes> part = evaluate_data(arg, context);
    if (!part) return {};
    if (whole.empty() || part->empty()) {
      if (whole.empty()) whole = *part;
      continue;
    }
    const MutableBytes joined = context.arena->take(whole.size() + part->size());
    if (joined.empty()) return {};
    std::ranges::copy(*part, std::ranges::copy(whole, joined.begin()).out);
    whole = joined;
  }
  return Value::of(whole);
}

Value binary_to_ascii(const Expr& expr, Context& context) noexcept {
  const std::optional<std::uint64_t> base = evaluate_number(expr.args[0], context);
  const std::optional<std::uint64_t> width = evaluate_number(expr.args[1], context);
  const std::optional<Bytes> separator = evaluate_data(expr.args[2], context);
  const std::optional<Bytes> data = evaluate_data(expr.args[3], context);
  if (!base || !width || !separator || !data) return {};
  if (*base == 0 || (*width != 8 && *width != 16 && *width != 32)) return {};
  const std::size_t step = static_cast<std::size_t>(*width) / 8;
  if (data->size() % step != 0) return {};
  const auto radix = static_cast<std::uint32_t>(std::min<std::uint64_t>(*base, 17));

  std::size_t size = 0;
  for (std::size_t at = 0; at < data->size(); at += step) {
    size += digits_of(load(data->subspan(at, step)), radix) + (at == 0 ? 0 : separator->size());
  }
  const MutableBytes out = context.arena->take(size);
  if (out.size() < size) return {};
  auto put = out.begin();
  for (std::size_t at = 0; at < data->size(); at += step) {
    if (at != 0) put = std::ranges::copy(*separator, put).out;
    std::uint32_t number = load(data->subspan(at, step));
    const auto digits = static_cast<std::ptrdiff_t>(digits_of(number, radix));
    for (std::ptrdiff_t i = digits; i-- > 0; number /= radix) {
      put[i] = static_cast<std::uint8_t>("0123456789abcdef"[number % radix]);
    }
    put += digits;
  }
  return Value::of(Bytes{out});
}

Value pick_first_value(const Expr& expr, Context& context) noexcept {
  for (const Expr& arg : expr.args) {
    if (const std::optional<Bytes> data = evaluate_data(arg, context)) return Value::of(*data);
  }
  return {};
}

// Without a packet (on expiry) the lease knows.
Value hardware(const Expr&, Context& context) noexcept {
  const bool received = context.request != nullptr;
  if (!received && context.binding == nullptr) return {};
  const Bytes address = received ? context.request->chaddr() : context.binding->hardware();
  const MutableBytes out = context.arena->take(1 + address.size());
  if (out.empty()) return {};
  out[0] = received ? context.request->htype() : context.binding->htype;
  std::ranges::copy(address, out.begin() + 1);
  return Value::of(Bytes{out});
}

Value packet(const Expr& expr, Context& context) noexcept {
  const std::optional<std::uint64_t> offset = evaluate_number(expr.args[0], context);
  const std::optional<std::uint64_t> length = evaluate_number(expr.args[1], context);
  if (!offset || !length || context.request == nullptr) return {};
  const Bytes raw = context.request->raw();
  if (*offset >= raw.size()) return {};
  const Bytes rest = raw.subspan(static_cast<std::size_t>(*offset));
  return Value::of(rest.first(static_cast<std::size_t>(std::min<std::uint64_t>(*length, rest.size()))));
}

Value leased_address(const Expr&, Context& context) noexcept {
  if (!context.has_lease) return {};
  const MutableBytes out = context.arena->take(4);
  if (!out.empty()) store_be32(out.data(), context.leased_address.value);
  return of(out, 4);
}

Value encode_int(const Expr& expr, Context& context) noexcept {
  std::optional<std::uint64_t> number = evaluate_number(expr.args[0], context);
  const auto width = static_cast<std::size_t>(expr.number) / 8;
  if (!number) return {};
  const MutableBytes out = context.arena->take(width);
  for (std::size_t i = out.size(); i-- > 0; *number >>= 8) out[i] = static_cast<std::uint8_t>(*number);
  return of(out, width);
}

Value lcase(const Expr& expr, Context& context) noexcept {
  return mapped(expr, context, [](std::uint8_t c) { return c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c + 32) : c; });
}

Value ucase(const Expr& expr, Context& context) noexcept {
  return mapped(expr, context, [](std::uint8_t c) { return c >= 'a' && c <= 'z' ? static_cast<std::uint8_t>(c - 32) : c; });
}

// Groups of `width` octets change places; a last group that is not whole makes it null.
Value reverse(const Expr& expr, Context& context) noexcept {
  const std::optional<std::uint64_t> width = evaluate_number(expr.args[0], context);
  const std::optional<Bytes> data = evaluate_data(expr.args[1], context);
  if (!width || !data || *width == 0 || data->size() % *width != 0) return {};
  const auto step = static_cast<std::size_t>(*width);
  const MutableBytes out = context.arena->take(data->size());
  if (out.size() < data->size()) return {};
  for (std::size_t at = 0; at < data->size(); at += step) {
    std::ranges::copy(data->subspan(at, step), out.end() - static_cast<std::ptrdiff_t>(at + step));
  }
  return Value::of(Bytes{out});
}

Value host_decl_name(const Expr&, Context& context) noexcept {
  return context.host != nullptr ? Value::of(as_bytes(context.host->name)) : Value{};
}

Value filename(const Expr&, Context& context) noexcept {
  if (context.request == nullptr || context.request->file()[0] == 0) return {};
  return Value::of(until_nul(context.request->file()));
}

Value server_name(const Expr&, Context& context) noexcept {
  if (context.request == nullptr || context.request->sname()[0] == 0) return {};
  return Value::of(until_nul(context.request->sname()));
}

// The host's name is asked for once: a server whose name changes is restarted.
Value gethostname(const Expr&, Context&) noexcept {
  static const std::string kName = [] {
    char buffer[256] = {};
    return ::gethostname(buffer, sizeof buffer - 1) == 0 ? std::string(buffer) : std::string();
  }();
  return Value::of(as_bytes(kName));
}

Value host_lookup(const Expr& expr, Context& context) noexcept {
  if (context.names == nullptr) return {};
  const std::span<const Ipv4> addresses = context.names->find(expr.text);
  if (addresses.empty()) return {};
  const MutableBytes out = context.arena->take(addresses.size() * 4);
  if (out.empty()) return {};
  for (std::size_t i = 0; i < addresses.size(); ++i) store_be32(&out[i * 4], addresses[i].value);
  return Value::of(Bytes{out});
}

}  // namespace coaxd::engine::data
