// manual_test.cc: docs/operating.md, docs/man and examples/isp/coaxd.toml say what the tables in the code say. A row that is added without a word about it fails here.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "server/config/settings.h"
#include "server/daemon/command_line.h"
#include "server/daemon/metrics.h"
#include "server/engine/drop_reason.h"
#include "server/provision/refusal.h"
#include "server/tftp/reason.h"
#include "server/wire/cable_device.h"

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

// Each line of the reference as roff writes it; help may be several lines of comment.
TEST(Manual, EverySettingIsInItsManPageAndExampleIsValid) {
  const std::string page = read("docs/man/coaxd.toml.5");
  std::istringstream reference(config::settings_reference());
  std::string line, help;
  while (std::getline(reference, line)) {
    if (line.starts_with('#')) {
      help += (help.empty() ? "" : " ") + line.substr(2);
      continue;
    }
    const std::size_t equals = line.find(" = ");
    if (equals == line.npos) {
      EXPECT_THAT(page, HasSubstr(line));  // a table, or nothing
      continue;
    }
    EXPECT_THAT(page, HasSubstr(".B " + line.substr(0, equals) + "\n" + in_roff(help) + "\n.br\nDefault: " + in_roff(line.substr(equals + 3)) + "\n"));
    help.clear();
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

TEST(Manual, EveryTftpReasonIsExplained) {
  const std::string text = read("docs/operating.md");
  for (std::size_t i = 1; i < static_cast<std::size_t>(tftp::Reason::count); ++i) {
    const std::string label = "`" + std::string{tftp::to_string(static_cast<tftp::Reason>(i))} + "`";
    EXPECT_TRUE(text.contains("\n| " + label) || text.contains(", " + label)) << label;
  }
}

TEST(Manual, EveryRefusalOfAFileIsExplained) {
  const std::string text = read("docs/files.md");
  for (std::size_t i = 1; i < static_cast<std::size_t>(provision::Refusal::count); ++i)
    EXPECT_THAT(text, HasSubstr("| `" + std::string{provision::to_string(static_cast<provision::Refusal>(i))} + "` | "));
}

// Values with their codes: those of a line of their own in the table, capabilities in a list.
TEST(Manual, EveryModemOptionIsNamedWithItsCode) {
  std::string text = read("docs/operating.md");
  std::ranges::replace(text, '\n', ' ');
  for (const wire::DeviceValue& value : wire::device_values()) {
    const std::string name = "`" + std::string{value.name} + "`", code = std::to_string(value.code);
    EXPECT_TRUE(text.contains("| " + name + " | " + code + " |") || text.contains(name + " " + code + ",") || text.contains(name + " " + code + ".")) << name << code;
  }
}

// `-t` is not found in `-tf`.
bool has_option(std::string_view text, const std::string& option) {
  const auto goes_on = [](char c) { return (c >= 'a' && c <= 'z') || c == '-' || c == '\\'; };
  for (std::size_t at = text.find(option); at != text.npos; at = text.find(option, at + 1))
    if (!goes_on(text[at + option.size()])) return true;
  return false;
}

TEST(Manual, EveryOptionIsInItsManPageAndBesideDhcpds) {
  const std::string page = read("docs/man/coaxd.8"), compared = read("docs/dhcpd-compat.md");
  for (const std::string_view option : option_names()) {
    EXPECT_TRUE(has_option(page, in_roff(option))) << option;
    EXPECT_TRUE(has_option(compared, "`" + std::string{option})) << option;
  }
}

// A link in the documents leads to a file that is there.
TEST(Manual, LinksLeadSomewhere) {
  std::vector<std::string> names{"README.md", "bench/README.md", "fuzz/README.md"};
  for (const auto& file : std::filesystem::directory_iterator(COAXD_SOURCE_DIR "/docs"))
    if (file.path().extension() == ".md") names.push_back("docs/" + file.path().filename().string());
  for (const std::string& name : names) {
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
