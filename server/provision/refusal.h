// refusal.h: why a request got no file. The enumerator is the counter's index, the metric's label, the log's key and the tests' expectation. One row each: its
// label, the ERROR of TFTP that the client is sent, and that packet's text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/tftp/reason.h"

namespace coaxd::provision {

#define COAXD_PROVISION_REFUSALS(X)                                                                                                    \
  X(none, "", silence, "")                                                                                                             \
  /* who asks may not */                                                                                                               \
  X(no_lease, "no-lease", access_violation, "DHCP has not given you this address")                                                     \
  X(not_told, "not-told", access_violation, "DHCP has named another file to you")                                                      \
  X(nothing_told, "nothing-told", access_violation, "DHCP has named no file to you: ask it again")                                     \
  /* names that DHCP generated */                                                                                                      \
  X(name_unknown, "name-unknown", file_not_found, "no such name has been handed out")                                                  \
  X(name_of_another, "name-of-another", access_violation, "this name was handed out to another address")                               \
  X(name_used, "name-used", access_violation, "this name was good for one download")                                                   \
  X(name_expired, "name-expired", access_violation, "this name has expired")                                                           \
  /* templates */                                                                                                                      \
  X(modem_unknown, "modem-unknown", access_violation, "which modem this file is for is not known")                                     \
  X(template_broken, "template-broken", undefined, "the template has errors")                                                          \
  X(no_secret, "no-secret", undefined, "there is no shared secret for this CMTS")                                                      \
  X(compile_failed, "compile-failed", undefined, "the template cannot be compiled for this modem")                                     \
  /* the rest */                                                                                                                       \
  X(not_found, "not-found", file_not_found, "file not found")                                                                          \
  X(static_refused, "static-refused", access_violation, "")

enum class Refusal : std::uint8_t {
#define COAXD_PROVISION_REFUSAL(name, label, code, text) name,
  COAXD_PROVISION_REFUSALS(COAXD_PROVISION_REFUSAL)
#undef COAXD_PROVISION_REFUSAL
  count
};

struct RefusalRow {
  std::string_view label;
  tftp::ErrorCode code;
  std::string_view text;
};
inline constexpr std::array kRefusals = {
#define COAXD_PROVISION_REFUSAL(name, label, code, text) RefusalRow{label, tftp::ErrorCode::code, text},
    COAXD_PROVISION_REFUSALS(COAXD_PROVISION_REFUSAL)
#undef COAXD_PROVISION_REFUSAL
};
static_assert(kRefusals.size() == static_cast<std::size_t>(Refusal::count));
constexpr const RefusalRow& row(Refusal refusal) noexcept { return kRefusals[static_cast<std::size_t>(refusal)]; }
constexpr std::string_view to_string(Refusal refusal) noexcept { return row(refusal).label; }

}  // namespace coaxd::provision
