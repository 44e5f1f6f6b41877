#include "server/config/regex.h"

#include <gtest/gtest.h>

#include <vector>

namespace coaxd::config {
namespace {

bool matches(std::string_view pattern, std::string_view subject, bool ignore_case = false) {
  const auto regex = Regex::compile(pattern, ignore_case);
  return regex != nullptr && regex->matches(as_bytes(subject));
}

TEST(DhcpdCompat_7_1_Regex, IsExtendedAndUnanchored) {
  EXPECT_TRUE(matches("^docsis[0-9]+\\.", "docsis3.0:"));
  EXPECT_TRUE(matches("a|b", "xxb"));
  EXPECT_FALSE(matches("^b", "ab"));
  EXPECT_FALSE(matches("ABC", "abc"));
  EXPECT_TRUE(matches("ABC", "xabcx", true));
  EXPECT_TRUE(matches("^$", ""));
}

TEST(DhcpdCompat_7_1_Regex, APatternThatDoesNotCompileIsNull) {
  EXPECT_EQ(Regex::compile("x(", false), nullptr);
  EXPECT_EQ(Regex::compile("[", true), nullptr);
}

TEST(DhcpdCompat_7_1_Regex, TheSubjectIsOctetsWithItsOwnEnd) {
  EXPECT_TRUE(matches("b", std::string_view("a\0b", 3)));
  EXPECT_FALSE(matches("c", std::string_view("abc", 2)));
  EXPECT_TRUE(matches("b$", std::string_view("abc", 2)));
}

// For the sanitizers' sake: on the heap, to the octet, no NUL behind it.
TEST(DhcpdCompat_7_1_Regex, NothingIsReadBeyondTheSubject) {
  for (const std::size_t size : {1, 8, 255}) {
    const std::vector<std::uint8_t> exact(size, 'c');
    EXPECT_TRUE(Regex::compile("^c+$", false)->matches(exact));
    EXPECT_FALSE(Regex::compile("C[^c]", true)->matches(exact));
  }
}

TEST(DhcpdCompat_7_1_Regex, ACopyMatchesAlike) {
  const auto regex = Regex::compile("^CM", true);
  ASSERT_NE(regex, nullptr);
  const auto copy = regex->copy();
  ASSERT_NE(copy, nullptr);
  EXPECT_NE(copy, regex);
  EXPECT_TRUE(copy->matches(as_bytes("cm-1")));
}

}  // namespace
}  // namespace coaxd::config
