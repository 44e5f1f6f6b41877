// drop_reason.h: why a packet got no answer. The enumerator is the counter's index, the metric's label and the tests' expectation.
// One row each; texts are stable names (docs/operating.md lists them).
#pragma once

#include <cstdint>
#include <string_view>

namespace coaxd::engine {

#define COAXD_DROP_REASONS(X)                                                                    \
  X(none, "")                                                                                    \
  /* not a message; the first nine mirror wire::ParseError in order */                           \
  X(too_short, "too-short") X(not_a_request, "not-a-request") X(bad_hlen, "bad-hlen")            \
  X(option_overruns, "option-overruns") X(bad_message_type, "bad-message-type")                  \
  X(bad_overload, "bad-overload") X(empty_client_id, "empty-client-id")                          \
  X(bad_address_option, "bad-address-option") X(too_many_options, "too-many-options")            \
  X(bad_frame, "bad-frame") X(not_for_server, "not-for-server")                                  \
  /* a message that is not ours to answer (dhcpd-compat 9, 15.5) */                              \
  X(unhandled_type, "unhandled-type") X(unknown_network, "unknown-network-segment")              \
  X(no_free_leases, "no-free-leases") X(not_authoritative, "not-authoritative")                  \
  X(unknown_subnet, "unknown-subnet") X(unknown_lease, "unknown-lease")                          \
  X(unknown_client, "unknown-client") X(booting_disallowed, "booting-disallowed")                \
  X(bootp_disallowed, "bootp-disallowed") X(min_secs, "min-secs")                                \
  X(lease_limit, "lease-limit") X(other_server, "other-server") X(abandoned, "abandoned")        \
  X(no_requested_address, "no-requested-address") X(decline_ignored, "decline-ignored")          \
  X(not_found, "not-found") X(probing, "probing") X(probe_answered, "probe-answered")            \
  /* a message that we could not answer now */                                                   \
  X(busy, "busy") X(contended, "contended") X(stale, "stale") X(overload, "overload") X(store_failed, "store-failed") \
  X(no_transmit_buffer, "no-transmit-buffer") X(reply_too_small, "reply-too-small")              \
  X(send_failed, "send-failed") X(scratch_exhausted, "scratch-exhausted") X(leasequery_denied, "leasequery-denied") \
  X(leasequery_malformed, "leasequery-malformed") X(leasequery_limited, "leasequery-limited")

enum class DropReason : std::uint8_t {
#define COAXD_ENUMERATOR(name, text) name,
  COAXD_DROP_REASONS(COAXD_ENUMERATOR)
#undef COAXD_ENUMERATOR
  count
};

constexpr std::string_view to_string(DropReason reason) noexcept {
  constexpr std::string_view kTexts[] = {
#define COAXD_TEXT(name, text) text,
      COAXD_DROP_REASONS(COAXD_TEXT)
#undef COAXD_TEXT
  };
  return kTexts[static_cast<std::size_t>(reason)];
}

}  // namespace coaxd::engine
