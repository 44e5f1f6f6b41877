// allocation_count.h: how often the calling thread has asked for memory. What counts is malloc and its kin themselves, so that operator
// new, C libraries and the C library's own calls are seen alike; a sanitizer brings a malloc of its own, and under one only operator new
// is counted. Any thread, each for itself. For tests and benches that link coaxd_allocation_count, which replaces these functions.
#pragma once

#include <cstddef>

namespace coaxd {

std::size_t allocation_count() noexcept;

}  // namespace coaxd
