// tcp_codes.h: numbers of leasequery over TCP. They are DHCPv4's: those of DHCPv6 (RFC 7653) differ.
// Source: RFC 6926 §6.2 and §10, RFC 7724 §11, IANA "DHCP Status Code Type 151 Values".
#pragma once

#include <cstdint>
#include <string_view>

namespace coaxd::leasequery {

inline constexpr std::uint16_t kTcpPort = 67;  // RFC 6926 §6.3

enum class StatusCode : std::uint8_t {
  success,
  unspec_fail,
  query_terminated,
  malformed_query,
  not_allowed,
  data_missing,
  connection_active,
  catch_up_complete,
  tls_connection_refused,
  count
};
std::string_view to_string(StatusCode code) noexcept;  // as the RFCs spell it; "" of a code that they do not know

// Of option 151: the code, then text for people.
struct Status {
  StatusCode code = StatusCode::success;
  std::string_view text;
};

namespace option {
inline constexpr std::uint8_t status_code = 151, base_time = 152, start_time_of_state = 153, query_start_time = 154, query_end_time = 155, dhcp_state = 156,
                              data_source = 157, vss = 221;
}
namespace agent {
inline constexpr std::uint8_t relay_id = 12;  // RFC 6925
}

// Option 156, RFC 6926 §6.2.7. The states that we store have theirs in lease::BindingStateRow.
std::string_view dhcp_state_name(std::uint8_t code) noexcept;  // "" of one that is not known

}  // namespace coaxd::leasequery
