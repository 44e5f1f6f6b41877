#include "server/portal/portal.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <algorithm>
#include <optional>

namespace coaxd::portal {
namespace {

using api::Request;
using api::Response;
using quarantine::Case;
using quarantine::WallMillis;

constexpr WallMillis kHour = 3'600'000;
constexpr std::size_t kMostEvidence = 12, kLongestEvidence = 200;
constexpr std::string_view kCapport = "/capport", kRelease = "/release", kStyle = "/portal.css";
// Nothing but this page and its style; nobody frames it, and the form goes nowhere else.
constexpr const char* kPolicy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

std::string clock_text(WallMillis at) {
  const std::string text = quarantine::rfc3339(at);
  return text.substr(0, 10) + " " + text.substr(11, 5);
}

// One field of application/x-www-form-urlencoded.
std::optional<std::string> field(std::string_view body, std::string_view name) {
  const auto hex = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('&'), body.size());
    const std::string_view pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) != name) continue;
    std::string value;
    for (std::size_t i = equals + 1; i < pair.size(); ++i) {
      if (pair[i] == '%' && i + 2 < pair.size() && hex(pair[i + 1]) >= 0 && hex(pair[i + 2]) >= 0) {
        value += static_cast<char>(hex(pair[i + 1]) * 16 + hex(pair[i + 2]));
        i += 2;
      } else {
        value += pair[i] == '+' ? ' ' : pair[i];
      }
    }
    return value;
  }
  return std::nullopt;
}

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned differing = 0;
  for (std::size_t i = 0; i < a.size(); ++i) differing |= static_cast<unsigned char>(a[i] ^ b[i]);
  return differing == 0;
}

// As people read it: what an object's members are called, and what they are.
std::string plain(const boost::json::value& value) {
  std::string text;
  if (const auto* list = value.if_array()) {
    for (const auto& each : *list) text += (text.empty() ? "" : ", ") + (each.is_string() ? std::string(each.as_string()) : boost::json::serialize(each));
  } else {
    text = value.is_string() ? std::string(value.as_string()) : boost::json::serialize(value);
  }
  if (text.size() > kLongestEvidence) text = text.substr(0, kLongestEvidence) + "...";
  return text;
}

}  // namespace

struct Portal::Visit {
  std::string peer;
  std::optional<Ipv4> address;
  std::string_view language;
  const Case* what = nullptr;
  WallMillis now = 0;
};

void Portal::handle(Request&& request, const api::Answer& answer) { answer(respond(request)); }

Response Portal::respond(const Request& request) {
  std::string_view peer = request.caller.peer;
  if (peer.starts_with("::ffff:")) peer.remove_prefix(7);  // of a socket for both families (RFC 4291 §2.5.5.2)
  Visit visit{.peer = std::string(peer), .address = Ipv4::parse(peer), .language = {}, .what = nullptr, .now = clock_()};
  const std::string* const wanted = request.parameter("lang");
  visit.language = wanted != nullptr && texts_.knows(*wanted) ? std::string_view(*wanted) : texts_.choose(request.accept_language);
  if (visit.address) visit.what = quarantines_.of_address(*visit.address, visit.now);
  if (visit.what == nullptr) ++counters_.strangers;

  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (request.path == kCapport && reads) return capport(visit);
  const std::string_view host = std::string_view(request.host).substr(0, request.host.find(':'));
  if (!std::ranges::equal(host, options_.name, {}, small, small)) return redirect();
  if (request.path == kRelease && request.method == "POST") return release(visit, request);
  if (!reads) {
    Response wrong = page(visit, say(visit, "title"), "<p>405</p>\n", 405);
    wrong.headers.emplace_back("Allow", "GET, HEAD");
    return wrong;
  }
  if (request.path == kStyle) {
    Response style{.status = 200, .type = "text/css; charset=utf-8", .body = texts_.style()};
    style.headers.emplace_back("Cache-Control", "max-age=3600");
    return style;
  }
  if (request.path != "/") return redirect();
  ++counters_.pages;
  if (visit.what == nullptr) return page(visit, say(visit, "free_heading"), fmt::format("<h1>{}</h1>\n<p>{}</p>\n", say(visit, "free_heading"), say(visit, "free")), 200);
  quarantines_.saw(visit.what->id, quarantine::Effect::page_seen, visit.now, visit.address);
  return page(visit, say(visit, "title"), body(visit, {}), 200);
}

// RFC 8908 §5. After the release it says `captive: false`, which ends the system's own hint.
Response Portal::capport(const Visit& visit) {
  ++counters_.capport;
  std::string json = fmt::format(R"({{"captive":{},"user-portal-url":"{}")", visit.what != nullptr, url());
  if (visit.what != nullptr && visit.what->until > visit.now) json += fmt::format(R"(,"seconds-remaining":{})", (visit.what->until - visit.now) / 1000);
  Response response{.status = 200, .type = "application/captive+json", .body = json + "}"};
  response.headers.emplace_back("Cache-Control", "private");
  return response;
}

Response Portal::release(const Visit& visit, const Request& request) {
  if (visit.what == nullptr) return redirect();  // he is free: the page says so
  const std::string given = field(request.body, "token").value_or("");
  const std::int64_t hour = visit.now / kHour;
  const auto again = [&](std::string_view why) {
    ++counters_.release_refused;
    return page(visit, say(visit, "title"), body(visit, why), 422);
  };
  if (!same(given, token(visit, hour)) && !same(given, token(visit, hour - 1))) return again("stale");
  if (field(request.body, "cleaned") != "yes") return again("must_check");
  if (const auto released = quarantines_.release_himself(*visit.address, visit.now); !released) {
    using enum quarantine::Refusal::Kind;
    return again(released.error().kind == not_allowed ? (quarantines_.self_release(*visit.what, visit.now).left == 0 ? "left_none" : "wait") : "not_now");
  }
  ++counters_.releases;
  return page(visit, say(visit, "released_heading"), fmt::format("<h1>{}</h1>\n<p>{}</p>\n", say(visit, "released_heading"), say(visit, "released")), 200,
              "<meta http-equiv=\"refresh\" content=\"60; url=/\">\n");
}

// 302, never 301, which browsers would keep. Any path of any host is the portal's while he is in quarantine.
Response Portal::redirect() {
  ++counters_.redirects;
  Response away{.status = 302, .type = "text/plain", .body = ""};
  away.headers.emplace_back("Location", fmt::format("http://{}/", options_.name));
  away.headers.emplace_back("Cache-Control", "no-store");
  return away;
}

std::string Portal::url() const { return fmt::format("{}://{}/", options_.secure ? "https" : "http", options_.name); }

std::string Portal::say(const Visit& visit, std::string_view name) const { return html(texts_.text(visit.language, name)); }

std::string Portal::body(const Visit& visit, std::string_view note) const {
  const Case& what = *visit.what;
  std::string out = fmt::format("<h1>{}</h1>\n", say(visit, "heading"));
  if (!note.empty()) {
    const WallMillis from = quarantines_.self_release(what, visit.now).from;
    out += fmt::format("<p class=\"note\" role=\"alert\">{}</p>\n", filled(say(visit, note), "time", clock_text(from)));
  }
  out += fmt::format("<p>{}</p>\n<blockquote>{}</blockquote>\n<p>{}<br>\n", say(visit, "why"), html(what.reason), filled(say(visit, "since"), "time", clock_text(what.since)));
  if (what.until != 0) out += filled(say(visit, "until"), "time", clock_text(what.until)) + "<br>\n";
  out += filled(say(visit, "address"), "address", html(visit.peer)) + "<br>\n";
  out += filled(say(visit, "case"), "case", quarantine::id_text(what.id)) + "</p>\n";
  if (!options_.links.empty()) {
    out += fmt::format("<h2>{}</h2>\n<p>{}</p>\n<ul>\n", say(visit, "todo_heading"), say(visit, "todo"));
    for (const Link& link : options_.links) out += fmt::format("<li><a href=\"{}\">{}</a></li>\n", html(link.url), html(link.text));
    out += "</ul>\n";
  }
  out += form(visit);
  if (!options_.contact.empty()) out += fmt::format("<p>{}</p>\n", filled(say(visit, "contact"), "contact", html(options_.contact)));
  return out + evidence(visit);  // last: it is long, and the button must be found on a telephone
}

std::string Portal::form(const Visit& visit) const {
  const auto may = quarantines_.self_release(*visit.what, visit.now);
  if (may.left == 0) return fmt::format("<p class=\"note\">{}</p>\n", say(visit, "left_none"));
  if (visit.now < may.from) return fmt::format("<p class=\"note\">{}</p>\n", filled(say(visit, "wait"), "time", clock_text(may.from)));
  return fmt::format("<form method=\"post\" action=\"{}?lang={}\">\n<input type=\"hidden\" name=\"token\" value=\"{}\">\n"
                     "<label><input type=\"checkbox\" name=\"cleaned\" value=\"yes\" required><span>{}</span></label>\n<button>{}</button>\n</form>\n<p>{}</p>\n",
                     kRelease, visit.language, token(visit, visit.now / kHour), say(visit, "check"), say(visit, "button"),
                     may.left == 1 ? say(visit, "left_one") : filled(say(visit, "left_many"), "count", std::to_string(may.left)));
}

std::string Portal::evidence(const Visit& visit) const {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(visit.what->evidence, error);
  const boost::json::object* const object = error ? nullptr : value.if_object();
  if (object == nullptr || object->empty()) return {};
  std::string out = fmt::format("<h2>{}</h2>\n<dl>\n", say(visit, "evidence"));
  std::size_t shown = 0;
  for (const auto& member : *object) {
    if (++shown > kMostEvidence) break;
    out += fmt::format("<dt>{}</dt><dd>{}</dd>\n", html(std::string_view(member.key()).substr(0, kLongestEvidence)), html(plain(member.value())));
  }
  return out + "</dl>\n";
}

Response Portal::page(const Visit& visit, std::string_view title, std::string body, unsigned status, std::string_view refresh) const {
  std::string languages;
  for (const std::string_view language : texts_.languages())
    languages += fmt::format("<a href=\"/?lang={0}\" lang=\"{0}\" hreflang=\"{0}\">{1}</a>", language, html(texts_.text(language, "language")));
  const std::pair<std::string_view, std::string_view> places[] = {
      {"{language}", visit.language}, {"{title}", title}, {"{operator}", options_.operator_name}, {"{refresh}", refresh}, {"{body}", body}, {"{languages}", languages}};
  std::string out;
  // In one pass: what a value says is no place for another.
  for (std::string_view rest = texts_.page(); !rest.empty();) {
    const std::size_t at = std::min(rest.find("{{"), rest.size());
    out += rest.substr(0, at);
    rest.remove_prefix(at);
    if (rest.empty()) break;
    const auto place = std::ranges::find_if(places, [&](const auto& one) { return rest.substr(1).starts_with(one.first) && rest.substr(1 + one.first.size()).starts_with("}"); });
    if (place == std::end(places)) {
      out += rest.front();
      rest.remove_prefix(1);
      continue;
    }
    out += place->first == "{operator}" ? html(place->second) : std::string(place->second);
    rest.remove_prefix(place->first.size() + 2);
  }
  Response response{.status = status, .type = "text/html; charset=utf-8", .body = std::move(out)};
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("Content-Security-Policy", kPolicy);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Content-Language", std::string(visit.language));
  return response;
}

// For this case, from this address, for an hour or two.
std::string Portal::token(const Visit& visit, std::int64_t hour) const {
  const std::string text = fmt::format("{} {} {}", visit.what->id, visit.peer, hour);
  std::array<unsigned char, EVP_MAX_MD_SIZE> octets{};
  unsigned size = 0;
  HMAC(EVP_sha256(), options_.secret.data(), static_cast<int>(options_.secret.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(), octets.data(), &size);
  std::string hex;
  for (unsigned i = 0; i < 16; ++i) hex += fmt::format("{:02x}", octets[i]);
  return hex;
}

}  // namespace coaxd::portal
