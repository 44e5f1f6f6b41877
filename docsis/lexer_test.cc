#include "docsis/lexer.h"

#include <gtest/gtest.h>

#include <vector>

namespace coaxd::docsis {
namespace {

struct Lexed {
  std::vector<Token> tokens;  // without the end
  Problems problems;
};

Lexed lex(std::string_view text, Dialect dialect = Dialect::utility) {
  Report report(dialect);
  Lexer lexer(text, report);
  Lexed lexed;
  for (Token token = lexer.next(); !token.is(TokenKind::end); token = lexer.next()) lexed.tokens.push_back(token);
  lexed.problems = report.problems();
  return lexed;
}

// The one token of `text`; kind bad if there are more or none.
TokenKind kind_of(std::string_view text, Dialect dialect = Dialect::utility) {
  const Lexed lexed = lex(text, dialect);
  return lexed.tokens.size() == 1 ? lexed.tokens[0].kind : TokenKind::bad;
}
std::vector<std::string> texts(std::string_view text, Dialect dialect = Dialect::utility) {
  std::vector<std::string> all;
  for (const Token& token : lex(text, dialect).tokens) all.emplace_back(token.text);
  return all;
}

TEST(DocsisLexer, EveryShapeOfAValue) {
  const struct {
    std::string_view text;
    TokenKind kind;
  } kRows[] = {
      {"MaxCPE", TokenKind::word},
      {"5", TokenKind::integer},
      {"-5", TokenKind::integer},
      {"007", TokenKind::integer},
      {"1,2", TokenKind::number_list},
      {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18", TokenKind::number_list},
      {"0x0A", TokenKind::hex},
      {"0XfF", TokenKind::hex},
      {"10.0.0.1", TokenKind::ip4},
      {"1.3.6.1", TokenKind::ip4},
      {"10.0.0.256", TokenKind::ip4},
      {"10.0.0.1,10.0.0.2", TokenKind::ip4_list},
      {"10.0.0.1/161", TokenKind::ip4_slash},
      {".1.3.6.1", TokenKind::oid},
      {"1.3.6", TokenKind::oid},
      {"1.3.6.1.2", TokenKind::oid},
      {"sysContact.0", TokenKind::oid},
      {"vacmGroupName.2.\"ops\"", TokenKind::oid},
      {"vacmAccessStatus.'a b'.0", TokenKind::oid},
      {"vacmViewTreeFamilyStatus.\"all\".1.3.6", TokenKind::oid},
      {"iso.org.dod.internet.mgmt.mib-2.69", TokenKind::oid},
      {"fw_2.bin", TokenKind::oid},
      {"00:00:5e:00:53:01", TokenKind::mac},
      {"00:00:5e:00:53:01/ff:ff:ff:00:00:00", TokenKind::mac_mask},
      {"::", TokenKind::ip6},
      {"::1", TokenKind::ip6},
      {"2001:db8::", TokenKind::ip6},
      {"ff3e::8000:1", TokenKind::ip6},
      {"1:2:3:4:5:6:7:8", TokenKind::ip6},
      {"1:2:3:4:5:6::", TokenKind::ip6},
      {"::2:3:4:5:6:7:8", TokenKind::ip6},
      {"2001:db8::/48", TokenKind::ip6_slash},
      {"2001:db8::1,2001:db8::2", TokenKind::ip6_list},
      {"2001:db8::/48,::/0", TokenKind::ip6_slash_list},
      {"1:2:3:4.5", TokenKind::ticks},
      {"\"text\"", TokenKind::string},
      {"{", TokenKind::open},
      {"}", TokenKind::close},
      {";", TokenKind::semicolon},
  };
  for (const auto& row : kRows) EXPECT_EQ(kind_of(row.text), row.kind) << row.text;
}

TEST(DocsisLexer, LongestMatchWins) {
  EXPECT_EQ(texts("10.0.0.1.2 10.0.0.1x"), (std::vector<std::string>{"10.0.0.1.2", "10.0.0.1x"}));
  EXPECT_EQ(kind_of("10.0.0.1.2"), TokenKind::oid);
  EXPECT_EQ(texts("Integer-1;"), (std::vector<std::string>{"Integer", "-1", ";"}));
  EXPECT_EQ(texts("12abc"), (std::vector<std::string>{"12", "abc"}));
  EXPECT_EQ(texts("mAiN{NetworkAccess 1;}"), (std::vector<std::string>{"mAiN", "{", "NetworkAccess", "1", ";", "}"}));
}

// The utility's lexer forgot two shapes of RFC 4291 §2.2 and the form with an IPv4 address.
TEST(DocsisLexer, Rfc4291_2_2_ShapesThatTheUtilityForgot) {
  for (const std::string_view text : {"1:2:3:4:5:6::8", "1:2:3:4:5:6:7::", "::ffff:192.0.2.1", "1:2:3:4:5:6:192.0.2.1"}) {
    EXPECT_NE(kind_of(text), TokenKind::ip6) << text;
    EXPECT_EQ(kind_of(text, Dialect::native), TokenKind::ip6) << text;
  }
  for (const std::string_view text : {"1:2:3:4:5:6:7", "1::2::3", "12345::1", "1:2:3:4:5:6:7:8:9"})
    EXPECT_NE(kind_of(text, Dialect::native), TokenKind::ip6) << text;
}

TEST(DocsisLexer, ListsAreNoLongerThanTheUtilitys) {
  std::string sixteen = "10.0.0.1";
  for (int i = 1; i < 16; ++i) sixteen += ",10.0.0.1";
  EXPECT_EQ(kind_of(sixteen), TokenKind::ip4_list);
  EXPECT_EQ(lex(sixteen + ",10.0.0.1").problems.size(), 1U);
  std::string fifteen = "::/0";
  for (int i = 1; i < 15; ++i) fifteen += ",::/0";
  EXPECT_EQ(kind_of(fifteen), TokenKind::ip6_slash_list);
  EXPECT_EQ(lex(fifteen + ",::/0").problems.size(), 1U);
}

TEST(DocsisLexer, PlacesAreLineAndColumn) {
  const Lexed lexed = lex("Main\n{\n\tMaxCPE  5; /* a\n b */ \"x\";\r\n}");
  ASSERT_EQ(lexed.tokens.size(), 8U);
  const Position kPlaces[] = {{1, 1}, {2, 1}, {3, 2}, {3, 10}, {3, 11}, {4, 7}, {4, 10}, {5, 1}};
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(lexed.tokens[i].at, kPlaces[i]) << i;
  EXPECT_EQ(lexed.tokens[5].end(), (Position{4, 10}));
}

TEST(DocsisLexer, Comments) {
  EXPECT_EQ(texts("/* a */ 1 /*** b ***/ 2 /* ; { \" */ 3"), (std::vector<std::string>{"1", "2", "3"}));
  // The opener is greedy: /**/ does not close itself.
  EXPECT_EQ(texts("1 /**/ 2 /* */ 3"), (std::vector<std::string>{"1", "3"}));
  EXPECT_EQ(texts("1 /**/ 2 /* */ 3", Dialect::native), (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(texts("1 # 2\n3 // 4\n5", Dialect::native), (std::vector<std::string>{"1", "3", "5"}));
}

TEST(DocsisLexer, ACommentInsideACommentIsAWarning) {
  const Lexed lexed = lex("/* a\n  /* b */ 1");
  ASSERT_EQ(lexed.problems.size(), 1U);
  EXPECT_EQ(lexed.problems[0].severity, Severity::warning);
  EXPECT_EQ(lexed.problems[0].at, (Position{2, 3}));
  EXPECT_EQ(lexed.tokens.size(), 1U);
}

TEST(DocsisLexer, WhatIsNoToken) {
  const struct {
    std::string_view text;
    Cause cause;
    Position at;
  } kRows[] = {
      {"1 # 2", Cause::value, {1, 3}},
      {"1\n // 2", Cause::value, {2, 2}},
      {"a = b", Cause::value, {1, 3}},
      {"1 \r 2", Cause::value, {1, 3}},
      {"1 /* never", Cause::grammar, {1, 3}},
      {"\"never", Cause::value, {1, 1}},
      {" \"a\nb\"", Cause::value, {1, 2}},
      {" \"a\tb\"", Cause::value, {1, 4}},
  };
  for (const auto& row : kRows) {
    const Lexed lexed = lex(row.text);
    ASSERT_EQ(lexed.problems.size(), 1U) << row.text;
    EXPECT_EQ(lexed.problems[0].cause, row.cause) << row.text;
    EXPECT_EQ(lexed.problems[0].at, row.at) << row.text;
    EXPECT_FALSE(lexed.problems[0].message.empty());
  }
}

// In the utility the first error ends the run; natively what follows is read.
TEST(DocsisLexer, GoesOnBehindAMistakeInTheNativeDialect) {
  EXPECT_EQ(lex("= 1 = 2").tokens.size(), 1U);
  const Lexed lexed = lex("= 1 ° 2 \"a\tb\" 3 ", Dialect::native);
  EXPECT_EQ(lexed.problems.size(), 3U);
  EXPECT_EQ(lexed.tokens.size(), 6U);
}

TEST(DocsisLexer, Strings) {
  EXPECT_EQ(texts(R"("a\"b" "")"), (std::vector<std::string>{R"(a\"b)", ""}));
  EXPECT_EQ(texts(R"("semi;colon {brace} /* no comment */ // #")"), (std::vector<std::string>{"semi;colon {brace} /* no comment */ // #"}));
  // Two backslashes before a quote: blank and quote in the utility, a backslash at the end in the native dialect.
  EXPECT_EQ(texts(R"("a\\"b")"), (std::vector<std::string>{R"(a\\"b)"}));
  EXPECT_EQ(texts(R"("a\\" 1)", Dialect::native), (std::vector<std::string>{R"(a\\)", "1"}));
  const std::string longest(2048, 'x');
  EXPECT_EQ(kind_of('"' + longest + '"'), TokenKind::string);
  EXPECT_EQ(lex('"' + longest + "x\"").problems.size(), 1U);
  EXPECT_EQ(kind_of('"' + longest + "x\"", Dialect::native), TokenKind::string);
}

TEST(DocsisLexer, NativeExtras) {
  EXPECT_EQ(kind_of("SNMPv2-MIB::sysContact.0", Dialect::native), TokenKind::oid);
  EXPECT_EQ(kind_of("SNMPv2-MIB::sysContact", Dialect::native), TokenKind::oid);
  EXPECT_NE(kind_of("SNMPv2-MIB::sysContact.0"), TokenKind::oid);
  EXPECT_EQ(kind_of("local,syslog,if-gsn", Dialect::native), TokenKind::word_list);
  EXPECT_EQ(kind_of("if-gsn", Dialect::native), TokenKind::word);
  EXPECT_EQ(kind_of("10baseT", Dialect::native), TokenKind::word);
  EXPECT_EQ(kind_of("10baseT,ab", Dialect::native), TokenKind::word_list);
  for (const Dialect dialect : {Dialect::utility, Dialect::native}) EXPECT_EQ(kind_of("0x10", dialect), TokenKind::hex);
  EXPECT_EQ(texts("Integer-1", Dialect::native), (std::vector<std::string>{"Integer", "-1"}));
}

TEST(DocsisLexer, AByteOrderMarkIsAMistakeInTheUtilityOnly) {
  EXPECT_EQ(lex("\xef\xbb\xbf" "Main").problems.size(), 1U);
  const Lexed lexed = lex("\xef\xbb\xbf" "Main", Dialect::native);
  ASSERT_EQ(lexed.tokens.size(), 1U);
  EXPECT_EQ(lexed.tokens[0].at, (Position{1, 1}));
}

TEST(DocsisLexer, VariablesStandWhole) {
  for (const std::string_view text : {"${a}", "10.${net}.0.1", "0x${mac}", "${a}${b}", "${a:1,2}", "${a:\"b c\"}", "fe80::${a}"})
    EXPECT_EQ(kind_of(text, Dialect::native), TokenKind::variable) << text;
  EXPECT_EQ(texts("1 ${a};", Dialect::native), (std::vector<std::string>{"1", "${a}", ";"}));
  const Lexed in_string = lex("\"a${b}\"", Dialect::native);
  ASSERT_EQ(in_string.tokens.size(), 1U);
  EXPECT_TRUE(in_string.tokens[0].is(TokenKind::string) && in_string.tokens[0].variables);
  EXPECT_FALSE(lex("\"a\\${b}\"", Dialect::native).tokens[0].variables);
  EXPECT_FALSE(lex("\"a${b}\"").tokens[0].variables);
  const Lexed open = lex("1 ${a;\n2", Dialect::native);
  ASSERT_EQ(open.problems.size(), 1U);
  EXPECT_EQ(open.problems[0].at, (Position{1, 3}));
}

}  // namespace
}  // namespace coaxd::docsis
