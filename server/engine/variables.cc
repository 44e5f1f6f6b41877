#include "server/engine/variables.h"

#include <algorithm>

namespace coaxd::engine {
namespace {

constexpr std::uint16_t kSizeMask = 0x3fff;
constexpr int kTypeShift = 14;

// Types as packed; null is never packed.
constexpr Value::Type kTypes[] = {Value::Type::data, Value::Type::boolean, Value::Type::number};

std::uint16_t packed_type(Value::Type type) noexcept {
  return static_cast<std::uint16_t>(std::ranges::find(kTypes, type) - std::begin(kTypes));
}

std::optional<Value> unpack(std::uint16_t type, Bytes octets) noexcept {
  if (type >= std::size(kTypes)) return std::nullopt;
  switch (kTypes[type]) {
    case Value::Type::boolean:
      return octets.size() == 1 ? std::optional(Value::of(octets[0] != 0)) : std::nullopt;
    case Value::Type::number: {
      if (octets.size() != 8) return std::nullopt;
      return Value::of_number((std::uint64_t{load_be32(octets.data())} << 32) | load_be32(octets.data() + 4));
    }
    default:
      return Value::of(octets);
  }
}

// Appends to a buffer; once something did not fit, nothing does.
class Appender {
 public:
  explicit Appender(MutableBytes out) noexcept : out_(out) {}

  void add(Bytes octets) noexcept {
    fits_ = fits_ && octets.size() <= out_.size() - used_;
    if (!fits_) return;
    std::ranges::copy(octets, out_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ += octets.size();
  }
  void add(std::string_view name, const Value& value) noexcept {
    std::uint8_t number[8];
    Bytes octets = value.data;
    if (value.type == Value::Type::boolean) {
      number[0] = value.number != 0;
      octets = {number, 1};
    } else if (value.type == Value::Type::number) {
      store_be32(number, static_cast<std::uint32_t>(value.number >> 32));
      store_be32(number + 4, static_cast<std::uint32_t>(value.number));
      octets = number;
    }
    if (name.size() > 255 || octets.size() > kSizeMask) {
      fits_ = false;
      return;
    }
    const auto name_size = static_cast<std::uint8_t>(name.size());
    std::uint8_t size[2];
    store_be16(size, static_cast<std::uint16_t>(static_cast<unsigned>(packed_type(value.type)) << kTypeShift | octets.size()));
    add(Bytes{&name_size, 1});
    add(as_bytes(name));
    add(Bytes{size});
    add(octets);
  }
  std::optional<Bytes> result() const noexcept {
    return fits_ ? std::optional<Bytes>(out_.first(used_)) : std::nullopt;
  }

 private:
  MutableBytes out_;
  std::size_t used_ = 0;
  bool fits_ = true;
};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<Variable> Variables::next() noexcept {
  if (rest_.empty()) return std::nullopt;
  const std::size_t name_size = rest_[0];
  if (rest_.size() < 1 + name_size + 2) return std::nullopt;
  const std::uint16_t head = load_be16(&rest_[1 + name_size]);
  const std::size_t size = head & kSizeMask, begin = 1 + name_size + 2;
  if (rest_.size() - begin < size) return std::nullopt;
  const std::optional<Value> value = unpack(static_cast<std::uint16_t>(head >> kTypeShift), rest_.subspan(begin, size));
  if (!value) return std::nullopt;
  const Variable variable{as_text(rest_.subspan(1, name_size)), *value};
  rest_ = rest_.subspan(begin + size);
  return variable;
}

std::optional<Value> Variables::find(Bytes packed, std::string_view name) noexcept {
  Variables all(packed);
  while (const std::optional<Variable> variable = all.next()) {
    if (same_name(variable->name, name)) return variable->value;
  }
  return std::nullopt;
}

bool Variables::well_formed(Bytes packed) noexcept {
  Variables all(packed);
  while (all.next()) {
  }
  return all.rest_.empty();
}

std::optional<Bytes> with_variable(Bytes packed, std::string_view name, const Value& value, MutableBytes out) noexcept {
  Appender area(out);
  const bool is_new = !Variables::find(packed, name).has_value();
  if (is_new && !value.is_null()) area.add(name, value);
  Variables old(packed);
  while (const std::optional<Variable> variable = old.next()) {
    if (!same_name(variable->name, name)) {
      area.add(variable->name, variable->value);
    } else if (!value.is_null()) {
      area.add(name, value);
    }
  }
  return area.result();
}

bool GlobalVariables::set(std::string_view name, const Value& value) noexcept {
  const std::optional<Bytes> area = with_variable(packed(), name, value, next_);
  if (!area) return false;
  std::ranges::copy(*area, area_.begin());
  size_ = area->size();
  return true;
}

}  // namespace coaxd::engine
