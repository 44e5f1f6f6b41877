// Classes and subclasses (dhcpd-compat §3.6).
#include <charconv>

#include <fmt/format.h>

#include "server/config/grammar.h"

namespace coaxd::config {

struct Parser::ClassClauses {
  bool subclass = false;
  bool match_if = false;
  bool submatch = false;
};

// The word was taken. `vendor-class` and `user-class` are older forms that reach into classes only
// dhcpd's own code could declare.
void Parser::class_declaration(Keyword kind, Declarations& out) {
  ClassClauses clauses;
  clauses.subclass = kind != Keyword::class_;
  Declaration made;
  made.kind = clauses.subclass ? DeclarationKind::subclass : DeclarationKind::class_decl;
  made.pos = here();
  const Token name = next();
  if (name.kind != TokenKind::string) {
    fail("Expecting class name");
    return;
  }
  made.name = name.text;
  if (clauses.subclass && !classes_.contains(made.name)) {
    fail(fmt::format("no class named {}", name.text));
    return;
  }
  if (kind == Keyword::subclass) {
    if (peek().kind == TokenKind::string) {
      const Token data = next();
      made.bytes.assign(data.text.begin(), data.text.end());
    } else if (peek().is_hex()) {
      if (!hex_list(made.bytes)) return;
    } else {
      return error("Expecting string or hex list.");
    }
  }
  if (clauses.subclass && take(';')) {
    out.push_back(std::move(made));
    return;
  }
  if (!left_brace()) return;
  made.has_body = true;
  const Nested nested(*this);
  bool seen = false;
  while (!end_of_block()) {
    const Token& token = peek();
    const bool clause = token.is(Keyword::match) || token.is(Keyword::spawn) ||
                        token.is(Keyword::lease) || token.is(Keyword::dynamic) ||
                        token.is(Keyword::deleted);
    if (!clause) {
      seen = declaration(Block::class_body, nullptr, made.items, seen);
    } else if (!class_item(made, clauses)) {
      break;  // dhcpd leaves the block behind
    }
  }
  if (!clauses.subclass) classes_.insert(made.name);
  out.push_back(std::move(made));
}

bool Parser::class_item(Declaration& declared, ClassClauses& clauses) {
  const Token word = next();
  if (word.is(Keyword::match)) return class_match(declared, clauses);
  if (word.is(Keyword::lease)) return lease_limit(declared);
  if (word.is(Keyword::spawn)) {
    if (clauses.subclass) return fail("invalid spawn in subclass."), false;
    if (!next().is(Keyword::with)) return fail("expecting with after spawn"), false;
    return submatch(declared, clauses, DeclarationKind::spawn_with);
  }
  Declaration& flag = declared.items.emplace_back();
  flag.kind = DeclarationKind::omapi_flag;
  flag.pos = word.pos;
  flag.name = word.text;
  return semicolon();
}

bool Parser::class_match(Declaration& declared, ClassClauses& clauses) {
  if (clauses.subclass) return fail("invalid match in subclass."), false;
  if (!take(Keyword::if_)) return submatch(declared, clauses, DeclarationKind::match);
  if (clauses.match_if) return fail("A class may only have one 'match if' clause."), false;
  clauses.match_if = true;
  Declaration made;
  made.kind = DeclarationKind::match_if;
  made.pos = here();
  const Parsed result = boolean_expression(made.value);
  if (result == Parsed::absent) fail("expecting boolean expr.");
  if (result != Parsed::ok) return true;
  semicolon();
  declared.items.push_back(std::move(made));
  return true;
}

bool Parser::submatch(Declaration& declared, ClassClauses& clauses, DeclarationKind kind) {
  if (clauses.submatch) return fail("can't override existing submatch/spawn."), false;
  clauses.submatch = true;
  Declaration made;
  made.kind = kind;
  made.pos = here();
  const Parsed result = data_expression(made.value);
  if (result == Parsed::absent) fail("expecting data expr.");
  if (result != Parsed::ok) return true;
  semicolon();
  declared.items.push_back(std::move(made));
  return true;
}

bool Parser::lease_limit(Declaration& declared) {
  const auto refuse = [&](const Token& token, std::string message) {
    error(std::move(message));
    if (!token.is(';')) skip_to_semicolon();
    return false;
  };
  const SourcePos pos = here();
  Token token = next();
  if (!token.is(Keyword::limit)) return refuse(token, "expecting \"limit\"");
  token = next();
  if (token.kind != TokenKind::number) return refuse(token, "expecting a number");
  Declaration& made = declared.items.emplace_back();
  made.kind = DeclarationKind::lease_limit;
  made.pos = pos;
  std::from_chars(token.text.data(), token.text.data() + token.text.size(), made.number);
  return semicolon();
}

}  // namespace coaxd::config
