#include "server/portal/texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "server/base/did_you_mean.h"
#include "server/portal/built_in.h"

namespace coaxd::portal {
namespace {

constexpr std::string_view kReference = "en";
constexpr std::string_view kPlaces[] = {"{{language}}", "{{title}}", "{{operator}}", "{{refresh}}", "{{body}}", "{{languages}}"};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

std::expected<std::string, std::string> read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected(fmt::format("{}: cannot be read", path.string()));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// 0 to 1000 thousandths, as `q=0.8` says; 1000 where nothing does.
int quality(std::string_view parameters) {
  const std::size_t at = parameters.find("q=");
  if (at == std::string_view::npos) return 1000;
  double value = 0;
  const std::string_view text = parameters.substr(at + 2);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && value >= 0 && value <= 1 ? static_cast<int>(value * 1000) : 0;
}

}  // namespace

std::expected<Texts::Names, std::string> Texts::parse(std::string_view text, const std::string& name) {
  Names names;
  for (int line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view row = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (row.empty() || row.front() == '#') continue;
    const std::size_t equals = row.find('=');
    if (equals == std::string_view::npos) return std::unexpected(fmt::format("{}:{}: expecting NAME = TEXT", name, line));
    const std::string key(trimmed(row.substr(0, equals)));
    if (!names.try_emplace(key, trimmed(row.substr(equals + 1))).second) return std::unexpected(fmt::format("{}:{}: {} was said before", name, line, key));
  }
  return names;
}

std::expected<Texts, std::string> Texts::load(const std::string& folder) {
  std::map<std::string, std::pair<std::string, std::string>> files;  // by name: where it is from, what it says
  for (const BuiltIn& one : built_in()) files[std::string(one.name)] = {std::string(one.name), std::string(one.octets)};
  if (!folder.empty()) {
    std::error_code error;
    std::filesystem::directory_iterator entries(folder, error);
    if (error) return std::unexpected(fmt::format("{}: {}", folder, error.message()));
    for (const auto& entry : entries) {
      const std::string name = entry.path().filename().string();
      if (name != "page.html" && name != "portal.css" && entry.path().extension() != ".txt") continue;
      auto octets = read(entry.path());
      if (!octets) return std::unexpected(octets.error());
      files[name] = {entry.path().string(), std::move(*octets)};
    }
  }
  Texts texts;
  for (auto& [name, file] : files) {
    auto& [from, octets] = file;
    if (name == "portal.css") {
      texts.style_ = std::move(octets);
    } else if (name == "page.html") {
      for (const std::string_view place : kPlaces) {
        if (octets.find(place) == std::string::npos) return std::unexpected(fmt::format("{}: has no place {}", from, place));
      }
      texts.page_ = std::move(octets);
    } else {
      auto names = parse(octets, from);
      if (!names) return std::unexpected(std::move(names.error()));
      texts.languages_[name.substr(0, name.size() - 4)] = std::move(*names);
    }
  }
  const Names& wanted = texts.languages_.at(std::string(kReference));
  std::vector<std::string_view> known;
  for (const auto& [key, _] : wanted) known.push_back(key);
  for (const auto& [language, names] : texts.languages_) {
    const std::string& from = files.at(language + ".txt").first;
    for (const std::string_view key : known) {
      if (!names.contains(key)) return std::unexpected(fmt::format("{}: {} is missing", from, key));
    }
    for (const auto& [key, _] : names) {
      if (wanted.contains(key)) continue;
      const std::string_view best = did_you_mean(key, known);
      return std::unexpected(fmt::format("{}: {} is not known{}", from, key, best.empty() ? "" : fmt::format("; did you mean {}?", best)));
    }
  }
  return texts;
}

std::string_view Texts::choose(std::string_view accept_language) const {
  std::string_view best = kReference;
  int best_quality = 0;
  while (!accept_language.empty()) {
    const std::size_t end = std::min(accept_language.find(','), accept_language.size());
    const std::string_view range = trimmed(accept_language.substr(0, end));
    accept_language.remove_prefix(std::min(end + 1, accept_language.size()));
    std::string tag(range.substr(0, range.find_first_of(";-")));
    std::ranges::transform(tag, tag.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const auto found = languages_.find(tag);
    const std::size_t semicolon = range.find(';');
    const int q = semicolon == std::string_view::npos ? 1000 : quality(range.substr(semicolon + 1));
    if (found != languages_.end() && q > best_quality) best = found->first, best_quality = q;
  }
  return best;
}

std::string_view Texts::text(std::string_view language, std::string_view name) const {
  const auto found = languages_.find(language);
  if (found == languages_.end()) return {};
  const auto text = found->second.find(name);
  return text == found->second.end() ? std::string_view{} : text->second;
}

std::vector<std::string_view> Texts::languages() const {
  std::vector<std::string_view> list;
  for (const auto& [language, _] : languages_) list.push_back(language);
  return list;
}

std::string filled(std::string_view text, std::string_view name, std::string_view value) {
  const std::string place = fmt::format("{{{}}}", name);
  std::string out(text);
  for (std::size_t at = 0; (at = out.find(place, at)) != std::string::npos; at += value.size()) out.replace(at, place.size(), value);
  return out;
}

std::string html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace coaxd::portal
