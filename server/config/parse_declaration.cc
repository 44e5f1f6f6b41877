// What may stand where (dhcpd-compat §3.1), includes, groups and hosts. Networks and classes have
// their own files.
#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/base/bytes.h"
#include "server/config/grammar.h"

namespace coaxd::config {

bool Parser::misplaced(std::string_view what) {
  fail(std::string(what));
  return true;
}

bool Parser::declaration(Block block, Declaration* owner, Declarations& out, bool seen) {
  const Token token = peek();
  const bool in_host_or_class = block == Block::host || block == Block::class_body;
  if (token.is('%')) {  // dhcpd skips such a line; templates leave them behind
    skip_to_semicolon();
    return seen;
  }
  switch (token.keyword) {
    case Keyword::include:
      skip();
      include(block, owner, out);
      return true;
    case Keyword::host:
      skip();
      if (in_host_or_class) return misplaced("host declarations not allowed here.");
      if (!warned_about_hosts_ && (block == Block::subnet || block == Block::shared_network)) {
        warned_about_hosts_ = true;
        warning(
            "WARNING: Host declarations are global.  They are not limited to the scope you "
            "declared them in.");
      }
      host(out);
      return true;
    case Keyword::group:
      skip();
      if (in_host_or_class) return misplaced("group declarations not allowed here.");
      group(out);
      return true;
    case Keyword::shared_network:
      skip();
      if (in_host_or_class || block == Block::shared_network || block == Block::subnet) {
        misplaced("shared-network parameters not allowed here.");
        return false;
      }
      shared_network(out);
      return true;
    case Keyword::subnet:
    case Keyword::subnet6:
      skip();
      if (in_host_or_class || block == Block::subnet)
        return misplaced("subnet declarations not allowed here.");
      if (token.is(Keyword::subnet6))
        return misplaced("subnet6 statement is only supported in DHCPv6 mode.");
      subnet(block, out);
      return block != Block::shared_network;
    case Keyword::class_:
    case Keyword::subclass:
    case Keyword::vendor_class:
    case Keyword::user_class:
      skip();
      if (block == Block::class_body) {
        misplaced("class declarations not allowed here.");
        return false;
      }
      class_declaration(token.keyword, out);
      return true;
    case Keyword::hardware:
      skip();
      hardware(owner);
      return false;
    case Keyword::fixed_address:
    case Keyword::fixed_address6:
    case Keyword::fixed_prefix6:
      skip();
      fixed_address(token.text, owner);
      return false;
    case Keyword::pool:
      skip();
      if (block == Block::pool) {
        fail("pool declared within pool.");
      } else if (block != Block::subnet && block != Block::shared_network) {
        fail("pool declared outside of network");
      } else {
        pool(out);
      }
      return seen;
    case Keyword::range:
      skip();
      if (block != Block::subnet) {
        fail("range declaration not allowed here.");
      } else {
        range(out);
      }
      return seen;
    case Keyword::range6:
    case Keyword::prefix6:
    case Keyword::pool6:
      skip();
      return misplaced(fmt::format("{} declaration not allowed here.", token.text));
    case Keyword::not_:
      skip();
      if (next().is(Keyword::authoritative)) {
        not_authoritative(block, false, out);
      } else {
        fail("expecting assertion");
      }
      return false;
    case Keyword::authoritative:
      skip();
      not_authoritative(block, true, out);
      return false;
    case Keyword::failover:
      skip();
      if (block != Block::root && block != Block::shared_network) {
        fail("failover peers may only be defined in shared-network");
      } else {
        failover_peer(out);
      }
      return false;
    case Keyword::option:
      skip();
      option_declaration(block, out);
      return seen;
    case Keyword::key:
      skip();
      key(out);
      return seen;
    case Keyword::zone:
      skip();
      zone(out);
      return seen;
    case Keyword::server_duid:
      skip();
      server_duid();
      return false;
    default:
      statement_declaration(out, seen);
      return seen;
  }
}

void Parser::statement_declaration(Declarations& out, bool seen) {
  Declaration made;
  made.pos = peek().pos;
  Parsed result;
  if (take(Keyword::server_identifier)) {
    OptionSpace& dhcp = ast_.options->space(OptionRegistry::kDhcp);
    result = option_statement(made.statement,
                              ast_.options->by_code(dhcp, wire::option::server_identifier),
                              OptionOp::supersede);
    made.statement.pos = made.pos;
  } else if (take(Keyword::lease_id_format)) {  // a declaration: not in `if`, unlike all other parameters
    const OptionSpace& parameters = ast_.options->space(OptionRegistry::kServer);
    result = option_statement(made.statement,
                              *ast_.options->find_named(parameters, "lease-id-format"),
                              OptionOp::supersede);
    made.statement.pos = made.pos;
  } else {
    result = statement(made.statement, Cases::none);
  }
  if (result == Parsed::ok) out.push_back(std::move(made));
  if (result == Parsed::absent)
    fail(seen ? "expecting a declaration" : "expecting a parameter or declaration");
}

// DHCPv6: accepted and without effect.
void Parser::server_duid() {
  const Token type = next();
  constexpr std::string_view kTypes[] = {"LL", "LLT", "EN", "ll", "llt", "en"};
  if (type.kind == TokenKind::number || std::ranges::find(kTypes, type.text) != std::end(kTypes)) {
    skip_to_semicolon();
  } else {
    fail("DUID type of LLT, EN, or LL expected");
  }
}

// `option` was taken: a space, a definition or a value.
void Parser::option_declaration(Block block, Declarations& out) {
  if (at(Keyword::space)) {
    if (block == Block::root) return option_space();
    fail("option space definitions may not be scoped.");
    return;
  }
  Declaration made;
  made.pos = made.statement.pos = here();
  const std::optional<OptionName> name = option_name();
  if (!name) return;
  if (at(Keyword::code)) {
    if (block != Block::root) {
      fail("option definitions may not be scoped.");
      return;
    }
    skip();
    return option_code(*name);
  }
  if (name->definition == nullptr && name->space->name == "dhcp6")
    return skip_to_semicolon();  // without effect here
  if (name->definition == nullptr) {
    fail(fmt::format("unknown option {}.{}", name->space->name, name->name));
    return;
  }
  const Parsed result = option_statement(made.statement, *name->definition, OptionOp::supersede);
  if (result == Parsed::ok) out.push_back(std::move(made));
}

void Parser::not_authoritative(Block block, bool flag, Declarations& out) {
  if (block == Block::host) error("authority makes no sense here.");
  Declaration& made = out.emplace_back();
  made.kind = DeclarationKind::authoritative;
  made.pos = here();
  made.flag = flag;
  semicolon();
}

// The file's declarations take the include's place, in the block it stands in; a brace opened in a
// file is closed in it.
void Parser::include(Block block, Declaration* owner, Declarations& out) {
  const Token token = next();
  if (token.kind != TokenKind::string) {
    fail("filename string expected.");
    return;
  }
  const std::string path(token.text);
  if (std::ranges::find(open_files_, path) != open_files_.end())
    return give_up(fmt::format("{}: includes itself", path));
  if (static_cast<int>(open_files_.size()) >= kMaxIncludes)
    return give_up(fmt::format("{}: includes too deep", path));
  std::string text, reason;
  if (!reader_(path, text, reason)) return give_up(std::move(reason));

  const std::uint32_t file = ast_.sources.add(path, std::move(text));
  Lexer lexer(file, ast_.sources.file(file).text, ast_.diagnostics);
  Lexer* const outer = std::exchange(lexer_, &lexer);
  const SourcePos include_pos = std::exchange(last_, SourcePos{file, 1, 1});
  const auto errors = std::ranges::count(ast_.diagnostics, Severity::error, &Diagnostic::severity);
  open_files_.push_back(path);
  ahead_.reset();
  for (bool seen = false; !at_end();) seen = declaration(block, owner, out, seen);
  open_files_.pop_back();
  ahead_.reset();
  lexer_ = outer;
  last_ = include_pos;
  if (std::ranges::count(ast_.diagnostics, Severity::error, &Diagnostic::severity) != errors) {
    error(fmt::format("{}: bad parse.", path));
  }
  semicolon();
}

void Parser::group(Declarations& out) {
  Declaration made;
  made.kind = DeclarationKind::group;
  made.pos = here();
  made.has_body = true;
  if (peek().is_identifier() || peek().kind == TokenKind::string) made.name = next().text;
  if (!left_brace()) return;
  const Nested nested(*this);
  for (bool seen = false; !end_of_block();) {
    const Token token = peek();
    if (token.is(Keyword::dynamic) || token.is(Keyword::deleted) ||
        token.is(Keyword::static_)) {  // as OMAPI writes them
      skip();
      Declaration& flag = made.items.emplace_back();
      flag.kind = DeclarationKind::omapi_flag;
      flag.pos = token.pos;
      flag.name = token.text;
      semicolon();  // and dhcpd wants a declaration behind it: `group g { static; }` is an error
    }
    seen = declaration(Block::group, nullptr, made.items, seen);
  }
  if (!made.name.empty()) groups_.insert(made.name);
  out.push_back(std::move(made));
}

void Parser::host(Declarations& out) {
  Declaration made;
  made.kind = DeclarationKind::host;
  made.pos = here();
  made.has_body = true;
  std::optional<std::string> name = host_name();
  if (!name) {
    fail("expecting a name for host declaration.");
    return;
  }
  made.name = std::move(*name);
  if (!left_brace()) return;
  made.items.reserve(
      4);  // hardware, fixed-address and a statement or two: what a host of a big file has
  bool seen = false;
  while (!end_of_block()) {
    const Token token = peek();
    if (token.is(Keyword::dynamic) || token.is(Keyword::deleted) || token.is(Keyword::group) ||
        token.is(Keyword::uid) || token.is(Keyword::host_identifier)) {
      if (!host_item(made)) break;
    } else {
      seen = declaration(Block::host, &made, made.items, seen);
    }
  }
  const bool deleted = std::ranges::any_of(made.items, [](const Declaration& item) {
    return item.kind == DeclarationKind::omapi_flag && item.name == "deleted";
  });
  if (!deleted && !hosts_.insert(made.name).second)
    error(fmt::format("host {}: already exists", made.name));
  out.push_back(std::move(made));
}

// False: dhcpd leaves the block behind.
bool Parser::host_item(Declaration& declared) {
  const Token word = next();
  switch (word.keyword) {
    case Keyword::group:
      return host_group(declared);
    case Keyword::uid:
      return host_uid(declared);
    case Keyword::host_identifier:
      return host_identifier(declared);
    default:
      break;
  }
  Declaration& flag = declared.items.emplace_back();
  flag.kind = DeclarationKind::omapi_flag;
  flag.pos = word.pos;
  flag.name = word.text;
  return semicolon();
}

bool Parser::host_group(Declaration& declared) {
  const Token name = next();
  if (name.kind != TokenKind::string && !name.is_identifier()) {
    error("expecting string or identifier.");
    skip_past_brace(1);
    return false;
  }
  Declaration& made = declared.items.emplace_back();
  made.kind = DeclarationKind::host_group;
  made.pos = name.pos;
  made.name = name.text;
  if (!groups_.contains(made.name))
    error(fmt::format("unknown group {} in host {}", name.text, declared.name));
  return semicolon();
}

static bool has(const Declaration& declared, DeclarationKind kind) {
  return std::ranges::find(declared.items, kind, &Declaration::kind) != declared.items.end();
}

// As dhcpd shows data: text in quotes when all of it is printable, else hex.
static std::string shown(const std::vector<std::uint8_t>& bytes) {
  const bool printable =
      std::ranges::all_of(bytes, [](std::uint8_t c) { return c >= 0x20 && c < 0x7f; });
  return printable ? fmt::format("\"{}\"", as_text(bytes))
                   : fmt::format("{:x}", fmt::join(bytes, ":"));
}

bool Parser::host_uid(Declaration& declared) {
  const SourcePos pos = here();
  const auto first =
      std::ranges::find(declared.items, DeclarationKind::client_id, &Declaration::kind);
  if (first != declared.items.end()) {
    error(fmt::format("Host '{}' already has a uid '{}'", declared.name, shown(first->bytes)));
    return false;
  }
  Octets id;
  if (peek().kind == TokenKind::string) {
    const Token text = next();
    id.assign(text.text.begin(), text.text.end());
  } else if (!numbers(id, 0, ':', 16)) {
    fail("expecting hex list.");
    return true;
  }
  Declaration& made = declared.items.emplace_back();
  made.kind = DeclarationKind::client_id;
  made.pos = pos;
  made.bytes = std::move(id);
  return semicolon();
}

bool Parser::host_identifier(Declaration& declared) {
  const auto leave = [&](std::string message) {
    if (!message.empty()) error(std::move(message));
    skip_past_brace(1);
    return false;
  };
  if (has(declared, DeclarationKind::host_identifier))
    return leave("only one host-identifier allowed per host");
  const SourcePos pos = here();
  const Token word = next();
  if (!word.is(Keyword::option)) return leave("host-identifier must be an option or v6relopt");
  const std::optional<OptionName> name = option_name();
  if (!name) return false;
  if (name->definition == nullptr)
    return leave(fmt::format("unknown option {}.{}", name->space->name, name->name));
  Declaration made;
  made.kind = DeclarationKind::host_identifier;
  made.pos = pos;
  made.option = name->definition;
  if (!option_value(*name->definition, made.value)) return leave({});
  declared.items.push_back(std::move(made));
  return semicolon() || leave({});
}

void Parser::hardware(Declaration* owner) {
  struct Row {
    Keyword word;
    std::uint8_t type;
  };
  static constexpr Row kTypes[] = {{Keyword::ethernet, 1},
                                   {Keyword::token_ring, 6},
                                   {Keyword::fddi, 8},
                                   {Keyword::infiniband, 32}};
  constexpr std::size_t kMaxLength = 20;  // as dhcpd's buffer: the longest is InfiniBand's

  const SourcePos pos = here();
  if (owner != nullptr && has(*owner, DeclarationKind::hardware)) {
    error(fmt::format("Host {} hardware address already configured.", owner->name));
    return;
  }
  const Token word = next();
  Declaration made;
  made.kind = DeclarationKind::hardware;
  made.pos = pos;
  for (const Row& row : kTypes) {
    if (word.is(row.word)) made.bytes.push_back(row.type);
  }
  constexpr std::string_view kUnknown = "unknown-";
  if (made.bytes.empty() && word.text.starts_with(kUnknown) && word.text.size() > kUnknown.size()) {
    made.bytes.push_back(
        static_cast<std::uint8_t>(number(word.text.substr(kUnknown.size()), 10, 8)));
  }
  if (made.bytes.empty()) {
    fail("expecting a network hardware type");
    return;
  }
  if (!at(';') && !numbers(made.bytes, 0, ':', 16)) return;
  if (made.bytes.size() > kMaxLength + 1) error("hardware address too long");
  if (!next().is(';')) fail("expecting semicolon.");
  if (owner == nullptr) return error("hardware address parameter not allowed here.");
  owner->items.push_back(std::move(made));
}

// `fixed-address6` and `fixed-prefix6` are accepted in a host and without effect (dhcpd-compat
// §5.3).
void Parser::fixed_address(std::string_view word, Declaration* owner) {
  static const OptionDefinition kAddresses{nullptr, 0, "fixed-address", "IA", nullptr, true, false};
  Declaration made;
  made.kind = DeclarationKind::fixed_address;
  made.pos = here();
  if (word.ends_with('6')) {
    const bool address = word.starts_with("fixed-address");
    if (owner == nullptr)
      error(fmt::format("{} not allowed here.",
                        address ? "fixed-address parameter" : "fixed-prefix6 declaration"));
    return skip_to_semicolon();
  }
  if (!option_value(kAddresses, made.value) || !semicolon()) return;
  if (owner == nullptr) return error("fixed-address parameter not allowed here.");
  if (has(*owner, DeclarationKind::fixed_address))
    return error("Only one fixed address declaration per host.");
  owner->items.push_back(std::move(made));
}

}  // namespace coaxd::config
