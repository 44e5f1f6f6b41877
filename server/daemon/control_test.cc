#include "server/daemon/control.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

namespace coaxd::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A server on a socket in a folder of its own; the context runs in a thread, as the control thread does.
class ControlTest : public testing::Test {
 protected:
  ControlTest() {
    std::string name = testing::TempDir() + "coaxd-control-XXXXXX";
    folder = mkdtemp(name.data());
    path = folder + "/control.sock";
    control = std::make_unique<ControlSocket>(context, [this](const std::vector<std::string>& words) {
      asked = words;
      return answer;
    });
  }
  ~ControlTest() override {
    context.stop();
    if (thread.joinable()) thread.join();
    control.reset();
    std::filesystem::remove_all(folder);
  }
  void serve() {
    ASSERT_TRUE(control->listen(path));
    thread = std::thread([this] { context.run(); });
  }
  // What a client gets for these octets, until the server closes.
  std::string ask(const std::string& request) const {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ADD_FAILURE() << std::strerror(errno);
    for (std::size_t sent = 0; sent < request.size();) {
      const ssize_t n = send(fd, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
    }
    shutdown(fd, SHUT_WR);
    std::string all;
    char buffer[4096];
    for (ssize_t n; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;) all.append(buffer, static_cast<std::size_t>(n));
    close(fd);
    return all;
  }

  std::string folder, path;
  std::expected<BodySource, std::string> answer = whole("body\n");
  std::vector<std::string> asked;
  boost::asio::io_context context{1};
  std::unique_ptr<ControlSocket> control;
  std::thread thread;
};

TEST_F(ControlTest, AnswersALineOfWordsWithOkAndTheBody) {
  serve();
  EXPECT_EQ(ask("leases  export --json\n"), "ok\nbody\n");
  EXPECT_THAT(asked, ElementsAre("leases", "export", "--json"));
}

TEST_F(ControlTest, AnErrorIsOneLineAndNoBody) {
  answer = std::unexpected(std::string{"there is no such command"});
  serve();
  EXPECT_EQ(ask("nonsense\n"), "error there is no such command\n");
  EXPECT_EQ(ask("\n"), "error there is no such command\n");
  EXPECT_TRUE(asked.empty());
}

// An export of a million leases is never in memory as a whole: pieces are made as the client takes them.
TEST_F(ControlTest, ALongBodyComesInPiecesAndWhole) {
  constexpr int kPieces = 200;
  const std::string piece(64 << 10, 'x');
  answer = after("head\n", [&, n = 0](std::string& chunk) mutable {
    chunk += piece;
    return ++n < kPieces;
  });
  serve();
  const std::string got = ask("leases export\n");
  EXPECT_THAT(got, StartsWith("ok\nhead\nx"));
  EXPECT_EQ(got.size(), 8 + kPieces * piece.size());
}

TEST_F(ControlTest, EndlessOrUnfinishedLinesGetNoAnswer) {
  serve();
  EXPECT_EQ(ask("stats"), "");
  EXPECT_EQ(ask(std::string(100'000, 'a')), "");
  EXPECT_EQ(ask("stats\n"), "ok\nbody\n");  // and the next client is served
}

TEST_F(ControlTest, TheSocketIsTheOwnersReplacesADeadOneAndGoes) {
  {
    ControlSocket dead(context, [](const std::vector<std::string>&) { return whole(""); });
    ASSERT_TRUE(dead.listen(path));
    std::filesystem::create_hard_link(path, path + ".kept");  // as if it had been killed: the file stays
  }
  std::filesystem::rename(path + ".kept", path);
  serve();
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(ask("stats\n"), "ok\nbody\n");
  context.stop();
  thread.join();
  control.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

// Somebody tries a second server beside the one that serves.
TEST_F(ControlTest, ALivingServersSocketStaysItsOwn) {
  serve();
  {
    ControlSocket second(context, [](const std::vector<std::string>&) { return whole("second\n"); });
    const auto refused = second.listen(path);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error(), HasSubstr("the server of process " + std::to_string(getpid()) + " listens there: give another path"));
    EXPECT_EQ(ask("stats\n"), "ok\nbody\n");
  }
  EXPECT_EQ(ask("stats\n"), "ok\nbody\n");
}

// A second server that starts in the same instant is between finding the path free and listening on it: it holds the directory meanwhile.
TEST_F(ControlTest, WhoBindsIsAlone) {
  const int second = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(flock(second, LOCK_EX | LOCK_NB), 0);
  const auto refused = control->listen(path);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), HasSubstr("holds a lock on its directory"));
  EXPECT_FALSE(std::filesystem::exists(path));
  std::thread done([second] { close(second); });
  EXPECT_TRUE(control->listen(path));
  done.join();
  const int third = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  EXPECT_EQ(flock(third, LOCK_EX | LOCK_NB), 0) << "held only as long as it takes";
  close(third);
}

TEST_F(ControlTest, AFileThatIsNoSocketStays) {
  std::ofstream(path) << "precious";
  const auto refused = control->listen(path);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), HasSubstr("no socket"));
  control.reset();
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(ControlTest, WhatWasPutInItsPlaceStaysAndWhatHasGoneIsMadeAnew) {
  ASSERT_TRUE(control->listen(path));
  EXPECT_TRUE(control->is_there());
  std::filesystem::remove(path);
  EXPECT_FALSE(control->is_there());
  ASSERT_TRUE(control->listen(path));
  EXPECT_TRUE(control->is_there());
  thread = std::thread([this] { context.run(); });
  EXPECT_EQ(ask("stats\n"), "ok\nbody\n");
  context.stop();
  thread.join();
  std::filesystem::remove(path);
  std::ofstream(path) << "another's";
  control.reset();
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(ControlTest, APathThatCannotBeBoundIsASentence) {
  const auto missing = control->listen(folder + "/missing/control.sock");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error(), HasSubstr("No such file or directory"));
  EXPECT_THAT(missing.error(), HasSubstr("[control] socket"));
}

TEST(ControlBody, AfterPutsTheHeadFirst) {
  auto body = after("head", whole("rest"));
  std::string chunk;
  EXPECT_TRUE(body(chunk));
  EXPECT_EQ(chunk, "head");
  chunk.clear();
  EXPECT_FALSE(body(chunk));
  EXPECT_EQ(chunk, "rest");
}

}  // namespace
}  // namespace coaxd::daemon
