// mapped_memory.h: zeroed memory straight from the kernel, owned. A page costs nothing until somebody writes to it, so tables are
// sized for the worst case and paid for as used, or at once by populate(). Growing keeps the contents and may move them: only while
// nobody looks.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <utility>

#include "server/base/assert.h"

namespace coaxd::lease {

class MappedMemory {
 public:
  MappedMemory() = default;
  explicit MappedMemory(std::size_t bytes) { resize(bytes); }
  ~MappedMemory() {
    if (data_ != nullptr) ::munmap(data_, size_);
  }
  MappedMemory(MappedMemory&& other) noexcept { swap(other); }
  MappedMemory& operator=(MappedMemory&& other) noexcept {
    swap(other);
    return *this;
  }

  // Only grows. A machine that cannot give the address space cannot hold this configuration: we stop.
  void resize(std::size_t bytes) {
    if (bytes <= size_) return;
    void* memory = data_ == nullptr ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                                    : ::mremap(data_, size_, bytes, MREMAP_MAYMOVE);
    COAXD_ASSERT(memory != MAP_FAILED);
    data_ = memory;
    size_ = bytes;
    // Slots and index are visited at random: with 4 KiB pages every visit would miss the TLB, too. A hint, so the result is unused.
    if (bytes >= kHugeFrom) (void)::madvise(data_, size_, MADV_HUGEPAGE);
  }

  // Pays now, while nobody waits, rather than at the first packet that comes to a page: that one would wait for up to 2 MiB to be zeroed.
  // What is larger than kPopulateMost, more than anybody is likely to use all of, is paid for as used. A hint, too (Linux 5.14).
  void populate() noexcept {
    if (size_ <= kPopulateMost) (void)::madvise(data_, size_, MADV_POPULATE_WRITE);
  }

  template <typename T>
  T* as() const noexcept {
    return static_cast<T*>(data_);
  }
  std::size_t size() const noexcept { return size_; }

 private:
  static constexpr std::size_t kHugeFrom = std::size_t{2} << 20;
  static constexpr std::size_t kPopulateMost = std::size_t{256} << 20;

  void swap(MappedMemory& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  void* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace coaxd::lease
