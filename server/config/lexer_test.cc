#include "server/config/lexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coaxd::config {
namespace {

using testing::ElementsAre;

struct Lexed {
  std::vector<Token> tokens;  // without the end of the file
  std::vector<std::string> texts;
  std::vector<Diagnostic> diagnostics;
};

// Strings with escapes live in the lexer, so their texts are copied out.
Lexed lex(std::string_view text) {
  Lexed result;
  Lexer lexer(0, text, result.diagnostics);
  for (Token token = lexer.next(); token.kind != TokenKind::end_of_file; token = lexer.next()) {
    result.tokens.push_back(token);
    result.texts.emplace_back(token.text);
  }
  return result;
}

TokenKind kind_of(std::string_view text) {
  const Lexed lexed = lex(text);
  return lexed.tokens.size() == 1 && lexed.diagnostics.empty() ? lexed.tokens[0].kind
                                                               : TokenKind::end_of_file;
}

std::string string_of(std::string_view text) {
  const Lexed lexed = lex(text);
  EXPECT_EQ(lexed.tokens.size(), 1u) << text;
  return lexed.texts.empty() ? "" : lexed.texts[0];
}

std::string error_of(std::string_view text) {
  const Lexed lexed = lex(text);
  return lexed.diagnostics.empty() ? "" : lexed.diagnostics[0].message;
}

TEST(DhcpdCompat_1_Lexer, TellsNumbersWordsAndWhatIsEither) {
  struct Row {
    std::string_view text;
    TokenKind kind;
  };
  constexpr Row kRows[] = {
      {"10", TokenKind::number},
      {"-1", TokenKind::number},
      {"-", TokenKind::number},
      {"0600", TokenKind::number},
      {"1a", TokenKind::number_or_name},
      {"0x1f", TokenKind::number_or_name},
      {"0X1f", TokenKind::number_or_name},
      {"0x", TokenKind::name},
      {"0xg", TokenKind::name},
      {"224-29", TokenKind::name},
      {"1-a", TokenKind::name},
      {"a", TokenKind::number_or_name},
      {"x", TokenKind::number_or_name},
      {"n2", TokenKind::number_or_name},
      {"xyz", TokenKind::name},
      {"a-b_c9", TokenKind::name},
      {"option", TokenKind::keyword},
      {"OPTION", TokenKind::keyword},
      {"if", TokenKind::keyword},
      {"\"x\"", TokenKind::string},
      {";", TokenKind::symbol},
      {"\x80", TokenKind::symbol},
  };
  for (const Row& row : kRows) EXPECT_EQ(kind_of(row.text), row.kind) << row.text;
}

TEST(DhcpdCompat_1_Lexer, SplitsAtWhatCannotContinueAToken) {
  EXPECT_THAT(lex("1:8:0:2b").texts, ElementsAre("1", ":", "8", ":", "0", ":", "2b"));
  EXPECT_THAT(lex("10.0.0.1;").texts, ElementsAre("10", ".", "0", ".", "0", ".", "1", ";"));
  EXPECT_THAT(lex("a{b}c=d").texts, ElementsAre("a", "{", "b", "}", "c", "=", "d"));
}

TEST(DhcpdCompat_1_Lexer, CommentsEndWithTheirLineAndOnlyStartWithAHash) {
  EXPECT_THAT(lex("a # b \" c\nd#").texts, ElementsAre("a", "d"));
  EXPECT_THAT(lex("\"#\"").texts, ElementsAre("#"));
  EXPECT_THAT(lex("// x").texts, ElementsAre("/", "/", "x"));
}

TEST(DhcpdCompat_1_Lexer, PlacesAreLineAndColumnFromOne) {
  const Lexed lexed = lex("a\r\n  bb \"x\ny\" c");
  ASSERT_EQ(lexed.tokens.size(), 4u);
  EXPECT_EQ(lexed.tokens[1].pos.line, 2u);
  EXPECT_EQ(lexed.tokens[1].pos.column, 3u);
  EXPECT_EQ(lexed.tokens[2].pos.line, 2u);
  EXPECT_EQ(lexed.tokens[2].pos.column, 6u);
  EXPECT_EQ(lexed.tokens[3].pos.line, 3u);
  EXPECT_EQ(lexed.tokens[3].pos.column, 4u);
}

TEST(DhcpdCompat_1_Lexer, PlacesSurviveAStringWithEscapesOverLines) {
  const Lexed lexed = lex("\"a\nb\\n\nc\" d");
  ASSERT_EQ(lexed.tokens.size(), 2u);
  EXPECT_EQ(lexed.texts[0], "a\nb\n\nc");
  EXPECT_EQ(lexed.tokens[1].pos.line, 3u);
  EXPECT_EQ(lexed.tokens[1].pos.column, 4u);
}

TEST(DhcpdCompat_1_Lexer, UndoesEscapes) {
  using namespace std::string_literals;
  EXPECT_EQ(string_of(R"("\t\r\n\b")"), "\t\r\n\b");
  EXPECT_EQ(string_of(R"("\101\x41\q\"\\")"), "AAq\"\\");
  EXPECT_EQ(string_of(R"("\000x")"), "\0x"s);
  EXPECT_EQ(string_of(R"("\377")"), "\xff");
  EXPECT_EQ(string_of(R"("\400")"), "400");  // the first digit is 0-3
  EXPECT_EQ(string_of("\"\xe9\""), "\xe9");
  EXPECT_EQ(string_of("\"a\\\nb\\e\""), "a\nbe");
}

// Observed: the manual's "\0foo" drops the f and takes the first o as escaped.
TEST(DhcpdCompat_1_Lexer, AnOctalZeroThatBreaksOffEatsWhatFollows) {
  EXPECT_EQ(string_of(R"("\0foo")"), "oo");
  EXPECT_EQ(string_of(R"("\08\012")"), "\\012");
}

TEST(DhcpdCompat_1_Lexer, BadEscapesAreErrors) {
  EXPECT_EQ(error_of(R"("\x4g")"), "invalid hex digit: 67");
  EXPECT_EQ(error_of(R"("\19")"), "invalid octal digit 39");
  EXPECT_EQ(error_of("\"abc"), "eof in string constant");
  EXPECT_EQ(error_of("\"abc\\"), "eof in string constant");
}

TEST(DhcpdCompat_1_Lexer, TokensEndAtTheBufferDhcpdHas) {
  const std::string fits(Lexer::kTokenLimit - 1, 'x'), too_long(Lexer::kTokenLimit, 'x');
  EXPECT_EQ(error_of('"' + fits + '"'), "");
  EXPECT_EQ(error_of('"' + too_long + '"'), "string constant larger than internal buffer");
  EXPECT_EQ(error_of("\"\\n" + too_long + '"'), "string constant larger than internal buffer");
  EXPECT_EQ(error_of(fits), "");
  EXPECT_EQ(error_of(too_long), "token larger than internal buffer");
  EXPECT_EQ(error_of(std::string(Lexer::kTokenLimit - 1, '1')), "");
  EXPECT_EQ(error_of(std::string(Lexer::kTokenLimit, '1')),
            "numeric token larger than internal buffer");
  EXPECT_EQ(lex(too_long + "yz").tokens.size(), 2u);  // and what follows is another
}

TEST(DhcpdCompat_1_Lexer, EveryPrefixOfATextEnds) {
  constexpr std::string_view kText = "subnet 10.0.0.0 { option x \"a\\x41\\101\"; # c\n}\n-0x1f";
  for (std::size_t n = 0; n <= kText.size(); ++n)
    EXPECT_LE(lex(kText.substr(0, n)).tokens.size(), n);
}

TEST(Keyword, IsFoundInAnyCaseAndOnlyWhole) {
  EXPECT_TRUE(lex("Shared-Network").tokens[0].is(Keyword::shared_network));
  EXPECT_TRUE(lex("dhcid clients").tokens[1].is(Keyword::clients));
  EXPECT_EQ(lex("shared-networks").tokens[0].keyword, Keyword::none);
  EXPECT_EQ(lex("yxdomain").tokens[0].keyword, Keyword::reserved);
}

}  // namespace
}  // namespace coaxd::config
