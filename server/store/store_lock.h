// store_lock.h: one server per store. Holds an exclusive flock on P-journal.d/lock, which names the process; the kernel lets go of it however the
// process ends. Main thread.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "server/store/lease_store.h"

namespace coaxd::store {

class StoreLock {
 public:
  StoreLock() = default;
  StoreLock(StoreLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  StoreLock& operator=(StoreLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~StoreLock();

  // Makes the journal directory if there is none.
  static std::expected<StoreLock, StoreError> acquire(const std::string& store_path, const std::string& directory);

 private:
  int file_ = -1;
};

}  // namespace coaxd::store
