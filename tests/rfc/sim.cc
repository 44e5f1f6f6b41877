#include "tests/rfc/sim.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "server/config/parser.h"
#include "tests/rfc/script.h"

namespace coaxd::test {

using engine::Actions;
using engine::Change;
using wire::MessageType;

namespace {

constexpr HashSeed kSeed{0x0123456789abcdef, 0xfedcba9876543210};

std::string word_of(const Actions& actions) {
  switch (actions.verdict) {
    case Actions::Verdict::drop:
      return "DROP";
    case Actions::Verdict::probe:
      return "PROBE";
    case Actions::Verdict::reply:
      break;
  }
  switch (actions.reply_type) {
    case MessageType::offer:
      return "OFFER";
    case MessageType::ack:
      return "ACK";
    case MessageType::nak:
      return "NAK";
    case MessageType::lease_unassigned:
      return "LEASEUNASSIGNED";
    case MessageType::lease_unknown:
      return "LEASEUNKNOWN";
    case MessageType::lease_active:
      return "LEASEACTIVE";
    default:
      return "BOOTREPLY";
  }
}

}  // namespace

std::shared_ptr<const config::Config> load_config(std::string_view text) {
  const config::FileReader no_files = [](const std::string&, std::string&, std::string& error) {
    error = "no files here";
    return false;
  };
  config::Ast ast = config::parse("test.conf", std::string(text), no_files);
  if (!ast.ok()) {
    for (const config::Diagnostic& diagnostic : ast.diagnostics)
      ADD_FAILURE() << diagnostic.render(ast.sources);
    return nullptr;
  }
  auto config = config::resolve(std::move(ast), {});
  if (config) return *config;
  for (const config::Diagnostic& diagnostic : config.error()) ADD_FAILURE() << diagnostic.message;
  return nullptr;
}

std::vector<lease::PoolSpec> pool_specs(const config::Config& config) {
  std::vector<lease::PoolSpec> specs;
  for (const auto& pool : config.pools()) {
    lease::PoolSpec& spec = specs.emplace_back();
    spec.id = pool->id;
    for (const config::AddressRange& range : pool->ranges)
      spec.ranges.push_back({range.low, range.high});
    for (const auto& host : config.hosts()) {
      for (const Ipv4 address : host->fixed_addresses) {
        if (config.pool_of(address) == pool.get()) spec.excluded.push_back(address);
      }
    }
    std::ranges::sort(spec.excluded);
    const auto repeated = std::ranges::unique(spec.excluded);
    spec.excluded.erase(repeated.begin(), repeated.end());
  }
  return specs;
}

Sim::Sim(std::string_view config_text, const SimOptions& options)
    : Sim(load_config(config_text), options) {}

Sim::Sim(std::shared_ptr<const config::Config> config, const SimOptions& options)
    : store_(options.store), options_(options) {
  set_time(0);
  interfaces_ = {{1, "eth0", Ipv4::of(10, 1, 0, 2), {2, 0, 0, 0, 0, 1}},
                 {2, "eth1", Ipv4::of(10, 9, 0, 2), {2, 0, 0, 0, 0, 2}}};
  leases_ = std::make_unique<lease::LeaseTable>(kSeed);
  limits_ = std::make_unique<lease::LeaseLimits>(kSeed, 4096);
  options_.settings.fixed_notes = &fixed_notes_;
  for (unsigned i = 0; i < options.workers; ++i) {
    Worker worker;
    worker.changes = std::make_unique<engine::ChangePool>(options.changes);
    worker.engine =
        std::make_unique<engine::Engine>(*leases_, *limits_, *worker.changes, options_.settings);
    engines_.push_back(std::move(worker));
  }
  use(std::move(config));
}

Sim::~Sim() {
  settle(true);
  for (const Worker& worker : engines_)
    EXPECT_EQ(worker.changes->available(), options_.changes) << "a Change was lost";
}

void Sim::use(std::shared_ptr<const config::Config> config) {
  if (config == nullptr) throw std::runtime_error("the configuration of the test does not load");
  config_ = std::move(config);
  leases_->configure(pool_specs(*config_), now_.wall);
  fixed_notes_.configure(*config_, now_.wall);
  for (Worker& worker : engines_)
    worker.engine->use(config_, std::make_shared<config::HostTable>());
  if (witness_ == nullptr) witness_ = std::make_unique<Witness>(*config_, options_.settings);
  witness_->use(*config_);
}

void Sim::reload(std::string_view config_text) {
  use(load_config(config_text));
}

lease::Binding Sim::binding(Ipv4 address) const {
  lease::Binding binding;
  if (const lease::SlotId slot = leases_->find(address); slot != lease::kNoSlot)
    leases_->read(slot, binding);
  return binding;
}

std::vector<std::uint8_t> Sim::mac_of(std::string_view client) {
  const std::size_t digits = client.find_first_of("0123456789");
  unsigned kind = 0, number = 0;
  for (const char c : client.substr(0, digits)) kind = kind * 31 + static_cast<unsigned char>(c);
  if (digits != std::string_view::npos)
    std::from_chars(client.data() + digits, client.data() + client.size(), number);
  return {0x00,
          0x15,
          0x96,
          static_cast<std::uint8_t>(kind),
          static_cast<std::uint8_t>(number >> 8),
          static_cast<std::uint8_t>(number)};
}

void Sim::check(std::string_view where) {
  const auto& complaints = witness_->complaints();
  for (; complained_ < complaints.size(); ++complained_)
    ADD_FAILURE() << where << ": " << complaints[complained_];
}

// --- sending, and the store ---

const Outcome& Sim::send(std::span<const std::uint8_t> datagram, const engine::Arrival& arrival,
                         unsigned worker, std::size_t room) {
  outcome_ = {};
  outcome_.reply.resize(room);
  if (const auto parsed = query_.parse(datagram); !parsed) {
    outcome_.word = "MALFORMED";
    outcome_.reply.clear();
    return outcome_;
  }
  Actions& actions = outcome_.actions;
  engines_[worker].engine->decide(query_, arrival, now_, outcome_.reply, actions);
  outcome_.word = word_of(actions);
  outcome_.reply.resize(actions.verdict == Actions::Verdict::drop ? 0 : actions.reply_size);
  witness_->decided(query_, arrival, actions, outcome_.reply, room, now_);
  if (!outcome_.reply.empty())
    (void)outcome_.message.parse(outcome_.reply, wire::Message::Accept::replies);

  Waiting waiting;
  waiting.worker = worker;
  for (Change* change = actions.changes; change != nullptr; change = change->next)
    waiting.changes.push_back(change);
  outcome_.changes = waiting.changes.size();
  waiting.query.assign(datagram.begin(), datagram.end());
  waiting.reply = outcome_.reply;
  waiting.actions = actions;
  waiting.at = now_;
  if (!waiting.changes.empty() && store_ == StorePolicy::delayed) {
    if (outcome_.word != "DROP") outcome_.word = "WAIT";
    waiting_.push_back(std::move(waiting));
  } else if (!finish(waiting, store_ != StorePolicy::failing) && outcome_.word != "DROP") {
    outcome_.word = "STOREFAIL";
  }
  check("send");
  return outcome_;
}

// Settles the changes of one message and, if all are durable, lets its reply go. False: the store
// failed it.
bool Sim::finish(Waiting& waiting, bool durable) {
  for (Change* change : waiting.changes) {
    witness_->settled(*change, durable, now_);
    engines_[waiting.worker].engine->settle(change, durable);
  }
  if (!waiting.changes.empty() && !durable) return false;
  if (waiting.actions.verdict == Actions::Verdict::drop || waiting.query.empty()) return true;
  wire::Message query;
  if (query.parse(waiting.query)) witness_->sent(query, waiting.actions, waiting.reply, waiting.at);
  return true;
}

bool Sim::settle_one(bool durable) {
  if (waiting_.empty()) return false;
  Waiting waiting = std::move(waiting_.front());
  waiting_.pop_front();
  finish(waiting, durable);
  check("settle");
  return true;
}

std::size_t Sim::settle(bool durable) {
  std::size_t count = 0;
  while (!waiting_.empty()) {
    count += waiting_.front().changes.size();
    settle_one(durable);
  }
  return count;
}

std::size_t Sim::expire(std::size_t limit, unsigned worker) {
  std::size_t count = 0;
  for (;;) {
    outcome_ = {};
    Waiting waiting;
    waiting.worker = worker;
    waiting.at = now_;
    Change* change = engines_[worker].engine->expire(now_, limit - count, outcome_.actions);
    for (; change != nullptr; change = change->next) waiting.changes.push_back(change);
    if (waiting.changes.empty()) return count;
    count += waiting.changes.size();
    if (store_ == StorePolicy::delayed) {
      waiting_.push_back(std::move(waiting));
    } else {
      finish(waiting, store_ == StorePolicy::immediate);
      check("expire");
      if (store_ == StorePolicy::failing) return count;
    }
    if (count >= limit) return count;
  }
}

// --- scripts ---

void Sim::script(std::string_view text) {
  int number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    SCOPED_TRACE(fmt::format("script line {}: {}", number, line));
    run_line(line, number);
  }
}

void Sim::run_line(std::string_view line, int) {
  const std::size_t arrow = line.find(" -> ");
  const std::vector<std::string> words = words_of(line.substr(0, arrow));
  if (words.empty() || words[0].starts_with("#")) return;
  if (words.size() < 2) {
    ADD_FAILURE() << "no event in this line";
    return;
  }
  const std::vector<std::string> expected = arrow == std::string_view::npos
                                                ? std::vector<std::string>{}
                                                : words_of(line.substr(arrow + 4));
  set_time(seconds_of(words[0]));
  if (words[1] == "-") {
    const std::string result = run_command({words.begin() + 2, words.end()});
    std::string wanted;
    for (const std::string& word : expected) wanted += (wanted.empty() ? "" : " ") + word;
    if (!expected.empty()) {
      EXPECT_EQ(result, wanted);
    }
    return;
  }
  const ScriptedQuery query = build_query(words, memory_, *this);
  send(query.packet.encode(), query.arrival, query.worker, query.room);
  expect(outcome_, expected);
}

std::string Sim::run_command(const std::vector<std::string>& words) {
  const std::string& verb = words.at(0);
  if (verb == "store") {
    const std::string& policy = words.at(1);
    store_ = policy == "failing"   ? StorePolicy::failing
             : policy == "delayed" ? StorePolicy::delayed
                                   : StorePolicy::immediate;
    return policy;
  }
  if (verb == "settle") return std::to_string(settle(words.size() < 2 || words[1] == "ok"));
  if (verb == "expire")
    return std::to_string(expire(words.size() < 2 ? 1000 : std::stoul(words[1])));
  if (verb == "free")
    return std::to_string(
        leases_->counts(static_cast<lease::PoolId>(words.size() < 2 ? 0 : std::stoul(words[1])))
            .free());
  if (verb == "pinged" || verb == "freed") {
    const lease::SlotId slot = leases_->find(*Ipv4::parse(words.at(1)));
    const bool pinged = verb == "pinged";
    engine::Engine& engine = *engines_[0].engine;
    Waiting waiting;
    Change* change = pinged ? engine.probe_answered(slot, now_, outcome_.actions)
                            : engine.free_lease(slot, now_, outcome_.actions);
    for (; change != nullptr; change = change->next) waiting.changes.push_back(change);
    const std::string result = !waiting.changes.empty() ? pinged ? "abandoned" : "ended" : pinged ? "late" : "nothing";
    finish(waiting, store_ != StorePolicy::failing);
    return result;
  }
  if (verb == "lease") return describe_lease(*leases_, *Ipv4::parse(words.at(1)), now_.wall);
  if (verb == "limit") {
    const Bytes data = words.size() > 2 ? as_bytes(words[2]) : Bytes{};
    return std::to_string(limits_->count(limits_->key(std::string_view(words.at(1)), data)));
  }
  ADD_FAILURE() << "unknown command " << verb;
  return {};
}

void Sim::expect(const Outcome& outcome, const std::vector<std::string>& words) {
  if (words.empty()) return;
  EXPECT_EQ(outcome.word, words[0]) << "reason " << to_string(outcome.actions.reason);
  if (outcome.word != words[0]) return;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string problem = check_expectation(outcome, words[i]);
    if (!problem.empty()) ADD_FAILURE() << words[i] << ": " << problem;
  }
}

}  // namespace coaxd::test
