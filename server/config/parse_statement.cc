// Executable statements (dhcpd-compat §5.1). Option values and expressions have their own files.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "server/base/did_you_mean.h"
#include "server/config/grammar.h"
#include "server/config/unparse.h"

namespace coaxd::config {

// A result of `absent` means that the list ended, at something that is no statement.
Parsed Parser::statements(Statements& out, Cases cases) {
  for (;;) {
    Statement one;
    const Parsed result = statement(one, cases);
    if (result == Parsed::ok) out.push_back(std::move(one));
    if (result != Parsed::ok) return result;
  }
}

// A body whose `{` was taken. An error inside swallows all up to the next `}`, as in dhcpd.
Parsed Parser::block(Statements& out) {
  const Nested nested(*this);
  if (statements(out, Cases::none) == Parsed::failed) {
    while (!at_end() && !next().is('}')) {
    }
    return Parsed::failed;
  }
  return next().is('}') ? Parsed::ok : fail("right brace expected.");
}

// What a statement or a declaration can begin with.
static std::span<const std::string_view> first_words() {
  static const std::vector<std::string_view> kWords = [] {
    std::vector<std::string_view> words{
        "allow",     "append",    "authoritative", "class",  "default", "deny",  "execute", "failover", "filename", "fixed-address",
        "group",     "hardware",  "host",          "if",     "ignore",  "include", "key",   "log",      "match",    "on",
        "option",    "pool",      "prepend",       "range",  "server-name", "set", "shared-network", "spawn", "subclass", "subnet",
        "supersede", "switch",    "unset",         "zone"};
    for (const ParameterRow& row : parameter_rows()) words.push_back(row.name);
    return words;
  }();
  return kWords;
}

Parsed Parser::statement(Statement& out, Cases cases) {
  const Token token = peek();
  out.pos = token.pos;
  if (token.kind == TokenKind::keyword) {
    switch (token.keyword) {
      case Keyword::if_:
        skip();
        return if_statement(out);
      case Keyword::add:
        return add_statement(out);
      case Keyword::break_:
        skip();
        out.kind = StatementKind::break_out;
        return semicolon() ? Parsed::ok : Parsed::failed;
      case Keyword::parse_vendor_option:
        skip();
        out.kind = StatementKind::parse_vendor_option;
        return semicolon() ? Parsed::ok : Parsed::failed;
      case Keyword::option:
      case Keyword::send:
      case Keyword::supersede:
        return modify_statement(out, OptionOp::supersede);
      case Keyword::append:
        return modify_statement(out, OptionOp::append);
      case Keyword::prepend:
        return modify_statement(out, OptionOp::prepend);
      case Keyword::default_:
      case Keyword::case_:
        return case_statement(out, cases);
      case Keyword::allow:
        return allow_statement(out, 1);
      case Keyword::deny:
        return allow_statement(out, 0);
      case Keyword::ignore:
        return allow_statement(out, 2);
      case Keyword::on:
        skip();
        return on_statement(out);
      case Keyword::switch_:
        skip();
        return switch_statement(out);
      case Keyword::define:
        skip();
        return set_statement(out, true);
      case Keyword::set:
        skip();
        return set_statement(out, false);
      case Keyword::unset:
        skip();
        return unset_statement(out);
      case Keyword::eval:
        skip();
        return value_statement(out, StatementKind::eval, "expecting data expression.");
      case Keyword::return_:
        skip();
        return value_statement(out, StatementKind::return_value, "expecting data expression.");
      case Keyword::execute:
        skip();
        return execute_statement(out);
      case Keyword::log:
        skip();
        return log_statement(out);
      default:
        break;
    }
  }
  if (token.is_identifier() && !token.is(Keyword::lease_id_format)) {
    const OptionSpace& parameters = ast_.options->space(OptionRegistry::kServer);
    if (const OptionDefinition* parameter = ast_.options->find_named(parameters, token.text)) {
      skip();
      return option_statement(out, *parameter, OptionOp::supersede);
    }
  }
  // A function call is an expression; so is, by accident, any unknown word: it ends in "semicolon
  // expected.".
  if (token.is_plain_name()) {
    const std::size_t errors = ast_.diagnostics.size();
    const Parsed result = value_statement(out, StatementKind::eval, "expecting function call.");
    if (result == Parsed::failed && ast_.diagnostics.size() > errors)
      ast_.diagnostics[errors].meant = did_you_mean(token.text, first_words());
    return result;
  }
  return Parsed::absent;
}

Parsed Parser::modify_statement(Statement& out, OptionOp op) {
  skip();
  const OptionDefinition* definition = known_option_name();
  return definition != nullptr ? option_statement(out, *definition, op) : Parsed::failed;
}

Parsed Parser::allow_statement(Statement& out, std::uint8_t flag) {
  struct Row {
    Keyword word;
    Parameter parameter;
  };
  static constexpr std::array kRows = {
      Row{Keyword::bootp, Parameter::allow_bootp},
      Row{Keyword::booting, Parameter::allow_booting},
      Row{Keyword::dynamic_bootp, Parameter::dynamic_bootp},
      Row{Keyword::unknown_clients, Parameter::boot_unknown_clients},
      Row{Keyword::duplicates, Parameter::duplicates},
      Row{Keyword::declines, Parameter::declines},
      Row{Keyword::client_updates, Parameter::client_updates},
      Row{Keyword::leasequery, Parameter::leasequery},
  };
  skip();
  const Token word = next();
  const auto row = std::ranges::find_if(kRows, [&](const Row& each) { return word.is(each.word); });
  if (row == kRows.end()) {
    fail("expecting allow/deny key");
    return Parsed::absent;  // dhcpd adds its "expecting a parameter or declaration"
  }
  OptionSpace& parameters = ast_.options->space(OptionRegistry::kServer);
  out.kind = StatementKind::option;
  out.definition = &ast_.options->by_code(parameters, static_cast<std::uint32_t>(row->parameter));
  out.value.kind = ExprKind::constant;
  out.value.pos = word.pos;
  out.value.bytes = {flag};
  return semicolon() ? Parsed::ok : Parsed::failed;
}

// A `(` right after `if` opens a parenthesis that is the whole condition (dhcpd-compat §5.1).
Parsed Parser::if_statement(Statement& out) {
  out.kind = StatementKind::if_else;
  const bool parenthesised = take('(');
  Parsed result = boolean_expression(out.value);
  if (result == Parsed::absent) return lost("boolean expression expected.");
  if (result != Parsed::ok) return result;
  if (parenthesised && !next().is(')')) return lost("expecting right paren.");
  if (!next().is('{')) return fail("left brace expected.");
  result = block(out.body);
  if (result != Parsed::ok) return result;
  const int outer_chain = chain_;
  if (++chain_ > kMaxChain) give_up("too many else ifs");
  result = else_branch(out);
  chain_ = outer_chain;
  return result;
}

Parsed Parser::else_branch(Statement& out) {
  const auto else_if = [&] {
    Statement inner;
    inner.pos = here();
    const Parsed result = if_statement(inner);
    if (result == Parsed::ok) out.else_body.push_back(std::move(inner));
    return result;
  };
  if (take(Keyword::elsif)) return else_if();
  if (!take(Keyword::else_)) return Parsed::ok;
  if (take(Keyword::if_)) return else_if();
  if (!at('{')) return fail("left brace or if expected.");
  skip();
  return block(out.else_body);
}

Parsed Parser::switch_statement(Statement& out) {
  const Nested nested(*this);
  out.kind = StatementKind::switch_on;
  if (!next().is('(')) return fail("expecting left brace.");
  const Parsed value = expression(out.value, Wanted::data_or_numeric);
  if (value == Parsed::absent) return fail("expecting data or numeric expression.");
  if (value != Parsed::ok) return value;
  if (!next().is(')')) return fail("right paren expected.");
  if (!next().is('{')) return fail("left brace expected.");
  const Cases cases = type_of(out.value.kind) == ExprType::data ? Cases::data : Cases::numeric;
  if (statements(out.body, cases) == Parsed::failed) {
    skip_past_brace(1);
    return Parsed::failed;
  }
  return next().is('}') ? Parsed::ok : fail("right brace expected.");
}

// `case V:`, `default:`, and `default OPTION VALUE;`, which only the token after the word tells
// apart.
Parsed Parser::case_statement(Statement& out, Cases cases) {
  const bool is_default = next().is(Keyword::default_);
  if (is_default && !at(':')) {
    const OptionDefinition* definition = known_option_name();
    return definition != nullptr ? option_statement(out, *definition, OptionOp::default_value)
                                 : Parsed::failed;
  }
  if (is_default) {
    skip();
    out.kind = StatementKind::default_label;
    return cases == Cases::none ? lost("switch default statement in inappropriate scope.")
                                : Parsed::ok;
  }
  if (cases == Cases::none) return fail("case statement in inappropriate scope.");
  out.kind = StatementKind::case_label;
  const Parsed value = expression(out.value, cases == Cases::data ? Wanted::data : Wanted::numeric);
  if (value == Parsed::absent)
    return fail(cases == Cases::data ? "expecting data expression."
                                     : "expecting numeric expression.");
  if (value != Parsed::ok) return value;
  return next().is(':') ? Parsed::ok : fail("colon expected.");
}

Parsed Parser::on_statement(Statement& out) {
  out.kind = StatementKind::on;
  do {
    const Token event = next();
    if (event.is(Keyword::expiry)) {
      out.events |= kOnExpiry;
    } else if (event.is(Keyword::commit)) {
      out.events |= kOnCommit;
    } else if (event.is(Keyword::release)) {
      out.events |= kOnRelease;
    } else if (!event.is(
                   Keyword::transmission)) {  // a dhclient event: accepted, never happens here
      return fail("expecting a lease event type");
    }
  } while (take(Keyword::or_));
  const Token token = next();
  out.has_body = !token.is(';');
  if (!out.has_body) return Parsed::ok;
  if (!token.is('{')) return fail("left brace expected.");
  const Parsed result = block(out.body);
  if (result == Parsed::ok) out.source_text = to_text(out.body);
  return result;
}

Parsed Parser::set_statement(Statement& out, bool define) {
  out.kind = StatementKind::set;
  const Token name = next();
  if (!name.is_plain_name()) return fail(fmt::format("{} can't be a variable name", name.text));
  out.text = name.text;
  const Token token = next();
  if (token.is('(')) return define_function(out);
  if (!token.is('='))
    return fail(fmt::format("expecting '=' in {} statement.", define ? "define" : "set"));
  const Parsed value = expression(out.value, Wanted::data);
  if (value == Parsed::absent) return fail("expecting expression.");
  if (value != Parsed::ok) {
    skip_to_semicolon();
    return value;
  }
  semicolon();
  return Parsed::ok;
}

Parsed Parser::define_function(Statement& out) {
  out.kind = StatementKind::define;
  Token token;
  do {
    token = next();
    if (token.is(')')) break;
    if (!token.is_plain_name()) return fail("expecting argument name");
    out.parameters.emplace_back(token.text);
    token = next();
  } while (token.is(','));
  if (!token.is(')')) return fail("expecting right paren.");
  if (!next().is('{')) return fail("expecting left brace.");
  const Nested nested(*this);
  if (statements(out.body, Cases::none) == Parsed::failed) {
    skip_to_semicolon();
    return Parsed::failed;
  }
  return next().is('}') ? Parsed::ok : fail("expecting right brace.");
}

Parsed Parser::unset_statement(Statement& out) {
  out.kind = StatementKind::unset;
  const Token name = next();
  if (!name.is_plain_name()) return fail(fmt::format("{} can't be a variable name", name.text));
  out.text = name.text;
  return semicolon() ? Parsed::ok : Parsed::failed;
}

Parsed Parser::value_statement(Statement& out, StatementKind kind, std::string_view expected) {
  out.kind = kind;
  const Parsed value = expression(out.value, Wanted::data);
  if (value == Parsed::absent) return fail(std::string(expected));
  if (value != Parsed::ok) {
    skip_to_semicolon();
    return value;
  }
  return semicolon() ? Parsed::ok : Parsed::failed;
}

Parsed Parser::log_statement(Statement& out) {
  struct Row {
    Keyword word;
    LogLevel level;
  };
  static constexpr std::array kLevels = {
      Row{Keyword::fatal, LogLevel::fatal}, Row{Keyword::error, LogLevel::error},
      Row{Keyword::info, LogLevel::info}, Row{Keyword::debug, LogLevel::debug}};
  out.kind = StatementKind::log;
  if (!next().is('(')) return fail("left parenthesis expected.");
  for (const Row& row : kLevels) {
    if (!take(row.word)) continue;
    out.level = row.level;
    if (!next().is(',')) return fail("comma expected.");
    break;
  }
  const Parsed value = data_expression(out.value);
  if (value != Parsed::ok) {
    skip_to_semicolon();
    return Parsed::failed;
  }
  if (!next().is(')')) return fail("right parenthesis expected.");
  return semicolon() ? Parsed::ok : Parsed::failed;
}

Parsed Parser::execute_statement(Statement& out) {
  out.kind = StatementKind::execute;
  if (!next().is('(')) return fail("left parenthesis expected.");
  Token token = next();
  if (token.kind != TokenKind::string) return fail("Expecting a quoted string.");
  out.text = token.text;
  for (token = next(); token.is(','); token = next()) {
    const Parsed value = data_expression(out.args.emplace_back());
    if (value == Parsed::absent) return fail("expecting expression.");
    if (value != Parsed::ok) {
      skip_to_semicolon();
      return value;
    }
  }
  if (!token.is(')')) return fail("right parenthesis expected.");
  return semicolon() ? Parsed::ok : Parsed::failed;
}

Parsed Parser::add_statement(Statement& out) {
  skip();
  out.kind = StatementKind::add_class;
  const Token name = next();
  if (name.kind != TokenKind::string) return fail("expecting class name.");
  out.text = name.text;
  if (!classes_.contains(out.text)) return fail(fmt::format("class {}: not found", name.text));
  return semicolon() ? Parsed::ok : Parsed::failed;
}

}  // namespace coaxd::config
