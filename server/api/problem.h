// problem.h: what the API says when it does not do what was asked: application/problem+json (RFC 9457), with a `detail` that says what is wrong and what to do. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/api/http.h"

namespace coaxd::api {

// `more`: further members, each a name and a JSON value.
using Members = std::vector<std::pair<std::string_view, std::string>>;
Response problem(unsigned status, std::string_view detail, const Members& more = {});

}  // namespace coaxd::api
