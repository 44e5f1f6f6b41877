// built_in.h: the files of text/, which the build puts into the program: a portal needs nothing installed. Constants.
#pragma once

#include <span>
#include <string_view>

namespace coaxd::portal {

struct BuiltIn {
  std::string_view name, octets;
};
std::span<const BuiltIn> built_in() noexcept;

}  // namespace coaxd::portal
