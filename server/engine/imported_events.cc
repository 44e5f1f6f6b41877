#include "server/engine/imported_events.h"

#include "server/config/normal_form.h"

namespace coaxd::engine {

ImportedEvents::ImportedEvents(const config::Config& config) : config_(config) {
  for (const auto& scope : config.scopes()) add(scope->statements);
}

void ImportedEvents::add(std::span<const config::Statement> statements) {
  for (const config::Statement& statement : statements) {
    if (statement.kind == config::StatementKind::on && (statement.events & (config::kOnExpiry | config::kOnRelease)) != 0) {
      if (auto form = config::normal_form(statement.source_text, config_.options())) {
        const auto [place, first] = by_form_.try_emplace(std::move(*form), statement.source_text);
        if (!first && place->second != statement.source_text) place->second = {};  // which of them is meant, the file does not tell
      }
    }
    add(statement.body);
    add(statement.else_body);
  }
}

void ImportedEvents::translate(lease::Binding& binding) {
  for (const lease::Item item : {lease::Item::on_expiry, lease::Item::on_release}) {
    const std::string_view written = as_text(binding.get(item));
    if (written.empty()) continue;
    const std::string_view own = own_text(written);
    if (own != written) (void)binding.set(item, as_bytes(own));  // no room: it stays as it is
  }
}

std::string_view ImportedEvents::own_text(std::string_view written) {
  const auto [known, first] = by_written_.try_emplace(std::string{written});
  if (first) {
    known->second = known->first;
    if (const auto form = config::normal_form(written, config_.options())) {
      if (const auto found = by_form_.find(*form); found != by_form_.end() && !found->second.empty()) known->second = found->second;
    }
  }
  return known->second;
}

}  // namespace coaxd::engine
