#include "server/daemon/log_writer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "server/daemon/fake_syslog.h"

namespace {
std::atomic<int> sends_without_memory{0};
}

// In the place of libc's: a kernel that has no memory for so many of the next sends.
extern "C" ssize_t send(int fd, const void* octets, std::size_t size, int flags) {
  if (sends_without_memory.load() > 0 && sends_without_memory.fetch_sub(1) > 0) {
    errno = ENOBUFS;
    return -1;
  }
  return syscall(SYS_sendto, fd, octets, size, flags, nullptr, 0);
}

namespace coaxd::daemon {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string_view interface_name(std::uint32_t, const void*) { return "eth0"; }

engine::LogEvent event(engine::LogKind kind, std::uint32_t number) {
  engine::LogEvent e;
  e.kind = kind;
  e.htype = 1;
  e.hlen = 6;
  e.chaddr = {2, 0, 0, 0, 0, 1};
  e.address = Ipv4{Ipv4::of(10, 0, 0, 0).value + number};
  e.at_ns = number;
  return e;
}
engine::LogEvent ack(std::uint32_t number) { return event(engine::LogKind::ack, number); }

// A log with one worker's queue, and the test in the place of both the worker and the log daemon.
class LogWriterTest : public testing::Test {
 protected:
  void open(std::size_t backlog = LogBacklog::kLimit) {
    log_.emplace(LogWriter::Options{.program = "dhcpd", .syslog_path = syslog_.path(), .backlog = backlog});
  }
  void start() { log_->start({&outlets_}, interface_name, nullptr); }
  void push(const engine::LogEvent& e) {
    while (!outlets_.logs.try_push(e)) std::this_thread::yield();
  }
  // All ACK lines up to the one numbered `last`; others are passed over.
  void expect_acks(std::uint32_t first, std::uint32_t last) {
    for (std::uint32_t number = first; number <= last;) {
      const std::string line = syslog_.read();
      if (line.find("DHCPACK") == std::string::npos) continue;
      ASSERT_THAT(line, HasSubstr(fmt::format("DHCPACK on {} to 02:", to_string(ack(number).address))));
      ++number;
    }
  }

  FakeSyslog syslog_;
  worker::Outlets outlets_{1};
  std::optional<LogWriter> log_;
};

// RFC 3164 §4.1 as syslog(3) writes it; log-facility (dhcpd-compat §15.4).
TEST_F(LogWriterTest, Rfc3164_4_1_LinesLookLikeThoseOfSyslog3) {
  syslog_.start();
  open();
  log_->info("Server starting service.");
  EXPECT_THAT(syslog_.read(), MatchesRegex("<30>(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 123][0-9] "
                                           "[0-9][0-9]:[0-9][0-9]:[0-9][0-9] dhcpd\\[[0-9]+\\]: Server starting service\\."));
  log_->set_facility("local7");
  log_->error("first\nsecond");
  EXPECT_THAT(syslog_.read(), ::testing::AllOf(::testing::StartsWith("<187>"), EndsWith(": first")));
  EXPECT_THAT(syslog_.read(), ::testing::AllOf(::testing::StartsWith("<187>"), EndsWith(": second")));
}

// The day of the month is padded with a blank, not a zero.
TEST(SyslogStamp, Rfc3164_4_1_2_DayOfOneDigit) {
  std::tm time{};
  time.tm_year = 126;
  time.tm_mon = 1;
  time.tm_mday = 3;
  time.tm_hour = 4;
  time.tm_isdst = -1;
  EXPECT_EQ(syslog_stamp(std::mktime(&time), "coaxd", 17), "Feb  3 04:00:00 coaxd[17]: ");
}

// Syslog stops reading in the middle of an avalanche, for far more lines than its socket and the worker's queue hold: nobody waits,
// nothing is missing, nothing changes places.
TEST_F(LogWriterTest, NoAckIsLostWhileSyslogIsStuck) {
  for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
    syslog_.start(type);
    open();
    start();
    push(ack(1));
    expect_acks(1, 1);
    constexpr std::uint32_t kLast = 50'000;
    for (std::uint32_t number = 2; number <= kLast; ++number) {
      push(event(engine::LogKind::request, number));
      push(ack(number));
    }
    log_->warning("and a word from the control thread, which does not wait either");
    EXPECT_TRUE(log_->behind());
    expect_acks(2, kLast);
    EXPECT_EQ(log_->lost(), 0u);
    log_.reset();
    syslog_.stop();
  }
}

// The log daemon is restarted: there is another socket at the same path, and what was said meanwhile is there.
TEST_F(LogWriterTest, RestartedSyslogGetsWhatItMissed) {
  syslog_.start();
  open();
  start();
  for (std::uint32_t number = 1; number <= 100; ++number) push(ack(number));
  expect_acks(1, 100);
  syslog_.stop();
  for (std::uint32_t number = 101; number <= 30'000; ++number) push(ack(number));
  syslog_.start();
  expect_acks(101, 30'000);
  EXPECT_EQ(log_->lost(), 0u);
}

// When the backlog is full, other lines are counted and ACKs stay in the worker's queue; all of them come in order when syslog reads again.
TEST_F(LogWriterTest, FullBacklogHoldsBackAcksAndCountsOthers) {
  syslog_.start();
  open(100'000);
  constexpr std::uint32_t kLast = 8000, kMostOutside = 100'000 / 60 + 600;  // 60 octets a line at least, and the socket's own queue
  for (std::uint32_t number = 1; number <= kLast; ++number) ASSERT_TRUE(outlets_.logs.try_push(ack(number)));
  start();
  while (log_->lost() == 0) log_->info("no room for one of these");
  EXPECT_GT(outlets_.logs.size(), kLast - kMostOutside);
  expect_acks(1, kLast);
  while (log_->behind()) syslog_.discard();
  log_->info("room again");
  for (std::string line; !line.ends_with("room again");) line = syslog_.read();
}

// A line longer than a chunk of the backlog, after others: found behind a chunk that is kept for use again.
TEST(LogBacklog, TakesALineOfAnyLength) {
  LogBacklog backlog;
  for (const std::size_t length : {1u, 70'000u, 5u, 65'532u, 65'533u, 200'000u, 2u}) {
    const std::string line(length, 'x');
    backlog.push(line);
    ASSERT_FALSE(backlog.empty());
    EXPECT_EQ(backlog.front(), line);
    backlog.consume(length);
    EXPECT_TRUE(backlog.empty());
  }
}

// The workers go before the log does: their queues are not looked at once it has stopped.
TEST_F(LogWriterTest, MayOutliveTheQueues) {
  syslog_.start();
  open();
  auto queues = std::make_unique<worker::Outlets>(4, 16);
  log_->start({queues.get()}, nullptr, nullptr);
  log_->stop();
  queues.reset();
  log_.reset();  // AddressSanitizer sees it look
}

// As with syslog(3): who is not there at the start is not waited for, but found when he comes.
TEST_F(LogWriterTest, SyslogThatComesLater) {
  open();
  log_->info("nobody hears this");
  EXPECT_EQ(log_->lost(), 1u);
  EXPECT_FALSE(log_->behind());
  syslog_.start();
  log_->info("a line that makes it look");
  log_->info("here he is");
  EXPECT_THAT(syslog_.read(), EndsWith("here he is"));
}

// send(2), ENOBUFS: poll(2) says that there is room, so it cannot be what the log thread waits by: it sleeps a moment between two tries
// rather than take the processor from the workers.
TEST_F(LogWriterTest, AKernelWithoutMemoryIsNotAskedWithoutPause) {
  constexpr int kRefused = 200;
  syslog_.start();
  open();
  start();
  push(ack(1));
  expect_acks(1, 1);
  const auto rests = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nvcsw;
  };
  const long before = rests();
  sends_without_memory = kRefused;
  push(ack(2));
  expect_acks(2, 2);
  EXPECT_GE(rests() - before, kRefused);
  EXPECT_EQ(log_->lost(), 0u);
}

// stop() writes what is still queued.
TEST_F(LogWriterTest, StopEmptiesTheQueues) {
  syslog_.start(SOCK_STREAM);
  open();
  for (std::uint32_t number = 1; number <= 200; ++number) push(ack(number));
  start();
  log_->stop();
  log_->info("stopped.");
  log_.reset();
  expect_acks(1, 200);
  EXPECT_THAT(syslog_.read(), EndsWith("stopped."));
}

}  // namespace
}  // namespace coaxd::daemon
