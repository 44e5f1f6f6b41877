// test_config.h: a configuration from text, for tests. Throws std::runtime_error with the diagnostics when the text is refused, which is the test's failure.
// Single thread.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "server/config/config.h"
#include "server/config/parser.h"

namespace coaxd::config {

inline std::shared_ptr<const Config> config_from(std::string text) {
  const auto refuse = [](const std::vector<Diagnostic>& diagnostics) {
    std::string message;
    for (const Diagnostic& diagnostic : diagnostics) message += std::to_string(diagnostic.pos.line) + ": " + diagnostic.message + "\n";
    throw std::runtime_error(message);
  };
  Ast ast = parse("test.conf", std::move(text), disk_reader());
  if (!ast.ok()) refuse(ast.diagnostics);
  auto resolved = resolve(std::move(ast), {});
  if (!resolved) refuse(resolved.error());
  return *resolved;
}

}  // namespace coaxd::config
