#include "server/store/history_reader.h"

#include <array>

namespace coaxd::store {
namespace {

#define COAXD_PERIOD "SELECT id, ip, since, until, reason, mac, client_id, circuit_id, remote_id, hostname FROM history "

// The index (ip, since) leads to the newest period that began before; those that held at a moment are rarely more than one.
constexpr std::string_view kAt = COAXD_PERIOD "WHERE ip = ?1 AND since <= ?2 AND (until IS NULL OR until > ?2) ORDER BY since DESC, id DESC LIMIT ?3";
constexpr std::string_view kBefore = COAXD_PERIOD "WHERE ip = ?1 AND since < ?2 ORDER BY since DESC, id DESC LIMIT ?3";
constexpr std::string_view kSearch = COAXD_PERIOD
    "WHERE id > ?1 AND id <= ?2 AND (?3 IS NULL OR mac = ?3) AND (?4 IS NULL OR remote_id = ?4) AND (?5 IS NULL OR (since <= ?5 AND (until IS NULL OR until > ?5))) ORDER BY id";

#undef COAXD_PERIOD

constexpr std::int64_t kRowsAtOnce = 4096;  // about a millisecond

std::string octets(const Statement& statement, int column) { return std::string(as_text(statement.blob(column))); }

}  // namespace

std::expected<std::unique_ptr<HistoryReader>, std::string> HistoryReader::open(const std::string& path) {
  auto database = Database::open_to_read(path);
  if (!database) return std::unexpected(std::string(sqlite3_errstr(database.error())));
  std::unique_ptr<HistoryReader> reader(new HistoryReader(std::move(*database)));
  // Nobody locks out readers in WAL mode but for an instant.
  sqlite3_busy_timeout(reader->database_.handle(), 100);
  struct Want {
    Statement* statement;
    std::string_view sql;
  };
  const std::array<Want, 4> wanted{{{&reader->at_, kAt}, {&reader->before_, kBefore}, {&reader->search_, kSearch}, {&reader->newest_, "SELECT max(id) FROM history"}}};
  for (const Want& want : wanted) {
    auto statement = reader->database_.prepare(want.sql);
    if (!statement) return std::unexpected(reader->database_.message());
    *want.statement = std::move(*statement);
  }
  return reader;
}

namespace {

Period period_of(const Statement& row) {
  Period period;
  period.id = row.integer(0);
  period.address = {static_cast<std::uint32_t>(row.integer(1))};
  period.since = row.integer(2);
  if (!row.is_null(3)) period.until = row.integer(3);
  period.reason = row.text(4);
  period.mac = row.text(5);
  period.client_id = octets(row, 6);
  period.circuit_id = octets(row, 7);
  period.remote_id = octets(row, 8);
  period.hostname = row.text(9);
  return period;
}

}  // namespace

std::expected<std::vector<Period>, std::string> HistoryReader::of_address(Ipv4 address, std::optional<WallSeconds> at, WallSeconds before, std::size_t most) {
  Statement& statement = at ? at_ : before_;
  statement.bind(1, std::int64_t{address.value}).bind(2, at.value_or(before)).bind(3, static_cast<std::int64_t>(most));
  std::vector<Period> found;
  int code = 0;
  while ((code = statement.step()) == SQLITE_ROW) found.push_back(period_of(statement));
  const std::string why = database_.message();
  statement.reset();
  if (code != SQLITE_DONE) return std::unexpected(why);
  return found;
}

std::expected<bool, std::string> HistoryReader::search(const Search& search, std::int64_t& place, std::vector<Period>& found) {
  std::int64_t newest = 0;
  if (newest_.step() == SQLITE_ROW) newest = newest_.integer(0);
  newest_.reset();
  search_.bind(1, place).bind(2, place + kRowsAtOnce);
  search.mac.empty() ? search_.bind_null(3) : search_.bind(3, std::string_view(search.mac));
  search.remote_id.empty() ? search_.bind_null(4) : search_.bind(4, as_bytes(search.remote_id));
  search.at ? search_.bind(5, *search.at) : search_.bind_null(5);
  int code = 0;
  while ((code = search_.step()) == SQLITE_ROW) found.push_back(period_of(search_));
  const std::string why = database_.message();
  search_.reset();
  if (code != SQLITE_DONE) return std::unexpected(why);
  place += kRowsAtOnce;
  return place < newest;
}

std::string HistoryReader::plan() {
  std::string text;
  for (const std::string_view sql : {kAt, kBefore}) {
    auto statement = database_.prepare("EXPLAIN QUERY PLAN " + std::string(sql));
    if (!statement) return database_.message();
    while (statement->step() == SQLITE_ROW) text += std::string(statement->text(3)) + "\n";
  }
  return text;
}

}  // namespace coaxd::store
