// The executable statements of dhcpd-compat §5.1 over one packet, and the scopes that hold them (§6).
#include <algorithm>

#include "server/engine/evaluate.h"
#include "server/engine/scope.h"

namespace coaxd::engine {
namespace {

using config::Expr;
using config::Scope;
using config::Statement;
using config::StatementKind;
using Statements = std::span<const Statement>;

void set_option(const Statement& statement, Context& context) noexcept {
  // A constant, by far the most common value, needs no evaluation and no copy.
  if (statement.value.kind == config::ExprKind::constant) {
    context.reply->set(*statement.definition, Bytes{statement.value.bytes}, statement.op, *context.arena);
    return;
  }
  context.depends_on_moment = false;
  const std::optional<Bytes> value = evaluate_data(statement.value, context);
  const bool is_new = !context.reply->has(statement.definition->space->index, statement.definition->code);
  context.reply->set(*statement.definition, value, statement.op, *context.arena);
  // Parameters are read with the lease in hand; an option that was joined from parts keeps what they were.
  const bool replaces = statement.op == config::OptionOp::supersede || is_new;
  if (context.depends_on_moment && replaces && statement.definition->space->index != config::OptionRegistry::kServer) {
    context.reply->defer(*statement.definition, statement.value);
  }
}

void set_variable(const Statement& statement, Context& context) noexcept {
  const std::string_view outer = context.being_set;
  context.being_set = statement.text;
  const Value value = evaluate(statement.value, context);
  context.being_set = outer;
  write_variable(statement.text, value, context);
}

void log(const Statement& statement, Context& context) noexcept {
  const std::optional<Bytes> data = evaluate_data(statement.value, context);
  if (!data) return;
  // dhcpd prints a C string. What it views may be gone when the log thread comes to it, but not the arena.
  const Bytes text = data->first(static_cast<std::size_t>(std::ranges::find(*data, 0) - data->begin()));
  add_effect({Effect::Kind::log, statement.level, context.arena->copy(text), {}}, context);
}

// "execute: bad arg N", the trace that dhcpd leaves of a program that it did not start.
void log_bad_argument(std::size_t number, Context& context) noexcept {
  constexpr std::string_view kText = "execute: bad arg ";
  char digits[20];
  std::size_t count = 0;
  for (; number > 0; number /= 10) digits[count++] = static_cast<char>('0' + number % 10);
  const MutableBytes text = context.arena->take(kText.size() + count);
  if (text.empty()) return;
  std::reverse_copy(digits, digits + count, std::ranges::copy(kText, text.begin()).out);
  add_effect({Effect::Kind::log, config::LogLevel::debug, text, {}}, context);
}

void execute_program(const Statement& statement, Context& context) noexcept {
  const std::span<Bytes> argv = take_array<Bytes>(*context.arena, 1 + statement.args.size());
  if (argv.empty()) return;
  argv[0] = as_bytes(statement.text);
  for (std::size_t i = 0; i < statement.args.size(); ++i) {
    const std::optional<Bytes> argument = evaluate_data(statement.args[i], context);
    if (!argument) return log_bad_argument(i + 1, context);
    // A program gets C strings: an argument ends at its first NUL, or a client's octets behind it would pass for the next argument.
    argv[i + 1] = context.arena->copy(argument->first(static_cast<std::size_t>(std::ranges::find(*argument, 0) - argument->begin())));
  }
  add_effect({Effect::Kind::execute, config::LogLevel::debug, {}, argv}, context);
}

void attach(const Statement& statement, Context& context) noexcept {
  const Statement* block = statement.has_body ? &statement : nullptr;
  if (statement.events & config::kOnCommit) context.on_commit = block;
  if (statement.events & config::kOnExpiry) context.on_expiry = block;
  if (statement.events & config::kOnRelease) context.on_release = block;
}

void add_class(const Statement& statement, Context& context) noexcept {
  const config::Class* cls = context.config != nullptr ? context.config->class_by_name(statement.text) : nullptr;
  if (cls == nullptr) return;
  const auto index = static_cast<std::uint16_t>(cls->index);
  const auto added = std::span(context.added_classes).first(context.added_class_count);
  if (std::ranges::find(added, index) != added.end()) return;
  if (context.added_class_count < context.added_classes.size()) {
    context.added_classes[context.added_class_count++] = index;
  }
}

// Option 43 of the request is read as the space that vendor-option-space names by now.
void parse_vendor_option(Context& context) noexcept {
  const std::optional<Bytes> name = context.reply->get(config::Parameter::vendor_option_space);
  if (name) context.vendor_space = context.reply->find_space(as_text(*name));
}

// From behind the label that fits, falling through the labels that follow. A null value fits `default` only. Observed: dhcpd
// takes a bare variable or call for a number, so that text in it is null.
Statements chosen(const Statement& statement, Context& context) noexcept {
  Value value = evaluate(statement.value, context);
  if (config::type_of(statement.value.kind) == config::ExprType::any && value.type != Value::Type::number) value = {};
  const Statements body = statement.body;
  std::size_t fallback = body.size();
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i].kind == StatementKind::default_label && fallback == body.size()) fallback = i;
    if (body[i].kind == StatementKind::case_label && !value.is_null() && evaluate(body[i].value, context) == value) {
      return body.subspan(i + 1);
    }
  }
  return fallback == body.size() ? Statements{} : body.subspan(fallback + 1);
}

bool is_within(const Scope& scope, const Scope* limit) noexcept {
  while (limit != nullptr && limit->depth > scope.depth) limit = limit->parent;
  return limit == &scope;
}

}  // namespace

void add_effect(const Effect& effect, Context& context) noexcept {
  if (context.effect_count == kMaxEffects) {
    ++context.effects_lost;
    return;
  }
  context.effects[context.effect_count++] = effect;
}

bool run(Statements statements, Context& context) noexcept {
  for (const Statement& statement : statements) {
    switch (statement.kind) {
      case StatementKind::option: set_option(statement, context); break;
      case StatementKind::if_else: {
        const bool yes = evaluate_boolean(statement.value, context) == Tri::yes;
        if (run(yes ? statement.body : statement.else_body, context)) return true;
        break;
      }
      case StatementKind::switch_on:
        if (run(chosen(statement, context), context)) return true;
        break;
      case StatementKind::break_out: return false;  // leaves this list, and only this (observed)
      case StatementKind::set: set_variable(statement, context); break;
      case StatementKind::unset: write_variable(statement.text, {}, context); break;
      case StatementKind::eval: (void)evaluate(statement.value, context); break;
      case StatementKind::return_value: {
        // Observed: outside a function, or with null, it does nothing.
        if (context.frame == nullptr) break;
        context.frame->result = evaluate(statement.value, context);
        if (!context.frame->result.is_null()) return true;
        break;
      }
      case StatementKind::log: log(statement, context); break;
      case StatementKind::execute: execute_program(statement, context); break;
      case StatementKind::on: attach(statement, context); break;
      case StatementKind::add_class: add_class(statement, context); break;
      case StatementKind::parse_vendor_option: parse_vendor_option(context); break;
      case StatementKind::case_label:
      case StatementKind::default_label:
      case StatementKind::define:  // found by name through the Config
        break;
    }
  }
  return false;
}

void finish_options(Context& context) noexcept {
  OptionState& reply = *context.reply;
  if (!reply.any_deferred()) return;
  context.lease_out_of_sight = true;
  for (const std::uint32_t space : reply.touched_spaces()) {
    // By index: what is evaluated may not add options, but the entry is written.
    for (std::size_t i = 0; i < reply.entries(space).size(); ++i) {
      const OptionState::Entry& entry = reply.entries(space)[i];
      if (entry.deferred == nullptr) continue;
      const std::optional<Bytes> value = evaluate_data(*entry.deferred, context);
      reply.set(*entry.definition, value, config::OptionOp::supersede, *context.arena);
    }
  }
  context.lease_out_of_sight = false;
}

void execute(Statements statements, Context& context) noexcept { run(statements, context); }

void execute_scope(const Scope& scope, const Scope* limit, Context& context) noexcept {
  if (is_within(scope, limit)) return;
  if (scope.parent != nullptr) execute_scope(*scope.parent, limit, context);
  run(scope.statements, context);
}

}  // namespace coaxd::engine
