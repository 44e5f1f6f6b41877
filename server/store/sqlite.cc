#include "server/store/sqlite.h"

#include <array>
#include <cerrno>

namespace coaxd::store {

int errno_of(int sqlite_code) noexcept {
  struct Row {
    int code;
    int error;
  };
  static constexpr std::array<Row, 8> kRows{{{SQLITE_BUSY, EBUSY},
                                             {SQLITE_LOCKED, EBUSY},
                                             {SQLITE_FULL, ENOSPC},
                                             {SQLITE_READONLY, EROFS},
                                             {SQLITE_CANTOPEN, EACCES},
                                             {SQLITE_PERM, EACCES},
                                             {SQLITE_CORRUPT, EUCLEAN},
                                             {SQLITE_NOTADB, EUCLEAN}}};
  if (sqlite_code == SQLITE_OK) return 0;
  for (const Row& row : kRows) {
    if (row.code == (sqlite_code & 0xff)) return row.error;
  }
  return EIO;
}

// Nobody asks SQLite how much memory it uses; counting takes a lock for each allocation.
void configure_sqlite() noexcept { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

// Binding fails only for an index that is not there, which the first step() of any test shows; so chaining reads better.
Statement& Statement::bind(int index, std::int64_t value) noexcept {
  sqlite3_bind_int64(handle_.get(), index, value);
  return *this;
}

Statement& Statement::bind(int index, Bytes blob) noexcept {
  if (blob.empty()) {
    sqlite3_bind_zeroblob(handle_.get(), index, 0);
  } else {
    sqlite3_bind_blob64(handle_.get(), index, blob.data(), blob.size(), SQLITE_STATIC);
  }
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) noexcept {
  sqlite3_bind_text64(handle_.get(), index, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_null(int index) noexcept {
  sqlite3_bind_null(handle_.get(), index);
  return *this;
}

int Statement::run() noexcept {
  const int code = step();
  reset();
  return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

Bytes Statement::blob(int column) const noexcept {
  const void* octets = sqlite3_column_blob(handle_.get(), column);
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return {static_cast<const std::uint8_t*>(octets), static_cast<std::size_t>(size)};
}

std::expected<Database, int> Database::open(const std::string& path, int flags, const char* vfs) {
  configure_sqlite();
  sqlite3* handle = nullptr;
  // NOMUTEX: one thread at a time uses it.
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, vfs);
  Database database;
  database.handle_.reset(handle);
  if (code != SQLITE_OK) return std::unexpected(code);
  return database;
}

std::expected<Database, int> Database::open(const std::string& path, const char* vfs) { return open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs); }
std::expected<Database, int> Database::open_to_read(const std::string& path) { return open(path, SQLITE_OPEN_READONLY, nullptr); }

int Database::exec(const char* sql) noexcept {
  return sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
}

std::expected<Statement, int> Database::prepare(std::string_view sql) noexcept {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &handle, nullptr);
  if (code != SQLITE_OK) return std::unexpected(code);
  Statement statement;
  statement.handle_.reset(handle);
  return statement;
}

std::expected<std::int64_t, int> Database::integer(std::string_view sql) noexcept {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  const int code = statement->step();
  if (code == SQLITE_ROW) return statement->integer(0);
  if (code == SQLITE_DONE) return 0;
  return std::unexpected(code);
}

}  // namespace coaxd::store
