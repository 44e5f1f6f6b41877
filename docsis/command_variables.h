// command_variables.h: what --set says, for the ${variables} of texts. One thread.
#pragma once

#include <set>
#include <string_view>

#include "docsis/command.h"
#include "docsis/command_options.h"
#include "docsis/text.h"

namespace coaxd::docsis {

class CommandVariables {
 public:
  explicit CommandVariables(const CommandOptions& options) : options_(options) {}

  std::optional<std::string_view> operator()(std::string_view name);  // as ParseOptions::value_of asks
  // A name that no text has is a slip of the pen.
  void complain_of_unused(const Console& console) const;

 private:
  const CommandOptions& options_;
  std::set<std::string_view> used_;
};

// A warning for each: what it stands in could not be looked at.
Problems told(const std::vector<Unknown>& unknown, const Texts& texts);

}  // namespace coaxd::docsis
