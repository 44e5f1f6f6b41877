#include "server/config/domain_name.h"

#include <gtest/gtest.h>

namespace coaxd::config {
namespace {

std::string written(std::string_view name, bool compress = false) {
  std::vector<std::uint8_t> out;
  if (!DomainNameWriter(out, compress).write(name)) {
    EXPECT_TRUE(out.empty());
    return "refused";
  }
  return {out.begin(), out.end()};
}

TEST(Rfc1035_3_1_Names, AreLabelsBehindTheirLengths) {
  EXPECT_EQ(written("a.bc"), std::string("\1a\2bc\0", 6));
  EXPECT_EQ(written("a.bc."), std::string("\1a\2bc\0", 6));
  EXPECT_EQ(written(""), std::string(1, '\0'));
  EXPECT_EQ(written("."), std::string(1, '\0'));
}

TEST(Rfc1035_2_3_4_Limits, LabelsOf63AndNamesOf255) {
  const std::string label(63, 'x');
  EXPECT_NE(written(label + ".b"), "refused");
  EXPECT_EQ(written(label + "x.b"), "refused");
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'x');
  EXPECT_EQ(written(longest).size(), 255u);
  EXPECT_EQ(written(longest + 'x'), "refused");
  EXPECT_EQ(written("a..b"), "refused");
  EXPECT_EQ(written(".a"), "refused");
}

TEST(Rfc3397_2_Search, PointersCountFromTheOptionsStart) {
  std::vector<std::uint8_t> out = {0xff};  // what stands before the option does not count
  DomainNameWriter writer(out, true);
  ASSERT_TRUE(writer.write("eng.apple.com."));
  ASSERT_TRUE(writer.write("marketing.apple.com."));
  const std::string expected("\xff\3eng\5apple\3com\0\11marketing\xc0\4", 28);
  EXPECT_EQ(std::string(out.begin(), out.end()), expected);
}

}  // namespace
}  // namespace coaxd::config
