// modem_rows.h: the tables `modems` and `modem_variables` (docs/store-schema.md): subscriber::Modem as rows. Called within a transaction of
// the owner; one thread at a time. Errors are SQLite's codes.
#pragma once

#include <expected>
#include <functional>
#include <span>
#include <string>

#include "server/store/sqlite.h"
#include "server/subscriber/modems.h"

namespace coaxd::store {

class ModemRows {
 public:
  // Makes the tables where there are none: a store of before knows nothing of modems.
  static std::expected<ModemRows, int> prepare(Database& database);

  int write(std::span<const subscriber::ModemStore::Row> rows);
  // `unreadable` counts rows whose MAC is none: somebody has edited the file.
  int load(const std::function<void(subscriber::Modem)>& use, std::uint64_t& unreadable);

 private:
  int put(const subscriber::Modem& modem);

  Statement put_, put_variable_, seen_, erase_, erase_variables_, select_, select_variables_;
};

}  // namespace coaxd::store
