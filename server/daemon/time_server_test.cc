#include "server/daemon/time_server.h"

#include <gmock/gmock.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>

#include "server/tftp/time_of_day.h"

namespace coaxd::daemon {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// RFC 868: "S: Send the time as a 32 bit binary number. ... S: Close the connection."
TEST(Rfc868_OverTcp, FourOctetsAndTheEnd) {
  asio::io_context context;
  WallSeconds now = 1'700'000'000;
  TimeServer server(context, [&] { return now; });
  const auto listening = server.listen(0);
  ASSERT_TRUE(listening) << listening.error();
  for (int i = 0; i < 3; ++i, ++now) {
    tcp::socket client(context);
    client.connect({asio::ip::address_v4::loopback(), server.port()});
    context.run_one_for(std::chrono::seconds(5));
    std::array<std::uint8_t, 8> octets{};
    boost::system::error_code error;
    EXPECT_EQ(asio::read(client, asio::buffer(octets), error), 4u);
    EXPECT_EQ(error, asio::error::eof);
    const auto expected = tftp::time_of_day(now);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), octets.begin()));
  }
  EXPECT_EQ(server.answers(), 3u);
}

TEST(TimeServer, ATakenPortIsSaidWithItsMend) {
  asio::io_context context;
  TimeServer first(context, [] { return WallSeconds{}; }), second(context, [] { return WallSeconds{}; });
  ASSERT_TRUE(first.listen(0));
  const auto refused = second.listen(first.port());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), testing::HasSubstr("Address already in use: stop what has it"));
}

}  // namespace
}  // namespace coaxd::daemon
