// client_reply.h: what a server answers, for people (a line of a table) and for programs (a JSON object a line). Values; any thread.
#pragma once

#include <optional>
#include <string>

#include "leasequery/query.h"
#include "leasequery/tcp_codes.h"
#include "server/wire/message.h"

namespace coaxd::leasequery {

// What kind of answer it is, whatever number its dialect has for it.
enum class AnswerKind : std::uint8_t { active, unassigned, unknown, done, status, tls, other };
AnswerKind kind_of(const wire::Message& reply, Dialect dialect, std::uint8_t query_type) noexcept;

// Option 151; nothing: success.
std::optional<Status> status_of(const wire::Message& reply) noexcept;

std::string table_head();
// Ends with a newline, as those below.
std::string to_table_line(const wire::Message& reply, AnswerKind kind);
std::string to_json_line(const wire::Message& reply, AnswerKind kind);

}  // namespace coaxd::leasequery
