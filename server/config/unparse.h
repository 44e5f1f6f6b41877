// unparse.h: expressions and statements as text again, for `on` blocks in the leases file
// (dhcpd-compat §14.2) and for messages. What is printed parses to the same tree: every nested
// operator stands in parentheses, values of options are written as `= data`. Names to be looked up
// come back as gethostbyname(). Load and export time only; any thread.
#pragma once

#include <span>
#include <string>

#include "server/config/ast.h"

namespace coaxd::config {

std::string to_text(const Expr& expression);
// One statement a line, blocks indented by two blanks, each line behind `indent` blanks.
std::string to_text(std::span<const Statement> statements, int indent = 0);

}  // namespace coaxd::config
