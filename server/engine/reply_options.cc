#include "server/engine/reply_options.h"

#include <algorithm>
#include <array>
#include <bitset>

#include "server/engine/packet_option.h"

namespace coaxd::engine {
namespace {

using config::OptionDefinition;
using config::OptionRegistry;
using config::OptionSpace;
using config::Parameter;
namespace option = wire::option;

constexpr std::uint8_t kHead[] = {option::message_type, option::server_identifier, option::lease_time,
                                  option::renewal_time, option::rebinding_time,    option::message,
                                  option::requested_address, option::associated_ip};
constexpr std::uint8_t kUsual[] = {option::subnet_mask, option::routers, option::domain_name_servers, option::host_name,
                                   option::fqdn};

// The codes to try, in order and each once.
class CodeList {
 public:
  void add(std::uint32_t code) noexcept {
    if (code == option::pad || code >= option::end || code == option::relay_agent_information) return;
    if (seen_[code]) return;
    seen_[code] = true;
    codes_[size_++] = static_cast<std::uint8_t>(code);
  }
  // RFC 2132 §3.3: of subnet mask and routers the mask comes first. They change places.
  void put_mask_before_routers() noexcept {
    const auto end = codes_.begin() + static_cast<std::ptrdiff_t>(size_);
    const auto routers = std::find(codes_.begin(), end, option::routers);
    const auto mask = std::find(routers, end, option::subnet_mask);
    if (mask != end) std::iter_swap(routers, mask);
  }
  Bytes codes() const noexcept { return {codes_.data(), size_}; }

 private:
  std::array<std::uint8_t, 256> codes_;  // to size_
  std::size_t size_ = 0;
  std::bitset<256> seen_;
};

// dhcpd's hash order, which shows in replies to clients without a request list and inside encapsulated spaces: 17 buckets, in
// each the option that was first set last (dhcpd-compat §12.3).
constexpr std::uint32_t kBuckets = 17;
constexpr std::uint32_t bucket_of(std::uint32_t code) noexcept { return ((code & 31) + ((code >> 5) & 31)) % kBuckets; }

template <typename Visit>
void in_bucket_order(std::span<const OptionState::Entry> entries, Visit visit) noexcept {
  for (std::uint32_t bucket = 0; bucket < kBuckets && !entries.empty(); ++bucket) {
    for (std::size_t i = entries.size(); i-- > 0;) {
      if (bucket_of(entries[i].code) == bucket) visit(entries[i]);
    }
  }
}

// Grows at the end of the arena: whoever appends to it takes nothing else meanwhile.
class Builder {
 public:
  explicit Builder(MutableBytes room) noexcept : room_(room) {}

  void add(Bytes octets) noexcept {
    fits_ = fits_ && octets.size() <= room_.size() - used_;
    if (!fits_) return;
    std::ranges::copy(octets, room_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ += octets.size();
  }
  void add_number(std::uint32_t value, std::size_t width) noexcept {
    std::uint8_t octets[4];
    store_be32(octets, value);
    add(Bytes{octets}.last(width));
  }
  Bytes result() const noexcept { return fits_ ? Bytes{room_.first(used_)} : Bytes{}; }

 private:
  MutableBytes room_;
  std::size_t used_ = 0;
  bool fits_ = true;
};

void add_suboption(Builder& area, const OptionSpace& space, std::uint32_t code, Bytes value) noexcept {
  // A value that its length field cannot tell is left out; dhcpd would send a length that lies.
  if (space.length_width == 1 && value.size() > 255) return;
  area.add_number(code, space.code_width);
  area.add_number(static_cast<std::uint32_t>(value.size()), space.length_width);
  area.add(value);
}

// Dots become labels, and every name a finished one.
void add_labels(Builder& area, Bytes name) noexcept {
  while (!name.empty()) {
    const auto dot = static_cast<std::size_t>(std::ranges::find(name, std::uint8_t{'.'}) - name.begin());
    const Bytes label = name.first(std::min<std::size_t>(dot, 63));
    if (!label.empty()) {
      area.add_number(static_cast<std::uint32_t>(label.size()), 1);
      area.add(label);
    }
    name = name.subspan(std::min(dot + 1, name.size()));
  }
  area.add_number(0, 1);
}

// Option 81 is no list of TLVs: flags, two codes, a name (RFC 4702 §2).
Bytes encapsulate_fqdn(const OptionState& options, std::uint32_t space, Arena& arena) noexcept {
  enum : std::uint32_t { kNoClientUpdate = 1, kServerUpdate, kEncoded, kRcode1, kRcode2, kName = 8 };
  if (options.entries(space).empty()) return {};
  const auto first_octet = [&](std::uint32_t code) -> std::uint8_t {
    const std::optional<Bytes> value = options.get(space, code);
    return value && !value->empty() ? (*value)[0] : 0;
  };
  const Bytes name = options.get(space, kName).value_or(Bytes{});
  const bool encoded = first_octet(kEncoded) != 0;
  Builder area(arena.take(3 + name.size() + 2));
  area.add_number((first_octet(kServerUpdate) != 0 ? 1u : 0u) | (first_octet(kNoClientUpdate) != 0 ? 2u : 0u) |
                      (encoded ? 4u : 0u), 1);
  area.add_number(first_octet(kRcode1), 1);
  area.add_number(first_octet(kRcode2), 1);
  encoded ? add_labels(area, name) : area.add(name);
  return area.result();
}

std::size_t room_for(const OptionState& options, const OptionSpace& space) noexcept {
  std::size_t room = 0;
  for (const OptionState::Entry& entry : options.entries(space.index)) {
    room += std::size_t{space.code_width} + space.length_width + entry.value.size();
  }
  return room;
}

const OptionDefinition* definition_in(const OptionSpace& site, std::uint8_t code) noexcept {
  const auto owner = site.by_code.find(code);
  return owner == site.by_code.end() ? nullptr : owner->second;
}

// A DHCP option's octets: what was set for it, else the options of the space that it carries.
std::optional<Bytes> value_of(const OptionState& options, std::uint8_t code, const OptionSpace* site,
                              std::uint32_t site_minimum, Arena& arena) noexcept {
  const bool in_site = site != nullptr && code >= site_minimum;
  const std::uint32_t space = in_site ? site->index : std::uint32_t{OptionRegistry::kDhcp};
  if (const OptionState::Entry* set = options.entry(space, code)) {
    // An empty value is not sent, not even of a format that is always empty (observed).
    return set->is_null || set->value.empty() ? std::nullopt : std::optional(set->value);
  }
  Bytes area;
  if (code == option::vendor_encapsulated && site == nullptr) {
    const std::optional<Bytes> name = options.get(Parameter::vendor_option_space);
    const OptionSpace* vendor = name ? options.find_space(as_text(*name)) : nullptr;
    if (vendor != nullptr) area = encapsulate(options, vendor->index, arena);
  }
  const OptionDefinition* definition = in_site ? definition_in(*site, code) : options.definition(code);
  if (area.empty() && definition != nullptr && definition->encapsulates != nullptr && definition->format.starts_with('E')) {
    area = encapsulate(options, definition->encapsulates->index, arena);
  }
  return area.empty() ? std::nullopt : std::optional(area);
}

// RFC 3942 moved the border to 224; a site space that defines lower codes keeps them.
std::uint32_t lowest_site_code(const OptionSpace& site) noexcept {
  std::uint32_t lowest = 224;
  for (const auto& [code, definition] : site.by_code) {
    if (code >= 128) lowest = std::min(lowest, code);
  }
  return lowest;
}

void list_requested(CodeList& list, const ReplySelection& in, Bytes requested) noexcept {
  const OptionState& options = *in.options;
  if (options.has(OptionRegistry::kDhcp, option::subnet_selection)) list.add(option::subnet_selection);
  if (options.flag(Parameter::echo_client_id, false)) list.add(option::client_identifier);
  if (in.unasked != 0) list.add(in.unasked);
  for (const std::uint8_t code : requested) list.add(code);
  // Unasked, and only where there is room for them: 81 answers an 81 that had its three octets at least.
  if (in.request->option(option::fqdn).size() >= 3) list.add(option::fqdn);
  using wire::MessageType;
  const MessageType type = in.request->type();
  if (type == MessageType::discover || type == MessageType::request) list.add(option::subnet_mask);
}

void list_all(CodeList& list, const OptionState& options, const OptionSpace* site, std::uint32_t site_minimum) noexcept {
  for (const std::uint8_t code : kUsual) list.add(code);
  const auto add_entry = [&](const OptionState::Entry& entry) { list.add(entry.code); };
  if (site != nullptr) {
    in_bucket_order(options.entries(OptionRegistry::kDhcp), [&](const OptionState::Entry& entry) {
      if (entry.code < site_minimum) list.add(entry.code);
    });
    in_bucket_order(options.entries(site->index), add_entry);
  } else {
    in_bucket_order(options.entries(OptionRegistry::kDhcp), add_entry);
  }
  for (std::uint32_t i = 0; i < options.registry().space_count(); ++i) {
    list.add(options.listed_code(i));  // 0 is no code
  }
  list.add(option::vendor_encapsulated);
}

}  // namespace

Bytes encapsulate(const OptionState& options, std::uint32_t space_index, Arena& arena) noexcept {
  const OptionSpace& space = options.registry().space(space_index);
  if (space.name == "fqdn") return encapsulate_fqdn(options, space_index, arena);
  // Spaces inside this one are sent only if it has an option of its own (dhcpd-compat §19).
  const std::span<const OptionState::Entry> entries = options.entries(space_index);
  if (entries.empty()) return {};

  std::array<std::pair<std::uint32_t, Bytes>, 16> inner;
  std::size_t inner_count = 0, room = room_for(options, space);
  for (std::uint32_t i = 0; i < options.registry().space_count() && inner_count < inner.size(); ++i) {
    const OptionDefinition* carrier = options.carrier(i);
    if (carrier == nullptr || carrier->space != &space || i == space_index) continue;
    if (options.has(space_index, carrier->code)) continue;
    const Bytes area = encapsulate(options, i, arena);
    if (area.empty()) continue;
    inner[inner_count++] = {carrier->code, area};
    room += std::size_t{space.code_width} + space.length_width + area.size();
  }
  Builder area(arena.take(room));
  in_bucket_order(entries, [&](const OptionState::Entry& entry) {
    if (!entry.is_null) add_suboption(area, space, entry.code, entry.value);
  });
  for (const auto& [code, value] : std::span(inner).first(inner_count)) add_suboption(area, space, code, value);
  return area.result();
}

std::size_t select_reply_options(const ReplySelection& in, Arena& arena, std::span<wire::ReplyOption> out) noexcept {
  if (in.context != nullptr) finish_options(*in.context);
  const OptionState& options = *in.options;
  const std::optional<Bytes> site_name = options.get(Parameter::site_option_space);
  const OptionSpace* site = site_name ? options.find_space(as_text(*site_name)) : nullptr;
  const std::uint32_t site_minimum = site != nullptr ? lowest_site_code(*site) : option::end;

  // A configured list replaces the client's, even by nothing when it is null.
  std::optional<Bytes> requested;
  if (in.use_request_list) {
    if (options.has(OptionRegistry::kDhcp, option::parameter_request_list)) {
      requested = options.get(OptionRegistry::kDhcp, option::parameter_request_list);
    } else if (in.request->has(option::parameter_request_list)) {
      requested = in.request->option(option::parameter_request_list);
    }
  }
  CodeList list;
  for (const std::uint8_t code : kHead) list.add(code);
  requested && !requested->empty() ? list_requested(list, in, *requested) : list_all(list, options, site, site_minimum);
  list.put_mask_before_routers();

  // A client whose own host name ends in NUL gets text that ends so, too (dhcpd-compat §8.1).
  const Bytes host_name = in.request->has(option::host_name) ? in.request->option(option::host_name) : Bytes{};
  const bool terminate = !host_name.empty() && host_name.back() == 0;

  std::size_t count = 0;
  for (const std::uint8_t code : list.codes()) {
    if (count == out.size()) break;
    std::optional<Bytes> value = value_of(options, code, site, site_minimum, arena);
    if (!value) continue;
    const OptionState::Entry* set = terminate ? options.entry(OptionRegistry::kDhcp, code) : nullptr;
    if (set != nullptr && set->definition != nullptr && is_text_format(set->definition->format)) {
      Builder text(arena.take(value->size() + 1));
      text.add(*value);
      text.add_number(0, 1);
      value = text.result();
    }
    out[count++] = {code, *value};
  }
  return count;
}

wire::ReplyLimits reply_limits(const OptionState& options, const wire::Message& request) noexcept {
  // 264: IP and UDP headers and the fixed fields; dhcpd reads 57 of two octets only and keeps it between 576 and 1500.
  constexpr std::size_t kFixed = 264, kMinimum = 576, kMaximum = 1500;
  wire::ReplyLimits limits;
  const bool is_bootp = request.type() == wire::MessageType::bootp;
  std::optional<Bytes> asked;
  if (request.has(option::max_message_size)) asked = request.option(option::max_message_size);
  if (!asked) asked = options.get(OptionRegistry::kDhcp, option::max_message_size);
  if (asked && asked->size() == 2) {
    limits.option_room = std::clamp<std::size_t>(load_be16(asked->data()), kMinimum, kMaximum) - kFixed;
  } else if (is_bootp) {
    const std::size_t size = request.raw().size();
    limits.option_room = std::max<std::size_t>(64, size - std::min(size, wire::Message::kFixedSize));
  } else {
    limits.option_room = kMinimum - kFixed;
  }
  limits.may_overload = !is_bootp;
  limits.cookie = !is_bootp || request.has_cookie() || options.flag(Parameter::always_reply_rfc1048, false);
  if (!limits.cookie) limits.echo_vendor_area = request.raw().subspan(wire::Message::kFixedSize);
  return limits;
}

}  // namespace coaxd::engine
