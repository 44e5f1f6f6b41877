#include "server/base/assert.h"
#include "server/config/resolver.h"

namespace coaxd::config {

Class& Resolver::class_named(std::string_view name) {
  const auto found = classes_.find(name);
  COAXD_ASSERT(found != classes_.end());
  return *found->second;
}

// Classes are global. The first declaration gives the order of the member test and the parent scope (dhcpd-compat §6 step 3); later
// ones add to it.
void Resolver::declare_class(Declaration& declaration, Place& place) {
  if (!classes_.contains(declaration.name)) {
    Class& made = *config_->classes_.emplace_back(std::make_unique<Class>());
    made.index = static_cast<std::uint32_t>(config_->classes_.size() - 1);
    made.name = declaration.name;
    made.scope = &new_scope(*place.scope);
    if (made.name == kQuarantineClass) config_->quarantine_class_ = &made;
    classes_.emplace(made.name, &made);
  }
  Class& cls = class_named(declaration.name);
  Place inner;
  inner.scope = config_->scopes_[cls.scope->id].get();
  inner.cls = &cls;
  declare_all(declaration.items, inner);
}

// Data declared again replaces the earlier subclass: dhcpd finds the newest first.
void Resolver::declare_subclass(Declaration& declaration, Place&) {
  Class& cls = class_named(declaration.name);
  Subclass subclass;
  subclass.id = subclass_count_++;
  subclass.data = std::move(declaration.bytes);
  subclass.scope = cls.scope;
  subclass.lease_limit = cls.lease_limit;  // as it stands now: a `lease limit` further down is for those further down
  if (declaration.has_body) {
    Place inner;
    inner.scope = &new_scope(*cls.scope);
    inner.cls = &cls;
    inner.subclass = &subclass;
    subclass.scope = inner.scope;
    declare_all(declaration.items, inner);
  }
  const auto at = static_cast<std::uint32_t>(cls.subclasses.size());
  cls.subclasses.push_back(std::move(subclass));
  cls.subclass_index[as_text(cls.subclasses.back().data)] = at;
}

void Resolver::declare_match_if(Declaration& declaration, Place& place) {
  COAXD_ASSERT(place.cls != nullptr);
  place.cls->match_if = std::move(declaration.value);
}

void Resolver::declare_match(Declaration& declaration, Place& place) {
  COAXD_ASSERT(place.cls != nullptr);
  place.cls->submatch = std::move(declaration.value);
  place.cls->spawning = declaration.kind == DeclarationKind::spawn_with;
}

void Resolver::declare_lease_limit(Declaration& declaration, Place& place) {
  COAXD_ASSERT(place.cls != nullptr);
  const auto limit = static_cast<std::uint32_t>(declaration.number);
  (place.subclass != nullptr ? place.subclass->lease_limit : place.cls->lease_limit) = limit;
}

}  // namespace coaxd::config
