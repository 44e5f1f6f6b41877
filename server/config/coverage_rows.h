// coverage_rows.h: the rows behind coverage.h, reachable by kind. Private to coverage*.cc.
#pragma once

#include "server/config/coverage.h"

namespace coaxd::config {

const CoverageRow& row_of(DeclarationKind kind) noexcept;
const CoverageRow& row_of(PermitKind kind) noexcept;
const CoverageRow& row_of(StatementKind kind) noexcept;
const CoverageRow& row_of(OptionOp op) noexcept;
const CoverageRow& row_of(ExprKind kind) noexcept;
// The parameters' own table gives these; a file may add options to their space, which have a row in common.
const CoverageRow& parameter_coverage(const OptionDefinition& parameter);
// `no failover;` is an answer, `failover peer "X";` a promise.
const CoverageRow& no_failover_row() noexcept;

}  // namespace coaxd::config
