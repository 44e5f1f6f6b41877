#include "server/api/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace coaxd::api {
namespace {

constexpr std::size_t kPiece = 64 << 10;

}  // namespace

class Events::Follower final : public Stream {
 public:
  Follower(std::shared_ptr<Events> events, std::uint64_t from, std::string first) : events_(std::move(events)), next_(from), first_(std::move(first)) { ++events_->followers_; }
  ~Follower() override {
    --events_->followers_;
    std::erase(events_->waiting_, this);
  }

  Next next(std::string& piece) override {
    piece = std::exchange(first_, {});
    if (next_ < events_->oldest()) {
      ++events_->cut_off_;
      return Next::cut;
    }
    while (next_ < events_->next_ && piece.size() < kPiece) piece += events_->kept_[next_++ - events_->oldest()];
    if (!piece.empty()) return Next::more;
    if (std::ranges::find(events_->waiting_, this) == events_->waiting_.end()) events_->waiting_.push_back(this);
    return Next::later;
  }
  std::string_view keepalive() const override { return ": still here\n\n"; }

 private:
  const std::shared_ptr<Events> events_;
  std::uint64_t next_;
  std::string first_;
};

void Events::tell(std::string_view kind, std::string_view data) {
  ++told_;
  kept_.push_back(fmt::format("id: {}\nevent: {}\ndata: {}\n\n", next_++, kind, data));
  octets_ += kept_.back().size();
  for (; kept_.size() > kKept || (octets_ > kKeptOctets && kept_.size() > 1); kept_.pop_front()) octets_ -= kept_.front().size();
  for (Follower* const each : std::exchange(waiting_, {}))
    if (each->wake) each->wake();
}

std::shared_ptr<Stream> Events::follow(std::string_view last_event_id) {
  std::uint64_t from = next_;
  std::string first = "retry: 2000\n\n";
  std::uint64_t last = 0;
  const char* const end = last_event_id.data() + last_event_id.size();
  const auto parsed = std::from_chars(last_event_id.data(), end, last);
  if (parsed.ec == std::errc{} && parsed.ptr == end && last < next_) {
    from = std::max(last + 1, oldest());
    if (from != last + 1) first += fmt::format(": events {} to {} are not kept any more; look at what there is now\n\n", last + 1, from - 1);
  }
  return std::make_shared<Follower>(shared_from_this(), from, std::move(first));
}

}  // namespace coaxd::api
