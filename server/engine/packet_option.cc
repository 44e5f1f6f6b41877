#include "server/engine/packet_option.h"

#include <algorithm>

#include "server/wire/cable_device.h"

namespace coaxd::engine {
namespace {

using config::OptionDefinition;
using config::OptionRegistry;
using config::OptionSpace;

constexpr int kMaxNesting = 4;  // 125 > enterprise > its options is two

std::uint32_t load_be(Bytes octets) noexcept {
  std::uint32_t value = 0;
  for (const std::uint8_t octet : octets) value = value << 8 | octet;
  return value;
}

// Walks code-length-value triples in a space's own widths. Observed: code 0 ends them in every space, 255 is a code like any other,
// and those before a malformed one count.
class SubOptions {
 public:
  SubOptions(Bytes area, const OptionSpace& space) noexcept : rest_(area), space_(space) {}

  bool next() noexcept {
    const std::size_t head = std::size_t{space_.code_width} + space_.length_width;
    if (rest_.size() < head) return false;
    const std::size_t size = load_be(rest_.subspan(space_.code_width, space_.length_width));
    code = load_be(rest_.first(space_.code_width));
    if (code == 0 || rest_.size() - head < size) return false;
    value = rest_.subspan(head, size);
    rest_ = rest_.subspan(head + size);
    return true;
  }

  std::uint32_t code = 0;
  Bytes value;

 private:
  Bytes rest_;
  const OptionSpace& space_;
};

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

struct FqdnNames {
  Bytes whole, host, domain;  // empty: null
};

// A plain name is split at its first dot.
FqdnNames plain_names(Bytes text) noexcept {
  const Bytes name = without_trailing_nuls(text);
  const auto dot = static_cast<std::size_t>(std::ranges::find(name, std::uint8_t{'.'}) - name.begin());
  return {name, name.first(dot), dot < name.size() ? name.subspan(dot + 1) : Bytes{}};
}

// Labels in DNS form. Observed: the domain of a finished name keeps the dot before it, a name without root label is all host, and
// one whose label overruns is nothing.
FqdnNames encoded_names(Bytes labels, Arena& arena) noexcept {
  const MutableBytes out = arena.take(labels.size());
  if (out.size() < labels.size()) return {};
  std::size_t size = 0, first = 0;
  bool finished = false;
  while (!labels.empty() && !finished) {
    const std::size_t length = labels[0];
    if (length >= labels.size()) return {};
    finished = length == 0;
    if (!finished) {
      if (size > 0) out[size++] = '.';
      std::ranges::copy(labels.subspan(1, length), out.begin() + static_cast<std::ptrdiff_t>(size));
      size += length;
      if (first == 0) first = length;
    }
    labels = labels.subspan(1 + length);
  }
  const Bytes name = out.first(size);
  return finished ? FqdnNames{name, name.first(first), name.subspan(first)} : FqdnNames{name, name, {}};
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
  const Bytes rest = option.subspan(3);
  const FqdnNames names = (flags & 4) != 0 ? encoded_names(rest, arena) : plain_names(rest);
  const Bytes name = part == kFqdn         ? names.whole
                     : part == kHostname   ? names.host
                     : part == kDomainname ? names.domain
                                           : Bytes{};
  return name.empty() ? std::nullopt : std::optional(name);
}

// ---- the space `modem`: what the device says of itself, and what is set for the modem that it is, or is behind ----

std::optional<Bytes> profile(const wire::Message& request, Context& context) noexcept {
  const std::optional<subscriber::Mac> mac = subscriber::Mac::of(wire::modem_mac(request));
  if (!mac || context.modems == nullptr) return std::nullopt;
  Bytes kept;
  context.modems->read(*mac, [&](const subscriber::Modem& modem) { kept = context.arena->copy(as_bytes(modem.profile)); });
  return kept.empty() ? std::nullopt : std::optional(kept);
}

std::optional<Bytes> modem_option(std::uint32_t code, Context& context) noexcept {
  if (code > 255) return std::nullopt;
  if (code == wire::device::profile) return profile(*context.request, context);
  return wire::device_value(*context.request, static_cast<std::uint8_t>(code), *context.arena);
}

// Not where an operator has a space of this name of his own, which some option carries.
bool is_ours(const OptionSpace& space, const Context& context) noexcept {
  return space.index == OptionRegistry::kModem && context.reply->carrier(space.index) == nullptr && &space != context.vendor_space;
}

}  // namespace

bool is_text_format(std::string_view format) noexcept {
  for (std::size_t i = 0; i < format.size(); ++i) {
    switch (format[i]) {
      case 't': return true;
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
  if (is_ours(space, context)) return modem_option(option.code, context);
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
  return value;
}

}  // namespace coaxd::engine
