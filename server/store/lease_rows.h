// lease_rows.h: applies committed changes to the tables `leases` and `history`: the newest generation of an address stays, and every
// period in which somebody held an address becomes a row with a beginning and an end. Called within a transaction of the owner.
// Source: docs/store-schema.md. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <vector>

#include "server/store/change.h"
#include "server/store/record.h"
#include "server/store/sqlite.h"

namespace coaxd::store {

class LeaseRows {
 public:
  static std::expected<LeaseRows, int> prepare(Database& database);

  // Applies all, in any order given; sorts `changes`. SQLITE_OK or an error, after which the transaction must be rolled back. A million take
  // seconds: `meanwhile` is called some times a second.
  int apply(Database& database, std::vector<Change>& changes, const std::function<void()>& meanwhile);

  std::uint64_t history_rows() const noexcept { return history_rows_; }  // written since prepare()

 private:
  struct Row {
    bool exists = false;
    std::uint32_t generation = 0;
    std::uint32_t changed = 0;
    lease::Binding binding;
    std::int64_t period = 0;  // id of the open history row, 0: none
  };
  int load(std::uint32_t address, Row& row);
  int save(std::uint32_t address, const Row& row);
  int step(Database& database, const Record& record, Row& row);
  int open_period(Database& database, const Record& record, Row& row);
  int close_period(const Row& row, std::uint32_t until, std::string_view reason);
  int late(const Record& record, const Row& row);
  void bind_holder(const Record& record);

  Statement select_, upsert_, open_, close_, rename_;
  DecodedRecord decoded_;
  std::array<std::uint8_t, kMaxRecordSize> octets_{};
  std::string mac_;
  std::uint64_t history_rows_ = 0;
};

}  // namespace coaxd::store
