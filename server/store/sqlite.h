// sqlite.h: the few things the store needs of SQLite, with owners: a connection, a prepared statement. One thread at a time. Errors are
// SQLite's result codes (SQLITE_BUSY ...); errno_of() maps those that an operator can do something about.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "server/base/bytes.h"

namespace coaxd::store {

int errno_of(int sqlite_code) noexcept;

// Before SQLite is asked for anything; afterwards it is refused, and no harm. Database::open() does it by itself.
void configure_sqlite() noexcept;

class Statement {
 public:
  Statement() = default;

  // Parameters count from 1. Octets must outlive the next step(): they are not copied.
  Statement& bind(int index, std::int64_t value) noexcept;
  Statement& bind(int index, Bytes blob) noexcept;
  Statement& bind(int index, std::string_view text) noexcept;
  Statement& bind_null(int index) noexcept;

  // SQLITE_ROW, SQLITE_DONE, or an error.
  int step() noexcept { return sqlite3_step(handle_.get()); }
  // For statements without a result: steps and resets. SQLITE_OK or an error.
  int run() noexcept;
  void reset() noexcept { sqlite3_reset(handle_.get()); }

  // Columns count from 0; views until the next step() or reset().
  int columns() const noexcept { return sqlite3_column_count(handle_.get()); }
  std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(handle_.get(), column); }
  bool is_null(int column) const noexcept { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }
  Bytes blob(int column) const noexcept;
  std::string_view text(int column) const noexcept { return as_text(blob(column)); }

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Database {
 public:
  Database() = default;

  // Creates the file if there is none. `vfs` null: SQLite's default.
  static std::expected<Database, int> open(const std::string& path, const char* vfs = nullptr);
  // What is there, and nothing of it is changed.
  static std::expected<Database, int> open_to_read(const std::string& path);

  int exec(const char* sql) noexcept;
  std::expected<Statement, int> prepare(std::string_view sql) noexcept;
  // The first column of the first row of a query; 0 when there is none.
  std::expected<std::int64_t, int> integer(std::string_view sql) noexcept;
  std::int64_t last_row_id() const noexcept { return sqlite3_last_insert_rowid(handle_.get()); }
  std::string message() const { return sqlite3_errmsg(handle_.get()); }
  sqlite3* handle() const noexcept { return handle_.get(); }
  explicit operator bool() const noexcept { return handle_ != nullptr; }

 private:
  struct Close {
    void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
  };
  static std::expected<Database, int> open(const std::string& path, int flags, const char* vfs);
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace coaxd::store
