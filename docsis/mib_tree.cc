#include "docsis/mib_tree.h"

#include <algorithm>

#include <fmt/format.h>

#include "server/base/did_you_mean.h"

namespace coaxd::docsis {
namespace {

constexpr SnmpType snmp_type(MibSyntax syntax) {
  switch (syntax) {
    case MibSyntax::node:
    case MibSyntax::int32:
    case MibSyntax::enumeration: return SnmpType::integer;
    case MibSyntax::octets:
    case MibSyntax::bits: return SnmpType::octet_string;
    case MibSyntax::uint32:
    case MibSyntax::gauge32: return SnmpType::gauge32;
    case MibSyntax::counter32: return SnmpType::counter32;
    case MibSyntax::counter64: return SnmpType::counter64;
    case MibSyntax::time_ticks: return SnmpType::time_ticks;
    case MibSyntax::ip_address: return SnmpType::ip_address;
    case MibSyntax::object_id: return SnmpType::object_id;
    case MibSyntax::opaque: return SnmpType::opaque;
  }
  return SnmpType::integer;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_but_for_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

void append_arcs(OidView arcs, std::string& text) {
  for (const std::uint32_t arc : arcs) fmt::format_to(std::back_inserter(text), ".{}", arc);
}

// ".abc" in quotes, for an index. What is not printable shows as a dot, as in net-snmp.
void append_quoted(OidView octets, char quote, std::string& text) {
  text += '.';
  text += quote;
  for (const std::uint32_t octet : octets) text += octet >= 0x20 && octet < 0x7f ? static_cast<char>(octet) : '.';
  text += quote;
}

// Writes indexes until an object's value does not fit or is not known; the rest stays numbers.
class IndexWriter {
 public:
  IndexWriter(const MibTree& tree, OidView arcs, std::string& text) : tree_(tree), rest_(arcs), text_(text) {}

  void write(std::span<const MibIndexPart> parts) {
    for (const MibIndexPart& part : parts) {
      if (rest_.empty()) return;
      const std::uint32_t object = tree_.find(part.label);
      if (object == MibTree::kNone || !write_value(object, part.implied)) break;
    }
    append_arcs(rest_, text_);
  }

 private:
  OidView take(std::size_t count) {
    const OidView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  bool write_value(std::uint32_t object, bool implied) {
    switch (tree_.row(object).syntax) {
      case MibSyntax::octets: return write_string(object, implied);
      case MibSyntax::enumeration: return write_label(object);
      case MibSyntax::int32:
      case MibSyntax::uint32:
      case MibSyntax::gauge32:
      case MibSyntax::time_ticks: return write_arcs(1);
      case MibSyntax::ip_address: return write_arcs(4);
      case MibSyntax::object_id: return write_arcs(implied ? rest_.size() : std::size_t{rest_[0]} + 1);
      default: return false;
    }
  }

  bool write_arcs(std::size_t count) {
    if (count > rest_.size()) return false;
    append_arcs(take(count), text_);
    return true;
  }

  bool write_label(std::uint32_t object) {
    for (const MibEnum& e : tree_.row(object).enums)
      if (e.value == static_cast<std::int32_t>(rest_[0])) {
        text_ += '.';
        text_ += e.label;
        take(1);
        return true;
      }
    return write_arcs(1);
  }

  bool write_string(std::uint32_t object, bool implied) {
    const auto fixed = tree_.fixed_size(object);
    const bool counted = !implied && !fixed;
    const std::size_t size = implied ? rest_.size() : fixed ? *fixed : std::size_t{rest_[0]} + 1;
    if (size > rest_.size()) return false;
    const OidView octets = take(size);
    append_quoted(counted ? octets.subspan(1) : octets, counted ? '"' : '\'', text_);
    return true;
  }

  const MibTree& tree_;
  OidView rest_;
  std::string& text_;
};

}  // namespace

std::uint32_t MibTree::first_child(std::uint32_t at) const noexcept {
  if (at == kNone) return rows_.empty() ? kNone : 0;
  const std::uint32_t next = at + 1;
  return next < rows_.size() && links_.parents[next] == at ? next : kNone;
}

std::uint32_t MibTree::child(std::uint32_t of, std::uint32_t arc) const noexcept {
  std::uint32_t at = first_child(of);
  while (at != kNone && row(at).arc < arc) at = links_.siblings[at];
  if (at == kNone || row(at).arc != arc) return kNone;
  for (std::uint32_t next = links_.siblings[at]; next != kNone && row(next).arc == arc; next = links_.siblings[at]) at = next;
  return at;
}

std::uint32_t MibTree::child(std::uint32_t of, std::string_view name) const noexcept {
  std::uint32_t at = first_child(of);
  while (at != kNone && row(at).name != name) at = links_.siblings[at];
  return at;
}

std::uint32_t MibTree::find(std::string_view name, std::string_view module) const noexcept {
  if (name.empty()) return kNone;
  const std::size_t mask = links_.buckets.size() - 1;
  std::uint32_t found = kNone;
  std::size_t rank = preferred_.size();  // of what was found; the first that is in no list is taken if none is
  for (std::size_t at = mib_name_hash(name) & mask; links_.buckets[at] != kNone; at = (at + 1) & mask) {
    const std::uint32_t candidate = links_.buckets[at];
    if (row(candidate).name != name) continue;
    const std::string_view home = row(candidate).module;
    if (!module.empty()) {
      if (home == module) return candidate;
      continue;
    }
    const auto place = static_cast<std::size_t>(std::ranges::find(preferred_, home) - preferred_.begin());
    if (found == kNone || place < rank) {
      found = candidate;
      rank = place;
    }
  }
  return found;
}

std::string_view MibTree::similar_name(std::string_view name) const {
  // Of thousands of names those that could be near: about as long, and the first third or the last is the same.
  const std::size_t third = std::max<std::size_t>(name.size() / 3, 1);
  const std::string_view first = name.substr(0, third), last = name.substr(name.size() - std::min(third, name.size()));
  std::vector<std::string_view> candidates;
  for (const MibRow& row : rows_) {
    if (row.name.empty() || row.name.size() > name.size() + 3 || name.size() > row.name.size() + 3) continue;
    if (same_but_for_case(row.name, name)) return row.name;
    if (row.name.starts_with(first) || row.name.ends_with(last)) candidates.push_back(row.name);
  }
  return did_you_mean(name, candidates);
}

Oid MibTree::oid_of(std::uint32_t at) const {
  Oid oid(at == kNone ? 0 : row(at).depth);
  for (std::size_t i = oid.size(); i > 0; --i, at = parent(at)) oid[i - 1] = row(at).arc;
  return oid;
}

std::optional<std::size_t> MibTree::fixed_size(std::uint32_t at) const noexcept {
  const auto ranges = row(at).ranges;
  if (ranges.size() != 1 || ranges[0].low != ranges[0].high || ranges[0].low < 0) return std::nullopt;
  return static_cast<std::size_t>(ranges[0].low);
}

std::string MibTree::name(OidView oid) const {
  // The deepest row, the deepest with a name, and the INDEX of the entry on the way.
  std::uint32_t at = kNone, named = kNone;
  std::span<const MibIndexPart> index;
  OidView rest = oid;
  for (; !rest.empty(); rest = rest.subspan(1)) {
    const std::uint32_t next = child(at, rest[0]);
    if (next == kNone) break;
    at = next;
    if (!row(at).name.empty()) named = at;
    if (!row(at).index.empty()) index = row(at).index;
  }
  if (named == kNone) return to_text(oid);

  const OidView path = oid.first(oid.size() - rest.size());
  std::string below;
  append_arcs(path.subspan(row(named).depth), below);
  if (!rest.empty() && has_children(at) && !index.empty()) {  // a column that the table does not have
    append_arcs(rest.first(1), below);
    rest = rest.subspan(1);
  }
  IndexWriter(*this, rest, below).write(index);
  std::string text = std::string(row(named).name) + below;
  if (resolve(text)) return text;

  // The utility reads back what it is about to print; what it cannot read it prints with all labels from the root.
  text.clear();
  for (std::uint32_t above = kNone; const std::uint32_t arc : path.first(row(named).depth)) {
    above = child(above, arc);
    if (row(above).name.empty())
      append_arcs(OidView(&arc, 1), text);
    else
      text.append(".").append(row(above).name);
  }
  return text + below;
}

std::optional<MibObject> MibTree::object(OidView oid) const {
  std::uint32_t at = kNone, found = kNone;
  for (const std::uint32_t arc : oid) {
    at = child(at, arc);
    if (at == kNone) break;
    if (row(at).syntax != MibSyntax::node) found = at;
  }
  if (found == kNone) return std::nullopt;
  const MibRow& of = row(found);
  MibObject object{.name = of.name, .type = snmp_type(of.syntax)};
  object.bits = of.syntax == MibSyntax::bits;
  object.printable = of.printable;
  object.writable = of.writable;
  object.ranges = of.ranges;
  object.enums = of.enums;
  for (const MibRange& range : object.ranges) {
    object.low = std::min(object.low.value_or(range.low), range.low);
    object.high = std::max(object.high.value_or(range.high), range.high);
  }
  return object;
}

}  // namespace coaxd::docsis
