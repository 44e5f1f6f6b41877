// texts.h: what the portal's pages say, by language, and the page around it: built in from text/, and replaced file by file by the operator's own folder. Load time; then constant.
//
// A file LANGUAGE.txt has lines NAME = TEXT; # begins a comment. All names of en.txt are needed, no others are known. page.html has the places {{language}}, {{title}}, {{operator}},
// {{refresh}}, {{body}} and {{languages}}. Errors: FILE:LINE: what is wrong.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace coaxd::portal {

class Texts {
 public:
  // `folder` "": what is built in.
  static std::expected<Texts, std::string> load(const std::string& folder);

  // The best of `Accept-Language` (RFC 9110 §12.5.4); "en" where nothing fits.
  std::string_view choose(std::string_view accept_language) const;
  bool knows(std::string_view language) const { return languages_.contains(std::string(language)); }
  // Empty of a name that there is not, which load() has seen to.
  std::string_view text(std::string_view language, std::string_view name) const;
  std::vector<std::string_view> languages() const;
  const std::string& page() const noexcept { return page_; }
  const std::string& style() const noexcept { return style_; }

 private:
  using Names = std::map<std::string, std::string, std::less<>>;
  static std::expected<Names, std::string> parse(std::string_view text, const std::string& name);

  std::map<std::string, Names, std::less<>> languages_;
  std::string page_, style_;
};

// `{name}` of a text replaced by a value.
std::string filled(std::string_view text, std::string_view name, std::string_view value);
std::string html(std::string_view text);  // with what means something in HTML escaped

}  // namespace coaxd::portal
