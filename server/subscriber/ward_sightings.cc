#include "server/subscriber/ward_sightings.h"

#include <algorithm>

#include "server/base/assert.h"

namespace coaxd::subscriber {

WardSightings::~WardSightings() { COAXD_ASSERT(reporters_.empty()); }

void WardSightings::collect(const std::function<void(const WardSighting&)>& use) {
  const std::lock_guard hold(mutex_);
  for (Reporter* reporter : reporters_) {
    // No more than a queue: who is noted all the time must not keep the control thread here.
    for (std::size_t left = Reporter::kQueue; left > 0; --left) {
      const WardSighting* seen = reporter->queue_.front();
      if (seen == nullptr) break;
      use(*seen);
      reporter->queue_.pop();
    }
  }
}

std::uint64_t WardSightings::lost() const {
  const std::lock_guard hold(mutex_);
  std::uint64_t lost = 0;
  for (const Reporter* reporter : reporters_) lost += reporter->lost_.load(std::memory_order_relaxed);
  return lost;
}

WardSightings::Reporter::Reporter(WardSightings& sightings) : sightings_(sightings) {
  const std::lock_guard hold(sightings_.mutex_);
  sightings_.reporters_.push_back(this);
}

WardSightings::Reporter::~Reporter() {
  const std::lock_guard hold(sightings_.mutex_);
  std::erase(sightings_.reporters_, this);
}

void WardSightings::Reporter::note(WardSighting::Kind kind, std::uint64_t id, Bytes hardware, Ipv4 address, std::int64_t now_mono_ns) noexcept {
  WardSighting* place = queue_.reserve();
  if (place == nullptr) {
    lost_.store(lost_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);  // written by this thread alone
    return;
  }
  place->kind = kind;
  place->id = id;
  place->address = address;
  place->at_ns = now_mono_ns;
  place->hardware_size = static_cast<std::uint8_t>(std::min(hardware.size(), place->octets.size()));
  std::copy_n(hardware.begin(), place->hardware_size, place->octets.begin());
  queue_.push();
}

}  // namespace coaxd::subscriber
