#include "server/daemon/effects.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstring>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>

#include "server/daemon/fake_syslog.h"

// Programs are real ones. What they inherit of a pipe tells when the last of them has ended: no test measures time.
namespace coaxd::daemon {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

class EffectRunnerTest : public testing::Test {
 protected:
  EffectRunnerTest() {
    syslog_.start();
    log_.emplace(LogWriter::Options{.program = "coaxd", .syslog_path = syslog_.path()});
    log_->start({}, nullptr, nullptr);  // its thread hands on what the socket has no room for
    open_pipe();
  }
  ~EffectRunnerTest() override {
    close_pipe();
    while (log_->behind()) syslog_.discard();  // or its end would wait for us
  }
  void open_pipe() {
    close_pipe();
    if (pipe2(pipe_, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  }
  void close_pipe() {
    for (int& end : pipe_)
      if (end >= 0) close(std::exchange(end, -1));
  }

  void queue(std::initializer_list<const char*> argv) {
    worker::ExecuteEffect* effect = outlets_.effects.reserve();
    ASSERT_NE(effect, nullptr);
    effect->size = 0;
    for (const char* argument : argv) {
      std::strcpy(effect->text.data() + effect->size, argument);
      effect->size = static_cast<std::uint16_t>(effect->size + std::strlen(argument) + 1);
    }
    effect->argc = static_cast<std::uint8_t>(argv.size());
    outlets_.effects.push();
  }
  // Programs inherit the write end as descriptor 9, and write to it.
  void lend_pipe() { ASSERT_EQ(dup2(pipe_[1], 9), 9); }
  void take_pipe_back() {
    close(9);
    close(std::exchange(pipe_[1], -1));
  }
  // Everything that was written until nobody has the pipe any more.
  std::string read_to_end() {
    std::string all;
    char octets[256];
    for (ssize_t n; (n = read(pipe_[0], octets, sizeof octets)) > 0;) all.append(octets, static_cast<std::size_t>(n));
    return all;
  }
  std::string next_line() {
    char c = 0;
    std::string line;
    while (read(pipe_[0], &c, 1) == 1 && c != '\n') line += c;
    return line;
  }
  std::string logged() {
    std::string line;
    while ((line = syslog_.read()).find("execute_statement argv") != std::string::npos) {
    }
    return line;
  }

  FakeSyslog syslog_;
  std::optional<LogWriter> log_;
  worker::Outlets outlets_{64};
  int pipe_[2] = {-1, -1};
};

TEST_F(EffectRunnerTest, RunsInOrderWithoutAShell) {
  lend_pipe();
  EffectRunner runner(*log_, {.limit = hours(1), .patience = hours(1)});
  for (const char* text : {"one", "two $HOME; exit", "three"}) queue({"/bin/sh", "-c", "echo \"$1\" >&9", "sh", text});
  runner.start({&outlets_});
  runner.stop();
  take_pipe_back();
  EXPECT_EQ(read_to_end(), "one\ntwo $HOME; exit\nthree\n");
}

TEST_F(EffectRunnerTest, SaysWhatDoesNotStartAndWhatEndsBadly) {
  EffectRunner runner(*log_, {});
  runner.run_now({"/no/such/program"});
  EXPECT_THAT(logged(), HasSubstr("Unable to execute /no/such/program: No such file or directory"));
  runner.run_now({"/bin/sh", "-c", "exit 3"});
  EXPECT_THAT(logged(), HasSubstr("execute: /bin/sh exit status 768"));
}

// A program that hangs takes what it has started with it, the deaf as well.
TEST_F(EffectRunnerTest, KillsTheWholeGroupOfAProgramThatHangs) {
  for (const char* script : {"sleep 1000 & wait", "trap '' TERM; sleep 1000 & wait; wait", "(trap '' TERM; sleep 1000; sleep 1000) & wait"}) {
    open_pipe();
    lend_pipe();
    EffectRunner runner(*log_, {.limit = milliseconds(50), .patience = hours(1), .grace = milliseconds(50)});
    runner.run_now({"/bin/sh", "-c", script});
    take_pipe_back();
    EXPECT_EQ(read_to_end(), "");
    EXPECT_THAT(logged(), HasSubstr("execute: /bin/sh did not end in time and was killed"));
  }
}

// A program that has gone over to another group, ours at that, is not waited for for ever.
TEST_F(EffectRunnerTest, KillsAProgramThatHasLeftItsGroup) {
  lend_pipe();
  EffectRunner runner(*log_, {.limit = milliseconds(500), .patience = hours(1), .grace = milliseconds(1)});
  runner.run_now({"/usr/bin/perl", "-e", "setpgrp(0, getpgrp(getppid())); sleep 10000"});
  take_pipe_back();
  EXPECT_EQ(read_to_end(), "");
  EXPECT_THAT(logged(), HasSubstr("execute: /usr/bin/perl did not end in time and was killed"));
}

// What a program leaves behind when it ends by itself is no business of ours: dhcpd waits for the program only.
TEST_F(EffectRunnerTest, LeavesWhatAProgramHasPutInTheBackground) {
  lend_pipe();
  EffectRunner runner(*log_, {.limit = hours(1)});
  runner.run_now({"/bin/sh", "-c", "(read line < /proc/self/fd/0; echo late >&9) & exit 0"});
  take_pipe_back();
  EXPECT_EQ(read_to_end(), "late\n");
}

// However many programs wait and however long each may take: a stop has one deadline. (With one for each, this test would last three hours.)
TEST_F(EffectRunnerTest, AStopHasOneDeadline) {
  lend_pipe();
  EffectRunner runner(*log_, {.limit = hours(1), .patience = milliseconds(50), .grace = milliseconds(50)});
  for (int i = 0; i < 3; ++i) queue({"/bin/sh", "-c", "echo began >&9; sleep 10000"});
  runner.start({&outlets_});
  EXPECT_EQ(next_line(), "began");
  runner.stop();
  take_pipe_back();
  EXPECT_EQ(read_to_end(), "");
  EXPECT_THAT(logged(), HasSubstr("was killed"));
  EXPECT_THAT(logged(), HasSubstr("execute: 2 programs were not run, for the server stops."));
}

TEST_F(EffectRunnerTest, WhatTheControlThreadQueuesRunsToo) {
  lend_pipe();
  EffectRunner runner(*log_, {.limit = hours(1), .patience = hours(1)});
  runner.start({&outlets_});
  runner.run_later({"/bin/sh", "-c", "echo later >&9"});
  runner.stop();
  take_pipe_back();
  EXPECT_EQ(read_to_end(), "later\n");
}

}  // namespace
}  // namespace coaxd::daemon
