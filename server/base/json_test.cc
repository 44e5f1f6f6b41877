#include "server/base/json.h"

#include <gtest/gtest.h>

namespace coaxd {
namespace {

TEST(Rfc8259_7_Strings, EscapeWhatMayNotStandThere) {
  EXPECT_EQ(json_text("say \"a\\b\"\n\x7f\x1f"), R"("say \"a\\b\"\u000a\u007f\u001f")");
  EXPECT_EQ(json_octets("say \"a\\b\"\n\x7f\x1f"), R"("say \"a\\b\"\u000a\u007f\u001f")");
  EXPECT_EQ(json_text(std::string_view("\0", 1)), R"("\u0000")");
  EXPECT_EQ(json_text(""), "\"\"");
}

TEST(Rfc8259_7_Strings, TextIsUtf8AndOctetsAreAnything) {
  EXPECT_EQ(json_text("Süd"), "\"Süd\"");
  EXPECT_EQ(json_octets("S\xfc\xff"), R"("S\u00fc\u00ff")");
}

}  // namespace
}  // namespace coaxd
