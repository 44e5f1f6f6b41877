// coverage.h: what this server does with each kind of statement a configuration uses: honoured (and the test that proves it), harmless
// here, not supported, unsafe to ignore. `coaxd -t` prints it, the start logs what is not supported and refuses what is unsafe. A row for
// every kind the Ast can hold, complete by static_assert: nothing is dropped silently. Load time only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/ast.h"
#include "server/config/settings.h"

namespace coaxd::config {

// What is known of one kind, whether a configuration uses it or not.
struct CoverageRow {
  std::string_view name;  // as an operator would write it
  Coverage coverage = Coverage::honoured;
  std::string_view note;  // honoured: the test that proves it; else the reason
  // unsafe: the line of coaxd.toml that takes the responsibility, and whether it is there
  std::string_view setting = {};
  bool (*accepted)(const Settings&) = nullptr;
};
// All of them, parameters included.
std::span<const CoverageRow> coverage_rows();
// The closed lists of what is not honoured, as Markdown.
std::string coverage_reference();

// One kind that the configuration does use.
struct Finding {
  CoverageRow row;
  SourcePos first;
  std::string where;        // file:line:column of the first
  std::uint32_t count = 0;
};

struct CoverageReport {
  std::vector<Finding> findings;  // worst first: unsafe, not supported, harmless, honoured; in order of appearance within

  std::vector<Finding> of(Coverage coverage) const;
  // Those no setting accepts: the server refuses to start while there is one.
  std::vector<Finding> unsafe(const Settings& settings) const;
  // What is unsafe, and accepted by the settings, has a heading of its own, and says so.
  std::string text(const Settings& settings = {}) const;
  std::string json(const Settings& settings = {}) const;  // {"counts":{...}, "findings":[{...}]}, fields in this order
};

// Before resolve(), which consumes the Ast.
CoverageReport coverage_of(const Ast& ast);

}  // namespace coaxd::config
