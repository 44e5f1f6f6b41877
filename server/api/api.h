// api.h: from a request to its answer: who asks (tokens), may he (roles, rates), what for (the table), and what is counted of it. Control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "server/api/http.h"
#include "server/api/limits.h"
#include "server/api/route.h"
#include "server/api/site.h"
#include "server/api/tokens.h"

namespace coaxd::api {

struct ApiCounters {
  struct Of {
    std::uint64_t requests = 0;
    std::int64_t ns = 0;  // until the answer was there, delays left out
  };
  std::map<std::tuple<std::string_view, std::string_view, unsigned>, Of> by;  // method and pattern of the table, status; "" for what is in no row
  std::uint64_t unauthorized = 0;
};

class Api {
 public:
  struct Options {
    std::uint32_t requests_per_second = 0;  // of one token; 0: no limit
    bool open_metrics = true;               // /metrics needs no token from this machine
    std::function<void(const std::string&)> log;     // a warning for the operator
    std::function<void(const std::string&)> record;  // what was changed, and by whom
  };
  Api(Site site, Options options, std::span<const Route> table = routes()) : site_(std::move(site)), options_(std::move(options)), table_(table) {}

  // Null: no token is good.
  void use(std::shared_ptr<const Tokens> tokens) { tokens_ = std::move(tokens); }
  void handle(Request&& request, Answer answer);
  // `[metrics] listen`: /metrics and /healthz for anybody, and nothing else.
  void handle_open_pages(Request&& request, const Answer& answer);

  Site& site() noexcept { return site_; }
  const Site& site() const noexcept { return site_; }
  const ApiCounters& counters() const noexcept { return counters_; }

 private:
  // Who asks, or the refusal.
  std::expected<Caller, Response> know(const Request& request, const Route* route);
  Response refuse_stranger(const Request& request, std::string_view why);
  std::expected<const Route*, Response> admit(Request& request);

  Site site_;
  const Options options_;
  const std::span<const Route> table_;
  std::shared_ptr<const Tokens> tokens_;
  Guesses guesses_;
  std::map<std::string, TokenBucket> buckets_;  // by token; few
  ApiCounters counters_;
  std::int64_t told_at_ns_ = 0;
  std::uint64_t untold_ = 0;  // wrong tokens since the last line about them
};

}  // namespace coaxd::api
