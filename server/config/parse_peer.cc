// Failover peers, keys and zones: parsed as dhcpd does, so that a file keeps loading; their
// settings are kept as text (dhcpd-compat §5.4, §16). Who acts on them decides what the values
// mean.
#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/config/grammar.h"

namespace coaxd::config {
namespace {

// Empty when the text is base64 that ends on an octet (RFC 4648 §4).
std::string base64_problem(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  unsigned value = 0, bits = 0;
  bool ended = false;
  for (const char c : text) {
    if (c == '=') {
      ended = true;
      continue;
    }
    if (ended)
      return fmt::format("stuff after base64 '=' terminator: {}.", static_cast<unsigned char>(c));
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos)
      return fmt::format("invalid base64 character {}.", static_cast<unsigned char>(c));
    value = (value << 6 | static_cast<unsigned>(digit)) & 0xfff;
    bits = (bits + 6) % 8;
  }
  value &= (1u << bits) - 1;
  return value == 0 ? "" : fmt::format("partial base64 value left over: {}.", value);
}

}  // namespace

static const Setting* find(const std::vector<Setting>& settings, std::string_view name) {
  const auto found = std::ranges::find(settings, name, &Setting::name);
  return found == settings.end() ? nullptr : &*found;
}

void Parser::failover_peer(Declarations& out) {
  Declaration made;
  made.kind = DeclarationKind::failover_peer;
  made.pos = here();
  made.has_body = true;
  if (!next().is(Keyword::peer)) {
    fail("expecting \"peer\"");
    return;
  }
  const Token name = next();
  if (name.kind != TokenKind::string && !name.is_identifier()) {
    fail("expecting failover peer name.");
    return;
  }
  made.name = name.text;
  if (!next().is('{')) fail("expecting left brace");
  if (peers_.contains(made.name)) {
    error(fmt::format("redeclaration of failover peer {}", made.name));
    return skip_past_brace(1);
  }
  for (Token word = next(); !word.is('}'); word = next()) {
    if (!peer_setting(made, word) || !semicolon()) return skip_past_brace(1);
  }
  if (!find(made.settings, "peer address")) error("peer address may not be omitted");
  if (!find(made.settings, "secondary")) {  // primary unless told otherwise
    if (!find(made.settings, "split") && !find(made.settings, "hba"))
      error("primary failover server must have hba or split.");
    else if (!find(made.settings, "mclt"))
      error("primary failover server must have mclt.");
  }
  peers_.insert(made.name);
  out.push_back(std::move(made));
}

// One setting up to its semicolon, whose first word was taken.
bool Parser::peer_setting(Declaration& peer, const Token& word) {
  struct Row {
    Keyword word;
    std::string_view name;
  };
  static constexpr std::array kNumbers = {
      Row{Keyword::max_response_delay, "max-response-delay"},
      Row{Keyword::max_unacked_updates, "max-unacked-updates"},
      Row{Keyword::max_transmit_idle, "max-transmit-idle"},
      Row{Keyword::mclt, "mclt"},
      Row{Keyword::max_lease_misbalance, "max-lease-misbalance"},
      Row{Keyword::max_lease_ownership, "max-lease-ownership"},
      Row{Keyword::auto_partner_down, "auto-partner-down"},
      Row{Keyword::min_balance, "min-balance"},
      Row{Keyword::max_balance, "max-balance"},
  };
  for (const Row& row : kNumbers) {
    if (word.is(row.word)) return peer_number(peer, word, row.name, "expecting number.");
  }
  switch (word.keyword) {
    case Keyword::primary:
    case Keyword::secondary:
      peer.settings.push_back({std::string(word.text), "", word.pos});
      if (word.is(Keyword::secondary)) check_peer_role(peer);
      return true;
    case Keyword::peer:
      if (at(Keyword::address)) return skip(), peer_address(peer, word, "peer address");
      if (at(Keyword::port))
        return skip(), peer_number(peer, word, "peer port", "expecting number");
      break;
    case Keyword::address:
      return peer_address(peer, word, "address");
    case Keyword::port:
      return peer_number(peer, word, "port", "expecting number");
    case Keyword::split: {
      if (!peer_number(peer, word, "split", "expecting number")) return false;
      check_peer_role(peer);
      constexpr int kMost = 256;
      const std::string& value = peer.settings.back().value;
      int split = -1;
      std::from_chars(value.data(), value.data() + value.size(), split);
      if (split >= 0 && split <= kMost) return true;
      error("split must be between 0 and 256, inclusive");
      peer.settings.pop_back();
      return true;
    }
    case Keyword::hba: {
      check_peer_role(peer, true);
      Octets buckets;
      if (!numbers(buckets, 32, ':', 16)) return false;
      peer.settings.push_back({"hba", fmt::format("{:02x}", fmt::join(buckets, ":")), word.pos});
      return true;
    }
    case Keyword::load: {
      const auto expect = [this](Keyword wanted, std::string_view message) {
        if (next().is(wanted)) return true;
        error(std::string(message));
        return false;
      };
      return expect(Keyword::balance, "expecting 'balance'") &&
             expect(Keyword::max, "expecting 'max'") &&
             expect(Keyword::seconds, "expecting 'secs'") &&
             peer_number(peer, word, "load balance max seconds", "expecting number");
    }
    default:
      break;
  }
  error("invalid statement in peer declaration");
  return false;
}

// Only the primary says how the load is shared (dhcpd-compat §16).
void Parser::check_peer_role(const Declaration& peer, bool sharing) {
  sharing = sharing || find(peer.settings, "split") || find(peer.settings, "hba");
  if (sharing && find(peer.settings, "secondary"))
    error("secondary may not define load balance settings.");
}

bool Parser::peer_number(Declaration& peer, const Token& word, std::string_view name,
                         std::string_view complaint) {
  const Token value = next();
  if (value.kind != TokenKind::number) {
    error(std::string(complaint));
    return false;
  }
  peer.settings.push_back({std::string(name), std::string(value.text), word.pos});
  return true;
}

bool Parser::peer_address(Declaration& peer, const Token& word, std::string_view name) {
  Ipv4 literal;
  std::optional<std::string> value;
  if (address_ahead()) {
    if (!address(literal)) return false;
    value = to_string(literal);
  } else {
    value = host_name();
  }
  if (!value) {
    const Token token = next();
    error(address_expected(token));
    return false;
  }
  peer.settings.push_back({std::string(name), std::move(*value), word.pos});
  return true;
}

bool Parser::key(Declarations& out) {
  Declaration made;
  made.kind = DeclarationKind::key;
  made.pos = here();
  const auto refuse = [this](std::string message) {
    fail(std::move(message));
    return false;
  };
  std::optional<std::string> name = dotted_name();
  if (!name) return refuse("expecting key name.");
  made.name = std::move(*name);
  if (!next().is('{')) return refuse("expecting left brace");
  while (at(Keyword::algorithm) || at(Keyword::secret)) {
    const Token word = next();
    const bool secret = word.is(Keyword::secret);
    if (find(made.settings, word.text)) {
      return refuse(
          fmt::format("key {}: too many {}", made.name, secret ? "secrets" : "algorithms"));
    }
    std::optional<std::string> value = secret ? std::optional(key_secret()) : host_name();
    if (!value) return refuse("expecting key algorithm name.");
    if (std::string problem = secret ? base64_problem(*value) : ""; !problem.empty())
      return refuse(std::move(problem));
    made.settings.push_back({secret ? "secret" : "algorithm", std::move(*value), word.pos});
    if (!semicolon()) return false;
  }
  if (!next().is('}')) return refuse("expecting right brace.");
  if (!find(made.settings, "secret"))
    error(fmt::format("key {} has no secret", made.name));  // dhcpd crashes here
  take(';');  // `key X { ... };`: the one place where it may stand (dhcpd-compat §1)
  keys_.insert(made.name);
  out.push_back(std::move(made));
  return true;
}

// Quoted, or bare up to the semicolon: base64's + / and = are tokens of their own.
std::string Parser::key_secret() {
  std::string secret(next().text);
  while (!at_end() && !at(';') && !at('}')) secret += next().text;
  return secret;
}

// A name as keys have it: in quotes, or words joined by dots.
std::optional<std::string> Parser::dotted_name() {
  if (peek().kind == TokenKind::string) return std::string(next().text);
  return host_name();
}

bool Parser::zone(Declarations& out) {
  Declaration made;
  made.kind = DeclarationKind::zone;
  made.pos = here();
  const auto refuse = [this](std::string message) {
    fail(std::move(message));
    return false;
  };
  std::optional<std::string> name = host_name();
  if (!name) return refuse("expecting hostname.");
  made.name = std::move(*name);
  if (!made.name.ends_with('.')) made.name += '.';
  if (!next().is('{')) return refuse("expecting left brace");
  while (!end_of_block()) {
    const Token word = next();
    std::string value;
    if (word.is(Keyword::primary) && find(made.settings, "primary"))
      return refuse("more than one primary.");
    if (word.is(Keyword::primary) || word.is(Keyword::secondary)) {
      Expr addresses;
      static const OptionDefinition kAddresses{nullptr, 0, "zone", "IA", nullptr, true, false};
      if (!option_value(kAddresses, addresses)) return false;
    } else if (word.is(Keyword::primary6) || word.is(Keyword::secondary6)) {
      Expr addresses;
      static const OptionDefinition kAddresses{nullptr, 0, "zone", "6A", nullptr, true, false};
      if (!option_value(kAddresses, addresses)) return false;
    } else if (word.is(Keyword::key)) {
      std::optional<std::string> found = dotted_name();
      if (!found) return refuse("expecting key name.");
      if (!keys_.contains(*found)) error(fmt::format("unknown key {}", *found));
      value = std::move(*found);
    } else {
      return refuse("expecting right brace.");
    }
    made.settings.push_back({std::string(word.text), std::move(value), word.pos});
    if (!semicolon()) return false;
  }
  out.push_back(std::move(made));
  return true;
}

}  // namespace coaxd::config
