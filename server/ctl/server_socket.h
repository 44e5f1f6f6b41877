// server_socket.h: the control socket as a client sees it: a connection, and one request of the API over it (docs/api.md). One thread; calls wait.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>

namespace coaxd::ctl {

// A connected socket. The error is a sentence with the mend in it.
std::expected<int, std::string> connect_to(const std::string& path);
bool send_all(int fd, std::string_view octets);

struct ApiRequest {
  std::string method = "GET", target;
  std::string body{};
  std::string_view accept = "application/json";
};
// The status. Of a good one (below 300) the body goes to `take` as it comes, which ends the request by returning false; of another one it is `problem`. The error is a sentence.
std::expected<unsigned, std::string> ask_api(const std::string& socket, const ApiRequest& request, const std::function<bool(std::string_view)>& take, std::string& problem);

// As a part of a URL's query.
std::string url_encoded(std::string_view text);

}  // namespace coaxd::ctl
