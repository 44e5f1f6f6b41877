#include "tests/sim/sim_transport.h"

#include "server/base/assert.h"
#include "server/store/little_endian.h"
#include "server/store/segment.h"

namespace coaxd::test {
namespace {

// The batch's own head says under which key its records are (segment.h).
constexpr std::size_t kKeyOffset = 8;

}  // namespace

SimTransport::SimTransport(const SimTime& time, store::SimDisk& disk, Observer& observer, unsigned worker, std::size_t buffers)
    : time_(time),
      clock_(time.mono_ns, time.server_wall()),
      observer_(observer),
      worker_(worker),
      disk_(disk, observer, worker),
      taken_(buffers, false) {
  for (std::uint32_t i = 0; i < buffers; ++i) {
    buffers_.push_back(std::make_unique<Frame>());
    free_.push_back(i);
  }
}

void SimTransport::WatchedDisk::write(store::FileHandle file, std::uint64_t offset, Bytes data, bool sync, std::uint64_t token) {
  writes.push_back({data, sync});
  async.write(file, offset, data, sync, token);
  observer.on_disk_write(worker);
}

void SimTransport::step_disk() {
  if (!disk_.async.step()) return;
  const auto completion = disk_.async.poll();
  const WatchedDisk::Write write = disk_.writes.front();
  disk_.writes.pop_front();
  if (completion->result == 0 && write.sync) {
    const auto key = store::load_le<std::uint64_t>(write.data.data() + kKeyOffset);
    store::scan_batches(write.data, key, {},
                        [this](Bytes, const store::DecodedRecord& decoded) { observer_.on_durable(decoded.record); });
  }
  completions_.push_back(*completion);
}

bool SimTransport::wait(worker::Handler& handler, std::int64_t until_mono_ns, Intake intake) {
  until_ = until_mono_ns;
  if (intake == Intake::completions) {
    observer_.on_disk_awaited();
    step_disk_until_idle();
  }
  for (; !completions_.empty(); completions_.pop_front()) handler.on_disk(completions_.front().token, completions_.front().result);
  if (intake == Intake::completions) return false;
  for (; !echoes_.empty(); echoes_.pop_front()) handler.on_echo_reply(echoes_.front().from, echoes_.front().id, echoes_.front().sequence);
  std::size_t n = 0;
  for (; n < kBatch && !inbox_.empty(); ++n, inbox_.pop_front()) {
    ++delivered_;
    handler.on_datagram(inbox_.front().octets, inbox_.front().arrival);
  }
  return n == kBatch;
}

worker::TransmitBuffer SimTransport::take() {
  if (free_.empty()) return {};
  const std::uint32_t index = free_.back();
  free_.pop_back();
  taken_[index] = true;
  return {index, buffers_[index]->data()};
}

void SimTransport::give_back(worker::TransmitBuffer buffer) {
  COAXD_ASSERT(buffer && taken_[buffer.index]);  // nobody gives back what he does not have
  taken_[buffer.index] = false;
  free_.push_back(buffer.index);
}

void SimTransport::send(worker::TransmitBuffer buffer, std::size_t payload_size, const engine::Departure& departure) {
  observer_.on_sent(worker_, buffer.payload().first(payload_size), departure);
  give_back(buffer);
}

bool SimTransport::send_echo(Ipv4 to, std::uint16_t id, std::uint16_t sequence) {
  if (can_ping_) observer_.on_echo_request(worker_, to, id, sequence);
  return can_ping_;
}

}  // namespace coaxd::test
