// tcp_query.h: what a DHCPBULKLEASEQUERY or a DHCPACTIVELEASEQUERY asks for, or why it cannot be answered: the status of the DHCPLEASEQUERYDONE that is the answer
// then. A value; any thread.
// Source: RFC 6926 §7.2 (who asks), §8.2 (who answers), RFC 7724 §7.2 and §8.2.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include "leasequery/query.h"
#include "leasequery/tcp_codes.h"
#include "server/lease/binding.h"
#include "server/wire/message.h"

namespace coaxd::leasequery {

struct TcpQuery {
  enum class By : std::uint8_t { everything, hardware, client_id, relay_id, remote_id, count };

  std::uint32_t xid = 0;
  bool active = false;  // DHCPACTIVELEASEQUERY: of everything, and without end
  By by = By::everything;
  std::uint8_t htype = 0;
  std::vector<std::uint8_t> key;
  // Bindings whose last change was then, both ends included. One whose time is not known, or that never changed, is not among them.
  std::optional<lease::StoredTime> changed_since, changed_until;
  Codes wanted{};  // options of its answers: who has read it knows what he may be told

  bool changed_in_time(lease::StoredTime at) const noexcept {
    if (!changed_since && !changed_until) return true;
    return at != 0 && at >= changed_since.value_or(0) && at <= changed_until.value_or(lease::kStoredNever);
  }
};

std::expected<TcpQuery, Status> parse_tcp_query(const wire::Message& message);

}  // namespace coaxd::leasequery
