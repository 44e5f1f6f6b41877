#include "server/config/host_table.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <set>

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

// The questions of one look_up_hosts(). glibc's resolver threads write into them, so they may not die while one is being asked.
struct Questions {
  std::vector<std::string> names;
  addrinfo hints{};
  std::vector<gaicb> requests;
  std::vector<gaicb*> pointers;

  explicit Questions(std::span<const std::string> asked) : names(asked.begin(), asked.end()), requests(asked.size()) {
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_DGRAM;
    for (std::size_t i = 0; i < names.size(); ++i) {
      requests[i].ar_name = names[i].c_str();
      requests[i].ar_request = &hints;
      pointers.push_back(&requests[i]);
    }
  }
  ~Questions() {
    for (gaicb& request : requests) {
      if (request.ar_result != nullptr) freeaddrinfo(request.ar_result);
    }
  }
};

bool any_running(Questions& questions) {
  return std::ranges::any_of(questions.pointers, [](gaicb* request) { return gai_error(request) == EAI_INPROGRESS; });
}

void wait(Questions& questions, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (any_running(questions)) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= std::chrono::milliseconds(0)) return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), std::chrono::duration_cast<std::chrono::nanoseconds>(left - seconds).count()};
    gai_suspend(questions.pointers.data(), static_cast<int>(questions.pointers.size()), &timeout);
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
  auto questions = std::make_unique<Questions>(names);
  if (!names.empty()) {
    getaddrinfo_a(GAI_NOWAIT, questions->pointers.data(), static_cast<int>(names.size()), nullptr);
    wait(*questions, limit);
  }
  std::vector<HostTable::Entry> entries;
  for (std::size_t i = 0; i < names.size(); ++i) {
    HostTable::Entry entry{names[i], {}};
    const int outcome = gai_error(questions->pointers[i]);
    if (outcome == 0) entry.addresses = addresses_of(questions->requests[i].ar_result);
    // "No such name" is an answer; anything else is a resolver that did not give one.
    if (outcome != 0 && outcome != EAI_NONAME && previous != nullptr) {
      const auto kept = previous->find(names[i]);
      entry.addresses.assign(kept.begin(), kept.end());
    }
    entries.push_back(std::move(entry));
  }
  for (gaicb* request : questions->pointers) gai_cancel(request);
  if (any_running(*questions)) {
    // A question that cannot be called back goes on writing into its request: it keeps its memory, which is never seen again.
    static std::vector<std::unique_ptr<Questions>> abandoned;
    std::erase_if(abandoned, [](const auto& old) { return !any_running(*old); });
    abandoned.push_back(std::move(questions));
  }
  return std::make_shared<const HostTable>(std::move(entries));
}

}  // namespace coaxd::config
