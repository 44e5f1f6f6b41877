#include "server/provision/template_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "docsis/check.h"

namespace coaxd::provision {
namespace {

namespace fs = std::filesystem;

// What files of modems and MTAs are called. Firmware has other endings, so it is never mistaken for a template's.
constexpr std::array<std::string_view, 4> kEndings = {".cm", ".cfg", ".bin", ".mta"};
constexpr std::string_view kQuarantine = ".quarantine";

std::string_view without_ending(std::string_view file) noexcept { return file.substr(0, file.size() - TemplateFolder::kEnding.size()); }

// What is wrong with the file of a modem for which nothing is set: warnings, for another may have a value in the place of a bad default.
docsis::Problems look_over(std::string_view text, const std::string& file, docsis::ParseOptions options) {
  options.unknown_values = true;
  auto parsed = docsis::parse(text, file, options);
  docsis::Problems problems = parsed ? std::move(parsed->warnings) : std::move(parsed.error());
  if (parsed) docsis::merge(problems, docsis::check(parsed->document, file, {.release = {}, .mibs = options.mibs}));
  for (docsis::Problem& problem : problems) problem.severity = docsis::Severity::warning;
  return problems;
}

}  // namespace

std::expected<std::string, std::string> read_text(const std::string& path, std::size_t largest) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) return std::unexpected(std::strerror(errno));
  std::string text;
  std::string problem;
  struct stat status;
  if (::fstat(fd, &status) != 0) problem = std::strerror(errno);
  else if (!S_ISREG(status.st_mode)) problem = "it is no file";
  for (std::array<char, 16384> piece; problem.empty();) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) problem = std::strerror(errno);
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > largest) problem = fmt::format("it is larger than {} octets", largest);
  }
  ::close(fd);
  if (!problem.empty()) return std::unexpected(std::move(problem));
  return text;
}

std::optional<std::string> beside(std::string_view file, std::string_view name) {
  if (name.empty() || name.contains('\0')) return std::nullopt;
  const fs::path path = (fs::path(file).parent_path() / fs::path(name)).lexically_normal();
  if (path.is_absolute() || path.empty() || *path.begin() == "..") return std::nullopt;
  return path.string();
}

TemplateSet::Templates::const_iterator TemplateSet::find(std::string_view name) const noexcept {
  for (const std::string_view ending : kEndings)
    if (name.size() > ending.size() && name.ends_with(ending)) return templates_.find(name.substr(0, name.size() - ending.size()));
  return templates_.find(name);
}

const LoadedTemplate* TemplateSet::quarantine_of(Templates::const_iterator found) const noexcept {
  // In the order of names it stands behind its template, with nothing but longer names between.
  for (auto next = std::next(found); next != templates_.end() && next->first.starts_with(found->first); ++next)
    if (std::string_view(next->first).substr(found->first.size()) == kQuarantine) return next->second.get();
  return nullptr;
}

// All templates below the folder, ascending.
std::expected<std::vector<std::string>, std::string> TemplateFolder::list() const {
  std::vector<std::string> files;
  if (folder_.empty()) return files;
  const auto fail = [&](std::string what) { return std::unexpected(fmt::format("[docsis] templates {}: {}", folder_, std::move(what))); };
  std::error_code error;
  fs::recursive_directory_iterator at(folder_, error), end;
  for (; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with('.')) {  // an editor's, a package's
      at.disable_recursion_pending();
      continue;
    }
    std::error_code ignored;
    if (!name.ends_with(kEnding) || name.size() == kEnding.size() || !at->is_regular_file(ignored)) continue;
    files.push_back(at->path().lexically_relative(folder_).string());
    if (files.size() > kMostTemplates) return fail(fmt::format("holds more than {} templates; is it the right folder?", kMostTemplates));
  }
  if (error == std::errc::permission_denied) return fail(fmt::format("the server may not read it: chmod -R a+rX {}", folder_));
  if (error) return fail(fmt::format("the folder cannot be read: {}; make it (mkdir -p {}), or name another one, or \"\" for none", error.message(), folder_));
  std::ranges::sort(files);
  return files;
}

TemplateFolder::Identity TemplateFolder::identity_of(const std::string& path) const {
  struct stat status;
  if (::stat((folder_ + '/' + path).c_str(), &status) != 0) return {};
  const auto ns = [](const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; };
  return {.device = status.st_dev, .inode = status.st_ino, .size = static_cast<std::uint64_t>(status.st_size), .modified_ns = ns(status.st_mtim), .changed_ns = ns(status.st_ctim)};
}

TemplateFolder::Identities TemplateFolder::identities_of(const Source& source) const {
  Identities identities;
  for (const std::string& input : source.inputs) identities.push_back(identity_of(input));
  return identities;
}

// True: there is another version of it to be served.
bool TemplateFolder::look_at(const std::string& file, Source& source, bool at_once, WallSeconds now, std::vector<News>& news) {
  if (source.inputs.empty()) source.inputs = {file};
  Identities seen = identities_of(source);
  if (seen == source.read) {
    source.seen = std::move(seen);
    return false;
  }
  if (!at_once && seen != source.seen) {
    source.seen = std::move(seen);
    return false;
  }
  const auto former = source.good;
  read(file, source, now, news);
  return source.good != former;
}

void TemplateFolder::read(const std::string& file, Source& source, WallSeconds now, std::vector<News>& news) {
  // Identities before contents: a change between the two is seen at the next look.
  std::vector<std::string> inputs{file};
  Identities identities{identity_of(file)};
  std::map<std::string, std::string, std::less<>> texts;  // by the name that messages have
  const auto finish = [&](bool failed, const docsis::Problems& problems) {
    source.inputs = std::move(inputs);
    source.read = source.seen = std::move(identities);
    source.failed = failed;
    source.problems.clear();
    for (const docsis::Problem& problem : problems) {
      if (&problem - problems.data() == kMostProblems) {
        source.problems += fmt::format("and {} more\n", problems.size() - kMostProblems);
        break;
      }
      const auto text = texts.find(problem.file);
      source.problems += docsis::render(problem, text == texts.end() ? std::string_view() : std::string_view(text->second));
    }
  };
  const auto fail = [&](const docsis::Problems& problems) {
    finish(true, problems);
    news.push_back({true, fmt::format("template {}: {}\n{}", file, source.good ? "it has errors, and what it was before is served" : "it has errors, and nothing is served from it", source.problems)});
  };

  auto text = read_text(folder_ + '/' + file, kLargestText);
  if (!text) return fail(docsis::Problems{{.cause = docsis::Cause::missing_file, .file = file, .at = {1, 1}, .message = "cannot be read: " + text.error()}});
  docsis::ParseOptions options;
  options.dialect = dialect_;
  options.read_file = [&](std::string_view name) -> std::expected<std::string, std::string> {
    const auto path = beside(file, name);
    if (!path) return std::unexpected("it is outside the folder of templates");
    if (std::ranges::find(inputs, *path) == inputs.end()) {
      inputs.push_back(*path);
      identities.push_back(identity_of(*path));
    }
    auto contents = read_text(folder_ + '/' + *path, kLargestText);
    if (contents) texts.insert_or_assign(std::string(name), *contents);
    return contents;
  };
  auto parsed = docsis::Template::parse(*text, file, options);
  texts.insert_or_assign(file, *text);
  if (!parsed) return fail(parsed.error());
  const bool first = source.good == nullptr;
  finish(false, look_over(*text, file, options));
  source.good = std::make_shared<const LoadedTemplate>(LoadedTemplate{next_id_++, file, std::move(*parsed)});
  source.loaded = now;
  if (!first || !source.problems.empty()) news.push_back({false, fmt::format("template {}: {}{}{}", file, first ? "read" : "read again", source.problems.empty() ? "" : ", with warnings\n", source.problems)});
}

std::expected<std::vector<News>, std::string> TemplateFolder::load(WallSeconds now) {
  const auto files = list();
  if (!files) return std::unexpected(files.error());
  std::vector<News> news;
  for (const std::string& file : *files) look_at(file, sources_[file], true, now, news);
  make_set();
  return news;
}

bool TemplateFolder::look(WallSeconds now, std::vector<News>& news) {
  const auto files = list();
  if (!files) {  // the folder is gone or a file system is: everything stays as it is
    if (ailment_ != files.error()) news.push_back({true, files.error() + "; the templates stay as they were"});
    ailment_ = files.error();
    return false;
  }
  ailment_.clear();
  bool changed = false;
  for (auto& [file, source] : sources_) source.present = false;
  for (const std::string& file : *files) {
    Source& source = sources_[file];
    source.present = true;
    const bool known = source.good != nullptr || source.failed;
    changed = look_at(file, source, false, now, news) || changed;
    if (!known && source.failed) changed = true;  // its name is refused from now on
  }
  for (auto at = sources_.begin(); at != sources_.end();) {
    if (at->second.present) {
      ++at;
      continue;
    }
    // Replaced in two steps it is away for a moment only.
    if (at->second.seen != Identities{}) {
      at->second.seen.clear();
      ++at;
      continue;
    }
    news.push_back({false, fmt::format("template {}: it is gone", at->first)});
    at = sources_.erase(at);
    changed = true;
  }
  if (changed) make_set();
  return changed;
}

void TemplateFolder::make_set() {
  TemplateSet::Templates templates;
  for (const auto& [file, source] : sources_)
    if (source.good != nullptr || source.failed) templates.emplace(without_ending(file), source.good);
  set_ = std::make_shared<const TemplateSet>(std::move(templates));
}

std::vector<TemplateStatus> TemplateFolder::status() const {
  std::vector<TemplateStatus> all;
  for (const auto& [file, source] : sources_) {
    if (source.good == nullptr && !source.failed) continue;  // it is being written
    TemplateStatus& status = all.emplace_back();
    status.name = without_ending(file);
    status.file = file;
    status.state = !source.failed ? TemplateStatus::State::good : source.good ? TemplateStatus::State::kept : TemplateStatus::State::broken;
    status.loaded = source.loaded;
    if (source.good) status.variables = source.good->text.variables();
    status.problems = source.problems;
  }
  return all;
}

}  // namespace coaxd::provision
