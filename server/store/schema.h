// schema.h: the tables of a store (told in docs/store-schema.md), their creation, and what is remembered beside the leases. Main thread, at open.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "server/store/sqlite.h"

namespace coaxd::store {

inline constexpr int kSchemaVersion = 1;  // PRAGMA user_version

struct SchemaError {
  int code = 0;            // SQLite's
  int newer_version = 0;   // the store was written by a later coaxd
};

// Sets the connection up (WAL, synchronous=FULL), creates the tables in an empty file. Returns the store's id, drawn when it was created.
std::expected<std::uint64_t, SchemaError> open_schema(Database& database);

}  // namespace coaxd::store
