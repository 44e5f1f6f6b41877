#include "server/engine/scope.h"

#include <algorithm>

namespace coaxd::engine {
namespace {

Variable* find_local(std::string_view name, CallFrame* frame) noexcept {
  for (; frame != nullptr; frame = frame->caller) {
    for (Variable& local : std::span(frame->locals).first(frame->count)) {
      if (same_name(local.name, name)) return &local;
    }
  }
  return nullptr;
}

// The lease's own, or the worker's when there is no lease: never one behind the other (observed).
Bytes scope_variables(const Context& context) noexcept {
  if (context.binding != nullptr && !context.lease_out_of_sight) return context.binding->get(lease::Item::variables);
  return context.globals != nullptr ? context.globals->packed() : Bytes{};
}

Value kept(const Value& value, Arena& arena) noexcept {
  Value copy = value;
  if (value.type == Value::Type::data) copy.data = arena.copy(value.data);
  return copy;
}

bool write_lease_variable(std::string_view name, const Value& value, Context& context) noexcept {
  const MutableBytes room = context.arena->take(lease::Binding::kVariableCapacity);
  if (room.empty()) return false;
  const std::optional<Bytes> area = with_variable(scope_variables(context), name, value, room);
  const bool written = area && context.binding->set(lease::Item::variables, *area);
  context.arena->shrink_last(room, 0);
  return written;
}

}  // namespace

Value read_variable(std::string_view name, Context& context) noexcept {
  context.depends_on_moment = true;
  // `set x = concat(x, "y")` gives null in dhcpd: the old value is gone before the new one is computed.
  if (!context.being_set.empty() && same_name(name, context.being_set)) return {};
  if (const Variable* local = find_local(name, context.frame)) return local->value;
  const std::optional<Value> value = Variables::find(scope_variables(context), name);
  return value ? kept(*value, *context.arena) : Value{};
}

void write_variable(std::string_view name, const Value& value, Context& context) noexcept {
  bool written = true;
  if (Variable* local = find_local(name, context.frame)) {
    local->value = value;
  } else if (context.frame != nullptr && !Variables::find(scope_variables(context), name)) {
    CallFrame& frame = *context.frame;
    written = frame.count < CallFrame::kMaxLocals;
    if (written) frame.locals[frame.count++] = {name, value};
  } else if (context.binding != nullptr && !context.lease_out_of_sight) {
    written = write_lease_variable(name, value, context);
  } else if (context.globals != nullptr) {
    written = context.globals->set(name, value);
  }
  if (!written) ++context.refused;
}

Value call(const config::Expr& expr, Context& context) noexcept {
  const config::Statement* function = context.config != nullptr ? context.config->function(expr.text) : nullptr;
  if (function == nullptr) {
    constexpr std::string_view kUnknown = ": no such function.";
    const MutableBytes text = context.arena->take(expr.text.size() + kUnknown.size());
    if (text.empty()) return {};
    std::ranges::copy(kUnknown, std::ranges::copy(expr.text, text.begin()).out);
    add_effect({Effect::Kind::log, config::LogLevel::error, text, {}}, context);
    return {};
  }
  CallFrame frame{.caller = context.frame, .result = {}, .locals = {}};
  if (context.frame != nullptr) frame.level = static_cast<std::uint8_t>(context.frame->level + 1);
  context.calls = context.frame == nullptr ? 1 : static_cast<std::uint16_t>(context.calls + 1);
  if (frame.level > CallFrame::kMaxLevel || context.calls > CallFrame::kMaxCalls ||
      function->parameters.size() > CallFrame::kMaxLocals) {
    ++context.refused;
    return {};
  }
  for (std::size_t i = 0; i < function->parameters.size(); ++i) {
    const Value argument = i < expr.args.size() ? evaluate(expr.args[i], context) : Value{};
    frame.locals[frame.count++] = {function->parameters[i], argument};
  }
  context.frame = &frame;
  run(function->body, context);
  context.frame = frame.caller;
  return frame.result;
}

}  // namespace coaxd::engine
