// imported_events.h: the `on expiry` and `on release` blocks of a leases file in the words of the configuration, by which event_bodies.h
// knows them. Import only (start, main thread); the configuration must outlive it.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "server/config/config.h"
#include "server/lease/binding.h"

namespace coaxd::engine {

class ImportedEvents {
 public:
  explicit ImportedEvents(const config::Config& config);
  // Blocks that the configuration does not have stay as they are: the log says so when the lease ends.
  void translate(lease::Binding& binding);

 private:
  void add(std::span<const config::Statement> statements);
  std::string_view own_text(std::string_view written);

  const config::Config& config_;
  std::unordered_map<std::string, std::string_view> by_form_;     // normal form -> the configuration's text
  std::unordered_map<std::string, std::string_view> by_written_;  // a file has few blocks, and a lease each that carries one
};

}  // namespace coaxd::engine
