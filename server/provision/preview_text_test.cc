#include "server/provision/preview_text.h"

#include <gtest/gtest.h>

#include "server/provision/testing/plant.h"

namespace coaxd::provision {
namespace {

ProvisionedFiles::Preview of(std::string_view name, std::string_view file, const docsis::Octets& octets) {
  return {.name = std::string(name), .file = std::string(file), .contents = std::make_shared<tftp::MemoryContents>(octets)};
}

TEST(Provision_PreviewText, EncodesToTheSameFileAgain) {
  const docsis::Octets file = written_out("Main { NetworkAccess 1; MaxCPE 4; SwUpgradeFilename \"a \\\"b\\\"\"; }", "key");
  const std::string text = preview_text(of("gold.cm", "gold.cfg", file), {0x001095010203});
  EXPECT_TRUE(text.starts_with("# \"gold.cm\" for 00:10:95:01:02:03: " + std::to_string(file.size()) + " octets, compiled from \"gold.cfg\"\n")) << text;
  EXPECT_EQ(written_out(text, "key"), file) << text;
}

TEST(Provision_PreviewText, FirmwareIsNoText) {
  const std::string text = preview_text(of("fw\n.img", "", {1, 200, 3}), {1});
  EXPECT_EQ(text, "# \"fw\\u000a.img\" for 00:00:00:00:00:01: 3 octets, a static file\n# it is no configuration file\n");
  EXPECT_EQ(preview_json(of("fw.img", "", {1, 200, 3}), {1}), "{\"mac\": \"00:00:00:00:00:01\", \"name\": \"fw.img\", \"template\": null, \"size\": 3, \"tlvs\": null}\n");
}

TEST(Provision_PreviewText, JsonHasTheTlvs) {
  const std::string json = preview_json(of("gold.cm", "gold.cfg", written_out("Main { NetworkAccess 1; }", "")), {1});
  EXPECT_NE(json.find("\"template\": \"gold.cfg\""), std::string::npos);
  EXPECT_NE(json.find("\"tlvs\": ["), std::string::npos);
  EXPECT_NE(json.find("\"NetworkAccess\""), std::string::npos) << json;
  EXPECT_TRUE(json.ends_with("]}\n")) << json;
}

}  // namespace
}  // namespace coaxd::provision
