// event_bodies.h: from the text of an `on expiry` or `on release` block, as it is kept with a
// lease, back to its statements. Nothing is parsed after start: a lease whose block the
// configuration no longer contains ends without it, and the log says so (docs/dhcpd-compat.md).
// Built by use(), read by its worker. Source: dhcpd-compat §5.1.
#pragma once

#include <string_view>
#include <unordered_map>

#include "server/config/config.h"

namespace coaxd::engine {

class EventBodies {
 public:
  // The configuration must outlive this.
  void use(const config::Config& config);
  const config::Statement* find(Bytes source_text) const noexcept;

 private:
  void add(std::span<const config::Statement> statements);

  std::unordered_map<std::string_view, const config::Statement*> by_text_;
};

}  // namespace coaxd::engine
