// did_you_mean.h: the known word that a wrong one was probably meant to be. For error messages: pure, any thread.
#pragma once

#include <span>
#include <string_view>

namespace coaxd {

// Empty when nothing is near enough to be meant: at most a third of its letters wrong, or two.
std::string_view did_you_mean(std::string_view wrong, std::span<const std::string_view> known);

}  // namespace coaxd
