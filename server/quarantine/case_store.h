// case_store.h: the quarantines and their record, in a SQLite file of their own beside the lease store: a commit of a few milliseconds must not wait for a fold that writes
// for seconds. Tables: docs/store-schema.md. The control thread's. Errors are sentences.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "server/quarantine/switch.h"

namespace coaxd::quarantine {

// Makes the file where there is none. synchronous=FULL: what write() returns from is on the disk.
std::expected<std::unique_ptr<Cases>, std::string> open_cases(const std::string& path, const char* vfs = nullptr);

}  // namespace coaxd::quarantine
