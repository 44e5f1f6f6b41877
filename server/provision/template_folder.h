// template_folder.h: the templates below one folder: read, watched, and kept. `gold.cfg` is the template `gold`, `south/gold.cfg` is `south/gold`; what templates
// include has another ending (`.inc`). A text names files relative to itself and never outside the folder.
//
// look() once a second finds what has changed by device, inode, size and times: of each template and of every file that it names. It is read when two looks in a row
// have found it the same, for a file that somebody is writing is half a file, which may well compile. When the new one has errors, the last
// good one stays, and the errors are told once; status() tells them as long as they are there.
//
// The control thread's, all of it; a TemplateSet is a value for any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "docsis/template.h"
#include "server/base/time.h"

namespace coaxd::provision {

struct LoadedTemplate {
  std::uint64_t id = 0;  // never that of another reading: what was compiled from this one
  std::string file;      // gold.cfg, as messages name it
  docsis::Template text;
};

// Of one moment.
class TemplateSet {
 public:
  // `name` without its ending. Null within an entry: it has never been good.
  using Templates = std::map<std::string, std::shared_ptr<const LoadedTemplate>, std::less<>>;
  explicit TemplateSet(Templates templates = {}) : templates_(std::move(templates)) {}

  const Templates& all() const noexcept { return templates_; }
  // The template that a request's name means: with one of the endings of configuration files, or without. End: none.
  Templates::const_iterator find(std::string_view name) const noexcept;
  // `gold.quarantine` of `gold`, if it is there and good.
  const LoadedTemplate* quarantine_of(Templates::const_iterator found) const noexcept;
  Templates::const_iterator end() const noexcept { return templates_.end(); }

 private:
  Templates templates_;
};

// For the log.
struct News {
  bool error = false;
  std::string text;  // one sentence, or that and a problem's lines below it
};

struct TemplateStatus {
  enum class State : std::uint8_t {
    good,
    kept,    // the file has errors, and what it was before is served
    broken,  // it has errors, and has never been good
  };
  std::string name, file;
  State state = State::good;
  WallSeconds loaded = 0;  // what is served; 0: nothing
  std::vector<std::string> variables;
  std::string problems;    // rendered, with warnings
};

class TemplateFolder {
 public:
  static constexpr std::string_view kEnding = ".cfg";
  static constexpr std::size_t kMostTemplates = 10'000, kLargestText = 4 << 20, kMostProblems = 20;

  // An empty `folder` has none.
  TemplateFolder(std::string folder, docsis::Dialect dialect) : folder_(std::move(folder)), dialect_(dialect) {}

  // At start: everything as it is now. The error is one sentence, of the folder itself.
  std::expected<std::vector<News>, std::string> load(WallSeconds now);
  // True: set() is another one.
  bool look(WallSeconds now, std::vector<News>& news);

  const std::shared_ptr<const TemplateSet>& set() const noexcept { return set_; }
  std::vector<TemplateStatus> status() const;
  // Why the folder cannot be read now; "" when it can.
  const std::string& ailment() const noexcept { return ailment_; }

 private:
  // What makes a file another one. All zero: it is not there.
  struct Identity {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified_ns = 0, changed_ns = 0;
    bool operator==(const Identity&) const noexcept = default;
  };
  using Identities = std::vector<Identity>;
  struct Source {
    std::vector<std::string> inputs;  // itself and what it names, below the folder
    Identities read, seen;            // when it was read last; at the last look
    std::shared_ptr<const LoadedTemplate> good;
    WallSeconds loaded = 0;
    std::string problems;
    bool failed = false;  // the last reading
    bool present = false;
  };

  std::expected<std::vector<std::string>, std::string> list() const;
  Identity identity_of(const std::string& path) const;
  Identities identities_of(const Source& source) const;
  bool look_at(const std::string& file, Source& source, bool at_once, WallSeconds now, std::vector<News>& news);
  void read(const std::string& file, Source& source, WallSeconds now, std::vector<News>& news);
  void make_set();

  const std::string folder_;
  const docsis::Dialect dialect_;
  std::map<std::string, Source, std::less<>> sources_;  // by file below the folder
  std::shared_ptr<const TemplateSet> set_ = std::make_shared<TemplateSet>();
  std::uint64_t next_id_ = 1;
  std::string ailment_;
};

// Reads a file whole. The error is why not ("No such file or directory").
std::expected<std::string, std::string> read_text(const std::string& path, std::size_t largest);
// `name` as seen from `folder_of`'s folder; nothing: it leads out of the root.
std::optional<std::string> beside(std::string_view file, std::string_view name);

}  // namespace coaxd::provision
