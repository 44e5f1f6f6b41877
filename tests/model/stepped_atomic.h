// stepped_atomic.h: an atomic that asks the explorer before each access who goes on, and at each load what it gets. Takes std::atomic's
// place by way of server/base/atomic.h; has its size, and like it zeroed memory is a zero (slots and trees live in mapped memory).
// Outside an exploration it is a plain variable.
#pragma once

#include <atomic>
#include <cstdint>
#include <source_location>

namespace coaxd::model {

using Order = std::memory_order;
using Where = std::source_location;

// The newest value stands in the variable itself; the explorer knows the older ones by its address.
struct Access {
  const void* variable;
  Where where;
};

// Who goes on: returns when it is this thread's turn. Before the variable is looked at.
void step(const Access&);
std::uint64_t load(const Access&, std::uint64_t newest, Order);
// What a CAS sees: `expected`, then exchange() must follow; or another value.
std::uint64_t compare(const Access&, std::uint64_t newest, std::uint64_t expected, Order failure);
void store(const Access&, std::uint64_t newest, std::uint64_t value, Order);
void exchange(const Access&, std::uint64_t newest, std::uint64_t value, Order);
// Nothing to do before somebody else has done something.
void let_others_go_on();

}  // namespace coaxd::model

namespace coaxd {

template <typename T>
class Atomic {
  using Order = model::Order;
  using Where = model::Where;

 public:
  static constexpr bool is_always_lock_free = true;

  Atomic() noexcept = default;
  constexpr Atomic(T value) noexcept : value_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T load(Order order = Order::seq_cst, Where where = Where::current()) const noexcept {
    const model::Access access{this, where};
    model::step(access);
    return static_cast<T>(model::load(access, word(value_), order));
  }
  void store(T value, Order order = Order::seq_cst, Where where = Where::current()) noexcept {
    const model::Access access{this, where};
    model::step(access);
    model::store(access, word(value_), word(value), order);
    value_ = value;
  }
  T operator=(T value) noexcept {
    store(value);
    return value;
  }
  operator T() const noexcept { return load(); }

  bool compare_exchange_strong(T& expected, T desired, Order success, Order failure,
                               Where where = Where::current()) noexcept {
    const model::Access access{this, where};
    model::step(access);
    const T seen = static_cast<T>(model::compare(access, word(value_), word(expected), failure));
    if (seen != expected) {
      expected = seen;
      return false;
    }
    model::exchange(access, word(value_), word(desired), success);
    value_ = desired;
    return true;
  }
  bool compare_exchange_strong(T& expected, T desired, Order order = Order::seq_cst,
                               Where where = Where::current()) noexcept {
    const Order failure = order == Order::acq_rel   ? Order::acquire
                          : order == Order::release ? Order::relaxed
                                                    : order;
    return compare_exchange_strong(expected, desired, order, failure, where);
  }
  bool compare_exchange_weak(T& expected, T desired, Order success, Order failure,
                             Where where = Where::current()) noexcept {
    return compare_exchange_strong(expected, desired, success, failure, where);
  }
  bool compare_exchange_weak(T& expected, T desired, Order order = Order::seq_cst,
                             Where where = Where::current()) noexcept {
    return compare_exchange_strong(expected, desired, order, where);
  }

  T exchange(T value, Order order = Order::seq_cst, Where where = Where::current()) noexcept {
    return change([value](T) { return value; }, order, where);
  }
  T fetch_add(T by, Order order = Order::seq_cst, Where where = Where::current()) noexcept {
    return change([by](T old) { return static_cast<T>(old + by); }, order, where);
  }
  T fetch_sub(T by, Order order = Order::seq_cst, Where where = Where::current()) noexcept {
    return change([by](T old) { return static_cast<T>(old - by); }, order, where);
  }

 private:
  static std::uint64_t word(T value) noexcept { return static_cast<std::uint64_t>(value); }

  template <typename Change>
  T change(Change change, Order order, Where where) noexcept {
    const model::Access access{this, where};
    model::step(access);
    const T old = value_;
    const T value = change(old);
    model::exchange(access, word(old), word(value), order);
    value_ = value;
    return old;
  }

  T value_{};
};

inline void wait_a_moment(unsigned) noexcept { model::let_others_go_on(); }

}  // namespace coaxd
