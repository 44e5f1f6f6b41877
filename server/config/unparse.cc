#include "server/config/unparse.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "server/base/bytes.h"

namespace coaxd::config {
namespace {

using Buffer = std::back_insert_iterator<std::string>;

struct Row {
  ExprKind kind;
  std::string_view word;
};

constexpr Row kOperators[] = {
    {ExprKind::equal, "="},         {ExprKind::not_equal, "!="},    {ExprKind::regex_match, "~="},
    {ExprKind::iregex_match, "~~"}, {ExprKind::logical_and, "and"}, {ExprKind::logical_or, "or"},
    {ExprKind::add, "+"},           {ExprKind::multiply, "*"},      {ExprKind::divide, "/"},
    {ExprKind::modulo, "%"},        {ExprKind::bit_and, "&"},       {ExprKind::bit_or, "|"},
    {ExprKind::bit_xor, "^"},
};

constexpr Row kWords[] = {
    {ExprKind::hardware, "hardware"},
    {ExprKind::leased_address, "leased-address"},
    {ExprKind::host_decl_name, "host-decl-name"},
    {ExprKind::filename, "filename"},
    {ExprKind::server_name, "server-name"},
    {ExprKind::null_data, "null"},
    {ExprKind::known, "known"},
    {ExprKind::is_static, "static"},
    {ExprKind::true_value, "true"},
    {ExprKind::false_value, "false"},
    {ExprKind::lease_time, "lease-time"},
    {ExprKind::client_state, "client-state"},
    {ExprKind::gethostname, "gethostname()"},
};

constexpr Row kFunctions[] = {
    {ExprKind::substring, "substring"},
    {ExprKind::suffix, "suffix"},
    {ExprKind::concat, "concat"},
    {ExprKind::binary_to_ascii, "binary-to-ascii"},
    {ExprKind::pick_first_value, "pick-first-value"},
    {ExprKind::packet, "packet"},
    {ExprKind::encode_int, "encode-int"},
    {ExprKind::lcase, "lcase"},
    {ExprKind::ucase, "ucase"},
    {ExprKind::reverse, "reverse"},
    {ExprKind::extract_int, "extract-int"},
};

constexpr Row kOptionWords[] = {{ExprKind::packet_option, "option"},
                                {ExprKind::config_option, "config-option"},
                                {ExprKind::exists, "exists"}};

template <std::size_t N>
const Row* find(const Row (&rows)[N], ExprKind kind) {
  const auto found = std::ranges::find(rows, kind, &Row::kind);
  return found == std::end(rows) ? nullptr : found;
}

void quote(std::string_view text, Buffer out) {
  *out++ = '"';
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      fmt::format_to(out, "\\{}", c);
    } else if (octet < 0x20 || octet >= 0x7f) {
      fmt::format_to(out, "\\{:03o}", octet);
    } else {
      *out++ = c;
    }
  }
  *out++ = '"';
}

// Text when it is printable, else a hex list.
void constant(Bytes bytes, Buffer out) {
  const bool printable =
      std::ranges::all_of(bytes, [](std::uint8_t c) { return c >= 0x20 && c < 0x7f; });
  if (printable) return quote(as_text(bytes), out);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    fmt::format_to(out, "{}{:02x}", i == 0 ? "" : ":", bytes[i]);
}

void option_name(const OptionDefinition& option, Buffer out) {
  fmt::format_to(out, "{}.{}", option.space->name, option.name);
}

void print(const Expr& e, Buffer out);

void arguments(const Expr& e, Buffer out) {
  *out++ = '(';
  for (std::size_t i = 0; i < e.args.size(); ++i) {
    if (i != 0) fmt::format_to(out, ", ");
    print(e.args[i], out);
  }
  if (e.kind == ExprKind::encode_int || e.kind == ExprKind::extract_int)
    fmt::format_to(out, ", {}", e.number);
  *out++ = ')';
}

// An operand of an operator: in parentheses when it is an operator itself, so that nobody need know
// who binds tighter.
void operand(const Expr& e, Buffer out) {
  const bool nested = find(kOperators, e.kind) != nullptr || e.kind == ExprKind::logical_not;
  if (nested) *out++ = '(';
  print(e, out);
  if (nested) *out++ = ')';
}

void print(const Expr& e, Buffer out) {
  if (const Row* row = find(kOperators, e.kind)) {
    operand(e.args[0], out);
    fmt::format_to(out, " {} ", row->word);
    operand(e.args[1], out);
  } else if (const Row* word = find(kWords, e.kind)) {
    fmt::format_to(out, "{}", word->word);
  } else if (const Row* function = find(kFunctions, e.kind)) {
    fmt::format_to(out, "{}", function->word);
    arguments(e, out);
  } else if (const Row* option = find(kOptionWords, e.kind)) {
    fmt::format_to(out, "{} ", option->word);
    option_name(*e.option, out);
  } else if (e.kind == ExprKind::constant) {
    constant(e.bytes, out);
  } else if (e.kind == ExprKind::number) {
    fmt::format_to(out, "{}", e.number);
  } else if (e.kind == ExprKind::logical_not) {
    fmt::format_to(out, "not ");
    operand(e.args[0], out);
  } else if (e.kind == ExprKind::defined) {
    fmt::format_to(out, "defined({})", e.text);
  } else if (e.kind == ExprKind::check) {
    fmt::format_to(out, "check ");
    quote(e.text, out);
  } else if (e.kind == ExprKind::host_lookup) {
    fmt::format_to(out, "gethostbyname(");
    quote(e.text, out);
    *out++ = ')';
  } else {  // a variable or a call
    fmt::format_to(out, "{}", e.text);
    if (e.kind == ExprKind::call) arguments(e, out);
  }
}

class Printer {
 public:
  Printer(std::string& out) : out_(out) {}

  void list(std::span<const Statement> statements, int indent) {
    for (const Statement& statement : statements) {
      out_.append(static_cast<std::size_t>(indent), ' ');
      one(statement, indent);
      out_ += '\n';
    }
  }

 private:
  Buffer buffer() { return std::back_inserter(out_); }
  void value(const Expr& e) { print(e, buffer()); }
  void body(std::span<const Statement> statements, int indent) {
    out_ += " {\n";
    list(statements, indent + 2);
    out_.append(static_cast<std::size_t>(indent), ' ');
    out_ += '}';
  }
  void assignment(std::string_view word, const Statement& s) {
    fmt::format_to(buffer(), "{} {} = ", word, s.text);
    value(s.value);
    out_ += ';';
  }
  void with_value(std::string_view word, const Statement& s, std::string_view end) {
    out_ += word;
    value(s.value);
    out_ += end;
  }
  void option(const Statement& s);
  void condition(const Statement& s, int indent);
  void event(const Statement& s, int indent);
  void define(const Statement& s, int indent);
  void log(const Statement& s);
  void execute(const Statement& s);
  void one(const Statement& s, int indent);

  std::string& out_;
};

void Printer::option(const Statement& s) {
  static constexpr std::string_view kWord[] = {"supersede", "default", "append", "prepend"};
  fmt::format_to(buffer(), "{} ", kWord[static_cast<std::size_t>(s.op)]);
  option_name(*s.definition, buffer());
  if (!s.definition->format.starts_with('Z') || s.value.kind != ExprKind::constant) {
    out_ += " = ";
    value(s.value);
  }
  out_ += ';';
}

// The condition always in parentheses: behind `if`, a `(` is taken for the whole of it
// (dhcpd-compat §5.1).
void Printer::condition(const Statement& s, int indent) {
  out_ += "if (";
  value(s.value);
  out_ += ')';
  body(s.body, indent);
  if (s.else_body.empty()) return;
  out_ += " else";
  if (s.else_body.size() == 1 && s.else_body[0].kind == StatementKind::if_else) {
    out_ += ' ';
    return condition(s.else_body[0], indent);
  }
  body(s.else_body, indent);
}

void Printer::event(const Statement& s, int indent) {
  struct EventRow {
    Event event;
    std::string_view word;
  };
  static constexpr EventRow kEvents[] = {
      {kOnCommit, "commit"}, {kOnExpiry, "expiry"}, {kOnRelease, "release"}};
  std::string_view joint = "on ";
  for (const EventRow& row : kEvents) {
    if ((s.events & row.event) == 0) continue;
    fmt::format_to(buffer(), "{}{}", joint, row.word);
    joint = " or ";
  }
  if (s.events == 0) out_ += "on transmission";
  if (s.has_body) return body(s.body, indent);
  out_ += ';';
}

void Printer::define(const Statement& s, int indent) {
  fmt::format_to(buffer(), "define {} (", s.text);
  for (std::size_t i = 0; i < s.parameters.size(); ++i)
    fmt::format_to(buffer(), "{}{}", i == 0 ? "" : ", ", s.parameters[i]);
  out_ += ')';
  body(s.body, indent);
}

void Printer::log(const Statement& s) {
  static constexpr std::string_view kLevel[] = {"fatal", "error", "info", "debug"};
  fmt::format_to(buffer(), "log({}, ", kLevel[static_cast<std::size_t>(s.level)]);
  value(s.value);
  out_ += ");";
}

void Printer::execute(const Statement& s) {
  out_ += "execute(";
  quote(s.text, buffer());
  for (const Expr& argument : s.args) {
    out_ += ", ";
    value(argument);
  }
  out_ += ");";
}

void Printer::one(const Statement& s, int indent) {
  switch (s.kind) {
    case StatementKind::option:
      return option(s);
    case StatementKind::if_else:
      return condition(s, indent);
    case StatementKind::switch_on:
      with_value("switch (", s, ")");
      return body(s.body, indent);
    case StatementKind::case_label:
      if (s.value.kind != ExprKind::constant) return with_value("case ", s, ":");
      out_ += "case ";
      quote(as_text(s.value.bytes), buffer());  // behind a hex list the colon would go on with it
      out_ += ':';
      return;
    case StatementKind::default_label:
      out_ += "default:";
      return;
    case StatementKind::break_out:
      out_ += "break;";
      return;
    case StatementKind::set:
      return assignment("set", s);
    case StatementKind::unset:
      fmt::format_to(buffer(), "unset {};", s.text);
      return;
    case StatementKind::define:
      return define(s, indent);
    case StatementKind::eval:
      return with_value("eval ", s, ";");
    case StatementKind::return_value:
      return with_value("return ", s, ";");
    case StatementKind::log:
      return log(s);
    case StatementKind::execute:
      return execute(s);
    case StatementKind::on:
      return event(s, indent);
    case StatementKind::add_class:
      out_ += "add ";
      quote(s.text, buffer());
      out_ += ';';
      return;
    case StatementKind::parse_vendor_option:
      out_ += "parse-vendor-option;";
      return;
  }
}

}  // namespace

std::string to_text(const Expr& expression) {
  std::string out;
  print(expression, std::back_inserter(out));
  return out;
}

std::string to_text(std::span<const Statement> statements, int indent) {
  std::string out;
  Printer(out).list(statements, indent);
  return out;
}

}  // namespace coaxd::config
