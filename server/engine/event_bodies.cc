#include "server/engine/event_bodies.h"

namespace coaxd::engine {

void EventBodies::use(const config::Config& config) {
  by_text_.clear();
  for (const auto& scope : config.scopes()) add(scope->statements);
}

// Blocks may stand in any body: an `on release` inside an `on commit`, or under an `if`.
void EventBodies::add(std::span<const config::Statement> statements) {
  for (const config::Statement& statement : statements) {
    if (statement.kind == config::StatementKind::on &&
        (statement.events & (config::kOnExpiry | config::kOnRelease)) != 0) {
      by_text_.try_emplace(statement.source_text, &statement);
    }
    add(statement.body);
    add(statement.else_body);
  }
}

const config::Statement* EventBodies::find(Bytes source_text) const noexcept {
  const auto found = by_text_.find(as_text(source_text));
  return found == by_text_.end() ? nullptr : found->second;
}

}  // namespace coaxd::engine
