#include "server/base/excerpt.h"

#include <gtest/gtest.h>

#include <string>

namespace coaxd {
namespace {

TEST(Excerpt, LinesAreCountedFromOneAndEndInLfOrCrLf) {
  constexpr std::string_view kText = "one\ntwo\r\n\nfour";
  EXPECT_EQ(line_of(kText, 1), "one");
  EXPECT_EQ(line_of(kText, 2), "two");
  EXPECT_EQ(line_of(kText, 3), "");
  EXPECT_EQ(line_of(kText, 4), "four");
  EXPECT_EQ(line_of(kText, 5), "");
  EXPECT_EQ(line_of(kText, 0), "");
  EXPECT_EQ(line_of("", 1), "");
}

TEST(Excerpt, TheCaretStandsBelowItsOctet) {
  EXPECT_EQ(excerpt("MaxCPE 0;", 8), "MaxCPE 0;\n       ^\n");
  EXPECT_EQ(excerpt("MaxCPE", 1), "MaxCPE\n^\n");
  EXPECT_EQ(excerpt("MaxCPE", 7), "MaxCPE\n      ^\n") << "behind the end: something is missing there";
  EXPECT_EQ(excerpt("", 1), "\n^\n");
}

TEST(Excerpt, TabsAreAsWideAsTheTerminalMakesThem) {
  EXPECT_EQ(excerpt("\tMaxCPE", 2), "        MaxCPE\n        ^\n");
  EXPECT_EQ(excerpt("ab\tc", 4), "ab      c\n        ^\n");
  EXPECT_EQ(excerpt("a\tb", 2), "a       b\n ^\n") << "the tab itself begins where it begins";
}

TEST(Excerpt, ATextDoesNotSteerTheTerminal) { EXPECT_EQ(excerpt("a\x1b[2J\x7f", 2), "a?[2J?\n ^\n"); }

TEST(Excerpt, ALongLineIsCut) {
  const std::string shown = excerpt(std::string(100'000, 'x'), 3);
  EXPECT_EQ(shown, std::string(160, 'x') + "\n  ^\n");
}

TEST(Excerpt, OfALongLineThePlaceIsShown) {
  const std::string line = std::string(500, 'x') + "here" + std::string(500, 'y');
  EXPECT_EQ(excerpt(line, 501), std::string(119, 'x') + "here" + std::string(37, 'y') + "\n" + std::string(119, ' ') + "^\n");
  EXPECT_EQ(excerpt(line, 1005), std::string(119, 'y') + "\n" + std::string(119, ' ') + "^\n") << "behind the end";
  EXPECT_EQ(excerpt(line, 160), std::string(160, 'x') + "\n" + std::string(159, ' ') + "^\n");
}

TEST(Excerpt, ColumnsOfTheTerminalAreCharactersNotOctets) {
  EXPECT_EQ(excerpt("\xc3\xa4\xe2\x82\xac x", 7), "\xc3\xa4\xe2\x82\xac x\n   ^\n");
  EXPECT_EQ(excerpt("caf\xe9 x", 6), "caf\xe9 x\n     ^\n") << "Latin-1";
}

}  // namespace
}  // namespace coaxd
