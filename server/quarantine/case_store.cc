#include "server/quarantine/case_store.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "server/store/sqlite.h"

namespace coaxd::quarantine {
namespace {

using store::Database;
using store::Statement;

constexpr int kBusyMs = 2000;  // for an operator's `sqlite3`

constexpr const char* kTables = R"(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS cases (
  id INTEGER PRIMARY KEY,
  state TEXT NOT NULL,
  scope TEXT NOT NULL,
  subject_kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  hardware BLOB NOT NULL,
  remote_id BLOB NOT NULL,
  modem TEXT,
  address INTEGER,
  lease_since INTEGER NOT NULL,
  reason TEXT NOT NULL,
  source TEXT NOT NULL,
  signature TEXT NOT NULL,
  evidence TEXT NOT NULL,
  event_ids TEXT NOT NULL,
  observed_at INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  ordered_by TEXT NOT NULL,
  ended_by TEXT NOT NULL,
  alerts INTEGER NOT NULL,
  addresses TEXT NOT NULL,
  reset TEXT NOT NULL,
  reset_text TEXT NOT NULL,
  effects TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS cases_by_state ON cases (state, ended);
CREATE TABLE IF NOT EXISTS steps (
  sequence INTEGER PRIMARY KEY,
  id INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  peer TEXT NOT NULL,
  text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS steps_by_case ON steps (id, sequence);
CREATE VIEW IF NOT EXISTS case_list AS
  SELECT 'q-' || id AS id, state, scope, subject, printf('%d.%d.%d.%d', address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255) AS address,
         modem, reason, source, datetime(since / 1000, 'unixepoch') AS since, iif(until = 0, NULL, datetime(until / 1000, 'unixepoch')) AS until,
         iif(ended = 0, NULL, datetime(ended / 1000, 'unixepoch')) AS ended, ordered_by, ended_by, alerts
  FROM cases;
PRAGMA application_id = 0x636f6178;
)";

constexpr std::string_view kColumns =
    "id, state, scope, subject_kind, subject, hardware, remote_id, modem, address, lease_since, reason, source, signature, evidence, event_ids, observed_at, since, until, "
    "ended, ordered_by, ended_by, alerts, addresses, reset, reset_text, effects";

// Lists are texts of lines, for people to read.
template <typename List, typename Text>
std::string lines(const List& list, const Text& text_of) {
  std::string text;
  for (const auto& one : list) text += (text.empty() ? "" : "\n") + text_of(one);
  return text;
}

template <typename Use>
void each_line(std::string_view text, const Use& use) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    use(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
}

std::pair<std::string_view, std::string> subject_columns(const Subject& subject) {
  if (subject.ip) return {"ip", to_string(*subject.ip)};
  if (subject.mac) return {"mac", to_string(*subject.mac)};
  if (subject.modem) return {"modem", to_string(*subject.modem)};
  return {"subscriber", subject.subscriber};
}

Subject read_subject(std::string_view kind, std::string_view text) {
  Subject subject;
  if (kind == "ip") subject.ip = Ipv4::parse(text);
  else if (kind == "mac") subject.mac = subscriber::Mac::parse(text);
  else if (kind == "modem") subject.modem = subscriber::Mac::parse(text);
  else subject.subscriber = text;
  return subject;
}

std::string effects_text(const Case& what) {
  std::string text;
  for (std::size_t i = 0; i < kEffects; ++i) {
    if (what.effects[i] != 0) text += fmt::format("{}{} {}", text.empty() ? "" : "\n", effect_word(static_cast<Effect>(i)), what.effects[i]);
  }
  return text;
}

void read_effects(std::string_view text, Case& what) {
  each_line(text, [&](std::string_view line) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return;
    for (std::size_t i = 0; i < kEffects; ++i) {
      if (effect_word(static_cast<Effect>(i)) == line.substr(0, blank)) std::from_chars(line.data() + blank + 1, line.data() + line.size(), what.effects[i]);
    }
  });
}

Case read_case(const Statement& row) {
  Case what;
  int column = 0;
  const auto text = [&] { return std::string(row.text(column++)); };
  const auto number = [&] { return row.integer(column++); };
  what.id = static_cast<CaseId>(number());
  const std::string state = text();
  for (const State one : {State::active, State::released, State::expired}) {
    if (state_word(one) == state) what.state = one;
  }
  what.scope = parse_scope(text()).value_or(Scope::cpe);
  const std::string kind = text();
  what.subject = read_subject(kind, text());
  what.found.hardware = text();
  what.found.remote_id = text();
  what.found.modem = subscriber::Mac::parse(text());
  if (!row.is_null(column)) what.found.address = Ipv4{static_cast<std::uint32_t>(row.integer(column))};
  ++column;
  what.found.lease_since = number();
  what.reason = text();
  what.source = text();
  what.signature = text();
  what.evidence = text();
  each_line(text(), [&](std::string_view line) { what.event_ids.emplace_back(line); });
  what.observed_at = number();
  what.since = number();
  what.until = number();
  what.ended = number();
  what.ordered_by = text();
  what.ended_by = text();
  what.alerts = static_cast<std::uint32_t>(number());
  each_line(text(), [&](std::string_view line) {
    if (const auto address = Ipv4::parse(line)) what.addresses.push_back(*address);
  });
  what.reset = text();
  what.reset_text = text();
  read_effects(text(), what);
  return what;
}

class SqliteCases final : public Cases {
 public:
  explicit SqliteCases(Database database) : database_(std::move(database)) {}

  int prepare() {
    const std::string select = fmt::format("SELECT {} FROM cases ", kColumns);
    const struct {
      Statement* statement;
      std::string sql;
    } wanted[] = {
        {&put_, fmt::format("INSERT OR REPLACE INTO cases ({}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25,?26)", kColumns)},
        {&put_step_, "INSERT INTO steps VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
        {&recent_, select + "WHERE state = 'active' OR ended > ?1 ORDER BY id"},
        {&list_, select + "WHERE id < ?1 ORDER BY id DESC LIMIT ?2"},
        {&list_active_, select + "WHERE id < ?1 AND state = 'active' ORDER BY id DESC LIMIT ?2"},
        {&steps_, "SELECT sequence, at, kind, actor, peer, text FROM steps WHERE id = ?1 ORDER BY sequence"},
    };
    for (const auto& want : wanted) {
      auto statement = database_.prepare(want.sql);
      if (!statement) return statement.error();
      *want.statement = std::move(*statement);
    }
    return SQLITE_OK;
  }

  std::expected<Loaded, std::string> load(WallMillis ended_since) override {
    Loaded loaded;
    recent_.bind(1, ended_since);
    if (auto problem = each(recent_, [&](const Statement& row) { loaded.cases.push_back(read_case(row)); }); !problem) return std::unexpected(problem.error());
    const auto last = database_.integer("SELECT max(id) FROM cases"), step = database_.integer("SELECT max(sequence) FROM steps");
    if (!last || !step) return std::unexpected(why(last ? step.error() : last.error()));
    loaded.next_case = static_cast<CaseId>(*last) + 1;
    loaded.next_step = static_cast<std::uint64_t>(*step) + 1;
    return loaded;
  }

  std::expected<void, std::string> write(std::span<const Case> cases, std::span<const Step> steps) override {
    int code = database_.exec("BEGIN IMMEDIATE");
    for (const Case& one : cases) code = code == SQLITE_OK ? put(one) : code;
    for (const Step& one : steps) code = code == SQLITE_OK ? put(one) : code;
    if (code == SQLITE_OK) code = database_.exec("COMMIT");
    if (code == SQLITE_OK) return {};
    std::string sentence = why(code);
    (void)database_.exec("ROLLBACK");
    return std::unexpected(std::move(sentence));
  }

  std::expected<std::vector<Step>, std::string> steps(CaseId id) override {
    std::vector<Step> list;
    steps_.bind(1, static_cast<std::int64_t>(id));
    auto read = each(steps_, [&](const Statement& row) {
      list.push_back({.sequence = static_cast<std::uint64_t>(row.integer(0)), .id = id, .at = row.integer(1), .kind = std::string(row.text(2)), .actor = std::string(row.text(3)),
                      .from = std::string(row.text(4)), .text = std::string(row.text(5))});
    });
    if (!read) return std::unexpected(read.error());
    return list;
  }

  std::expected<std::vector<Case>, std::string> list(CaseId before, std::size_t most, bool active_only) override {
    std::vector<Case> found;
    Statement& query = active_only ? list_active_ : list_;
    query.bind(1, before == 0 ? INT64_MAX : static_cast<std::int64_t>(before)).bind(2, static_cast<std::int64_t>(most));
    if (auto read = each(query, [&](const Statement& row) { found.push_back(read_case(row)); }); !read) return std::unexpected(read.error());
    return found;
  }

 private:
  std::string why(int code) const { return fmt::format("the quarantines' file: {} ({})", database_.message(), sqlite3_errstr(code)); }

  template <typename Use>
  std::expected<void, std::string> each(Statement& query, const Use& use) {
    int code = SQLITE_OK;
    while ((code = query.step()) == SQLITE_ROW) use(query);
    query.reset();
    if (code != SQLITE_DONE) return std::unexpected(why(code));
    return {};
  }

  int put(const Case& what) {
    const auto [kind, subject] = subject_columns(what.subject);
    const std::string modem = what.found.modem ? to_string(*what.found.modem) : "";
    const std::string events = lines(what.event_ids, [](const std::string& id) { return id; });
    const std::string addresses = lines(what.addresses, [](Ipv4 address) { return to_string(address); });
    const std::string effects = effects_text(what);
    int column = 0;
    const auto text = [&](std::string_view value) { put_.bind(++column, value); };
    const auto number = [&](std::int64_t value) { put_.bind(++column, value); };
    number(static_cast<std::int64_t>(what.id));
    text(state_word(what.state));
    text(scope_word(what.scope));
    text(kind);
    text(subject);
    put_.bind(++column, as_bytes(what.found.hardware));
    put_.bind(++column, as_bytes(what.found.remote_id));
    text(modem);
    what.found.address ? number(what.found.address->value) : static_cast<void>(put_.bind_null(++column));
    number(what.found.lease_since);
    for (const std::string* one : {&what.reason, &what.source, &what.signature, &what.evidence, &events}) text(*one);
    for (const WallMillis one : {what.observed_at, what.since, what.until, what.ended}) number(one);
    text(what.ordered_by);
    text(what.ended_by);
    number(what.alerts);
    for (const std::string* one : {&addresses, &what.reset, &what.reset_text, &effects}) text(*one);
    return put_.run();
  }

  int put(const Step& step) {
    put_step_.bind(1, static_cast<std::int64_t>(step.sequence)).bind(2, static_cast<std::int64_t>(step.id)).bind(3, step.at);
    put_step_.bind(4, std::string_view(step.kind)).bind(5, std::string_view(step.actor)).bind(6, std::string_view(step.from)).bind(7, std::string_view(step.text));
    return put_step_.run();
  }

  Database database_;
  Statement put_, put_step_, recent_, list_, list_active_, steps_;
};

}  // namespace

std::expected<std::unique_ptr<Cases>, std::string> open_cases(const std::string& path, const char* vfs) {
  auto database = Database::open(path, vfs);
  if (!database) return std::unexpected(fmt::format("{} cannot be opened: {}", path, sqlite3_errstr(database.error())));
  sqlite3_busy_timeout(database->handle(), kBusyMs);
  if (const int code = database->exec(kTables); code != SQLITE_OK) return std::unexpected(fmt::format("{} cannot be used: {} ({})", path, database->message(), sqlite3_errstr(code)));
  auto cases = std::make_unique<SqliteCases>(std::move(*database));
  if (const int code = cases->prepare(); code != SQLITE_OK) return std::unexpected(fmt::format("{} has other tables than this coaxd knows ({})", path, sqlite3_errstr(code)));
  return cases;
}

}  // namespace coaxd::quarantine
