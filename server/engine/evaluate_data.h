// evaluate_data.h: the data expressions of dhcpd-compat §7.2, one function each: rows of evaluate.cc's table. Null is Value{}. Results
// are views into the configuration, the request or the arena; when that is used up the result is null. Private to the evaluator.
#pragma once

#include "server/engine/evaluate.h"

namespace coaxd::engine::data {

Value constant(const config::Expr& expr, Context& context) noexcept;
Value packet_option(const config::Expr& expr, Context& context) noexcept;
Value config_option(const config::Expr& expr, Context& context) noexcept;
Value substring(const config::Expr& expr, Context& context) noexcept;
Value suffix(const config::Expr& expr, Context& context) noexcept;
Value concat(const config::Expr& expr, Context& context) noexcept;
Value binary_to_ascii(const config::Expr& expr, Context& context) noexcept;
Value pick_first_value(const config::Expr& expr, Context& context) noexcept;
Value hardware(const config::Expr& expr, Context& context) noexcept;
Value packet(const config::Expr& expr, Context& context) noexcept;
Value leased_address(const config::Expr& expr, Context& context) noexcept;
Value encode_int(const config::Expr& expr, Context& context) noexcept;
Value lcase(const config::Expr& expr, Context& context) noexcept;
Value ucase(const config::Expr& expr, Context& context) noexcept;
Value reverse(const config::Expr& expr, Context& context) noexcept;
Value host_decl_name(const config::Expr& expr, Context& context) noexcept;
Value filename(const config::Expr& expr, Context& context) noexcept;
Value server_name(const config::Expr& expr, Context& context) noexcept;
Value gethostname(const config::Expr& expr, Context& context) noexcept;
Value host_lookup(const config::Expr& expr, Context& context) noexcept;

}  // namespace coaxd::engine::data
