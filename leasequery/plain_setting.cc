#include "leasequery/plain_setting.h"

#include <algorithm>

namespace coaxd::leasequery {
namespace {

using config::OptionOp;
using config::OptionRegistry;
using config::Scope;
using config::Statement;
using config::StatementKind;

struct Name {
  std::uint32_t space, code;
  bool is_set_by(const Statement& statement) const noexcept {
    return statement.kind == StatementKind::option && statement.definition->space->index == space && statement.definition->code == code;
  }
  // Blocks of `on` and functions run at other times, or for other reasons.
  bool is_set_in(std::span<const Statement> statements) const noexcept {
    return std::ranges::any_of(statements, [this](const Statement& statement) {
      if (statement.kind == StatementKind::on || statement.kind == StatementKind::define) return false;
      return is_set_by(statement) || is_set_in(statement.body) || is_set_in(statement.else_body);
    });
  }
};

Setting run(const Scope& scope, Name name, Setting said) noexcept {
  for (const Statement& statement : scope.statements) {
    if (!name.is_set_by(statement)) {
      said.depends |= name.is_set_in({&statement, 1});
      continue;
    }
    const bool plain = statement.value.kind == config::ExprKind::constant;
    if (statement.op == OptionOp::supersede && plain) {
      said = {false, statement.value.bytes};
    } else if (statement.op == OptionOp::default_value && plain) {
      if (!said.value) said.value = statement.value.bytes;
    } else {
      said.depends = true;
    }
  }
  return said;
}

Setting setting(const Scope& scope, Name name) noexcept { return run(scope, name, scope.parent != nullptr ? setting(*scope.parent, name) : Setting{}); }

Setting setting(const Scope& scope, const Scope* pool, Name name) noexcept {
  const Setting said = setting(scope, name);
  return pool != nullptr ? run(*pool, name, said) : said;
}

}  // namespace

Setting plain_setting(const Scope& scope, std::uint8_t code, const Scope* pool) noexcept { return setting(scope, pool, {OptionRegistry::kDhcp, code}); }
Setting plain_setting(const Scope& scope, config::Parameter parameter, const Scope* pool) noexcept {
  return setting(scope, pool, {OptionRegistry::kServer, static_cast<std::uint32_t>(parameter)});
}

bool mentions(std::span<const Statement> statements, std::uint8_t code) noexcept { return Name{OptionRegistry::kDhcp, code}.is_set_in(statements); }
bool mentions(std::span<const Statement> statements, config::Parameter parameter) noexcept {
  return Name{OptionRegistry::kServer, static_cast<std::uint32_t>(parameter)}.is_set_in(statements);
}

std::optional<std::uint32_t> plain_number(const Setting& setting) noexcept {
  if (setting.depends || !setting.value || setting.value->size() != 4) return std::nullopt;
  return load_be32(setting.value->data());
}

}  // namespace coaxd::leasequery
