#include "server/engine/classify.h"

#include <algorithm>

namespace coaxd::engine {
namespace {

// The member test of one class (dhcpd-compat §3.6).
void test_class(const config::Class& cls, Context& context, ClassSet& classes) noexcept {
  if (cls.match_if) {
    if (evaluate_boolean(*cls.match_if, context) != Tri::yes) return;
    if (!cls.submatch) return classes.add({&cls, nullptr, {}, false});
  }
  if (!cls.submatch) return;  // only `add` puts a client into it
  const std::optional<Bytes> data = evaluate_data(*cls.submatch, context);
  if (!data || data->empty()) return;
  const config::Subclass* subclass = cls.find(*data);
  if (subclass == nullptr && !cls.spawning) return;
  // A declared subclass outlives the packet; a spawned one is its data and lives as long as the arena.
  const Bytes kept = subclass != nullptr ? Bytes{subclass->data} : context.arena->copy(*data);
  if (kept.empty()) return;
  classes.add({&cls, subclass, kept, true});
}

}  // namespace

void ClassSet::add(const ClassMatch& match) noexcept {
  if (size_ == kMaximum + (has_first_ ? 1 : 0)) {
    ++left_out_;
    return;
  }
  matches_[size_++] = match;
}

void ClassSet::add_first(const ClassMatch& match) noexcept {
  if (contains(match.cls->index)) return;
  std::shift_right(matches_.begin(), matches_.end(), 1);
  matches_[0] = match;
  ++size_;
  has_first_ = true;
}

bool ClassSet::contains(std::uint32_t class_index) const noexcept {
  return std::ranges::any_of(matches(), [=](const ClassMatch& match) { return match.cls->index == class_index; });
}

void classify(Context& context, ClassSet& classes) noexcept {
  classes.clear();
  if (context.request == nullptr || context.request->type() == wire::MessageType::bootp) return;
  for (const auto& cls : context.config->classes()) test_class(*cls, context, classes);
}

void add_executed_classes(Context& context, ClassSet& classes) noexcept {
  for (const std::uint16_t index : std::span(context.added_classes).first(context.added_class_count)) {
    if (!classes.contains(index)) classes.add({context.config->classes()[index].get(), nullptr, {}, false});
  }
  context.added_class_count = 0;
}

void execute_classes(const ClassSet& classes, const config::Scope* limit, Context& context) noexcept {
  for (std::size_t i = classes.size(); i-- > 0;) execute_scope(*classes.matches()[i].scope(), limit, context);
}

}  // namespace coaxd::engine
