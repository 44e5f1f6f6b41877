#include "server/portal/texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace coaxd::portal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Texts built() {
  auto texts = Texts::load("");
  EXPECT_TRUE(texts) << texts.error();
  return std::move(*texts);
}

TEST(Texts, FourLanguagesAreBuiltIn) {
  const Texts texts = built();
  EXPECT_THAT(texts.languages(), ElementsAre("de", "en", "es", "fr"));
  EXPECT_EQ(texts.text("de", "button"), "Anschluss freigeben");
  EXPECT_EQ(texts.text("xx", "button"), "");
  EXPECT_THAT(texts.page(), HasSubstr("{{body}}"));
  EXPECT_FALSE(texts.style().empty());
}

TEST(Rfc9110_12_5_4_AcceptLanguage, TheBestOfThoseThatThereAre) {
  const Texts texts = built();
  EXPECT_EQ(texts.choose(""), "en");
  EXPECT_EQ(texts.choose("de-AT,de;q=0.9,en;q=0.8"), "de");
  EXPECT_EQ(texts.choose("nl, fr;q=0.3, es;q=0.7"), "es");
  EXPECT_EQ(texts.choose("FR"), "fr");
  EXPECT_EQ(texts.choose("nl"), "en");
  EXPECT_EQ(texts.choose("de;q=0"), "en");
  for (const char* odd : {",,,", ";q=", "de;q=x", "-", "de;q=2", "*"}) EXPECT_EQ(texts.choose(odd), "en") << odd;
}

class TextsFolder : public testing::Test {
 protected:
  TextsFolder() {
    std::string pattern = testing::TempDir() + "texts-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~TextsFolder() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  std::string error() {
    const auto texts = Texts::load(folder_);
    return texts ? "" : texts.error();
  }
  std::filesystem::path folder_;
};

TEST_F(TextsFolder, TheOperatorsFilesComeFirst) {
  std::string dutch;
  for (const std::string_view key : {"language", "title", "heading", "why", "since", "until", "address", "case", "evidence", "todo_heading", "todo", "check", "button", "left_one", "left_many", "left_none",
                                     "wait", "must_check", "stale", "not_now", "contact", "free_heading", "free", "released_heading", "released"})
    dutch += std::string(key) + " = nl " + std::string(key) + "\r\n";
  write("nl.txt", "# Nederlands\n\n" + dutch);
  write("portal.css", "body { }");
  write("notes.md", "not ours");
  const auto texts = Texts::load(folder_);
  ASSERT_TRUE(texts) << texts.error();
  EXPECT_EQ(texts->text("nl", "button"), "nl button");
  EXPECT_EQ(texts->style(), "body { }");
  EXPECT_EQ(texts->choose("nl"), "nl");
}

TEST_F(TextsFolder, SaysWhereAndWhatIsWrong) {
  write("de.txt", "language = Deutsch\nbutton\n");
  EXPECT_THAT(error(), HasSubstr("de.txt:2: expecting NAME = TEXT"));
  write("de.txt", "language = Deutsch\n# x\nlanguage = Deutsch\n");
  EXPECT_THAT(error(), HasSubstr("de.txt:3: language was said before"));
  write("de.txt", "language = Deutsch\n");
  EXPECT_THAT(error(), HasSubstr("is missing"));
  std::filesystem::remove(folder_ / "de.txt");
  write("page.html", "<html></html>");
  EXPECT_THAT(error(), HasSubstr("page.html: has no place {{language}}"));
  EXPECT_THAT(Texts::load("/nowhere").error(), HasSubstr("/nowhere"));
}

TEST(Texts_Html, EscapesWhatMeansSomething) {
  EXPECT_EQ(html("<b>&\"'"), "&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(filled("a {x} b {x}", "x", "{x}"), "a {x} b {x}");
}

}  // namespace
}  // namespace coaxd::portal
