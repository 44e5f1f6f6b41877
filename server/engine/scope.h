// scope.h: where a variable's name leads while expressions run: the calls of `define`d functions, innermost first, then the lease in
// hand, then the worker's globals (dhcpd-compat §5.1). Private to the evaluator; one worker at a time, like its Context.
#pragma once

#include <array>
#include <cstdint>
#include <new>
#include <span>
#include <string_view>

#include "server/base/arena.h"
#include "server/engine/evaluate.h"

namespace coaxd::engine {

// A call in progress. Names view into the configuration, values into the arena.
struct CallFrame {
  static constexpr std::size_t kMaxLocals = 16;
  static constexpr std::uint8_t kMaxLevel = 16;
  static constexpr std::uint16_t kMaxCalls = 1000;  // a function that calls itself twice is not deep, but never ends

  CallFrame* caller = nullptr;  // dhcpd scopes dynamically: a function sees its callers' variables
  std::uint8_t level = 1;
  std::uint8_t count = 0;
  Value result;                 // of `return`; null until then
  std::array<Variable, kMaxLocals> locals;
};

// Null for a variable that nobody set. The octets are in the arena: the lease may change behind them.
Value read_variable(std::string_view name, Context& context) noexcept;
// Where the name is known, else in the innermost scope. Null unsets it.
void write_variable(std::string_view name, const Value& value, Context& context) noexcept;

// The value that `function` returns for these arguments.
Value call(const config::Expr& expr, Context& context) noexcept;

// Runs statements; true when a `return` ended them.
bool run(std::span<const config::Statement> statements, Context& context) noexcept;

// Nothing happens when the context is full, but it is counted.
void add_effect(const Effect& effect, Context& context) noexcept;

// Uninitialised room for `count` values of a trivial type; empty when the arena is used up.
template <typename T>
std::span<T> take_array(Arena& arena, std::size_t count) noexcept {
  const MutableBytes room = arena.take(count * sizeof(T) + alignof(T) - 1);
  if (room.empty()) return {};
  const std::size_t skip = (alignof(T) - reinterpret_cast<std::uintptr_t>(room.data()) % alignof(T)) % alignof(T);
  T* first = reinterpret_cast<T*>(room.data() + skip);
  for (std::size_t i = 0; i < count; ++i) new (first + i) T;
  return {first, count};
}

}  // namespace coaxd::engine
