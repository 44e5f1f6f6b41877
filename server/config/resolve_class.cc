#include <fmt/format.h>

#include "server/config/resolver.h"

namespace coaxd::config {

Class* Resolver::find_class(std::string_view name) {
  const auto found = classes_.find(name);
  return found == classes_.end() ? nullptr : found->second;
}

// Classes are global. The first declaration gives the order of the member test and the parent scope (dhcpd-compat §6.3); later
// ones add to it.
void Resolver::declare_class(Declaration& declaration, Place& place) {
  Class* cls = find_class(declaration.name);
  Scope* scope = nullptr;
  if (cls == nullptr) {
    cls = config_->classes_.emplace_back(std::make_unique<Class>()).get();
    cls->index = static_cast<std::uint32_t>(config_->classes_.size() - 1);
    cls->name = declaration.name;
    scope = &new_scope(*place.scope);
    cls->scope = scope;
    classes_.emplace(cls->name, cls);
  } else {
    scope = config_->scopes_[cls->scope->id].get();
  }
  ClassBlock block{cls};
  Place inner;
  inner.inside = DeclarationKind::class_decl;
  inner.scope = scope;
  inner.block = &block;
  declare_all(declaration.items, inner);
}

// Data declared again replaces the earlier subclass: dhcpd finds the newest first.
void Resolver::declare_subclass(Declaration& declaration, Place&) {
  Class* cls = find_class(declaration.name);
  if (cls == nullptr) return error(declaration.pos, fmt::format("no class named {}", declaration.name));
  Subclass subclass;
  subclass.id = subclass_count_++;
  subclass.data = std::move(declaration.bytes);
  subclass.scope = cls->scope;
  subclass.lease_limit = cls->lease_limit;  // as it stands now: a `lease limit` further down is for those further down
  if (declaration.has_body) {
    ClassBlock block{cls, &subclass};
    Place inner;
    inner.inside = DeclarationKind::subclass;
    inner.scope = &new_scope(*cls->scope);
    inner.block = &block;
    subclass.scope = inner.scope;
    declare_all(declaration.items, inner);
  }
  const auto at = static_cast<std::uint32_t>(cls->subclasses.size());
  cls->subclasses.push_back(std::move(subclass));
  const std::string_view key = as_text(cls->subclasses.back().data);
  cls->subclass_index[key] = at;
}

void Resolver::declare_match_if(Declaration& declaration, Place& place) {
  if (place.block == nullptr) return error(declaration.pos, "match not allowed here.");
  if (place.block->subclass != nullptr) return error(declaration.pos, "invalid match in subclass.");
  if (place.block->has_match_if) return error(declaration.pos, "A class may only have one 'match if' clause.");
  place.block->has_match_if = true;
  place.block->cls->match_if = std::move(declaration.value);
}

void Resolver::declare_match(Declaration& declaration, Place& place) {
  const bool spawn = declaration.kind == DeclarationKind::spawn_with;
  if (place.block == nullptr) return error(declaration.pos, "match not allowed here.");
  if (place.block->subclass != nullptr) {
    return error(declaration.pos, spawn ? "invalid spawn in subclass." : "invalid match in subclass.");
  }
  if (place.block->has_match) return error(declaration.pos, "can't override existing submatch/spawn.");
  place.block->has_match = true;
  place.block->cls->submatch = std::move(declaration.value);
  place.block->cls->spawning = spawn;
}

void Resolver::declare_lease_limit(Declaration& declaration, Place& place) {
  if (place.block == nullptr) return error(declaration.pos, "lease limit not allowed here.");
  const auto limit = static_cast<std::uint32_t>(declaration.number);
  (place.block->subclass != nullptr ? place.block->subclass->lease_limit : place.block->cls->lease_limit) = limit;
}

}  // namespace coaxd::config
