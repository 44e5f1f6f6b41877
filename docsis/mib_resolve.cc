// MibTree::resolve(): names to OIDs, part by part.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "docsis/mib_tree.h"

namespace coaxd::docsis {
namespace {

constexpr std::size_t kMaxArcs = 128;  // RFC 2578 §3.5

// What stands between two dots; the dots within quotes are none.
struct Part {
  enum class Kind : std::uint8_t { number, label, quoted } kind = Kind::label;
  std::uint32_t number = 0;
  char quote = 0;
  std::string_view text;  // without the quotes
};

using Failure = std::unexpected<std::string>;
using Done = std::expected<void, std::string>;

// As strtoul() reads numbers: the utility's users write 0x10 and, knowing it or not, 010.
bool parse_number(std::string_view text, std::uint32_t& number) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc{} && end == text.data() + text.size();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// net-snmp lets a backslash quote what is behind it, where it knows that a string is meant.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

std::string describe(std::span<const MibRange> ranges) {
  std::string text;
  for (const MibRange& range : ranges) {
    if (!text.empty()) text += " or ";
    text += range.low == range.high ? fmt::format("{}", range.low) : fmt::format("{} to {}", range.low, range.high);
  }
  return text;
}

bool within(std::int64_t value, std::span<const MibRange> ranges) {
  if (ranges.empty()) return true;
  for (const MibRange& range : ranges)
    if (range.low <= value && value <= range.high) return true;
  return false;
}

class Resolver {
 public:
  Resolver(const MibTree& tree, std::string_view token) : tree_(tree), rest_(token) {}

  std::expected<Oid, std::string> run() {
    if (const auto done = start(); !done) return Failure(done.error());
    if (const auto done = descend(); !done) return Failure(done.error());
    if (const auto done = index(); !done) return Failure(done.error());
    if (const auto done = remainder(); !done) return Failure(done.error());
    return std::move(oid_);
  }

 private:
  // Reads the next part into part_; have_ tells whether there was one.
  Done next() {
    have_ = !ended_;
    if (!have_) return {};
    part_ = {};
    const bool quoted = rest_.starts_with('"') || rest_.starts_with('\'');
    std::size_t end;
    if (quoted) {
      std::size_t close = 1;
      while (close < rest_.size() && rest_[close] != rest_[0]) close += rest_[close] == '\\' ? 2 : 1;
      if (close >= rest_.size()) return Failure(fmt::format("{} is not closed", rest_));
      part_.kind = Part::Kind::quoted;
      part_.quote = rest_[0];
      part_.text = rest_.substr(1, close - 1);
      end = close + 1;
      if (end < rest_.size() && rest_[end] != '.')
        return Failure(fmt::format("behind {} a dot must follow, not \"{}\"", rest_.substr(0, end), rest_.substr(end)));
    } else {
      end = std::min(rest_.find('.'), rest_.size());
      part_.text = rest_.substr(0, end);
      if (part_.text.empty()) return Failure("there is nothing between two dots or at the end");
      if (is_digit(part_.text[0])) {
        if (parse_number(part_.text, part_.number))
          part_.kind = Part::Kind::number;
        else if (!oid_.empty() || tree_.find(part_.text) == MibTree::kNone)  // a vendor's first label may begin with a digit
          return Failure(fmt::format("\"{}\" is not a number of 32 bits", part_.text));
      }
    }
    ended_ = end == rest_.size();
    rest_ = ended_ ? std::string_view{} : rest_.substr(end + 1);
    return {};
  }

  Done push(std::uint32_t arc) {
    if (oid_.size() == kMaxArcs) return Failure("has more than 128 numbers");
    oid_.push_back(arc);
    return {};
  }

  Done push_and_go_on(std::uint32_t arc) {
    if (const auto done = push(arc); !done) return done;
    return next();
  }

  // The first part: a label from anywhere in the tree, or the root's.
  Done start() {
    std::string_view module;
    if (const std::size_t colons = rest_.find("::"); colons != rest_.npos && rest_.find_first_of(".\"'") >= colons) {
      module = rest_.substr(0, colons);
      rest_.remove_prefix(colons + 2);
    }
    if (rest_.starts_with('.')) rest_.remove_prefix(1);
    if (rest_.empty()) return Failure("there is no name");
    if (const auto done = next(); !done) return done;
    if (part_.kind == Part::Kind::quoted) return Failure("an index needs a name before it");
    if (part_.kind == Part::Kind::number) {
      rooted_ = true;
      return {};
    }
    at_ = tree_.find(part_.text, module);
    if (at_ == MibTree::kNone) return Failure(unknown(part_.text, module));
    oid_ = tree_.oid_of(at_);
    rooted_ = oid_.size() == 1;
    return next();
  }

  std::string unknown(std::string_view label, std::string_view module) const {
    if (!module.empty() && tree_.find(label) != MibTree::kNone) return fmt::format("{} is not in {}; leave the module out", label, module);
    const std::string_view similar = tree_.similar_name(label);
    if (similar.empty()) return fmt::format("no MIB object is called {}; its number always works", label);
    return fmt::format("no MIB object is called {}; the nearest is {}", label, similar);
  }

  std::string_view here() const { return at_ == MibTree::kNone ? "the root" : tree_.row(at_).name; }

  // Along the tree, by number or label.
  Done descend() {
    while (have_ && tree_.has_children(at_)) {
      std::uint32_t child = MibTree::kNone;
      if (part_.kind == Part::Kind::number) {
        child = tree_.child(at_, part_.number);
      } else {
        if (part_.kind == Part::Kind::label) child = tree_.child(at_, part_.text);
        if (child == MibTree::kNone) return Failure(fmt::format("\"{}\" is nothing below {}", part_.text, here()));
      }
      if (const auto done = push_and_go_on(child == MibTree::kNone ? part_.number : tree_.row(child).arc); !done) return done;
      if (child == MibTree::kNone) {
        column_ = false;
        return {};
      }
      at_ = child;
    }
    column_ = at_ != MibTree::kNone && !tree_.has_children(at_);
    return {};
  }

  // A column's index, by the INDEX of its table (RFC 2578 §7.7). Numbers with the root before them are taken as they are.
  Done index() {
    if (!column_ || tree_.parent(at_) == MibTree::kNone) return {};
    for (const MibIndexPart& of : tree_.row(tree_.parent(at_)).index) {
      if (!have_) return {};
      const std::uint32_t object = tree_.find(of.label);
      if (object == MibTree::kNone) return {};
      switch (tree_.row(object).syntax) {
        case MibSyntax::int32:
        case MibSyntax::uint32:
        case MibSyntax::gauge32:
        case MibSyntax::enumeration:
        case MibSyntax::time_ticks:
          if (const auto done = number_or_label(object); !done) return done;
          break;
        case MibSyntax::ip_address:
          for (int i = 0; i < 4 && have_; ++i)
            if (const auto done = octet(object); !done) return done;
          break;
        case MibSyntax::octets:
          if (const auto done = string(object, of.implied); !done) return done;
          break;
        default: return {};
      }
    }
    return {};
  }

  Done number_or_label(std::uint32_t object) {
    const MibRow& row = tree_.row(object);
    if (part_.kind == Part::Kind::number) {
      const std::int64_t value = part_.number;
      if (!rooted_ && !within(row.syntax == MibSyntax::int32 ? static_cast<std::int32_t>(part_.number) : value, tree_.row(object).ranges))
        return Failure(fmt::format("the index {} is {}, not {}", row.name, describe(tree_.row(object).ranges), value));
      return push_and_go_on(part_.number);
    }
    std::string labels;
    for (const MibEnum& e : tree_.row(object).enums) {
      if (part_.kind == Part::Kind::label && e.label == part_.text) return push_and_go_on(static_cast<std::uint32_t>(e.value));
      if (labels.size() < 200) labels += fmt::format("{}{}({})", labels.empty() ? "" : ", ", e.label, e.value);
    }
    return Failure(fmt::format("the index {} is {}, not \"{}\"", row.name, labels.empty() ? "a number" : labels, part_.text));
  }

  Done octet(std::uint32_t object) {
    if (part_.kind != Part::Kind::number || (!rooted_ && part_.number > 255))
      return Failure(fmt::format("in the index {} each part is 0 to 255, not {}", tree_.row(object).name, part_.text));
    return push_and_go_on(part_.number);
  }

  // Whoever writes numbers may stop within a string, and is not asked how long it may be: net-snmp checks text only.
  Done string(std::uint32_t object, bool implied) {
    const MibRow& row = tree_.row(object);
    const auto fixed = tree_.fixed_size(object);
    const bool counted = !implied && !fixed;
    if (part_.kind == Part::Kind::quoted) {
      const std::string text = unescaped(part_.text);
      if (counted != (part_.quote == '"'))
        return Failure(counted ? fmt::format("the index {} has its length before it: write \"{}\"", row.name, part_.text)
                               : fmt::format("the index {} has no length before it: write '{}'", row.name, part_.text));
      if (!rooted_ && !within(static_cast<std::int64_t>(text.size()), row.ranges))
        return Failure(fmt::format("the index {} has {} octets, not {}", row.name, describe(row.ranges), text.size()));
      return quoted(text);
    }
    std::size_t wanted = fixed.value_or(kMaxArcs);
    if (counted) {
      if (part_.kind != Part::Kind::number)
        return Failure(fmt::format("the index {} is a length and octets, or \"text\", not {}", row.name, part_.text));
      wanted = part_.number;
      if (!rooted_ && oid_.size() + wanted + 1 >= kMaxArcs)
        return Failure(fmt::format("the index {} begins with its length, and {} octets are too many", row.name, wanted));
      if (const auto done = push_and_go_on(part_.number); !done) return done;
    }
    for (std::size_t size = 0; size < wanted && have_; ++size)
      if (const auto done = octet(object); !done) return done;
    return {};
  }

  // "abc" with its length before it, 'abc' without.
  Done quoted(std::string_view text) {
    if (part_.quote == '"')
      if (const auto done = push(static_cast<std::uint32_t>(text.size())); !done) return done;
    for (const char c : text)
      if (const auto done = push(static_cast<unsigned char>(c)); !done) return done;
    return next();
  }

  // What no INDEX speaks of.
  Done remainder() {
    while (have_) {
      if (part_.kind == Part::Kind::label) return Failure(fmt::format("\"{}\" behind {} is not a number", part_.text, here()));
      const auto done = part_.kind == Part::Kind::quoted ? quoted(part_.text) : push_and_go_on(part_.number);
      if (!done) return done;
    }
    return {};
  }

  const MibTree& tree_;
  std::string_view rest_;
  bool ended_ = false;  // rest_ has no further part
  bool have_ = false;   // part_ is one
  Part part_;
  bool rooted_ = false;            // a whole path: its author knows the numbers
  std::uint32_t at_ = MibTree::kNone;
  bool column_ = false;            // at_ is a leaf, and what follows is an index
  Oid oid_;
};

}  // namespace

std::expected<Oid, std::string> MibTree::resolve(std::string_view token) const { return Resolver(*this, token).run(); }

}  // namespace coaxd::docsis
