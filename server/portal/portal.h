// portal.h: the page that a user in quarantine sees whatever he opens: why, since when, what was seen, what to do, and a button that releases him within the policy's limits. Who he is, is
// told by his address alone, so the portal must see it as it is (no NAT between). No script, no cookie; the button's form carries a token for this case and address.
// Also the captive-portal API for systems that ask it (RFC 8908), to which option 114 points (RFC 8910).
//
// Control thread. A handler of api::HttpServer. Errors of a request are pages for people, or what RFC 9110 says.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/http.h"
#include "server/portal/texts.h"
#include "server/quarantine/switch.h"

namespace coaxd::portal {

struct Link {
  std::string text, url;
};

class Portal {
 public:
  struct Options {
    std::string name;                 // how users' machines reach it: portal.example.net, or an address; every other Host is sent there
    std::string operator_name;        // who speaks
    std::string contact;              // hotline
    std::vector<Link> links;          // where help against malicious software is
    bool secure = false;              // https is served too: RFC 8908's URLs are of it
    std::array<std::uint8_t, 32> secret{};  // of the forms' tokens; drawn at start
  };
  struct Counters {
    std::uint64_t pages = 0, redirects = 0, capport = 0, releases = 0, release_refused = 0, strangers = 0;  // strangers: of addresses in no quarantine
  };
  using Clock = std::function<quarantine::WallMillis()>;

  Portal(Options options, Texts texts, quarantine::Switch& quarantines, Clock clock)
      : options_(std::move(options)), texts_(std::move(texts)), quarantines_(quarantines), clock_(std::move(clock)) {}

  void handle(api::Request&& request, const api::Answer& answer);
  const Counters& counters() const noexcept { return counters_; }

 private:
  struct Visit;  // who asks, in which language, and his case
  api::Response respond(const api::Request& request);
  api::Response capport(const Visit& visit);
  api::Response release(const Visit& visit, const api::Request& request);
  api::Response redirect();
  std::string body(const Visit& visit, std::string_view note) const;
  std::string form(const Visit& visit) const;
  std::string evidence(const Visit& visit) const;
  api::Response page(const Visit& visit, std::string_view title, std::string body, unsigned status, std::string_view refresh = {}) const;
  std::string say(const Visit& visit, std::string_view name) const;  // escaped
  std::string token(const Visit& visit, std::int64_t hour) const;
  std::string url() const;

  const Options options_;
  const Texts texts_;
  quarantine::Switch& quarantines_;
  const Clock clock_;
  Counters counters_;
};

}  // namespace coaxd::portal
