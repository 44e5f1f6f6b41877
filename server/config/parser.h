// parser.h: text of dhcpd.conf -> Ast. Never throws, never exits; every error is a Diagnostic and parsing goes on behind it as
// dhcpd's does (dhcpd-compat §2), so that one run shows them all. Load time only.
#pragma once

#include <functional>
#include <string>

#include "server/config/ast.h"

namespace coaxd::config {

// Reads an included file; a missing one is an error at the include's place. Tests and fuzzers give their own.
using FileReader = std::function<bool(const std::string& path, std::string& text, std::string& error)>;
FileReader disk_reader();

Ast parse(std::string name, std::string text, const FileReader& reader);
// One expression or statement list on its own, for lease files (`on expiry { ... }`) and tests.
Ast parse_statements(std::string name, std::string text, std::unique_ptr<OptionRegistry> options);

}  // namespace coaxd::config
