// Shared networks, subnets, pools and their permits, ranges (dhcpd-compat §3.2, §3.3).
#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "server/config/grammar.h"

namespace coaxd::config {

void Parser::shared_network(Declarations& out) {
  Declaration made;
  made.kind = DeclarationKind::shared_network;
  made.pos = here();
  made.has_body = true;
  if (peek().kind == TokenKind::string) {
    made.name = next().text;
    if (made.name.empty()) error("zero-length shared network name");
  } else if (std::optional<std::string> name = host_name()) {
    made.name = std::move(*name);
  } else {
    fail("expecting a name for shared-network");
    return;
  }
  if (!left_brace()) return;
  const Nested nested(*this);
  network_has_interface_ = false;  // shared networks do not nest
  for (bool seen = false; !at('}');) {
    if (end_of_block()) return;
    if (at(Keyword::interface)) {
      if (!interface(made)) return;
    } else {
      seen = declaration(Block::shared_network, nullptr, made.items, seen);
    }
  }
  skip();
  const auto is_subnet = [](const Declaration& item) {
    return item.kind == DeclarationKind::subnet;
  };
  if (std::ranges::none_of(made.items, is_subnet)) return error("empty shared-network decl");
  out.push_back(std::move(made));
}

// One interface for a shared network, whether it is written there or in one of its subnets.
bool Parser::interface(Declaration& network) {
  skip();
  const Token name = next();
  if (std::exchange(network_has_interface_, true)) {
    error("A subnet or shared network can't be connected to two interfaces.");
  } else {
    Declaration& made = network.items.emplace_back();
    made.kind = DeclarationKind::interface;
    made.pos = name.pos;
    made.name = name.text;
  }
  return semicolon();
}

void Parser::subnet(Block block, Declarations& out) {
  Declaration made;
  made.kind = DeclarationKind::subnet;
  made.pos = here();
  made.has_body = true;
  if (!address(made.prefix.network)) return;
  if (!next().is(Keyword::netmask)) {
    fail("Expecting netmask");
    return;
  }
  if (!address(made.prefix.mask)) return;
  if ((made.prefix.network.value & ~made.prefix.mask.value) != 0) {
    fail(fmt::format("subnet {} netmask {}: bad subnet number/mask combination.",
                     to_string(made.prefix.network), to_string(made.prefix.mask)));
    return;
  }
  if (!left_brace()) return;
  const Nested nested(*this);
  const bool outer = network_has_interface_;
  if (block != Block::shared_network) network_has_interface_ = false;  // a network of its own
  for (bool seen = false; !end_of_block();) {
    if (at(Keyword::interface)) {
      if (!interface(made)) break;
    } else {
      seen = declaration(Block::subnet, nullptr, made.items, seen);
    }
  }
  if (block != Block::shared_network) network_has_interface_ = outer;
  out.push_back(std::move(made));
}

void Parser::pool(Declarations& out) {
  Declaration made;
  made.kind = DeclarationKind::pool;
  made.pos = here();
  made.has_body = true;
  if (!left_brace()) return;
  const Nested nested(*this);
  bool seen = false;
  while (!at('}')) {
    const Token token = peek();
    if (token.kind == TokenKind::end_of_file) return error("unexpected end of file");
    switch (token.keyword) {
      case Keyword::no:
      case Keyword::failover:
        skip();
        pool_failover(token.is(Keyword::no), made);
        break;
      case Keyword::range:
        skip();
        range(made.items);
        break;
      case Keyword::allow:
      case Keyword::deny:
        skip();
        permit(token.is(Keyword::allow), made);
        break;
      default:
        seen = declaration(Block::pool, nullptr, made.items, seen);
    }
  }
  skip();
  const auto is_range = [](const Declaration& item) { return item.kind == DeclarationKind::range; };
  if (std::ranges::none_of(made.items, is_range)) error("Pool declaration with no address range.");
  out.push_back(std::move(made));
}

// `failover peer "X";` and `no failover peer;` (whose semicolon dhcpd forgets to take, so that it
// is an error: dhcpd-compat §3.3).
void Parser::pool_failover(bool none, Declaration& declared) {
  Declaration made;
  made.kind = DeclarationKind::use_failover;
  made.pos = here();
  if (none) {
    if (!next().is(Keyword::failover) || !next().is(Keyword::peer)) {
      fail("expecting \"failover peer\".");
      return;
    }
    declared.items.push_back(std::move(made));
    return;
  }
  if (!next().is(Keyword::peer)) {
    fail("expecting 'peer'.");
    return;
  }
  const Token name = next();
  if (name.kind != TokenKind::string) {
    fail("expecting string.");
    return;
  }
  made.name = name.text;
  if (!peers_.contains(made.name)) error(fmt::format("failover peer {}: not found", name.text));
  declared.items.push_back(std::move(made));
  semicolon();
}

// `allow` or `deny` was taken: one or two or three words say whom, `after` says when.
void Parser::permit(bool allow, Declaration& declared) {
  struct Row {
    Keyword words[3];
    PermitKind kind;
  };
  using enum PermitKind;
  static constexpr Row kRows[] = {
      {{Keyword::known_clients}, known_clients},
      {{Keyword::unknown_clients}, unknown_clients},
      {{Keyword::known, Keyword::clients}, known_clients},
      {{Keyword::unknown, Keyword::clients}, unknown_clients},
      {{Keyword::authenticated, Keyword::clients}, authenticated_clients},
      {{Keyword::unauthenticated, Keyword::clients}, unauthenticated_clients},
      {{Keyword::all, Keyword::clients}, all_clients},
      {{Keyword::dynamic, Keyword::bootp, Keyword::clients}, dynamic_bootp_clients},
      {{Keyword::members, Keyword::of}, members_of},
      {{Keyword::after}, after},
  };
  Declaration made;
  made.kind = DeclarationKind::permit;
  made.pos = here();
  made.allow = allow;
  const Token first = next();
  const auto row =
      std::ranges::find_if(kRows, [&](const Row& each) { return first.is(each.words[0]); });
  if (first.kind != TokenKind::keyword || row == std::end(kRows)) {
    fail("expecting permit type.");
    return;
  }
  for (std::size_t i = 1; i < 3 && row->words[i] != Keyword::none; ++i) {
    if (next().is(row->words[i])) continue;
    const std::string_view word = row->words[i] == Keyword::bootp ? "bootp"
                                  : row->words[i] == Keyword::of  ? "of"
                                                                  : "clients";
    fail(fmt::format("expecting \"{}\"", word));
    return;
  }
  made.permit = row->kind;
  if (made.permit == members_of) {
    const Token name = next();
    if (name.kind != TokenKind::string) {
      fail("expecting class name.");
      return;
    }
    made.name = name.text;
    if (!classes_.contains(made.name)) error(fmt::format("no such class: {}", name.text));
  }
  if (made.permit == after) {
    const bool second = std::ranges::any_of(declared.items, [](const Declaration& item) {
      return item.kind == DeclarationKind::permit && item.permit == PermitKind::after;
    });
    if (second) {
      fail("duplicate \"after\" clause.");
      return;
    }
    const std::optional<std::int64_t> time = date();
    if (!time) return;
    made.number = *time;
  }
  declared.items.push_back(std::move(made));
  semicolon();
}

void Parser::range(Declarations& out) {
  Declaration made;
  made.kind = DeclarationKind::range;
  made.pos = here();
  made.flag = take(Keyword::dynamic_bootp);
  if (!address(made.low)) return;
  made.high = made.low;
  if (!at(';') && !address(made.high)) return;
  if (made.high < made.low) std::swap(made.low, made.high);
  if (semicolon()) out.push_back(std::move(made));
}

// "W YYYY/MM/DD HH:MM:SS [offset]" in UTC, "never", or "epoch N" (dhcpd-compat §14.2): seconds
// since 1970.
std::optional<std::int64_t> Parser::date() {
  // Beyond any date, and no product of it overflows.
  static constexpr std::int64_t kLargest = std::int64_t{1} << 40;
  const auto field = [this](std::int64_t& value, std::string_view what) {
    const Token token = next();
    if (token.kind == TokenKind::number) {
      const char* end = token.text.data() + token.text.size();
      if (std::from_chars(token.text.data(), end, value).ec != std::errc()) value = kLargest;
      value = std::clamp(value, -kLargest, kLargest);
      return true;
    }
    fail(fmt::format("numeric {} expected.", what));
    return false;
  };
  const auto separator = [this](char symbol, std::string_view message) {
    if (next().is(symbol)) return true;
    fail(std::string(message));
    return false;
  };
  constexpr std::int64_t kForever = 0xffffffff;
  if (take(Keyword::never)) return kForever;
  std::int64_t value = 0;
  if (take(Keyword::epoch))
    return field(value, "time in seconds") ? std::optional(value) : std::nullopt;
  std::int64_t weekday = 0, year = 0, month = 0, day = 0;
  std::int64_t hour = 0, minute = 0, second = 0, offset = 0;
  if (!field(weekday, "day of week") || !field(year, "year") ||
      !separator('/', "expected slash separating year from month.") || !field(month, "month") ||
      !separator('/', "expected slash separating month from day.") || !field(day, "day of month") ||
      !field(hour, "hour") || !separator(':', "expected colon separating hour from minute.") ||
      !field(minute, "minute") ||
      !separator(':', "expected colon separating minute from second.") ||
      !field(second, "second")) {
    return std::nullopt;
  }
  if (peek().kind == TokenKind::number) {
    if (!field(offset, "offset")) return std::nullopt;
  } else if (!at(';')) {
    skip();
    fail("Time zone offset or semicolon expected.");
    return std::nullopt;
  }
  if (year < 100) year += year < 70 ? 2000 : 1900;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  return std::chrono::sys_days(date).time_since_epoch().count() * 86400 + hour * 3600 +
         minute * 60 + second + offset;
}

}  // namespace coaxd::config
