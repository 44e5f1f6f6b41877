// built_in.h: the files of the desk's page, which the build puts into the program; the API's listener serves them under /console/. Constants.
#pragma once

#include <span>
#include <string_view>

namespace coaxd::console {

struct BuiltIn {
  std::string_view name, octets;
};
std::span<const BuiltIn> built_in() noexcept;

}  // namespace coaxd::console
