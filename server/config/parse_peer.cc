// Failover peers, keys and zones: parsed as dhcpd does, so that a file keeps loading; their settings are kept as text
// (dhcpd-compat §5.4, §16). Who acts on them decides what the values mean.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "server/config/grammar.h"

namespace coaxd::config {

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
    if (word.kind == TokenKind::end_of_file) return error("unexpected end of file");
    if (!peer_setting(made, word) || !semicolon()) return skip_past_brace(1);
  }
  const auto set = [&](std::string_view setting) {
    return std::ranges::find(made.settings, setting, &Setting::name) != made.settings.end();
  };
  if (!set("peer address")) error("peer address may not be omitted");
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
      Row{Keyword::max_response_delay, "max-response-delay"},   Row{Keyword::max_unacked_updates, "max-unacked-updates"},
      Row{Keyword::max_transmit_idle, "max-transmit-idle"},     Row{Keyword::mclt, "mclt"},
      Row{Keyword::split, "split"},                             Row{Keyword::auto_partner_down, "auto-partner-down"},
      Row{Keyword::max_lease_misbalance, "max-lease-misbalance"}, Row{Keyword::max_lease_ownership, "max-lease-ownership"},
      Row{Keyword::min_balance, "min-balance"},                 Row{Keyword::max_balance, "max-balance"},
      Row{Keyword::port, "port"},
  };
  const auto refuse = [this](std::string_view message) {
    error(std::string(message));
    return false;
  };
  const auto keep = [&](std::string_view name, std::string value) {
    peer.settings.push_back({std::string(name), std::move(value), word.pos});
    return true;
  };
  const auto number_setting = [&](std::string_view name) {
    const Token value = next();
    return value.kind == TokenKind::number ? keep(name, std::string(value.text)) : refuse("expecting number.");
  };
  if (word.is(Keyword::primary)) return keep("primary", "");
  if (word.is(Keyword::secondary)) return keep("secondary", "");
  Token kind = word;
  const bool of_partner = word.is(Keyword::peer);
  if (of_partner) kind = next();
  if (of_partner && !kind.is(Keyword::address) && !kind.is(Keyword::port)) return refuse("expecting 'address' or 'port'");
  if (kind.is(Keyword::address)) {
    if (address_ahead()) {
      Ipv4 value;
      return address(value) && keep(of_partner ? "peer address" : "address", to_string(value));
    }
    const std::optional<std::string> name = host_name();
    if (name) return keep(of_partner ? "peer address" : "address", *name);
    const Token token = next();
    return refuse(fmt::format("{} ({}): expecting IP address or hostname", token.text,
                              token.kind == TokenKind::symbol ? token.text.front() : 262));
  }
  if (of_partner) return number_setting("peer port");
  if (word.is(Keyword::hba)) {
    Octets buckets;
    if (!numbers(buckets, 32, ':', 16)) return false;
    std::string value;
    for (const std::uint8_t octet : buckets) value += fmt::format("{}{:02x}", value.empty() ? "" : ":", octet);
    return keep("hba", std::move(value));
  }
  if (word.is(Keyword::load)) {
    if (!next().is(Keyword::balance)) return refuse("expecting 'balance'");
    if (!next().is(Keyword::max)) return refuse("expecting 'max'");
    if (!next().is(Keyword::seconds)) return refuse("expecting 'secs'");
    return number_setting("load balance max seconds");
  }
  for (const Row& row : kNumbers) {
    if (word.is(row.word)) return number_setting(row.name);
  }
  return refuse("invalid statement in peer declaration");
}

bool Parser::key(Declarations& out) {
  Declaration made;
  made.kind = DeclarationKind::key;
  made.pos = here();
  const auto refuse = [this](std::string message) {
    fail(std::move(message));
    return false;
  };
  if (peek().kind == TokenKind::string) {
    made.name = next().text;
  } else if (std::optional<std::string> name = host_name()) {
    made.name = std::move(*name);
  } else {
    return refuse("expecting key name.");
  }
  if (!left_brace()) return false;
  while (!end_of_block()) {
    const Token word = next();
    if (word.is(Keyword::algorithm)) {
      const std::optional<std::string> name = host_name();
      if (!name) return refuse("expecting key algorithm name.");
      made.settings.push_back({"algorithm", *name, word.pos});
    } else if (word.is(Keyword::secret)) {
      std::string secret;
      if (peek().kind == TokenKind::string) {
        secret = next().text;
      } else {
        while (!at_end() && !at(';')) secret += next().text;  // base64's + / and = are tokens of their own
      }
      constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n";
      const std::size_t bad = secret.find_first_not_of(kBase64);
      if (bad != std::string::npos) {
        return refuse(fmt::format("invalid base64 character {}.", static_cast<unsigned char>(secret[bad])));
      }
      made.settings.push_back({"secret", std::move(secret), word.pos});
    } else {
      return refuse("expecting algorithm or secret.");
    }
    if (!semicolon()) return false;
  }
  if (std::ranges::find(made.settings, "secret", &Setting::name) == made.settings.end()) {
    error(fmt::format("key {} has no secret", made.name));
  }
  take(';');  // `key X { ... };`: the one place where it may stand (dhcpd-compat §1)
  keys_.insert(made.name);
  out.push_back(std::move(made));
  return true;
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
  if (!left_brace()) return false;
  while (!end_of_block()) {
    const Token word = next();
    std::string value;
    if (word.is(Keyword::primary) || word.is(Keyword::secondary)) {
      Expr addresses;
      static const OptionDefinition kAddresses{nullptr, 0, "zone", "IA", nullptr, true, false};
      if (!option_value(kAddresses, addresses)) return false;
    } else if (word.is(Keyword::primary6) || word.is(Keyword::secondary6)) {
      Expr addresses;
      static const OptionDefinition kAddresses{nullptr, 0, "zone", "6A", nullptr, true, false};
      if (!option_value(kAddresses, addresses)) return false;
    } else if (word.is(Keyword::key)) {
      const Token key_name = peek();
      std::optional<std::string> found =
          key_name.kind == TokenKind::string ? std::optional(std::string(next().text)) : host_name();
      if (!found) return refuse("expecting key name.");
      if (!keys_.contains(*found)) error(fmt::format("unknown key {}", *found));
      value = std::move(*found);
    } else {
      return refuse("expecting hostname.");
    }
    made.settings.push_back({std::string(word.text), std::move(value), word.pos});
    if (!semicolon()) return false;
  }
  out.push_back(std::move(made));
  return true;
}

}  // namespace coaxd::config
