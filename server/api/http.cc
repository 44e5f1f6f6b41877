#include "server/api/http.h"

#include <algorithm>
#include <array>

namespace coaxd::api {
namespace {

constexpr std::array<std::string_view, 4> kRoles = {"anybody", "sensor", "desk", "admin"};

struct Phrase {
  unsigned status;
  std::string_view text;
};
// RFC 9110 §15, RFC 6585.
constexpr Phrase kPhrases[] = {{200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"}, {302, "Found"}, {400, "Bad Request"}, {401, "Unauthorized"},
                               {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {408, "Request Timeout"}, {409, "Conflict"},
                               {413, "Content Too Large"}, {422, "Unprocessable Content"}, {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
                               {502, "Bad Gateway"}, {503, "Service Unavailable"}, {505, "HTTP Version Not Supported"}};

int digit_of(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = static_cast<char>(c | 0x20);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// RFC 3986 §2.1; a + is a blank in a query (WHATWG URL, what forms send).
bool decode(std::string_view text, bool is_query, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || digit_of(text[i + 1]) < 0 || digit_of(text[i + 2]) < 0) return false;
      out += static_cast<char>(digit_of(text[i + 1]) << 4 | digit_of(text[i + 2]));
      i += 2;
    } else {
      out += is_query && text[i] == '+' ? ' ' : text[i];
    }
  }
  return true;
}

class Source final : public Stream {
 public:
  explicit Source(std::function<bool(std::string&)> source) : source_(std::move(source)) {}
  Next next(std::string& piece) override { return source_(piece) ? Next::more : Next::last; }

 private:
  std::function<bool(std::string&)> source_;
};

}  // namespace

std::string_view to_string(Role role) { return kRoles[static_cast<std::size_t>(role)]; }

std::optional<Role> parse_role(std::string_view word) {
  const auto found = std::ranges::find(kRoles, word);
  if (found == kRoles.end() || found == kRoles.begin()) return std::nullopt;
  return static_cast<Role>(found - kRoles.begin());
}

const std::string* Request::parameter(std::string_view name) const noexcept {
  const auto found = std::ranges::find(query, name, &std::pair<std::string, std::string>::first);
  return found == query.end() ? nullptr : &found->second;
}

std::shared_ptr<Stream> stream_of(std::function<bool(std::string& piece)> source) { return std::make_shared<Source>(std::move(source)); }

bool parse_target(std::string_view target, Request& into) {
  const std::size_t question = target.find('?');
  const std::string_view path = target.substr(0, question);
  if (!path.starts_with('/') || !decode(path, false, into.path)) return false;
  std::string_view rest = question == target.npos ? std::string_view{} : target.substr(question + 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto& [name, value] = into.query.emplace_back();
    if (!decode(pair.substr(0, equals), true, name) || !decode(pair.substr(std::min(equals + 1, pair.size())), true, value)) return false;
  }
  return true;
}

std::string_view reason_phrase(unsigned status) {
  const auto* found = std::ranges::find(kPhrases, status, &Phrase::status);
  return found == std::end(kPhrases) ? std::string_view{"Unknown"} : found->text;
}

}  // namespace coaxd::api
