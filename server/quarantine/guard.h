// guard.h: what the policy counts: how fast a source speaks, how much a signature has against a subject. Bounded memory; told the time. Single thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "server/quarantine/case.h"
#include "server/quarantine/policy.h"

namespace coaxd::quarantine {

class Guard {
 public:
  // Subjects and signatures, sources: a sensor that invents them has the oldest forgotten.
  static constexpr std::size_t kMostCounted = 65'536, kMostSources = 1'024;

  explicit Guard(Policy policy) : policy_(std::move(policy)) {}
  void use(Policy policy) { policy_ = std::move(policy); }
  const Policy& policy() const noexcept { return policy_; }

  const Source& source(std::string_view name) const;  // the policy's, or what holds for others
  // One order of this source more; true: it is one too many for this minute.
  bool too_fast(std::string_view source, WallMillis now);
  // So many events more of this signature against that subject; the points within the window, these among them.
  std::uint64_t add(std::string_view key, std::string_view signature, const Source& source, std::uint32_t count, WallMillis now);
  void forget(std::string_view key);  // of a subject: it has been acted upon
  // The rule of the never-list that he falls under; "": none.
  std::string never(const Subject& subject, const Found& found) const;
  std::uint64_t most(std::uint64_t subscribers) const;

 private:
  struct Bucket {
    double tokens = 0;
    WallMillis at = 0;
  };
  struct Points {
    WallMillis at = 0;
    std::uint64_t points = 0;
  };
  Policy policy_;
  std::unordered_map<std::string, Bucket> buckets_;
  std::unordered_map<std::string, std::deque<Points>> counted_;
  std::deque<std::string> counted_order_;  // oldest first
};

}  // namespace coaxd::quarantine
