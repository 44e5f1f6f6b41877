#include "docsis/problem.h"

#include <gtest/gtest.h>

namespace coaxd::docsis {
namespace {

TEST(Problem, IsShownWithItsLineAndACaret) {
  const Problem problem{.file = "gold.cfg", .at = {2, 9}, .message = "MaxCPE is 1 to 254", .mend = "write 1 for one computer"};
  EXPECT_EQ(render(problem, "Main {\n\tMaxCPE 0;\r\n}\n"),
            "gold.cfg:2:9: error: MaxCPE is 1 to 254; write 1 for one computer\n"
            "        MaxCPE 0;\n"
            "               ^\n");
}

TEST(Problem, OfAnIncludedTextSaysWhoIncludesIt) {
  const Texts texts{{.name = "gold.cfg"}, {.name = "a.inc", .included_at = {3, 3}}, {.name = "b.inc", .included_at = {1, 9, 1}}};
  Problem problem{.at = {1, 1, 2}, .message = "m"};
  locate(problem, texts);
  EXPECT_EQ(render(problem, "MaxCPE 0;\n"), "b.inc:1:1: error: m\nMaxCPE 0;\n^\n  included from a.inc:1:9\n  included from gold.cfg:3:3\n");
  problem.at = {2, 1};
  locate(problem, texts);
  EXPECT_EQ(problem.file, "gold.cfg");
  EXPECT_TRUE(problem.included_from.empty());
}

TEST(Problem, OfABinaryIsShownWithItsOffset) {
  const Problem problem{.severity = Severity::warning, .cause = Cause::none, .file = "gold.cm", .offset = 0x4c, .message = "there is no end marker (FF)"};
  EXPECT_EQ(render(problem, ""), "gold.cm: offset 0x4c: warning: there is no end marker (FF)\n");
}

TEST(Problem, DoesNotSteerATerminal) {
  EXPECT_EQ(render({.file = "a\x1b[2J", .offset = 1, .message = "\x07\n", .mend = "\x7f"}, ""), "a?[2J: offset 0x1: error: ??; ?\n");
}

TEST(Problem, AWordOfAMegabyteIsNotRepeated) {
  EXPECT_LT(render({.file = "x", .at = {1, 1}, .message = std::string(1'000'000, 'x'), .mend = std::string(1'000'000, 'y')}, "line").size(), 1100u);
}

TEST(Problem, OfALineThatIsNotThereHasAnEmptyOne) {
  EXPECT_EQ(render({.file = "x", .at = {7, 1}, .message = "m"}, "one line"), "x:7:1: error: m\n\n^\n");
}

}  // namespace
}  // namespace coaxd::docsis
