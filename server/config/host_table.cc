#include "server/config/host_table.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

#include "server/base/bytes.h"

namespace coaxd::config {
namespace {

std::string_view without_dot(std::string_view name) noexcept {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool name_less(std::string_view a, std::string_view b) noexcept {
  return std::ranges::lexicographical_compare(without_dot(a), without_dot(b), {}, lower, lower);
}

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(without_dot(a), without_dot(b), {}, lower, lower);
}

struct NameLess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const noexcept { return name_less(a, b); }
};
using Names = std::set<std::string, NameLess>;

void collect(const Expr& expr, Names& names) {
  if (expr.kind == ExprKind::host_lookup) names.insert(expr.text);
  for (const Expr& arg : expr.args) collect(arg, names);
}

void collect(std::span<const Statement> statements, Names& names) {
  for (const Statement& statement : statements) {
    collect(statement.value, names);
    for (const Expr& arg : statement.args) collect(arg, names);
    collect(statement.body, names);
    collect(statement.else_body, names);
  }
}

void collect(std::span<const Declaration> declarations, Names& names) {
  for (const Declaration& declaration : declarations) {
    collect(std::span(&declaration.statement, 1), names);
    collect(declaration.value, names);
    collect(declaration.items, names);
  }
}

std::vector<Ipv4> addresses_of(const addrinfo* answer) {
  std::vector<Ipv4> addresses;
  for (; answer != nullptr; answer = answer->ai_next) {
    sockaddr_in address;
    std::memcpy(&address, answer->ai_addr, sizeof address);
    addresses.push_back({ntohl(address.sin_addr.s_addr)});
  }
  return addresses;
}

// The questions of one look_up_hosts(), shared with the threads that ask them: getaddrinfo() cannot be called back, so whoever
// is still asking when time is up must own what he writes to, and finds out afterwards that nobody waits for it. (getaddrinfo_a()
// offers the same, but a process that ends meanwhile was seen to crash in its threads.)
struct Questions {
  struct Answer {
    int outcome = EAI_AGAIN;
    std::vector<Ipv4> addresses;
  };
  explicit Questions(std::span<const std::string> asked) : names(asked.begin(), asked.end()), answers(asked.size()) {}

  const std::vector<std::string> names;
  std::mutex mutex;  // all below
  std::condition_variable answered;
  std::vector<Answer> answers;
  std::size_t next = 0, done = 0;
  bool given_up = false;
};

constexpr std::size_t kMostAtOnce = 16;

void ask(Questions& questions) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_DGRAM;
  std::unique_lock lock(questions.mutex);
  while (!questions.given_up && questions.next < questions.names.size()) {
    const std::size_t number = questions.next++;
    lock.unlock();
    addrinfo* found = nullptr;
    Questions::Answer answer{getaddrinfo(questions.names[number].c_str(), nullptr, &hints, &found), {}};
    if (answer.outcome == 0) {
      answer.addresses = addresses_of(found);
      freeaddrinfo(found);
    }
    lock.lock();
    questions.answers[number] = std::move(answer);
    ++questions.done;
    questions.answered.notify_one();
  }
}

// What was answered within the time; what was not is EAI_AGAIN.
std::vector<Questions::Answer> answers_within(std::chrono::milliseconds limit, std::span<const std::string> names) {
  const auto questions = std::make_shared<Questions>(names);
  const auto deadline = std::chrono::steady_clock::now() + limit;
  try {
    for (std::size_t i = 0; i < std::min(names.size(), kMostAtOnce); ++i) std::thread([questions] { ask(*questions); }).detach();
  } catch (const std::system_error&) {
    // No thread to be had: those that there are go on alone, and what nobody asks stays as it was.
  }
  std::unique_lock lock(questions->mutex);
  questions->answered.wait_until(lock, deadline, [&] { return questions->done == names.size(); });
  questions->given_up = true;
  return questions->answers;
}

}  // namespace

HostTable::HostTable(std::vector<Entry> entries) {
  for (Entry& entry : entries) {
    const auto at = std::ranges::lower_bound(entries_, std::string_view(entry.name), name_less, &Entry::name);
    if (at == entries_.end() || !same_name(at->name, entry.name)) entries_.insert(at, std::move(entry));
  }
}

std::span<const Ipv4> HostTable::find(std::string_view name) const noexcept {
  const auto at = std::ranges::lower_bound(entries_, name, name_less, &Entry::name);
  if (at == entries_.end() || !same_name(at->name, name)) return {};
  return at->addresses;
}

bool HostTable::has(std::string_view name) const noexcept {
  return std::ranges::binary_search(entries_, name, name_less, &Entry::name);
}

std::vector<std::string> host_names(const Ast& ast) {
  Names names;
  collect(ast.items, names);
  return {names.begin(), names.end()};
}

std::vector<Ipv4> find_in_table(std::string_view name, void* table) {
  const auto found = static_cast<const HostTable*>(table)->find(name);
  return {found.begin(), found.end()};
}

std::shared_ptr<const HostTable> look_up_hosts(std::span<const std::string> names, std::chrono::milliseconds limit,
                                               const HostTable* previous) {
  std::vector<Questions::Answer> answers = answers_within(limit, names);
  std::vector<HostTable::Entry> entries;
  for (std::size_t i = 0; i < names.size(); ++i) {
    HostTable::Entry entry{names[i], std::move(answers[i].addresses)};
    // "No such name" is an answer; anything else is a resolver that did not give one.
    if (answers[i].outcome != 0 && answers[i].outcome != EAI_NONAME && previous != nullptr) {
      const auto kept = previous->find(names[i]);
      entry.addresses.assign(kept.begin(), kept.end());
    }
    entries.push_back(std::move(entry));
  }
  return std::make_shared<const HostTable>(std::move(entries));
}

}  // namespace coaxd::config
