// The promise of the packet path: after construction nothing allocates. A binary of its own, because it replaces malloc.
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "server/base/testing/allocation_count.h"
#include "server/tftp/responder.h"

namespace coaxd::tftp {
namespace {

class OneFile final : public FileSource {
 public:
  FileAnswer open(const FileQuery& query) override { return query.name == "none" ? FileAnswer::refused(ErrorCode::file_not_found) : FileAnswer::ready(file_); }

 private:
  std::shared_ptr<const Contents> file_ = std::make_shared<MemoryContents>(std::vector<std::uint8_t>(2048, 7));
};

class Sink final : public Outlet {
 public:
  MutableBytes room() override { return room_; }
  void send(std::size_t size, const Departure& departure) override {
    ++sent;
    last = departure;
    last_size = size;
  }
  void log(const Event&) override { ++logged; }
  std::size_t sent = 0, logged = 0, last_size = 0;
  Departure last;

 private:
  std::array<std::uint8_t, 1472> room_;
};

TEST(TftpPacketPath, AllocatesNothingOverThousandsOfTransfers) {
  OneFile files;
  Sink sink;
  Instant now{.mono_ns = 1, .wall = 1'800'000'000};
  Responder responder({.transfers = 1024}, files, sink, now);
  Options options;
  options.set(Option::blksize, 1448);
  options.set(Option::tsize, 0);
  std::array<std::uint8_t, 128> rrq, plain, missing, out;
  const Bytes with_options = Bytes{rrq}.first(write_request(rrq, Opcode::rrq, "modem.cm", "octet", options));
  const Bytes without = Bytes{plain}.first(write_request(plain, Opcode::rrq, "modem.cm", "octet", {}));
  const Bytes nothing = Bytes{missing}.first(write_request(missing, Opcode::rrq, "none", "octet", {}));

  const std::size_t before = allocation_count();
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const Endpoint client{Ipv4{0x0a000000 + i}, static_cast<std::uint16_t>(1024 + i % 60'000)};
    now.mono_ns += 3'000'000;
    responder.on_datagram(i % 2 == 0 ? with_options : without, {.from = client, .to = Ipv4{1}}, now);
    const std::uint8_t socket = sink.last.socket;
    const std::uint16_t first = i % 2 == 0 ? 0 : 1, last = i % 2 == 0 ? 2 : 5;
    for (std::uint16_t block = first; block <= last; ++block) {
      if (i % 10 == 9 && block == 3) break;  // gone, to time out
      write_ack(out, block);
      responder.on_datagram(Bytes{out}.first(4), {.from = client, .to = Ipv4{1}, .socket = socket}, now);
      responder.on_datagram(Bytes{out}.first(4), {.from = client, .to = Ipv4{1}, .socket = socket}, now);
    }
    responder.on_datagram(nothing, {.from = {client.address, 9}, .to = Ipv4{1}}, now);
    responder.on_datagram(Bytes{out}.first(3), {.from = client, .to = Ipv4{1}}, now);
    responder.on_time(now);
  }
  EXPECT_EQ(allocation_count() - before, 0u);
  // It did what it is counted for.
  EXPECT_EQ(responder.counters().completed.get(), 4500u);
  EXPECT_GT(responder.counters().resent.get(), 0u);
  EXPECT_GT(responder.counters().of(Reason::file_not_found).get(), 0u);
  EXPECT_GT(sink.logged, 9000u);
}

TEST(TftpPacketPath, TheCounterCounts) {
  const std::size_t before = allocation_count();
  const auto made = std::make_unique<int>(1);
  EXPECT_EQ(allocation_count() - before, 1u);
}

}  // namespace
}  // namespace coaxd::tftp
