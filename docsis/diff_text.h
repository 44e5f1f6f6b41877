// diff_text.h: differences as lines and as JSON. Values only, any thread.
#pragma once

#include <span>
#include <string>

#include "docsis/check.h"
#include "docsis/text.h"

namespace coaxd::docsis {

// "- UsServiceFlow[1].MaxRateSustained 1000000;" and "+ ..." below it; a block stands in one line.
std::string diff_text(std::span<const Difference> differences, FileKind kind, const PrintOptions& options);
// [{"kind": "changed", "path": ..., "before": "MaxCPE 3;", "after": "MaxCPE 4;"}, ...], a newline at the end.
std::string diff_json(std::span<const Difference> differences, FileKind kind, const PrintOptions& options);

}  // namespace coaxd::docsis
