#include "server/store/schema.h"

namespace coaxd::store {
namespace {

// synchronous=FULL: a commit is durable before segments of the journal are given up for it. 16 MB of log between checkpoints: a random
// page of 1 M leases is then written once for many changes. A small cache: recovery and fold walk through the leases in the order of their
// pages, and do not come back to one.
constexpr const char* kConnection = R"(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 4000;
PRAGMA cache_size = -8192;
PRAGMA temp_store = MEMORY;
)";

// `binding` stands before the columns that are only there to be read by people: recovery reads the front of each row.
constexpr const char* kTables = R"(
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE journals (worker INTEGER PRIMARY KEY, segment INTEGER NOT NULL, batch INTEGER NOT NULL);
CREATE TABLE leases (
  ip INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  binding BLOB NOT NULL,
  period INTEGER,
  state TEXT NOT NULL,
  ends INTEGER NOT NULL,
  mac TEXT NOT NULL
);
CREATE TABLE history (
  id INTEGER PRIMARY KEY,
  ip INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  changed INTEGER NOT NULL,
  reason TEXT,
  mac TEXT NOT NULL,
  client_id BLOB,
  circuit_id BLOB,
  remote_id BLOB,
  hostname TEXT
);
CREATE INDEX history_by_ip ON history (ip, since);
CREATE INDEX history_by_change ON history (changed);
CREATE VIEW lease_list AS
  SELECT printf('%d.%d.%d.%d', l.ip >> 24, l.ip >> 16 & 255, l.ip >> 8 & 255, l.ip & 255) AS address,
         l.state, l.mac, iif(l.ends = 4294967295, 'never', datetime(l.ends, 'unixepoch')) AS ends,
         datetime(l.changed, 'unixepoch') AS changed, lower(hex(h.client_id)) AS client_id,
         lower(hex(h.circuit_id)) AS circuit_id, lower(hex(h.remote_id)) AS remote_id, h.hostname
  FROM leases l LEFT JOIN history h ON h.id = l.period;
CREATE VIEW history_list AS
  SELECT printf('%d.%d.%d.%d', ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255) AS address,
         datetime(since, 'unixepoch') AS since, datetime(until, 'unixepoch') AS until, reason, mac,
         lower(hex(client_id)) AS client_id, lower(hex(circuit_id)) AS circuit_id, lower(hex(remote_id)) AS remote_id,
         hostname
  FROM history;
INSERT INTO meta VALUES ('store_id', abs(random() | 1)), ('newest', 0);
PRAGMA application_id = 0x636f6178;
PRAGMA user_version = 1;
)";

}  // namespace

std::expected<std::uint64_t, SchemaError> open_schema(Database& database) {
  sqlite3_busy_timeout(database.handle(), 5000);
  if (const int code = database.exec(kConnection); code != SQLITE_OK) return std::unexpected(SchemaError{code});
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return std::unexpected(SchemaError{version.error()});
  if (*version > kSchemaVersion) return std::unexpected(SchemaError{0, static_cast<int>(*version)});
  if (*version == 0) {
    int code = database.exec("BEGIN IMMEDIATE");
    if (code == SQLITE_OK) code = database.exec(kTables);
    if (code == SQLITE_OK) code = database.exec("COMMIT");
    if (code != SQLITE_OK) {
      (void)database.exec("ROLLBACK");
      return std::unexpected(SchemaError{code});
    }
  }
  const auto id = database.integer("SELECT value FROM meta WHERE key = 'store_id'");
  if (!id) return std::unexpected(SchemaError{id.error()});
  // From now on a lock held by the operator's shell is an answer, not a wait: the fold thread has segments to prepare.
  sqlite3_busy_timeout(database.handle(), 0);
  return static_cast<std::uint64_t>(*id);
}

}  // namespace coaxd::store
