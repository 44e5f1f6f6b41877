// command_report.h: what the command says about problems. One thread.
#pragma once

#include <string>
#include <string_view>

#include "docsis/command.h"
#include "docsis/problem.h"

namespace coaxd::docsis {

// Each with its line and a caret; `text` is the contents of the file `name`, which those have too that name none (an included file is read again for its lines).
void show(const Problems& problems, std::string_view name, std::string_view text, std::FILE* to);
// One line, for what has no place in a text: "docsis: gold.cfg: No such file or directory".
void complain(const Console& console, std::string_view message);

// The exit status of the first error; 0: there is none.
int status_of(const Problems& problems) noexcept;
// [{"file": ..., "severity": "error", "line": 3, "column": 9, "message": ..., "mend": ...}, ...] without the brackets.
void append_json(const Problems& problems, bool& first, std::string& out);

}  // namespace coaxd::docsis
