// normal_form.h: a key by which the `on` blocks of a leases file find the configuration's own. dhcpd writes them with line breaks inside
// expressions, with concat(a, b, c) as concat(concat(a, b), c), and without the parentheses that group operators (dhcpd-compat §14.2), so the
// key is the parsed statements in one layout, without these. Two that differ in grouping only have one key: see to it that it is used for
// neither. Load time only, one thread: names of options that nobody defined are added to the registry.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/config/option_registry.h"

namespace coaxd::config {

// Nothing: it does not parse.
std::optional<std::string> normal_form(std::string_view statements, OptionRegistry& options);

}  // namespace coaxd::config
