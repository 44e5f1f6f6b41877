// array_transport.h: a worker's outside world that costs nothing and asks for no memory, for tests and benches that count or time the
// worker itself: datagrams are there at once, replies are read at once, a write is done with the next wait(); everything in arrays. The
// simulation's transport (sim_transport.h) is the one with misfortune. Owned by the test; one thread. Test code only.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <span>
#include <utility>

#include "server/wire/message.h"
#include "server/worker/transport.h"

namespace coaxd::test {

struct SeenReply {
  std::uint32_t xid = 0;
  wire::MessageType type = wire::MessageType::bootp;
  Ipv4 yiaddr;
};

class ArrayTransport final : public worker::Transport, private store::AsyncDisk {
 public:
  ArrayTransport(Ipv4 server, Ipv4 relay, WallSeconds now)
      : interface_{1, "eth0", server, {2, 0, 0, 0, 0, 1}},
        arrival_{.interface = &interface_, .source = relay, .source_port = 67, .destination = server},
        start_(now) {
    for (std::uint32_t i = 0; i < kBuffers; ++i) free_[i] = i;
  }

  // They must stay until they are at_rest().
  void deliver(std::span<const Bytes> datagrams) {
    incoming_ = datagrams;
    replied_ = 0;
  }
  std::span<const SeenReply> replies() const { return {replies_.data(), replied_}; }
  // Writes are done without a word to the disk: what is left is the worker.
  void write_nothing() { writes_ = false; }
  bool at_rest() const { return incoming_.empty() && token_ == 0; }
  // The next reply that leaves costs a piece of memory: what a test of allocations must notice.
  void plant_allocation() { planted_ = true; }

  Instant now() override { return {mono_ns_, start_ + mono_ns_ / 1'000'000'000}; }
  bool wait(worker::Handler& handler, std::int64_t, Intake) override {
    mono_ns_ += 1'000'000;
    if (token_ != 0) handler.on_disk(std::exchange(token_, 0), result_);
    for (std::size_t i = 0; i < incoming_.size(); ++i) {
      if (i % engine::kComing == 0) handler.on_coming(incoming_.subspan(i, std::min(incoming_.size() - i, engine::kComing)));
      handler.on_datagram(incoming_[i], arrival_);
    }
    incoming_ = {};
    return false;
  }
  void flush() override {}
  void wake() override {}
  worker::TransmitBuffer take() override {
    const std::uint32_t index = free_[--free_count_];
    return {index, frames_[index].data()};
  }
  void give_back(worker::TransmitBuffer buffer) override { free_[free_count_++] = buffer.index; }
  void send(worker::TransmitBuffer buffer, std::size_t size, const engine::Departure&) override {
    if (std::exchange(planted_, false)) memory_.reset(new char[size]);  // kept, or the compiler would leave it out
    const Bytes payload = buffer.payload().first(size);
    // Option 53 is the first of what the server writes.
    replies_[replied_++] = {load_be32(&payload[4]), wire::MessageType{payload[wire::Message::kMinimum + 2]}, {load_be32(&payload[16])}};
    give_back(buffer);
  }
  bool send_echo(Ipv4, std::uint16_t, std::uint16_t) override { return false; }
  store::AsyncDisk& disk() override { return *this; }

 private:
  static constexpr std::size_t kBuffers = 256;

  void write(store::FileHandle file, std::uint64_t offset, Bytes data, bool, std::uint64_t token) override {
    token_ = token;
    if (!writes_) return;
    result_ = ::pwrite(file, data.data(), data.size(), static_cast<off_t>(offset)) == static_cast<ssize_t>(data.size()) ? 0 : -EIO;
  }

  const engine::Interface interface_;
  const engine::Arrival arrival_;
  const WallSeconds start_;
  bool writes_ = true;
  std::span<const Bytes> incoming_;
  std::array<std::array<std::uint8_t, worker::TransmitBuffer::kHeadroom + worker::TransmitBuffer::kPayload>, kBuffers> frames_;
  std::array<std::uint32_t, kBuffers> free_;
  std::size_t free_count_ = kBuffers;
  std::array<SeenReply, kBuffers> replies_;
  std::size_t replied_ = 0;
  std::uint64_t token_ = 0;  // of the write that is under way; the journal has one at a time
  int result_ = 0;
  std::int64_t mono_ns_ = 1;
  bool planted_ = false;
  std::unique_ptr<char[]> memory_;
};

}  // namespace coaxd::test
