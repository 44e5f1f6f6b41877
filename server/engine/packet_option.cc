#include "server/engine/packet_option.h"

#include <algorithm>

namespace coaxd::engine {
namespace {

using config::OptionDefinition;
using config::OptionRegistry;
using config::OptionSpace;

constexpr int kMaxNesting = 4;  // 125 > enterprise > its options is two
constexpr std::uint32_t kEnd = 255;

std::uint32_t load_be(Bytes octets) noexcept {
  std::uint32_t value = 0;
  for (const std::uint8_t octet : octets) value = value << 8 | octet;
  return value;
}

// Walks code-length-value triples in a space's own widths.
class SubOptions {
 public:
  SubOptions(Bytes area, const OptionSpace& space) noexcept : rest_(area), space_(space) {}

  bool next() noexcept {
    while (space_.code_width == 1 && !rest_.empty() && rest_[0] == 0) rest_ = rest_.subspan(1);
    if (rest_.empty()) return false;
    if (space_.code_width == 1 && rest_[0] == kEnd) {
      rest_ = {};
      return false;
    }
    const std::size_t head = std::size_t{space_.code_width} + space_.length_width;
    if (rest_.size() < head) return fail();
    const std::size_t size = load_be(rest_.subspan(space_.code_width, space_.length_width));
    if (rest_.size() - head < size) return fail();
    code = load_be(rest_.first(space_.code_width));
    value = rest_.subspan(head, size);
    rest_ = rest_.subspan(head + size);
    return true;
  }
  bool malformed() const noexcept { return malformed_; }

  std::uint32_t code = 0;
  Bytes value;

 private:
  bool fail() noexcept {
    malformed_ = true;
    return false;
  }
  Bytes rest_;
  const OptionSpace& space_;
  bool malformed_ = false;
};

bool is_well_formed(Bytes area, const OptionSpace& space) noexcept {
  SubOptions options(area, space);
  while (options.next()) {
  }
  return !options.malformed();
}

const OptionDefinition* owner_of(const OptionSpace& space, std::uint32_t code) noexcept {
  const auto found = space.by_code.find(code);
  return found == space.by_code.end() ? nullptr : found->second;
}

Bytes without_trailing_nuls(Bytes text) noexcept {
  while (!text.empty() && text.back() == 0) text = text.first(text.size() - 1);
  return text;
}

std::optional<Bytes> raw_option(const OptionSpace& space, std::uint32_t code, Context& context, int nesting) noexcept;

// The octets in which the options of `space` were received.
std::optional<Bytes> area_of(const OptionSpace& space, Context& context, int nesting) noexcept {
  if (&space == context.vendor_space && context.request->has(wire::option::vendor_encapsulated)) {
    return context.request->option(wire::option::vendor_encapsulated);
  }
  const OptionDefinition* carrier = context.reply->carrier(space.index);
  if (carrier == nullptr || nesting == kMaxNesting) return std::nullopt;
  return raw_option(*carrier->space, carrier->code, context, nesting + 1);
}

std::optional<Bytes> raw_option(const OptionSpace& space, std::uint32_t code, Context& context, int nesting) noexcept {
  const wire::Message& request = *context.request;
  if (space.index == OptionRegistry::kDhcp) {
    if (code > 255 || !request.has(static_cast<std::uint8_t>(code))) return std::nullopt;
    return request.option(static_cast<std::uint8_t>(code));
  }
  if (space.index == OptionRegistry::kAgent) {
    const wire::RelayAgentInfo& agent = request.relay_agent_info();
    if (code > 255 || !agent.has(static_cast<std::uint8_t>(code))) return std::nullopt;
    return agent.get(static_cast<std::uint8_t>(code));
  }
  const std::optional<Bytes> area = area_of(space, context, nesting);
  if (!area) return std::nullopt;
  SubOptions options(*area, space);
  while (options.next()) {
    if (options.code == code) return options.value;
  }
  return std::nullopt;
}

// ---- option 81: three octets of flags and codes, then a name (RFC 4702 §2) ----

enum FqdnPart : std::uint32_t { kNoClientUpdate = 1, kServerUpdate, kEncoded, kRcode1, kRcode2, kHostname, kDomainname, kFqdn };
constexpr std::uint8_t kTrue[] = {1}, kFalse[] = {0};

// Labels of a wire-format name joined by dots; an unfinished name (no root label) is taken as far as it goes.
Bytes decoded_name(Bytes labels, Arena& arena) noexcept {
  const MutableBytes out = arena.take(labels.size());
  if (out.size() < labels.size()) return {};
  std::size_t size = 0;
  while (!labels.empty() && labels[0] != 0 && labels[0] < labels.size()) {
    if (size > 0) out[size++] = '.';
    std::ranges::copy(labels.subspan(1, labels[0]), out.begin() + static_cast<std::ptrdiff_t>(size));
    size += labels[0];
    labels = labels.subspan(std::size_t{1} + labels[0]);
  }
  return out.first(size);
}

std::optional<Bytes> fqdn_part(Bytes option, std::uint32_t part, Arena& arena) noexcept {
  if (option.size() < 3) return std::nullopt;
  const std::uint8_t flags = option[0];
  const auto boolean = [flags](std::uint8_t bit) { return Bytes{(flags & bit) != 0 ? kTrue : kFalse}; };
  switch (part) {
    case kServerUpdate: return boolean(1);
    case kNoClientUpdate: return boolean(2);
    case kEncoded: return boolean(4);
    case kRcode1: return option.subspan(1, 1);
    case kRcode2: return option.subspan(2, 1);
    default: break;
  }
  const Bytes name = (flags & 4) != 0 ? decoded_name(option.subspan(3), arena) : without_trailing_nuls(option.subspan(3));
  if (name.empty()) return std::nullopt;
  const auto dot = static_cast<std::size_t>(std::ranges::find(name, std::uint8_t{'.'}) - name.begin());
  if (part == kFqdn) return name;
  if (part == kHostname) return name.first(dot);
  if (part == kDomainname && dot + 1 < name.size()) return name.subspan(dot + 1);
  return std::nullopt;
}

}  // namespace

bool is_text_format(std::string_view format) noexcept {
  for (std::size_t i = 0; i < format.size(); ++i) {
    switch (format[i]) {
      case 't': case 'd': return true;
      case 'A': case 'a': case 'X': case 'x': case 'D': return false;
      case 'E': case 'N':  // a space's name follows, up to a dot
        i = std::min(format.find('.', i), format.size());
        break;
      default: break;
    }
  }
  return false;
}

std::optional<Bytes> packet_option(const OptionDefinition& option, Context& context) noexcept {
  if (context.request == nullptr) return std::nullopt;
  const OptionSpace& space = *option.space;
  if (space.name == "fqdn") {
    if (!context.request->has(wire::option::fqdn)) return std::nullopt;
    return fqdn_part(context.request->option(wire::option::fqdn), option.code, *context.arena);
  }
  const std::optional<Bytes> value = raw_option(space, option.code, context, 0);
  if (!value) return std::nullopt;
  // The definition that was given last decodes the code, whichever name the expression uses.
  const OptionDefinition* owner = owner_of(space, option.code);
  if (owner == nullptr) return value;
  if (is_text_format(owner->format)) {
    // RFC 2132 §3.14 wants at least one octet; dhcpd drops an empty host name.
    if (space.index == OptionRegistry::kDhcp && option.code == wire::option::host_name && value->empty()) return std::nullopt;
    return without_trailing_nuls(*value);
  }
  // An option that is wholly another space is kept as that space's options only.
  if (owner->format.starts_with('E') && owner->encapsulates != nullptr && is_well_formed(*value, *owner->encapsulates)) {
    return std::nullopt;
  }
  return value;
}

}  // namespace coaxd::engine
