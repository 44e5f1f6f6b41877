// excerpt.h: the line of a text that a message is about, with a caret below the place. Whatever stands in the text, the terminal that shows it is not steered
// by it: control characters become '?'. Pure, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coaxd {

// Line `number` (from 1) of `text`, without its end; empty when there is none.
std::string_view line_of(std::string_view text, std::size_t number);

// "LINE\n   ^\n": tabs expanded to 8, cut where a wide terminal ends; the caret below the octet `column` (from 1), or behind the line.
std::string excerpt(std::string_view line, std::size_t column);

}  // namespace coaxd
