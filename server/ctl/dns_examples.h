// dns_examples.h: the files of examples/dns, which the build puts into the program: coaxctl needs nothing installed. Constants.
#pragma once

#include <span>
#include <string_view>

namespace coaxd::ctl {

struct DnsExample {
  std::string_view name, octets;
};
std::span<const DnsExample> dns_examples() noexcept;

}  // namespace coaxd::ctl
