// asked.h: what a request's texts say, or the problem that says what is right. Any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "server/api/http.h"
#include "server/api/problem.h"
#include "server/base/ipv4.h"
#include "server/base/time.h"
#include "server/subscriber/mac.h"

namespace coaxd::api {

template <typename T>
using Asked = std::expected<T, Response>;

Asked<Ipv4> address_of(std::string_view text, std::string_view name);
Asked<subscriber::Mac> mac_of(std::string_view text, std::string_view name);
Asked<std::string> octets_of(std::string_view text, std::string_view name);  // 01:02:ff or 0102ff
Asked<Prefix> prefix_of(std::string_view text, std::string_view name);
Asked<std::uint64_t> number_of(std::string_view text, std::string_view name, std::uint64_t low, std::uint64_t high);
Asked<WallSeconds> time_of(std::string_view text, std::string_view name);  // RFC 3339, or seconds since 1970

// A parameter through one of those; nothing where it is not there.
template <typename T, typename Parse>
Asked<std::optional<T>> parameter(const Request& request, std::string_view name, Parse parse) {
  const std::string* text = request.parameter(name);
  if (text == nullptr) return std::optional<T>{};
  auto value = parse(*text, name);
  if (!value) return std::unexpected(std::move(value.error()));
  return std::optional<T>(std::move(*value));
}

std::string utc(WallSeconds at);  // 2026-11-23T14:05:00Z

}  // namespace coaxd::api
