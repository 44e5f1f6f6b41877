#include "snmp/pdu.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace coaxd::snmp {
namespace {

struct ErrorRow {
  std::string_view name;
  bool passing = false;
};

// RFC 3416 §3, by number.
constexpr std::array<ErrorRow, 19> kErrors{{
    {"noError"},
    {"tooBig"},
    {"noSuchName"},
    {"badValue"},
    {"readOnly"},
    {"genErr", true},
    {"noAccess"},
    {"wrongType"},
    {"wrongLength"},
    {"wrongEncoding"},
    {"wrongValue"},
    {"noCreation"},
    {"inconsistentValue"},
    {"resourceUnavailable", true},
    {"commitFailed", true},
    {"undoFailed", true},
    {"authorizationError"},
    {"notWritable"},
    {"inconsistentName"},
}};

bool is_known(int error) noexcept { return error >= 0 && static_cast<std::size_t>(error) < kErrors.size(); }

}  // namespace

std::string to_string(const Oid& oid) { return fmt::format("{}", fmt::join(oid.arcs(), ".")); }

std::string error_text(int error) { return is_known(error) ? std::string(kErrors[static_cast<std::size_t>(error)].name) : fmt::format("error {}", error); }

bool is_passing(int error) noexcept { return is_known(error) && kErrors[static_cast<std::size_t>(error)].passing; }

}  // namespace coaxd::snmp
