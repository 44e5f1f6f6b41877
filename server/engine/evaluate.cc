#include "server/engine/evaluate.h"

#include <algorithm>
#include <cstring>

#include "server/config/regex.h"
#include "server/engine/evaluate_data.h"
#include "server/engine/packet_option.h"
#include "server/engine/scope.h"

namespace coaxd::engine {
namespace {

using config::Expr;
using config::ExprKind;

// A chain of a thousand parenthesised `or`s is deep, too; a frame of evaluation is small.
constexpr std::uint16_t kMaxDepth = 4096;

Value from_tri(Tri tri) noexcept { return tri == Tri::null ? Value{} : Value::of(tri == Tri::yes); }

// ---- boolean (dhcpd-compat §7.1; rows marked observed are in tests/differential/eval_cases.txt) ----

// Values of different types are unequal; null equals null only, and comparing is never null.
bool are_equal(const Expr& expr, Context& context) noexcept {
  const Value left = evaluate(expr.args[0], context);
  return left == evaluate(expr.args[1], context);
}
Value equal_values(const Expr& expr, Context& context) noexcept { return Value::of(are_equal(expr, context)); }
Value not_equal_values(const Expr& expr, Context& context) noexcept { return Value::of(!are_equal(expr, context)); }

// Observed: a false or null left side makes the whole null, so that `not (false and true)` is not true.
Value logical_and(const Expr& expr, Context& context) noexcept {
  const Expr* at = &expr;
  for (; at->kind == ExprKind::logical_and; at = &at->args[1]) {
    if (evaluate_boolean(at->args[0], context) != Tri::yes) return {};
  }
  return from_tri(evaluate_boolean(*at, context));
}

// Whichever side is known. Right-grouped chains, which may be long lists of addresses, are walked, not recursed into.
Value logical_or(const Expr& expr, Context& context) noexcept {
  const Expr* at = &expr;
  bool known = false;
  for (; at->kind == ExprKind::logical_or; at = &at->args[1]) {
    const Tri left = evaluate_boolean(at->args[0], context);
    if (left == Tri::yes) return Value::of(true);
    known = known || left == Tri::no;
  }
  const Tri last = evaluate_boolean(*at, context);
  return last == Tri::null && known ? Value::of(false) : from_tri(last);
}

Value logical_not(const Expr& expr, Context& context) noexcept {
  const Tri operand = evaluate_boolean(expr.args[0], context);
  return operand == Tri::null ? Value{} : Value::of(operand == Tri::no);
}

// Observed: C strings, so both sides end at a NUL; nothing matches an empty side, and a pattern that does not compile
// matches nothing; only a null side makes it null.
Value regex_match(const Expr& expr, Context& context) noexcept {
  const std::optional<Bytes> subject = evaluate_data(expr.args[0], context);
  const std::optional<Bytes> pattern = evaluate_data(expr.args[1], context);
  if (!subject || !pattern) return {};
  if (subject->empty() || pattern->empty()) return Value::of(false);
  const Bytes text = subject->first(static_cast<std::size_t>(std::ranges::find(*subject, 0) - subject->begin()));
  if (expr.regex != nullptr) return Value::of(expr.regex->matches(text));
  if (expr.args[1].kind == ExprKind::constant) return Value::of(false);
  // A pattern made per packet has to be compiled per packet; the only allocation of this language.
  const auto regex = config::Regex::compile(as_text(*pattern), expr.kind == ExprKind::iregex_match);
  return Value::of(regex != nullptr && regex->matches(text));
}

Value exists(const Expr& expr, Context& context) noexcept {
  return Value::of(packet_option(*expr.option, context).has_value());
}
Value known(const Expr&, Context& context) noexcept {
  return context.request != nullptr ? Value::of(context.known) : Value{};
}
Value is_static(const Expr&, Context& context) noexcept { return Value::of(context.is_static); }
Value check(const Expr&, Context&) noexcept { return Value::of(false); }  // dhcpd has no collection but its own
Value defined(const Expr& expr, Context& context) noexcept {
  return Value::of(!read_variable(expr.text, context).is_null());
}
Value true_value(const Expr&, Context&) noexcept { return Value::of(true); }
Value false_value(const Expr&, Context&) noexcept { return Value::of(false); }

// ---- numeric (§7.3): unsigned and wider than what can be written ----

Value number(const Expr& expr, Context&) noexcept { return Value::of_number(static_cast<std::uint64_t>(expr.number)); }

Value extract_int(const Expr& expr, Context& context) noexcept {
  const std::optional<Bytes> data = evaluate_data(expr.args[0], context);
  const auto width = static_cast<std::size_t>(expr.number) / 8;
  if (!data || data->size() < width) return {};
  std::uint64_t value = 0;
  for (const std::uint8_t octet : data->first(width)) value = value << 8 | octet;
  return Value::of_number(value);
}

Value lease_time(const Expr&, Context& context) noexcept {
  if (context.binding == nullptr) return {};
  const WallSeconds ends = context.binding->ends;
  return ends < context.now.wall ? Value{} : Value::of_number(static_cast<std::uint64_t>(ends - context.now.wall));
}

Value null_value(const Expr&, Context&) noexcept { return {}; }

Value arithmetic(const Expr& expr, Context& context) noexcept {
  const std::optional<std::uint64_t> left = evaluate_number(expr.args[0], context);
  const std::optional<std::uint64_t> right = evaluate_number(expr.args[1], context);
  if (!left || !right) return {};
  switch (expr.kind) {
    case ExprKind::add: return Value::of_number(*left + *right);
    case ExprKind::multiply: return Value::of_number(*left * *right);
    case ExprKind::divide: return *right == 0 ? Value{} : Value::of_number(*left / *right);
    case ExprKind::modulo: return *right == 0 ? Value{} : Value::of_number(*left % *right);
    case ExprKind::bit_and: return Value::of_number(*left & *right);
    case ExprKind::bit_or: return Value::of_number(*left | *right);
    default: return Value::of_number(*left ^ *right);
  }
}

Value variable(const Expr& expr, Context& context) noexcept { return read_variable(expr.text, context); }

// One row each, in the order of ExprKind.
using Evaluator = Value (*)(const Expr&, Context&) noexcept;
struct Row {
  ExprKind kind;
  Evaluator evaluate;
};
constexpr Row kRows[] = {
    {ExprKind::constant, data::constant},
    {ExprKind::packet_option, data::packet_option},
    {ExprKind::config_option, data::config_option},
    {ExprKind::substring, data::substring},
    {ExprKind::suffix, data::suffix},
    {ExprKind::concat, data::concat},
    {ExprKind::binary_to_ascii, data::binary_to_ascii},
    {ExprKind::pick_first_value, data::pick_first_value},
    {ExprKind::hardware, data::hardware},
    {ExprKind::packet, data::packet},
    {ExprKind::leased_address, data::leased_address},
    {ExprKind::encode_int, data::encode_int},
    {ExprKind::lcase, data::lcase},
    {ExprKind::ucase, data::ucase},
    {ExprKind::reverse, data::reverse},
    {ExprKind::host_decl_name, data::host_decl_name},
    {ExprKind::filename, data::filename},
    {ExprKind::server_name, data::server_name},
    {ExprKind::gethostname, data::gethostname},
    {ExprKind::host_lookup, data::host_lookup},
    {ExprKind::null_data, null_value},
    {ExprKind::variable, variable},
    {ExprKind::call, call},
    {ExprKind::equal, equal_values},
    {ExprKind::not_equal, not_equal_values},
    {ExprKind::regex_match, regex_match},
    {ExprKind::iregex_match, regex_match},
    {ExprKind::logical_and, logical_and},
    {ExprKind::logical_or, logical_or},
    {ExprKind::logical_not, logical_not},
    {ExprKind::exists, exists},
    {ExprKind::known, known},
    {ExprKind::is_static, is_static},
    {ExprKind::check, check},
    {ExprKind::defined, defined},
    {ExprKind::true_value, true_value},
    {ExprKind::false_value, false_value},
    {ExprKind::number, number},
    {ExprKind::extract_int, extract_int},
    {ExprKind::lease_time, lease_time},
    {ExprKind::client_state, null_value},  // dhclient's
    {ExprKind::add, arithmetic},
    {ExprKind::multiply, arithmetic},
    {ExprKind::divide, arithmetic},
    {ExprKind::modulo, arithmetic},
    {ExprKind::bit_and, arithmetic},
    {ExprKind::bit_or, arithmetic},
    {ExprKind::bit_xor, arithmetic},
};
static_assert(std::size(kRows) == static_cast<std::size_t>(ExprKind::bit_xor) + 1);
static_assert([] {
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    if (kRows[i].kind != static_cast<ExprKind>(i)) return false;
  }
  return true;
}());

}  // namespace

Value evaluate(const Expr& expr, Context& context) noexcept {
  if (expr.kind == ExprKind::constant) return Value::of(Bytes{expr.bytes});
  if (context.depth == kMaxDepth) {
    ++context.refused;
    return {};
  }
  ++context.depth;
  const Value value = kRows[static_cast<std::size_t>(expr.kind)].evaluate(expr, context);
  --context.depth;
  return value;
}

std::optional<Bytes> evaluate_data(const Expr& expr, Context& context) noexcept {
  const Value value = evaluate(expr, context);
  return value.type == Value::Type::data ? std::optional(value.data) : std::nullopt;
}

Tri evaluate_boolean(const Expr& expr, Context& context) noexcept {
  const Value value = evaluate(expr, context);
  // Observed: a function called as a condition runs, and is null whatever it returns.
  if (value.type != Value::Type::boolean || expr.kind == ExprKind::call) return Tri::null;
  return value.number != 0 ? Tri::yes : Tri::no;
}

std::optional<std::uint64_t> evaluate_number(const Expr& expr, Context& context) noexcept {
  const Value value = evaluate(expr, context);
  return value.type == Value::Type::number ? std::optional(value.number) : std::nullopt;
}

}  // namespace coaxd::engine
