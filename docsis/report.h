// report.h: where the parts of a parser put what they find wrong. In the utility's dialect the first error ends the run, as it did there: its exit status is that
// error's. In the native dialect all of a text's are told, up to a number that nobody would read on after. One thread, for one parse.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "docsis/problem.h"
#include "docsis/text.h"

namespace coaxd::docsis {

class Report {
 public:
  static constexpr std::size_t kMostErrors = 200;

  // `texts`: those that positions count, by which take() names files; they outlive it.
  explicit Report(Dialect dialect, const Texts* texts = nullptr, bool variables = true)
      : dialect_(dialect), variables_(variables && dialect == Dialect::native), texts_(texts) {}

  Dialect dialect() const noexcept { return dialect_; }
  bool native() const noexcept { return dialect_ == Dialect::native; }
  bool variables() const noexcept { return variables_; }

  void error(Cause cause, Position at, std::string message, std::string mend = {}) {
    if (ended()) return;
    ++errors_;
    problems_.push_back({.severity = Severity::error, .cause = cause, .at = at, .message = std::move(message), .mend = std::move(mend)});
  }
  void warning(Position at, std::string message, std::string mend = {}) {
    if (ended() || problems_.size() > 2 * kMostErrors) return;
    problems_.push_back({.severity = Severity::warning, .cause = Cause::none, .at = at, .message = std::move(message), .mend = std::move(mend)});
  }

  // Nothing more is wanted: whoever reads tokens stops.
  bool ended() const noexcept { return errors_ >= (native() ? kMostErrors : 1); }
  std::size_t errors() const noexcept { return errors_; }
  Problems& problems() noexcept { return problems_; }
  Problems take() {
    if (texts_ != nullptr) locate(problems_, *texts_);
    return std::move(problems_);
  }

 private:
  Dialect dialect_;
  bool variables_;
  const Texts* texts_;
  std::size_t errors_ = 0;
  Problems problems_;
};

}  // namespace coaxd::docsis
