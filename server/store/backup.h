// backup.h: a copy of the lease store while it serves: one SQLite file, whole and consistent, by a reader's connection that keeps nobody waiting. Any thread; takes as long as
// the store is large. What it holds: everything that is folded (LeaseStore::fold_now() first: everything acknowledged until then), so no journal goes with it. How to restore:
// docs/operating.md.
#pragma once

#include <expected>
#include <string>

namespace coaxd::store {

// Into a new file, durable when it returns; there is no half one. The error is a sentence.
std::expected<void, std::string> back_up(const std::string& store, const std::string& into);

}  // namespace coaxd::store
