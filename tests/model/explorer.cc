#include "tests/model/explorer.h"

#include <signal.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string_view>
#include <unordered_map>

#include "server/base/assert.h"
#include "tests/model/stepped_atomic.h"

namespace coaxd::model {
namespace {

constexpr std::size_t kStackSize = 256 * 1024;
constexpr std::uint64_t kMaxSteps = 100'000;  // more: it does not end

bool acquires(Order order) { return order != Order::relaxed && order != Order::release; }
bool releases(Order order) { return order == Order::release || order == Order::acq_rel || order == Order::seq_cst; }

// Of each variable the oldest store that may still be read: an index into its stores. Beyond the end: 0.
class View {
 public:
  std::uint32_t at(std::size_t variable) const { return variable < oldest_.size() ? oldest_[variable] : 0; }
  void raise(std::size_t variable, std::uint32_t store) {
    if (variable >= oldest_.size()) oldest_.resize(variable + 1);
    oldest_[variable] = std::max(oldest_[variable], store);
  }
  void join(const View& other) {
    if (other.oldest_.size() > oldest_.size()) oldest_.resize(other.oldest_.size());
    for (std::size_t i = 0; i < other.oldest_.size(); ++i) oldest_[i] = std::max(oldest_[i], other.oldest_[i]);
  }
  void clear() { oldest_.clear(); }

 private:
  std::vector<std::uint32_t> oldest_;
};

struct Store {
  std::uint64_t value = 0;
  View seen;  // what an acquiring load of it gets to see
};

struct Variable {
  std::vector<Store> stores;  // in modification order
  std::uint32_t oldest_in_order = 0;  // for seq_cst accesses
};

struct Thread {
  ucontext_t context;
  std::unique_ptr<std::uint8_t[]> stack = std::make_unique<std::uint8_t[]>(kStackSize);
  const std::function<void()>* body = nullptr;
  View seen;
  bool ended = false;
};

struct Decision {
  std::uint32_t chosen, options;
  bool departure;  // unless 0 is chosen
};

// One execution: follows `decisions` as far as they go, then takes what the policy says.
class Execution {
 public:
  void run(const std::function<World()>& make);
  void ended();  // of the running thread; does not return

  // --- from stepped atomics ---
  void step(const Access&);
  void yield();
  std::uint64_t load(const Access&, std::uint64_t newest, Order);
  std::uint64_t compare(const Access&, std::uint64_t newest, std::uint64_t expected, Order);
  void write(const Access&, std::uint64_t newest, std::uint64_t value, Order, bool exchanged);
  void fail(std::string what);  // does not return inside a thread

  std::vector<Decision> decisions;
  std::string failure;
  bool tracing = false;
  // Random policy: how likely a departure is, and how many are left. Not random: always 0.
  std::mt19937_64* random = nullptr;
  double likelihood = 0;
  unsigned departures_left = 0;

  bool running() const { return current_ != nullptr; }

 private:
  std::uint32_t choose(std::uint32_t options, bool departure);
  std::size_t variable_of(const Access&, std::uint64_t newest);
  std::uint64_t read(std::size_t variable, std::uint32_t store, Order);
  void switch_to(std::size_t thread);
  std::size_t next_runnable(std::size_t from, std::size_t skip) const;
  std::size_t runnable() const;
  void trace(const Access&, const char* what, std::uint64_t value, Order) const;

  std::vector<std::unique_ptr<Thread>> threads_;
  std::size_t count_ = 0;
  Thread* current_ = nullptr;
  std::size_t current_index_ = 0;
  ucontext_t main_;
  std::size_t taken_ = 0;  // decisions
  std::uint64_t steps_ = 0;
  std::unordered_map<const void*, std::size_t> names_;
  std::vector<Variable> variables_;
  std::size_t variable_count_ = 0;
};

Execution* execution = nullptr;

void thread_main() {
  execution->ended();
}

void on_abort(int) { execution->fail("an assertion of the code failed"); }

std::uint32_t Execution::choose(std::uint32_t options, bool departure) {
  if (options == 1) return 0;
  if (taken_ == decisions.size()) {
    std::uint32_t chosen = 0;
    if (random != nullptr && !departure) chosen = static_cast<std::uint32_t>((*random)() % options);
    if (random != nullptr && departure && departures_left > 0 &&
        std::uniform_real_distribution<>(0, 1)(*random) < likelihood) {
      --departures_left;
      chosen = 1 + static_cast<std::uint32_t>((*random)() % (options - 1));
    }
    decisions.push_back({chosen, options, departure});
  }
  const Decision& decision = decisions[taken_++];
  if (decision.options != options || decision.departure != departure)
    fail("not deterministic: a replay met another decision");
  return decision.chosen;
}

// The n-th thread after `from` that has not ended, in a circle and without `from` itself.
std::size_t Execution::next_runnable(std::size_t from, std::size_t n) const {
  for (std::size_t i = from;;) {
    i = (i + 1) % count_;
    if (i != from && !threads_[i]->ended && n-- == 0) return i;
  }
}

std::size_t Execution::runnable() const {
  std::size_t n = 0;
  for (std::size_t i = 0; i < count_; ++i) n += threads_[i]->ended ? 0 : 1;
  return n;
}

void Execution::switch_to(std::size_t next) {
  Thread* from = current_;
  current_ = threads_[next].get();
  current_index_ = next;
  ::swapcontext(from == nullptr ? &main_ : &from->context, &current_->context);
}

void Execution::step(const Access&) {
  if (++steps_ > kMaxSteps) fail("it does not end");
  const std::uint32_t chosen = choose(static_cast<std::uint32_t>(runnable()), true);
  if (chosen > 0) switch_to(next_runnable(current_index_, chosen - 1));
}

void Execution::yield() {
  if (++steps_ > kMaxSteps) fail("it does not end");
  if (runnable() > 1) switch_to(next_runnable(current_index_, 0));
}

void Execution::ended() {
  (*current_->body)();
  current_->ended = true;
  const auto left = static_cast<std::uint32_t>(runnable());
  if (left > 0) switch_to(next_runnable(current_index_, choose(left, false)));
  current_ = nullptr;
  ::setcontext(&main_);
}

void Execution::fail(std::string what) {
  failure = std::move(what);
  if (!running()) return;
  current_ = nullptr;  // the fibers are left as they are: what they hold is lost
  ::setcontext(&main_);
}

void Execution::run(const std::function<World()>& make) {
  execution = nullptr;
  taken_ = 0;
  steps_ = 0;
  failure.clear();
  names_.clear();
  variable_count_ = 0;
  const World world = make();
  count_ = world.threads.size();
  while (threads_.size() < count_) threads_.push_back(std::make_unique<Thread>());
  for (std::size_t i = 0; i < count_; ++i) {
    Thread& thread = *threads_[i];
    thread.body = &world.threads[i];
    thread.seen.clear();
    thread.ended = false;
    ::getcontext(&thread.context);
    thread.context.uc_stack = {thread.stack.get(), 0, kStackSize};
    thread.context.uc_link = nullptr;
    ::makecontext(&thread.context, thread_main, 0);
  }
  execution = this;
  switch_to(choose(static_cast<std::uint32_t>(count_), false));
  // Also an assertion of `at_rest` is a failure like any other; there is nothing to go back to then, so it stops the program.
  if (failure.empty() && world.at_rest) world.at_rest();
  execution = nullptr;
}

// --- memory ---

std::size_t Execution::variable_of(const Access& access, std::uint64_t newest) {
  const auto [at, fresh] = names_.try_emplace(access.variable, variable_count_);
  if (!fresh) return at->second;
  if (variable_count_ == variables_.size()) variables_.emplace_back();
  Variable& variable = variables_[variable_count_];
  variable.oldest_in_order = 0;
  variable.stores.resize(1);
  variable.stores[0].value = newest;  // from before the threads began: everybody has seen it
  variable.stores[0].seen.clear();
  return variable_count_++;
}

std::uint64_t Execution::read(std::size_t variable, std::uint32_t store, Order order) {
  const Store& from = variables_[variable].stores[store];
  current_->seen.raise(variable, store);
  if (acquires(order)) current_->seen.join(from.seen);
  if (order == Order::seq_cst)
    variables_[variable].oldest_in_order = std::max(variables_[variable].oldest_in_order, store);
  return from.value;
}

std::uint64_t Execution::load(const Access& access, std::uint64_t newest, Order order) {
  const std::size_t name = variable_of(access, newest);
  const Variable& variable = variables_[name];
  std::uint32_t oldest = current_->seen.at(name);
  if (order == Order::seq_cst) oldest = std::max(oldest, variable.oldest_in_order);
  const auto last = static_cast<std::uint32_t>(variable.stores.size() - 1);
  const std::uint32_t older = choose(last - oldest + 1, true);
  const std::uint64_t value = read(name, last - older, order);
  trace(access, older > 0 ? "loads older" : "loads", value, order);
  return value;
}

std::uint64_t Execution::compare(const Access& access, std::uint64_t newest, std::uint64_t expected, Order failure_order) {
  const std::size_t name = variable_of(access, newest);
  const Variable& variable = variables_[name];
  const auto last = static_cast<std::uint32_t>(variable.stores.size() - 1);
  std::uint32_t oldest = current_->seen.at(name);
  if (failure_order == Order::seq_cst) oldest = std::max(oldest, variable.oldest_in_order);
  // A CAS that fails is a load: it may fail because of an older value, unless that is the expected one.
  std::uint32_t store = last;
  for (std::uint32_t older = choose(last - oldest + 1, true); older > 0 && store > oldest;) {
    --store;
    if (variable.stores[store].value != expected) --older;
  }
  if (variable.stores[store].value == expected) store = last;
  if (store == last && newest == expected) return expected;  // exchange() says the rest
  const std::uint64_t value = read(name, store, failure_order);
  trace(access, "fails to exchange", value, failure_order);
  return value;
}

void Execution::write(const Access& access, std::uint64_t newest, std::uint64_t value, Order order, bool exchanged) {
  const std::size_t name = variable_of(access, newest);
  if (exchanged) read(name, static_cast<std::uint32_t>(variables_[name].stores.size() - 1), order);
  Variable& variable = variables_[name];
  Store store;
  store.value = value;
  const auto number = static_cast<std::uint32_t>(variable.stores.size());
  current_->seen.raise(name, number);
  if (releases(order)) store.seen = current_->seen;
  // An exchange carries on the release sequence (C++20 [intro.races]).
  if (exchanged) store.seen.join(variable.stores.back().seen);
  variable.stores.push_back(std::move(store));
  if (order == Order::seq_cst) variable.oldest_in_order = number;
  trace(access, exchanged ? "exchanges" : "stores", value, order);
}

void Execution::trace(const Access& access, const char* what, std::uint64_t value, Order order) const {
  if (!tracing) return;
  constexpr const char* kOrders[] = {"relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst"};
  const std::string_view file = access.where.file_name();
  std::fprintf(stderr, "  thread %zu  %-16s 0x%016llx  %-8s variable %zu  %.*s:%u\n", current_index_, what,
               static_cast<unsigned long long>(value), kOrders[static_cast<int>(order)], names_.at(access.variable),
               static_cast<int>(file.size() - std::min(file.rfind('/') + 1, file.size())),
               file.data() + file.rfind('/') + 1, access.where.line());
}

std::uint64_t from_environment(const char* name, std::uint64_t least) {
  const char* value = std::getenv(name);
  return value == nullptr ? least : std::max<std::uint64_t>(least, std::strtoull(value, nullptr, 10));
}

// The next list of decisions in depth-first order with at most so many departures. False: that was all.
bool advance(std::vector<Decision>& decisions, unsigned departures) {
  for (; !decisions.empty(); decisions.pop_back()) {
    Decision& last = decisions.back();
    if (last.chosen + 1 == last.options) continue;
    const auto departed = [](const Decision& d) { return d.departure && d.chosen > 0; };
    const auto before = std::count_if(decisions.begin(), decisions.end() - 1, departed);
    if (last.departure && before + 1 > static_cast<std::ptrdiff_t>(departures)) continue;
    ++last.chosen;
    return true;
  }
  return false;
}

}  // namespace

void step(const Access& access) {
  if (execution != nullptr && execution->running()) execution->step(access);
}
std::uint64_t load(const Access& access, std::uint64_t newest, Order order) {
  return execution != nullptr && execution->running() ? execution->load(access, newest, order) : newest;
}
std::uint64_t compare(const Access& access, std::uint64_t newest, std::uint64_t expected, Order failure) {
  return execution != nullptr && execution->running() ? execution->compare(access, newest, expected, failure) : newest;
}
void store(const Access& access, std::uint64_t newest, std::uint64_t value, Order order) {
  if (execution != nullptr && execution->running()) execution->write(access, newest, value, order, false);
}
void exchange(const Access& access, std::uint64_t newest, std::uint64_t value, Order order) {
  if (execution != nullptr && execution->running()) execution->write(access, newest, value, order, true);
}
void let_others_go_on() {
  if (execution != nullptr && execution->running()) execution->yield();
}

void check(bool holds, const char* what) {
  if (holds) return;
  COAXD_ASSERT(execution != nullptr);
  execution->fail(what);
}

Outcome explore(const std::function<World()>& make, Bounds bounds) {
  bounds.executions = from_environment("COAXD_MODEL_EXECUTIONS", bounds.executions);
  bounds.departures = static_cast<unsigned>(from_environment("COAXD_MODEL_DEPARTURES", bounds.departures));
  const auto previous = ::signal(SIGABRT, on_abort);
  Outcome outcome;
  Execution one;
  const auto run = [&] {
    one.run(make);
    ++outcome.executions;
    outcome.failure = one.failure;
    return outcome.failure.empty();
  };

  // Rounds of 0, 1, 2 ... departures; a round is expected to be larger than the one before by the number of places to depart at.
  std::uint64_t places = 0, round = 0;
  bool good = true;
  for (unsigned departures = 0; good && departures <= bounds.departures; ++departures) {
    if (departures > 0 && outcome.executions + round * places / departures > bounds.executions) break;
    const std::uint64_t before = outcome.executions;
    one.decisions.clear();
    do {
      good = run();
      if (departures == 0) {
        std::uint64_t here = 0;
        for (const Decision& d : one.decisions) here += d.departure ? d.options - 1 : 0;
        places = std::max(places, here);
      }
    } while (good && advance(one.decisions, departures));
    round = outcome.executions - before;
    if (good) outcome.exhaustive = departures;
  }

  if (good && outcome.exhaustive < bounds.departures) {
    std::mt19937_64 random(bounds.seed);
    one.random = &random;
    one.likelihood = static_cast<double>(bounds.departures) / static_cast<double>(std::max<std::uint64_t>(places, 1));
    while (good && outcome.executions < bounds.executions) {
      one.decisions.clear();
      one.departures_left = bounds.departures;
      good = run();
    }
    one.random = nullptr;
  }
  if (!good && std::getenv("COAXD_MODEL_TRACE") != nullptr) {
    std::fprintf(stderr, "%s:\n", outcome.failure.c_str());
    one.tracing = true;
    one.run(make);
  }
  ::signal(SIGABRT, previous);
  return outcome;
}

}  // namespace coaxd::model
