// script.h: the words of a simulation script (sim.h) and what they mean: fields of a query,
// expectations about an outcome. Tables of names; a new word is a row. Test code only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/rfc/sim.h"

namespace coaxd::test {

std::vector<std::string> split(std::string_view text, char separator);
// By blanks; "..." keeps blanks together and loses its quotes.
std::vector<std::string> words_of(std::string_view text);
WallSeconds seconds_of(std::string_view text);  // 90, 90s, 2m, 3h, 1d
std::vector<std::uint8_t> octets_of(
    std::string_view text);  // hex with or without colons; or text in quotes: 'text'

struct ScriptedQuery {
  Packet packet;
  engine::Arrival arrival;
  unsigned worker = 0;
  std::size_t room = 1472;
};
// words: time, client, message, fields.
ScriptedQuery build_query(const std::vector<std::string>& words,
                          std::map<std::string, std::string>& uids, const Sim& sim);

// "" when it holds.
std::string check_expectation(const Outcome& outcome, const std::string& word);

// "active client=cm1"-like line about one address: state word of the slot, then who the committed
// binding is for.
std::string describe_lease(const lease::LeaseTable& leases, Ipv4 address, WallSeconds now);

}  // namespace coaxd::test
