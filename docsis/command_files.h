// command_files.h: files by name, for the command. "-" is a standard stream. One thread.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "docsis/command.h"
#include "docsis/text.h"
#include "server/base/bytes.h"

namespace coaxd::docsis {

// Why not: "No such file or directory".
std::expected<std::string, std::string> read_file(std::string_view name, const Console& console);
std::optional<std::string> write_file(std::string_view name, Bytes contents, const Console& console);

// By their names, or since both are there and one.
bool is_same_file(std::string_view a, std::string_view b);

// What a text names: from the current directory, as the utility does, else from the text's own.
ReadFile files_beside(std::string_view text_name);

// "gold.cfg" with ".cm" is "gold.cm"; a name without extension gets one.
std::string with_extension(std::string_view name, std::string_view extension);
// The extension of the last part of the name, with its dot; empty: it has none.
std::string_view extension_of(std::string_view name) noexcept;

// Texts hold no control characters but blanks; files cannot do without.
bool is_text(std::string_view contents) noexcept;

}  // namespace coaxd::docsis
