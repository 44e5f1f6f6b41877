#include "server/config/option_registry.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "server/base/assert.h"
#include "server/config/parameters.h"
#include "server/wire/cable_device.h"

namespace coaxd::config {
namespace {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

// The letters of wire/option_table.h, and those only parameters have: T seconds or `infinite`, U a
// bare word, N one of the row's choices, k a key's name.
std::string_view format_of(ParameterValue value) {
  switch (value) {
    case ParameterValue::seconds:
      return "T";
    case ParameterValue::number32:
      return "L";
    case ParameterValue::number16:
      return "S";
    case ParameterValue::number8:
      return "B";
    case ParameterValue::flag:
      return "f";
    case ParameterValue::text:
      return "t";
    case ParameterValue::address:
      return "I";
    case ParameterValue::data:
      return "X";
    case ParameterValue::address6:
      return "6";
    case ParameterValue::word:
      return "U";
    case ParameterValue::choice:
      return "N";
    case ParameterValue::key_name:
      return "k";
  }
  std::unreachable();
}

constexpr std::string_view kUnknown = "unknown-";

}  // namespace

OptionRegistry::OptionRegistry() {
  // The fixed indices first, then whatever else the catalogue has.
  for (const std::string_view name : {"dhcp", "agent"}) {
    const wire::SpaceDef* space = wire::find_space(name);
    COAXD_ASSERT(space != nullptr);
    add_space(space->name, space->code_width, space->length_width);
  }
  add_space("server", 2, 1);
  OptionSpace& modem = add_space("modem", 1, 1);
  for (const wire::DeviceValue& value : wire::device_values())
    define(modem, value.name, value.code, std::string(value.format), nullptr).predefined = true;
  add_space("dhcp6", 2, 2);  // its name may be written; its options have no effect here
  for (const wire::SpaceDef& space : wire::predefined_spaces()) {
    if (find_space(space.name) == nullptr)
      add_space(space.name, space.code_width, space.length_width);
  }
  for (const wire::SpaceDef& definitions : wire::predefined_spaces()) {
    OptionSpace& space = *find_space(definitions.name);
    for (const wire::OptionDef& option : definitions.options) {
      // "Ename." names the space whose options are inside; vendor-encapsulated-options is "E." and
      // fixed by vendor-option-space.
      const std::size_t e = option.format.find('E');
      OptionSpace* inner =
          e == std::string_view::npos
              ? nullptr
              : find_space(option.format.substr(e + 1, option.format.find('.', e) - e - 1));
      define(space, option.name, option.code, std::string(option.format), inner).predefined = true;
    }
  }
  OptionSpace& server = spaces_[kServer];
  for (const ParameterRow& row : parameter_rows()) {
    // The DHCPv6 words share one id: the first of them owns the code, all have their names.
    define(server, row.name, static_cast<std::uint32_t>(row.id), std::string(format_of(row.value)),
           nullptr)
        .predefined = true;
  }
}

OptionSpace* OptionRegistry::find_space(std::string_view name) const {
  const auto same = [name](const OptionSpace& space) {
    return std::ranges::equal(space.name, name,
                              [](char a, char b) { return lower(a) == lower(b); });
  };
  const auto found = std::ranges::find_if(spaces_, same);
  return found == spaces_.end() ? nullptr : const_cast<OptionSpace*>(&*found);
}

OptionSpace& OptionRegistry::add_space(std::string_view name, std::uint8_t code_width,
                                       std::uint8_t length_width) {
  OptionSpace& space = spaces_.emplace_back();
  space.name = name;
  space.index = space_count() - 1;
  space.code_width = code_width;
  space.length_width = length_width;
  return space;
}

void OptionRegistry::declare_space(std::string_view name, std::uint8_t code_width, std::uint8_t length_width) {
  OptionSpace* const modem = &spaces_[kModem];
  if (find_space(name) != modem) {
    add_space(name, code_width, length_width);
    return;
  }
  modem->code_width = code_width;
  modem->length_width = length_width;
  std::erase_if(modem->by_name, [](const auto& row) { return row.second->predefined; });
  std::erase_if(modem->by_code, [](const auto& row) { return row.second->predefined; });
}

OptionDefinition& OptionRegistry::define(OptionSpace& space, std::string_view name,
                                         std::uint32_t code, std::string format,
                                         OptionSpace* encapsulates) {
  OptionDefinition& definition = definitions_.emplace_back();
  definition.space = &space;
  definition.code = code;
  definition.name = name;
  definition.format = std::move(format);
  definition.encapsulates = encapsulates;
  space.by_name[lower(name)] = &definition;
  space.by_code[code] = &definition;
  return definition;
}

bool OptionRegistry::holds(const OptionSpace& outer, const OptionSpace& inner) const {
  std::vector<const OptionSpace*> held{&outer};
  for (std::size_t i = 0; i < held.size(); ++i) {
    for (const OptionDefinition& option : definitions_) {
      if (option.space != held[i] || option.encapsulates == nullptr) continue;
      if (option.encapsulates == &inner) return true;
      if (std::ranges::find(held, option.encapsulates) == held.end()) held.push_back(option.encapsulates);
    }
  }
  return false;
}

OptionDefinition* OptionRegistry::find_named(const OptionSpace& space,
                                             std::string_view name) const {
  const auto found = space.by_name.find(lower(name));
  return found == space.by_name.end() ? nullptr : found->second;
}

OptionDefinition* OptionRegistry::find(OptionSpace& space, std::string_view name) {
  if (OptionDefinition* named = find_named(space, name)) return named;
  const std::string key = lower(name);
  if (!key.starts_with(kUnknown)) return nullptr;
  std::uint32_t code = 0;
  const auto [end, error] =
      std::from_chars(key.data() + kUnknown.size(), key.data() + key.size(), code);
  if (error != std::errc{} || code == 0) return nullptr;
  return const_cast<OptionDefinition*>(&by_code(space, code));
}

const OptionDefinition& OptionRegistry::by_code(OptionSpace& space, std::uint32_t code) {
  if (const auto found = space.by_code.find(code); found != space.by_code.end())
    return *found->second;
  OptionDefinition& made =
      define(space, std::string(kUnknown) + std::to_string(code), code, "X", nullptr);
  made.synthesized = true;
  return made;
}

}  // namespace coaxd::config
