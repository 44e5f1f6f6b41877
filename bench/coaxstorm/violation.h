// violation.h: what a server must not do, and how often it did it. One row a rule, with the clause it comes from.
// Values only, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace coaxd::storm {

enum class Violation : std::uint8_t {
  malformed,
  unknown_client,
  wrong_xid,
  wrong_giaddr,
  wrong_agent_info,
  unexpected_type,
  no_server_id,
  changed_server_id,
  no_address,
  changed_address,
  duplicate_address,
  no_lease_time,
  missing_option,
  refused,
  lost,
  wrong_time,
  no_file_name,
  malformed_tftp,
  wrong_tftp_option,
  wrong_file_size,
  wrong_mic,
  wrong_file,
  count
};

struct ViolationText {
  std::string_view key;   // in JSON
  std::string_view text;
};
const ViolationText& describe(Violation violation) noexcept;

using ViolationCounts = std::array<std::uint64_t, static_cast<std::size_t>(Violation::count)>;

}  // namespace coaxd::storm
