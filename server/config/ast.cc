#include "server/config/ast.h"

#include <algorithm>

namespace coaxd::config {

ExprType type_of(ExprKind kind) noexcept {
  if (kind == ExprKind::variable || kind == ExprKind::call) return ExprType::any;
  if (kind >= ExprKind::number) return ExprType::numeric;
  return kind >= ExprKind::equal ? ExprType::boolean : ExprType::data;
}

bool Ast::ok() const noexcept {
  return std::ranges::none_of(diagnostics,
                              [](const Diagnostic& d) { return d.severity == Severity::error; });
}

}  // namespace coaxd::config
