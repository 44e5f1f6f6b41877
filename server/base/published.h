// published.h: an immutable value that one thread replaces and others read: each reader has a View, which holds the value that it saw last and looks for a newer one
// when it likes. A look costs one load while nothing has changed; the lock is for the moment of change. The former value goes with the last View that lets it go.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace coaxd {

template <typename T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first) : value_(std::move(first)) {}

  void publish(std::shared_ptr<const T> next) {
    {
      const std::lock_guard lock(mutex_);
      value_.swap(next);
      version_.fetch_add(1, std::memory_order_release);  // pairs with refresh()
    }
  }

  class View {
   public:
    explicit View(const Published& of) : of_(of) { take(); }
    // Between two requests.
    void refresh() {
      if (of_.version_.load(std::memory_order_acquire) != version_) take();  // pairs with publish()
    }
    const T& operator*() const noexcept { return *value_; }
    const T* operator->() const noexcept { return value_.get(); }

   private:
    void take() {
      std::shared_ptr<const T> former;  // goes after the lock
      const std::lock_guard lock(of_.mutex_);
      former = std::exchange(value_, of_.value_);
      version_ = of_.version_.load(std::memory_order_relaxed);
    }

    const Published& of_;
    std::shared_ptr<const T> value_;
    std::uint64_t version_ = 0;
  };

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace coaxd
