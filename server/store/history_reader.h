// history_reader.h: who had which address when, for those who ask (`GET /v1/history`): a read-only connection of its own to the lease store, which never waits for the fold nor
// keeps it waiting. One thread. What is younger than about a second may not be there yet: the lease table knows it. Errors are SQLite's words.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/ipv4.h"
#include "server/base/time.h"
#include "server/store/sqlite.h"

namespace coaxd::store {

struct Period {
  std::int64_t id = 0;  // ascending; 0: not in the store yet
  Ipv4 address{};
  WallSeconds since = 0;
  std::optional<WallSeconds> until{};  // nothing: it goes on
  std::string reason{};                // why it ended
  std::string mac{};                   // 00:10:95:01:02:03
  std::string client_id{}, circuit_id{}, remote_id{}, hostname{};  // octets
};

class HistoryReader {
 public:
  static std::expected<std::unique_ptr<HistoryReader>, std::string> open(const std::string& path);

  // Of that address, the newest first: those that held at `at`, or all before `before`. At most `most`.
  std::expected<std::vector<Period>, std::string> of_address(Ipv4 address, std::optional<WallSeconds> at, WallSeconds before, std::size_t most);

  // Through all periods, some thousand rows a call, so that nobody waits: those of a machine, or of what is behind a modem, that held at `at` (nothing: at any time). `place`
  // begins at 0; false: that was all.
  struct Search {
    std::string mac{};        // either is empty
    std::string remote_id{};  // octets
    std::optional<WallSeconds> at{};
  };
  std::expected<bool, std::string> search(const Search& search, std::int64_t& place, std::vector<Period>& found);

  // How SQLite goes about of_address(), for tests.
  std::string plan();

 private:
  explicit HistoryReader(Database database) : database_(std::move(database)) {}

  Database database_;
  Statement at_, before_, search_, newest_;
};

}  // namespace coaxd::store
