// classify.h: which classes a packet is in: dhcpd's member test over all classes in order of declaration. Computed once per packet, before any
// lease is known. Pure; writes only the set. Worker-owned. Source: dhcpd-compat §3.6, §6.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "server/base/bytes.h"
#include "server/config/config.h"
#include "server/engine/evaluate.h"

namespace coaxd::engine {

struct ClassMatch {
  const config::Class* cls = nullptr;
  const config::Subclass* subclass = nullptr;  // null: spawned, or the class itself
  Bytes data;                                  // of the subclass, declared or spawned; empty: the class itself
  bool via_subclass = false;

  const config::Scope* scope() const noexcept { return subclass != nullptr ? subclass->scope : cls->scope; }
  std::uint32_t lease_limit() const noexcept { return subclass != nullptr ? subclass->lease_limit : cls->lease_limit; }
};

class ClassSet {
 public:
  static constexpr std::size_t kMaximum = 5;  // dhcpd keeps the first five and logs "too many classes match"

  void clear() noexcept { size_ = 0, left_out_ = 0, has_first_ = false; }
  void add(const ClassMatch& match) noexcept;
  // Before all others, so that it has the last word, and beside the five: quarantine is nothing to fall out of.
  void add_first(const ClassMatch& match) noexcept;
  // True when the packet is in the class or in a subclass of it.
  bool contains(std::uint32_t class_index) const noexcept;
  std::span<const ClassMatch> matches() const noexcept { return {matches_.data(), size_}; }
  std::size_t size() const noexcept { return size_; }
  std::size_t left_out() const noexcept { return left_out_; }

 private:
  std::array<ClassMatch, kMaximum + 1> matches_{};
  std::size_t size_ = 0;
  std::size_t left_out_ = 0;
  bool has_first_ = false;
};

// Fills `classes` from nothing. A BOOTP request is in no class.
void classify(Context& context, ClassSet& classes) noexcept;

// Moves what `add "CLASS"` left in the context into the set.
void add_executed_classes(Context& context, ClassSet& classes) noexcept;

// Runs the scopes of the classes, last matched first, so that the class declared first has the last word (dhcpd-compat §6, 3).
void execute_classes(const ClassSet& classes, const config::Scope* limit, Context& context) noexcept;

}  // namespace coaxd::engine
