// Prints a libFuzzer dictionary of coaxd.toml: every table, key and choice.
#include <fmt/format.h>

#include <cstdio>
#include <span>

#include "server/config/settings.h"

namespace {

using coaxd::config::SettingRow;

void print(std::span<const SettingRow> rows) {
  for (const SettingRow& row : rows) {
    if (!row.table.empty()) fmt::print("\"[{}]\\x0a\"\n", row.table);
    fmt::print("\"{} = \"\n", row.key);
    for (const std::string_view choice : row.choices) fmt::print("\"\\\"{}\\\"\"\n", choice);
    print(row.fields);
  }
}

}  // namespace

int main() {
  print(coaxd::config::setting_rows());
  for (const char* text : {"[[", "]]", "[", "]", "{", "}", "\\\"", "\\\"\\\"\\\"", "'''", "\\\\u00e9", "\\\\n", "0x", "1_000", "1979-05-27", "true", "false", "nan", "10.1.0.0/16", "127.0.0.1:80"}) std::printf("\"%s\"\n", text);
}
