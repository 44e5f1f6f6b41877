#include "server/engine/option_state.h"

#include <algorithm>

#include "server/engine/variables.h"

namespace coaxd::engine {

OptionState::OptionState(const config::OptionRegistry& registry)
    : registry_(registry), spaces_(registry.space_count()), carriers_(registry.space_count()), listed_codes_(registry.space_count()) {
  touched_.reserve(spaces_.size());
  for (std::uint32_t i = 0; i < spaces_.size(); ++i) {
    const config::OptionSpace& space = registry.space(i);
    // An option can only be set through its definition, so a packet never grows these.
    spaces_[i].entries.reserve(space.by_name.size() + space.by_code.size() + 1);
    for (const auto& [code, definition] : space.by_code) {
      if (definition->encapsulates != nullptr) carriers_[definition->encapsulates->index] = definition;
      if (i == config::OptionRegistry::kDhcp && code < kDirectCodes) definitions_[code] = definition;
    }
  }
  for (const config::OptionDefinition& definition : registry.definitions()) {
    const bool listed = definition.encapsulates != nullptr && definition.space->index == config::OptionRegistry::kDhcp && definition.code < kDirectCodes;
    if (listed) listed_codes_[definition.encapsulates->index] = static_cast<std::uint8_t>(definition.code);
  }
}

void OptionState::clear() noexcept {
  for (const std::uint32_t index : touched_) {
    Space& space = spaces_[index];
    for (const Entry& entry : space.entries) {
      if (entry.code < kDirectCodes) space.position[entry.code] = 0;
    }
    space.entries.clear();
  }
  touched_.clear();
  any_deferred_ = false;
}

const OptionState::Entry* OptionState::search(const Space& in, std::uint32_t code) noexcept {
  const auto found = std::ranges::find(in.entries, code, &Entry::code);
  return found == in.entries.end() ? nullptr : &*found;
}

OptionState::Entry& OptionState::find_or_add(std::uint32_t space_index, std::uint32_t code) noexcept {
  if (Entry* entry = find(space_index, code)) return *entry;
  Space& space = spaces_[space_index];
  if (space.entries.empty()) touched_.push_back(space_index);
  space.entries.push_back({.code = code, .definition = nullptr, .value = {}});
  if (code < kDirectCodes) space.position[code] = static_cast<std::uint16_t>(space.entries.size());
  return space.entries.back();
}

void OptionState::set(const config::OptionDefinition& option, std::optional<Bytes> value, config::OptionOp op,
                      Arena& arena) noexcept {
  using config::OptionOp;
  Entry* old = find(option.space->index, option.code);
  if (old != nullptr && op == OptionOp::default_value) return;
  if (old != nullptr && (op == OptionOp::append || op == OptionOp::prepend)) {
    // dhcpd makes a concat() of both, and a concat with a null part is null.
    if (old->is_null || !value) {
      value.reset();
    } else {
      const Bytes front = op == OptionOp::append ? old->value : *value;
      const Bytes back = op == OptionOp::append ? *value : old->value;
      const MutableBytes joined = arena.take(front.size() + back.size());
      if (joined.size() == front.size() + back.size()) {
        std::ranges::copy(front, joined.begin());
        std::ranges::copy(back, joined.begin() + static_cast<std::ptrdiff_t>(front.size()));
      }
      value = joined;
    }
  }
  Entry& entry = old != nullptr ? *old : find_or_add(option.space->index, option.code);
  entry.definition = &option;
  entry.value = value.value_or(Bytes{});
  entry.is_null = !value;
  entry.deferred = nullptr;
}

void OptionState::defer(const config::OptionDefinition& option, const config::Expr& expr) noexcept {
  if (Entry* entry = find(option.space->index, option.code)) {
    entry->deferred = &expr;
    any_deferred_ = true;
  }
}

void OptionState::set(std::uint8_t code, Bytes value) noexcept {
  Entry& entry = find_or_add(config::OptionRegistry::kDhcp, code);
  if (entry.definition == nullptr) entry.definition = definitions_[code];
  entry.value = value;
  entry.is_null = false;
  entry.deferred = nullptr;
}

void OptionState::unset(std::uint32_t space_index, std::uint32_t code) noexcept {
  const Entry* entry = find(space_index, code);
  if (entry == nullptr) return;
  Space& space = spaces_[space_index];
  space.entries.erase(space.entries.begin() + (entry - space.entries.data()));
  if (code < kDirectCodes) space.position[code] = 0;
  for (std::size_t i = 0; i < space.entries.size(); ++i) {
    if (space.entries[i].code < kDirectCodes) {
      space.position[space.entries[i].code] = static_cast<std::uint16_t>(i + 1);
    }
  }
}

std::optional<Bytes> OptionState::get(std::uint32_t space, std::uint32_t code) const noexcept {
  const Entry* entry = find(space, code);
  if (entry == nullptr || entry->is_null) return std::nullopt;
  return entry->value;
}

std::optional<Bytes> OptionState::get(config::Parameter parameter) const noexcept {
  return get(config::OptionRegistry::kServer, static_cast<std::uint32_t>(parameter));
}

std::uint32_t OptionState::number(config::Parameter parameter, std::uint32_t otherwise) const noexcept {
  const std::optional<Bytes> value = get(parameter);
  if (!value) return otherwise;
  // dhcpd reads exactly its width; a value made by an expression may have any.
  switch (value->size()) {
    case 1: return (*value)[0];
    case 2: return load_be16(value->data());
    case 4: return load_be32(value->data());
    default: return otherwise;
  }
}

bool OptionState::flag(config::Parameter parameter, bool otherwise) const noexcept {
  const std::optional<Bytes> value = get(parameter);
  return value && !value->empty() ? (*value)[0] != 0 : otherwise;
}

OptionState::Tri OptionState::tri(config::Parameter parameter, Tri otherwise) const noexcept {
  const std::optional<Bytes> value = get(parameter);
  if (!value || value->empty()) return otherwise;
  return (*value)[0] == 0 ? Tri::deny : (*value)[0] == 2 ? Tri::ignore : Tri::allow;
}

std::span<const OptionState::Entry> OptionState::entries(std::uint32_t space) const noexcept {
  return space < spaces_.size() ? std::span<const Entry>(spaces_[space].entries) : std::span<const Entry>{};
}

const config::OptionSpace* OptionState::find_space(std::string_view name) const noexcept {
  for (std::uint32_t i = 0; i < registry_.space_count(); ++i) {
    if (same_name(registry_.space(i).name, name)) return &registry_.space(i);
  }
  return nullptr;
}

}  // namespace coaxd::engine
