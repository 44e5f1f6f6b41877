// dns_config.h: coaxctl quarantine dns-config: writes the configuration of the garden's resolver, for dnsmasq or unbound, where every name is the portal but for those of an
// allow-list. The templates and a list to begin with are those of examples/dns, and are built in; no server is asked. Single thread; mistakes are told in words, with their line.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace coaxd::ctl {

// A file of examples/dns; empty when there is none of that name.
std::string_view dns_example(std::string_view name) noexcept;

// The names of an allow-list (one a line, # begins a comment), in lower case. A name below another one of the list is left out: it is allowed anyway. `file` is what a message calls it.
std::expected<std::vector<std::string>, std::string> allow_list(std::string_view text, std::string_view file);

struct DnsConfig {
  std::string portal, listen;
  std::vector<std::string> upstreams;
  std::vector<std::string> names;
};

// Fills a template line by line: a line with {domain} is written once for each name, one with {upstream} once for each upstream resolver, one with both once for each pair.
std::string filled(std::string_view pattern, const DnsConfig& config);

class DnsConfigCommand {
 public:
  void add_to(CLI::App& quarantine);
  bool chosen() const;
  int run(bool json) const;  // the exit status

 private:
  CLI::App* command_ = nullptr;
  DnsConfig config_;
  std::string allow_, program_;
  bool print_allow_ = false;
};

}  // namespace coaxd::ctl
