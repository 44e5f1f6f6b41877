// quarantine_desk.h: the API's side of the quarantine switch: bodies become orders, and orders that come in one turn of the loop share a commit, so that a thousand a second
// are a few. Control thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/api/http.h"
#include "server/quarantine/switch.h"

namespace coaxd::api {

class QuarantineDesk {
 public:
  // `later` runs its argument in the next turn of the loop; `now` is the time in milliseconds. All outlive it.
  using Later = std::function<void(std::function<void()>)>;
  QuarantineDesk(quarantine::Switch& quarantines, quarantine::Cases& cases, Later later, std::function<quarantine::WallMillis()> now)
      : quarantines_(quarantines), cases_(cases), later_(std::move(later)), now_(std::move(now)) {}

  void take(quarantine::Order order, Answer answer);

  quarantine::Switch& quarantines() noexcept { return quarantines_; }
  quarantine::Cases& cases() noexcept { return cases_; }
  quarantine::WallMillis now() const { return now_(); }

 private:
  void flush();

  quarantine::Switch& quarantines_;
  quarantine::Cases& cases_;
  const Later later_;
  const std::function<quarantine::WallMillis()> now_;
  std::vector<quarantine::Order> orders_;
  std::vector<Answer> answers_;
};

}  // namespace coaxd::api
