// manual_test.cc: docs/operating.md, docs/man and examples/isp/coaxd.toml say what the tables in the code say. A row that is added without a word about it fails here.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "server/config/settings.h"
#include "server/daemon/command_line.h"
#include "server/daemon/metrics.h"
#include "server/engine/drop_reason.h"

namespace coaxd::daemon {
namespace {

using ::testing::HasSubstr;

std::string read(const std::string& name) {
  std::ifstream file(std::string{COAXD_SOURCE_DIR "/"} + name);
  EXPECT_TRUE(file) << name;
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

// roff wants a backslash before a dash that is to stay one.
std::string in_roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '-') out += '\\';
    out += c;
  }
  return out;
}

// The block is copied from what this test prints when it fails.
TEST(Manual, SettingsReferenceIsCurrent) {
  const std::string reference = config::settings_reference();
  EXPECT_TRUE(read("docs/operating.md").contains("```toml\n" + reference + "```\n")) << "docs/operating.md must hold this block:\n" << reference;
}

TEST(Manual, EverySettingIsInItsManPageAndExampleIsValid) {
  const std::string page = read("docs/man/coaxd.toml.5");
  for (const config::SettingRow& row : config::setting_rows()) {
    EXPECT_THAT(page, HasSubstr("[" + std::string{row.table} + "]"));
    EXPECT_THAT(page, HasSubstr(".B " + std::string{row.key} + "\n"));
  }
  config::Sources sources;
  EXPECT_TRUE(config::parse_settings("coaxd.toml", read("examples/isp/coaxd.toml"), sources));
}

TEST(Manual, EveryMetricHasItsRow) {
  const std::string text = read("docs/operating.md");
  for (const MetricRow& row : metric_rows())
    EXPECT_THAT(text, HasSubstr("| `" + std::string{row.name} + "` | " + std::string{row.type} + " | " + std::string{row.help} + " |\n"));
}

TEST(Manual, EveryDropReasonIsExplained) {
  const std::string text = read("docs/operating.md");
  for (std::size_t i = 1; i < static_cast<std::size_t>(engine::DropReason::count); ++i)
    EXPECT_THAT(text, HasSubstr("| `" + std::string{engine::to_string(static_cast<engine::DropReason>(i))} + "` | "));
}

TEST(Manual, EveryOptionIsInItsManPage) {
  const std::string page = read("docs/man/coaxd.8");
  for (const char* option : {"-4", "-6", "-cf", "-lf", "-pf", "-tf", "-play", "-f", "-d", "-q", "-t", "-T", "-p", "-s", "-user", "-group", "-chroot",
                             "--no-pid", "-C", "--json", "--accept-damaged-leases", "--accept-clock-step", "--version", "--help"})
    EXPECT_THAT(page, HasSubstr(in_roff(option))) << option;
}

// A link in the documents leads to a file that is there.
TEST(Manual, LinksLeadSomewhere) {
  for (const char* name : {"README.md", "docs/architecture.md", "docs/operating.md", "docs/non-goals.md", "docs/store-schema.md"}) {
    const std::string text = read(name);
    const auto folder = std::filesystem::path(COAXD_SOURCE_DIR) / std::filesystem::path(name).parent_path();
    for (std::size_t at = text.find("]("); at != std::string::npos; at = text.find("](", at + 1)) {
      const std::string link = text.substr(at + 2, text.find_first_of(")#", at + 2) - at - 2);
      if (link.empty() || link.starts_with("http")) continue;
      EXPECT_TRUE(std::filesystem::exists(folder / link)) << name << ": " << link;
    }
  }
}

}  // namespace
}  // namespace coaxd::daemon
