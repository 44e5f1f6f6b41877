// atomic.h: std::atomic under a name of ours. The code that rests on memory order is written over this name, so that tests/model can
// compile the same sources over an atomic that lets a scheduler choose, at every access, which thread goes on and which of the
// values that C++ allows it reads. In every other build nothing is added: the names are the library's.
#pragma once

#ifdef COAXD_ATOMIC_HEADER
#include COAXD_ATOMIC_HEADER
#else

#include <atomic>
#include <thread>

namespace coaxd {

template <typename T>
using Atomic = std::atomic<T>;

// Between two looks at something that another thread is about to finish. Who makes us wait for long has lost his processor, and gets
// it back sooner if we let go of ours.
inline void wait_a_moment(unsigned attempt) noexcept {
  if (attempt > 64) std::this_thread::yield();
}

}  // namespace coaxd
#endif
