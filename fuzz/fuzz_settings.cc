// A coaxd.toml. What is read, written row by row, reads the same; a problem has its place, and words.
#include <fmt/format.h>

#include <string>

#include "fuzz/fuzz.h"
#include "server/config/settings.h"

namespace coaxd::config {
namespace {

std::string written(const Settings& settings) {
  std::string out;
  std::string_view table;
  for (const SettingRow& row : setting_rows()) {
    if (row.table != table) out += fmt::format("[{}]\n", row.table);
    table = row.table;
    out += fmt::format("{} = {}\n", row.key, setting_text(row, settings));
  }
  return out;
}

}  // namespace
}  // namespace coaxd::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd::config;
  Sources sources;
  const auto settings = parse_settings("t", {reinterpret_cast<const char*>(data), size}, sources);
  if (!settings) {
    REQUIRE(!settings.error().empty());
    for (const Diagnostic& problem : settings.error()) {
      REQUIRE(problem.pos.line > 0 && !problem.message.empty());
      for (const char c : problem.message) REQUIRE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
      REQUIRE(problem.render(sources).starts_with(fmt::format("t line {}: ", problem.pos.line)));
    }
    return 0;
  }
  const auto again = parse_settings("t", written(*settings), sources);
  REQUIRE(again && *again == *settings);
  return 0;
}
