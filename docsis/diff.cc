// diff() of check.h.
#include <array>
#include <deque>
#include <string>
#include <unordered_map>

#include "docsis/binary.h"
#include "docsis/check.h"
#include "docsis/place.h"
#include "docsis/printer.h"
#include "server/base/bytes.h"

namespace coaxd::docsis {
namespace {

std::string octets_of(const Node& node) {
  Octets octets;
  append(node, octets);
  return std::string(as_text(octets));
}

class Diff {
 public:
  Diff(FileKind before, FileKind after) : before_kind_(before), after_kind_(after) {}

  void compare(std::span<const Node> before, std::span<const Node> after, const std::string& path) {
    const std::vector<std::size_t> partner = match(before, after);
    const std::vector<std::string> before_names = names(before, before_kind_), after_names = names(after, after_kind_);
    std::vector<bool> taken(after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (partner[i] == kNone) {
        add(Difference::Kind::removed, path + before_names[i], &before[i], nullptr);
        continue;
      }
      taken[partner[i]] = true;
      both(before[i], after[partner[i]], path + before_names[i]);
    }
    for (std::size_t i = 0; i < after.size(); ++i)
      if (!taken[i]) add(Difference::Kind::added, path + after_names[i], nullptr, &after[i]);
  }
  std::vector<Difference> take() { return std::move(found_); }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  static std::string key(const Node& node, FileKind kind) {
    std::string key(1, static_cast<char>(node.code));
    if (const auto known_by = reference(node)) return key + "#" + std::to_string(*known_by);
    if (const std::string object = varbind_name(node, kind); !object.empty()) return "." + object;  // in an MTA file it may go from TLV 11 to 64
    return {};
  }

  // For each node of `before` its partner in `after`. Who has a name is found by that alone; of the others the equal ones first, so that one that came between
  // them does not change all that follow; and what is left in order.
  std::vector<std::size_t> match(std::span<const Node> before, std::span<const Node> after) const {
    std::vector<std::size_t> partner(before.size(), kNone);
    std::vector<std::string> before_key, after_key;
    for (const Node& node : before) before_key.push_back(key(node, before_kind_));
    for (const Node& node : after) after_key.push_back(key(node, after_kind_));
    std::vector<bool> taken(after.size());
    const auto round = [&](auto of_before, auto of_after) {
      std::unordered_map<std::string, std::deque<std::size_t>> waiting;
      for (std::size_t i = 0; i < after.size(); ++i)
        if (std::string name = taken[i] ? std::string{} : of_after(i); !name.empty()) waiting[std::move(name)].push_back(i);
      for (std::size_t i = 0; i < before.size(); ++i) {
        const auto found = partner[i] == kNone ? waiting.find(of_before(i)) : waiting.end();
        if (found == waiting.end() || found->second.empty()) continue;
        partner[i] = found->second.front();
        taken[partner[i]] = true;
        found->second.pop_front();
      }
    };
    round([&](std::size_t i) { return before_key[i]; }, [&](std::size_t i) { return after_key[i]; });
    const auto nameless = [](const std::string& name, std::string otherwise) { return name.empty() ? otherwise : std::string{}; };
    round([&](std::size_t i) { return nameless(before_key[i], octets_of(before[i])); },
          [&](std::size_t i) { return nameless(after_key[i], octets_of(after[i])); });
    round([&](std::size_t i) { return nameless(before_key[i], std::string(1, static_cast<char>(before[i].code))); },
          [&](std::size_t i) { return nameless(after_key[i], std::string(1, static_cast<char>(after[i].code))); });
    return partner;
  }

  static std::vector<std::string> names(std::span<const Node> siblings, FileKind kind) {
    std::array<std::size_t, 256> all{}, so_far{};
    for (const Node& node : siblings) ++all[node.code];
    std::vector<std::string> found;
    for (const Node& node : siblings) found.push_back(name_of(node) + index_of(node, ++so_far[node.code], all[node.code], kind));
    return found;
  }

  void both(const Node& before, const Node& after, const std::string& path) {
    if (before.block && after.block)
      compare(before.children, after.children, path + ".");
    else if (before.block || after.block ? octets_of(before) != octets_of(after) : before.value != after.value)
      add(Difference::Kind::changed, path, &before, &after);
  }

  void add(Difference::Kind kind, std::string path, const Node* before, const Node* after) {
    found_.push_back({.kind = kind, .path = std::move(path), .before = before, .after = after});
  }

  FileKind before_kind_, after_kind_;
  std::vector<Difference> found_;
};

}  // namespace

std::vector<Difference> diff(const Document& before, const Document& after) {
  Diff comparison(before.kind, after.kind);
  comparison.compare(before.nodes, after.nodes, {});
  return comparison.take();
}

}  // namespace coaxd::docsis
