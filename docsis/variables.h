// variables.h: ${name} and ${name:default} inside a value, taken apart once and put together for each modem. Values only, any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "docsis/lexer.h"
#include "docsis/report.h"
#include "docsis/template.h"

namespace coaxd::docsis {

// A value with variables in it, as it stands between the blanks, or between the quotes with its escapes undone.
struct Pattern {
  static constexpr std::uint32_t kLiteral = ~std::uint32_t{0};
  struct Part {
    std::uint32_t variable = kLiteral;  // else its number
    bool has_default = false;
    Position at = {};
    std::string text;                   // the literal, or the default
  };
  std::vector<Part> parts;
  bool quoted = false;
  Position at;
};

// The names that a text uses, each once.
class VariableNames {
 public:
  std::uint32_t number_of(std::string_view name);
  const std::vector<std::string>& names() const noexcept { return names_; }

 private:
  std::vector<std::string> names_;
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
};

// Nothing: a name that is none, which is told.
std::optional<Pattern> read_pattern(const Token& token, VariableNames& names, Report& report);

// Asked for a number of VariableNames; nothing: that variable has no value.
using ValueOf = std::function<std::optional<std::string_view>(std::uint32_t variable)>;
// The value with all its variables, as one token over `text`, which is emptied first. Kind bad: told.
Token expand(const Pattern& pattern, const VariableNames& names, const ValueOf& value_of, Report& report, std::string& text);

}  // namespace coaxd::docsis
