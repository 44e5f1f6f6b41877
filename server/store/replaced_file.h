// replaced_file.h: a whole new file in the place of an old one: written beside it, synced, then renamed. A reader sees the old file or the
// new one, and so does a power cut. Any thread; one at a time for a path.
#pragma once

#include <expected>
#include <functional>
#include <string>

#include "server/store/lease_store.h"

namespace coaxd::store {

// Of the pieces that `more` appends until it returns false; its error is an errno. Owner and mode are those of the file `model`, else ours and 0644.
std::expected<void, StoreError> replace_file(const std::string& path, const std::string& model,
                                             const std::function<std::expected<bool, int>(std::string&)>& more);

// "." for a name alone.
std::string directory_of(const std::string& path);

}  // namespace coaxd::store
