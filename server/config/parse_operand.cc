// Operands: constants, words that are values, functions, variables (dhcpd-compat §7.1-7.3).
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "server/config/grammar.h"

namespace coaxd::config {

// Argument types: d data, n number, m the same where dhcpd asks for data when there is none, w a
// literal width 8, 16 or 32, s a string in quotes, v a variable's name; + as many of the type
// before it as there are, at least one; P two or more.
struct Parser::Function {
  Keyword word;
  ExprKind kind;
  std::string_view arguments;
};

namespace {

struct ValueWord {
  Keyword word;
  ExprKind kind;
};
constexpr std::array kValueWords = {
    ValueWord{Keyword::hardware, ExprKind::hardware},
    ValueWord{Keyword::leased_address, ExprKind::leased_address},
    ValueWord{Keyword::host_decl_name, ExprKind::host_decl_name},
    ValueWord{Keyword::filename, ExprKind::filename},
    ValueWord{Keyword::server_name, ExprKind::server_name},
    ValueWord{Keyword::null, ExprKind::null_data},
    ValueWord{Keyword::known, ExprKind::known},
    ValueWord{Keyword::static_, ExprKind::is_static},
    ValueWord{Keyword::lease_time, ExprKind::lease_time},
    ValueWord{Keyword::client_state, ExprKind::client_state},
};

std::int64_t to_number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

Parsed Parser::operand(Expr& out, Wanted wanted) {
  const Token token = peek();
  out.pos = token.pos;
  switch (token.kind) {
    case TokenKind::string:
      skip();
      out.kind = ExprKind::constant;
      out.bytes.assign(token.text.begin(), token.text.end());
      return Parsed::ok;
    case TokenKind::number:
      if (wanted == Wanted::numeric || wanted == Wanted::data_or_numeric) {
        skip();
        out.kind = ExprKind::number;
        out.number = to_number(token.text);
        return Parsed::ok;
      }
      [[fallthrough]];
    case TokenKind::number_or_name:
      out.kind = ExprKind::constant;
      return hex_list(out.bytes) ? Parsed::ok : Parsed::failed;
    case TokenKind::name:
      return variable_or_call(out);
    case TokenKind::keyword: {
      if (token.is(Keyword::not_)) return negation(out);
      return word_operand(out, token);
    }
    case TokenKind::symbol:
      return token.is('(') ? parenthesis(out, wanted) : Parsed::absent;
    case TokenKind::end_of_file:
      return Parsed::absent;
  }
  std::unreachable();
}

Parsed Parser::word_operand(Expr& out, const Token& word) {
  static constexpr std::array kFunctions = {
      Function{Keyword::substring, ExprKind::substring, "dnn"},
      Function{Keyword::suffix, ExprKind::suffix, "dn"},
      Function{Keyword::concat, ExprKind::concat, "dP"},
      Function{Keyword::lcase, ExprKind::lcase, "d"},
      Function{Keyword::ucase, ExprKind::ucase, "d"},
      Function{Keyword::binary_to_ascii, ExprKind::binary_to_ascii, "mmdd"},
      Function{Keyword::reverse, ExprKind::reverse, "md"},
      Function{Keyword::pick_first_value, ExprKind::pick_first_value, "d+"},
      Function{Keyword::pick, ExprKind::pick_first_value, "d+"},
      Function{Keyword::packet, ExprKind::packet, "nn"},
      Function{Keyword::encode_int, ExprKind::encode_int, "nw"},
      Function{Keyword::extract_int, ExprKind::extract_int, "dw"},
      Function{Keyword::gethostname, ExprKind::gethostname, ""},
      Function{Keyword::gethostbyname, ExprKind::host_lookup, "s"},
      Function{Keyword::defined, ExprKind::defined, "v"},
  };
  for (const ValueWord& each : kValueWords) {
    if (word.is(each.word)) {
      skip();
      out.kind = each.kind;
      return Parsed::ok;
    }
  }
  for (const Function& each : kFunctions) {
    if (word.is(each.word)) return function_call(out, each);
  }
  if (word.is(Keyword::option)) return name_operand(out, ExprKind::packet_option);
  if (word.is(Keyword::config_option)) return name_operand(out, ExprKind::config_option);
  if (word.is(Keyword::exists)) return name_operand(out, ExprKind::exists);
  if (word.is(Keyword::check)) {
    skip();
    if (next().kind != TokenKind::string) return fail("string expected.");
    return lost("unknown collection.");  // dhcpd has none that a DHCPv4 configuration could name
  }
  return Parsed::absent;
}

Parsed Parser::name_operand(Expr& out, ExprKind kind) {
  skip();
  out.kind = kind;
  out.option = known_option_name();
  return out.option != nullptr ? Parsed::ok : Parsed::failed;
}

// `not` binds to the next operand only (dhcpd-compat §7.1).
Parsed Parser::negation(Expr& out) {
  const Nested nested(*this);
  skip();
  out.kind = ExprKind::logical_not;
  Expr& inner = out.args.emplace_back();
  const Parsed result = operand(inner, Wanted::boolean);
  if (result == Parsed::absent) return fail("expression expected");
  if (result != Parsed::ok) return result;
  return type_of(inner.kind) == ExprType::boolean ? Parsed::ok
                                                  : fail("boolean expression expected");
}

Parsed Parser::parenthesis(Expr& out, Wanted wanted) {
  skip();
  const Parsed result = expression(out, wanted);
  if (result == Parsed::absent) return fail("expression expected");
  if (result != Parsed::ok) return result;
  return next().is(')') ? Parsed::ok : fail("right paren expected");
}

Parsed Parser::function_call(Expr& out, const Function& function) {
  const Nested nested(*this);
  skip();
  out.kind = function.kind;
  if (!next().is('(')) return lost("left parenthesis expected.");
  const bool endless = function.arguments.ends_with('+') || function.arguments.ends_with('P');
  const std::size_t least = function.arguments.ends_with('P') ? 2 : 1;
  const std::size_t count = endless ? function.arguments.size() - 1 : function.arguments.size();
  for (std::size_t i = 0; endless || i < count; ++i) {
    if (i != 0 && !next().is(',')) return lost("comma expected.");
    const Parsed result = argument(out, function.arguments[std::min(i, count - 1)]);
    if (result != Parsed::ok) return result;
    if (endless && i + 1 >= least && !at(',')) break;
  }
  return next().is(')') ? Parsed::ok : lost("right parenthesis expected.");
}

Parsed Parser::argument(Expr& out, char type) {
  switch (type) {
    case 'd': {
      const Parsed result = data_expression(out.args.emplace_back());
      return result == Parsed::absent ? fail("expecting data expression.") : result;
    }
    case 'n':
    case 'm': {
      const Parsed result = numeric_expression(out.args.emplace_back());
      const std::string_view message =
          type == 'n' ? "expecting numeric expression." : "expecting data expression.";
      return result == Parsed::absent ? fail(std::string(message)) : result;
    }
    case 'w': {
      const Token token = next();
      if (token.kind != TokenKind::number) return lost("number expected.");
      out.number = to_number(token.text);
      if (out.number == 8 || out.number == 16 || out.number == 32) return Parsed::ok;
      return lost(fmt::format("unsupported integer size {}", out.number));
    }
    case 's': {
      const Token token = next();
      if (token.kind != TokenKind::string)
        return lost("Expecting quoted literal: \"foo.example.com\"");
      out.text = token.text;
      return Parsed::ok;
    }
    case 'v': {
      const Token token = next();
      if (!token.is_plain_name())
        return fail(fmt::format("{} can't be a variable name", token.text));
      out.text = token.text;
      return Parsed::ok;
    }
  }
  std::unreachable();
}

Parsed Parser::variable_or_call(Expr& out) {
  out.text = next().text;
  out.kind = ExprKind::variable;
  if (!at('(')) return Parsed::ok;
  const Nested nested(*this);
  out.kind = ExprKind::call;
  Token token;
  skip();
  do {
    const Parsed result = expression(out.args.emplace_back(), Wanted::any);
    if (result == Parsed::absent) return fail("expecting expression.");
    if (result != Parsed::ok) {
      skip_to_semicolon();
      return result;
    }
    token = next();
  } while (token.is(','));
  return token.is(')') ? Parsed::ok : fail("Right parenthesis expected.");
}

}  // namespace coaxd::config
