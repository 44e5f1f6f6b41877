// check_rules.h: the parts of check(): what a rule is given, and the three tables of rules. Internal to docsis/check*.cc. One thread, for one check.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "docsis/check.h"
#include "docsis/place.h"

namespace coaxd::docsis {

class Findings {
 public:
  static constexpr std::size_t kMost = 500;  // errors, and as many warnings: of a file that is nothing but wrong, nobody reads more

  Findings(const Document& document, std::string_view name, const CheckOptions& options) : document_(document), options_(options), name_(name) {}

  const Document& document() const noexcept { return document_; }
  const CheckOptions& options() const noexcept { return options_; }

  std::string path(const Place& place) const { return place.path(document_.kind); }
  // `clause` is set behind the message: whoever disagrees can look it up.
  void error(Cause cause, const Place& at, std::string_view clause, std::string message, std::string mend);
  void warning(const Place& at, std::string_view clause, std::string message, std::string mend);
  // About its value, where that stands in a text.
  void value(Severity severity, const Place& at, std::string_view clause, std::string message, std::string mend);
  // About the file as a whole.
  void file_error(std::string_view clause, std::string message, std::string mend);
  void file_warning(std::string_view clause, std::string message, std::string mend);

  bool full() const noexcept { return errors_ >= kMost; }
  Problems take() { return std::move(problems_); }

 private:
  void add(Problem problem, std::string_view clause);
  Position start() const noexcept;

  const Document& document_;
  const CheckOptions& options_;
  std::string_view name_;
  Problems problems_;
  std::size_t errors_ = 0, warnings_ = 0;
};

struct Rule {
  std::string_view clause;
  void (*each)(Findings&, const Place&, std::string_view clause) = nullptr;                     // asked about every TLV,
  void (*whole)(Findings&, std::span<const Place> top, std::string_view clause) = nullptr;      // or once a file, about its top level
};

std::span<const Rule> value_rules() noexcept;  // of one TLV: its octets, its number, its place
std::span<const Rule> snmp_rules() noexcept;   // of SnmpMibObject
std::span<const Rule> flow_rules() noexcept;   // of flows, classifiers and what they name
std::span<const Rule> file_rules() noexcept;   // of a file: what has to be there, and no more of it than fits

}  // namespace coaxd::docsis
