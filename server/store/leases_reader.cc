#include "server/store/leases_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace coaxd::store {

using Kind = LeasesToken::Kind;
using Declaration = LeasesDeclaration;

const LeasesReader::Block LeasesReader::kBlocks[] = {
    {"lease", &LeasesReader::read_lease},
    {"host", &LeasesReader::read_host, true},
    {"group", &LeasesReader::read_group, true},
    {"class", &LeasesReader::read_class, true},
    {"subclass", &LeasesReader::read_subclass, true},
    {"failover", &LeasesReader::read_failover, true},
    {"authoring-byte-order", &LeasesReader::skip_statement},
    {"server-duid", &LeasesReader::skip_statement, true},  // this and the next three are DHCPv6's
    {"ia-na", &LeasesReader::skip_block, true},
    {"ia-ta", &LeasesReader::skip_block, true},
    {"ia-pd", &LeasesReader::skip_block, true},
};

void LeasesReader::run() {
  for (token_ = lexer_.next(); token_.kind != Kind::end; token_ = lexer_.next()) {
    const LeasesToken first = token_;
    what_ = std::string(first.text.substr(0, 40));
    error_.clear();
    const Block* block = find_block(first);
    if (block == nullptr) {
      fail("no lease, host, class, group or failover declaration");
    } else if ((this->*block->read)()) {
      if (block->kept) out_.others_.append(lexer_.text().substr(first.begin, token_.end - first.begin)) += '\n';
      continue;
    }
    out_.damaged_.push_back({lexer_.line_of(first.begin), fmt::format("{}: {}", what_, error_)});
    resynchronise(first.begin);
  }
}

const LeasesReader::Block* LeasesReader::find_block(const LeasesToken& first) const {
  const auto* row = std::ranges::find(kBlocks, first.text, &Block::word);
  return first.kind == Kind::word && row != std::end(kBlocks) ? row : nullptr;
}

bool LeasesReader::fail(std::string reason) {
  error_ = fmt::format("{} (line {})", reason, lexer_.line_of(token_.begin));
  return false;
}

void LeasesReader::note(std::string text) {
  out_.notes_.push_back({lexer_.line_of(token_.begin), fmt::format("{}: {}", what_, text)});
}

bool LeasesReader::begins_a_block(std::size_t line_start) const {
  const std::string_view rest = lexer_.text().substr(line_start, 32);
  return std::ranges::any_of(kBlocks, [&](const Block& block) {
    return rest.starts_with(block.word) && rest.size() > block.word.size() && rest[block.word.size()] == ' ';
  });
}

// After damage: behind the block's own closing brace, or at the next line that begins as dhcpd begins a block, whichever is first. A block
// that was cut off has no brace, and must not take its successor with it.
void LeasesReader::resynchronise(std::size_t block) {
  const std::string_view text = lexer_.text();
  if (next_block_ <= block) {
    std::size_t end = text.find('\n', block);
    while (end != std::string_view::npos && !begins_a_block(end + 1)) end = text.find('\n', end + 1);
    next_block_ = end == std::string_view::npos ? text.size() : end + 1;
  }
  const std::size_t next = next_block_;

  lexer_.seek(block);
  for (int depth = 0;;) {
    token_ = lexer_.next();
    if (token_.kind == Kind::end || token_.kind == Kind::unfinished || token_.end > next) break;
    if (token_.is("{")) ++depth;
    if (token_.is("}") && --depth <= 0) return;
    if (token_.is(";") && depth == 0) return;
  }
  lexer_.seek(next);
}

bool LeasesReader::read_lease() {
  token_ = lexer_.next();
  const auto address = token_.kind == Kind::word ? Ipv4::parse(token_.text) : std::nullopt;
  if (!address) return fail("no IPv4 address");
  what_ = "lease " + to_string(*address);
  token_ = lexer_.next();
  if (!token_.is("{")) return fail("{ expected");
  draft_ = Draft{};
  for (token_ = lexer_.next(); !token_.is("}"); token_ = lexer_.next()) {
    if (token_.kind != Kind::word) return fail(token_.kind == Kind::end ? "the file ends inside" : "a statement expected");
    const std::string_view word = token_.text;
    if (word == "on") {
      if (!read_on()) return false;
      continue;
    }
    const Statement* row = find_statement(word);
    if (row == nullptr) return fail(fmt::format("unknown statement \"{}\"", word.substr(0, 40)));
    if (!read_arguments() || !(this->*row->read)(arguments_)) return false;
  }
  finish_lease(*address);
  return true;
}

// Up to the semicolon.
bool LeasesReader::read_arguments() {
  arguments_.clear();
  for (token_ = lexer_.next(); !token_.is(";"); token_ = lexer_.next()) {
    if (token_.kind == Kind::unfinished) return fail("a string without end");
    if (token_.kind == Kind::end || token_.is("{") || token_.is("}")) return fail("semicolon expected");
    arguments_.push_back(token_);
  }
  return true;
}

bool LeasesReader::skip_statement() { return read_arguments(); }

bool LeasesReader::skip_block() {
  LeasesDeclaration ignored;
  do token_ = lexer_.next();
  while (token_.kind == Kind::string || token_.kind == Kind::word);
  return read_body(ignored);
}

// From the opening brace, which is the newest token, to its partner.
bool LeasesReader::read_body(LeasesDeclaration& declaration) {
  if (!token_.is("{")) return fail("{ expected");
  const std::size_t begin = token_.end;
  bool at_statement = true;
  for (int depth = 1; depth > 0;) {
    token_ = lexer_.next();
    if (token_.kind == Kind::end || token_.kind == Kind::unfinished) return fail("the file ends inside");
    if (token_.is("{")) ++depth;
    if (token_.is("}")) --depth;
    declaration.deleted = declaration.deleted || (at_statement && depth == 1 && token_.is("deleted"));
    at_statement = token_.is(";") || token_.is("{") || token_.is("}");
  }
  declaration.body = std::string(lexer_.text().substr(begin, token_.begin - begin));
  return true;
}

LeasesDeclaration LeasesReader::declare(Declaration::Kind kind) {
  Declaration declaration;
  declaration.kind = kind;
  declaration.line = lexer_.line_of(token_.begin);
  return declaration;
}

bool LeasesReader::finish(Declaration declaration) {
  if (!read_body(declaration)) return false;
  out_.declarations_.push_back(std::move(declaration));
  return true;
}

bool LeasesReader::read_host() {
  Declaration declaration = declare(Declaration::Kind::host);
  token_ = lexer_.next();
  if (token_.kind != Kind::word && token_.kind != Kind::string) return fail("no name");
  declaration.name = token_.kind == Kind::string ? unescape(token_.text) : std::string(token_.text);
  what_ = "host " + declaration.name;
  token_ = lexer_.next();
  return finish(std::move(declaration));
}

bool LeasesReader::read_group() {
  Declaration declaration = declare(Declaration::Kind::group);
  token_ = lexer_.next();
  if (token_.kind == Kind::word || token_.kind == Kind::string) {
    declaration.name = unescape(token_.text);
    token_ = lexer_.next();
  }
  return finish(std::move(declaration));
}

bool LeasesReader::read_class() {
  Declaration declaration = declare(Declaration::Kind::class_);
  token_ = lexer_.next();
  if (token_.kind != Kind::string) return fail("no class name");
  declaration.name = unescape(token_.text);
  token_ = lexer_.next();
  return finish(std::move(declaration));
}

bool LeasesReader::read_subclass() {
  Declaration declaration = declare(Declaration::Kind::subclass);
  token_ = lexer_.next();
  if (token_.kind != Kind::string) return fail("no class name");
  declaration.name = unescape(token_.text);
  token_ = lexer_.next();
  if (token_.kind != Kind::word && token_.kind != Kind::string) return fail("no subclass data");
  declaration.data = std::string(lexer_.text().substr(token_.begin, token_.end - token_.begin));
  token_ = lexer_.next();
  if (token_.is(";")) return true;
  return finish(std::move(declaration));
}

// failover peer "N" state { ... }
bool LeasesReader::read_failover() {
  Declaration declaration = declare(Declaration::Kind::failover_state);
  token_ = lexer_.next();
  if (!token_.is("peer")) return fail("peer expected");
  token_ = lexer_.next();
  if (token_.kind != Kind::string) return fail("no peer name");
  declaration.name = unescape(token_.text);
  token_ = lexer_.next();
  if (!token_.is("state")) return fail("state expected");
  token_ = lexer_.next();
  return finish(std::move(declaration));
}

}  // namespace coaxd::store
