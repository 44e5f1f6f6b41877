// domain_name.h: DNS names as they go on the wire (RFC 1035 §3.1), and lists of them with pointers
// to earlier names (§4.1.4), as options of type domain-name and domain-list hold them (RFC 3397).
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coaxd::config {

class DomainNameWriter {
 public:
  // Appends to `out`; pointers count from its size now, which is where the option's value begins.
  DomainNameWriter(std::vector<std::uint8_t>& out, bool compress)
      : out_(out), start_(out.size()), compress_(compress) {}

  // A trailing dot may be there. False, and nothing is written, when a label is empty or over 63
  // octets, or the name over 255.
  bool write(std::string_view name);

 private:
  std::vector<std::uint8_t>& out_;
  std::size_t start_;
  bool compress_;
  std::vector<std::pair<std::string, std::size_t>> suffixes_;  // lower-case name, where it stands
};

}  // namespace coaxd::config
