// Expressions with binary operators. dhcpd has no schoolbook precedence: when the next operator is
// the stronger one, the operand just read becomes the left side of all that follows; else what was
// read so far is one operand, left-grouped. Together with the strengths below this makes `A=1 or
// B=2 and C=3` A=1 or (B=2 and C=3), and 2+3*4 twenty (dhcpd-compat §7.4, tried on the binary).
#include <array>
#include <utility>

#include "server/config/grammar.h"
#include "server/config/regex.h"

namespace coaxd::config {

struct Parser::Operator {
  char symbol;  // 0: a word
  Keyword word;
  ExprKind kind;
  int strength;
  ExprType operands;  // `any`: a comparison, of data or of numbers
};

namespace {

constexpr int kBits = 5, kComparison = 4, kLogic = 3, kSum = 2, kProduct = 1;

// A bare number is read as what stands on the operator's other side.
Wanted wanted_like(ExprType type) {
  switch (type) {
    case ExprType::data:
      return Wanted::data;
    case ExprType::boolean:
      return Wanted::boolean;
    case ExprType::numeric:
      return Wanted::numeric;
    case ExprType::any:
      return Wanted::any;
  }
  std::unreachable();
}

}  // namespace

Parsed Parser::lost(std::string_view message) {
  error(std::string(message));
  return Parsed::failed;
}

Parsed Parser::boolean_expression(Expr& out) {
  if (const Parsed result = expression(out, Wanted::boolean); result != Parsed::ok) return result;
  const ExprType type = type_of(out.kind);
  if (type == ExprType::boolean || type == ExprType::any) return Parsed::ok;
  return lost("Expecting a boolean expression.");
}

Parsed Parser::data_expression(Expr& out) {
  if (const Parsed result = expression(out, Wanted::data); result != Parsed::ok) return result;
  const ExprType type = type_of(out.kind);
  if (type == ExprType::data || type == ExprType::any) return Parsed::ok;
  return lost("Expecting a data expression.");
}

Parsed Parser::numeric_expression(Expr& out) {
  if (const Parsed result = expression(out, Wanted::numeric); result != Parsed::ok) return result;
  const ExprType type = type_of(out.kind);
  if (type == ExprType::numeric || type == ExprType::any) return Parsed::ok;
  return lost("Expecting a numeric expression.");
}

Parsed Parser::expression(Expr& out, Wanted wanted) {
  const Nested nested(*this);
  const int outer_chain = std::exchange(chain_, 0);
  const Operator* op = nullptr;
  Parsed result = operand(out, wanted);
  if (result == Parsed::ok) result = peek_operator(op);
  if (result == Parsed::ok && op != nullptr) {
    skip();
    Expr left = std::move(out);
    out = Expr{};
    const Wanted like_left = wanted_like(type_of(left.kind));
    result = binary(out, std::move(left), op, like_left);
  }
  chain_ = outer_chain;
  return result;
}

// The operator that is looked at, if it is one. Of `!=`, `~=` and `~~` the first character is
// taken.
Parsed Parser::peek_operator(const Operator*& op) {
  static constexpr std::array kOperators = {
      Operator{'=', Keyword::none, ExprKind::equal, kComparison, ExprType::any},
      Operator{0, Keyword::and_, ExprKind::logical_and, kLogic, ExprType::boolean},
      Operator{0, Keyword::or_, ExprKind::logical_or, kLogic, ExprType::boolean},
      Operator{'+', Keyword::none, ExprKind::add, kSum, ExprType::numeric},
      Operator{'*', Keyword::none, ExprKind::multiply, kProduct, ExprType::numeric},
      Operator{'/', Keyword::none, ExprKind::divide, kProduct, ExprType::numeric},
      Operator{'%', Keyword::none, ExprKind::modulo, kProduct, ExprType::numeric},
      Operator{'&', Keyword::none, ExprKind::bit_and, kBits, ExprType::numeric},
      Operator{'|', Keyword::none, ExprKind::bit_or, kBits, ExprType::numeric},
      Operator{'^', Keyword::none, ExprKind::bit_xor, kBits, ExprType::numeric},
  };
  static constexpr Operator kNotEqual{'=', Keyword::none, ExprKind::not_equal, kComparison,
                                      ExprType::any};
  static constexpr Operator kMatch{'=', Keyword::none, ExprKind::regex_match, kComparison,
                                   ExprType::any};
  static constexpr Operator kMatchNoCase{'~', Keyword::none, ExprKind::iregex_match, kComparison,
                                         ExprType::any};
  op = nullptr;
  const Token token = peek();
  if (token.is('!')) {
    skip();
    if (!at('=')) return fail("! in boolean context without =");
    op = &kNotEqual;
  } else if (token.is('~')) {
    skip();
    if (!at('=') && !at('~')) return fail("expecting ~= or ~~ operator");
    op = at('=') ? &kMatch : &kMatchNoCase;
  } else if (token.kind == TokenKind::symbol || token.kind == TokenKind::keyword) {
    for (const Operator& each : kOperators) {
      if (each.symbol != 0 ? token.is(each.symbol) : token.is(each.word)) op = &each;
    }
  }
  return Parsed::ok;
}

// `op` was taken; `left` is its left side.
Parsed Parser::binary(Expr& out, Expr left, const Operator* op, Wanted wanted) {
  for (;;) {
    if (++chain_ > kMaxChain) give_up("expression too long");
    Expr right;
    Parsed result = operand(right, wanted);
    if (result == Parsed::absent) return fail("expecting right-hand side.");
    const Operator* following = nullptr;
    if (result == Parsed::ok) result = peek_operator(following);
    if (result != Parsed::ok) return result;
    wanted = wanted_like(type_of(right.kind));
    if (following != nullptr && op->strength < following->strength) {
      skip();
      Expr inner_left = std::move(right);
      right = Expr{};
      result = binary(right, std::move(inner_left), following, wanted_like(following->operands));
      if (result != Parsed::ok) return result;
      following = nullptr;
    }
    result = combine(left, *op, std::move(right));
    if (result != Parsed::ok) return result;
    if (following == nullptr) {
      out = std::move(left);
      return Parsed::ok;
    }
    skip();
    op = following;
  }
}

// left = left op right
Parsed Parser::combine(Expr& left, const Operator& op, Expr right) {
  const ExprType left_type = type_of(left.kind), right_type = type_of(right.kind);
  if (left_type != ExprType::any && right_type != ExprType::any && left_type != right_type) {
    return fail("illegal expression relating different types");
  }
  if (op.operands == ExprType::any) {
    if (right_type == ExprType::boolean && left_type != ExprType::boolean)
      return fail("expecting data/numeric expression");
  } else if (right_type != ExprType::any && right_type != op.operands) {
    return fail(op.operands == ExprType::boolean ? "expecting boolean expressions"
                                                 : "expecting numeric expressions");
  }
  Expr made;
  made.kind = op.kind;
  made.pos = left.pos;
  const bool match = op.kind == ExprKind::regex_match || op.kind == ExprKind::iregex_match;
  if (match && right.kind == ExprKind::constant) {
    made.regex = Regex::compile(as_text(right.bytes), op.kind == ExprKind::iregex_match);
  }
  made.args.reserve(2);
  made.args.push_back(std::move(left));
  made.args.push_back(std::move(right));
  left = std::move(made);
  return Parsed::ok;
}

}  // namespace coaxd::config
