#include "server/daemon/leasequery_settings.h"

#include <gmock/gmock.h>

namespace coaxd::daemon {
namespace {

config::Settings with_requester() {
  config::Settings settings;
  settings.leasequery.tcp = true;
  settings.leasequery.requesters.push_back({.prefix = "10.1.0.1"});
  return settings;
}

// `allow leasequery` goes by giaddr, which TCP has not.
TEST(LeasequerySettings, TcpWantsRequesters) {
  config::Settings settings = with_requester();
  settings.leasequery.requesters.clear();
  const auto options = leasequery_tcp_options(settings);
  ASSERT_FALSE(options);
  EXPECT_THAT(options.error(), testing::HasSubstr("requesters = [{ prefix ="));
}

TEST(LeasequerySettings, AreTakenOver) {
  config::Settings settings = with_requester();
  settings.leasequery.tcp_port = 6700;
  settings.leasequery.tcp_connections = 3;
  const auto options = leasequery_tcp_options(settings);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->port, 6700);
  EXPECT_EQ(options->connections, 3u);
  EXPECT_EQ(options->session.tls, leasequery::TlsMode::off);
  EXPECT_EQ(options->tls, nullptr);
}

// RFC 4388 §6.4.2: "a list of non-sensitive options". What stands in the manual is what leasequery/ means by it.
TEST(Rfc4388_6_4_2_NonSensitiveOptions, AreThoseOfTheSetting) {
  config::Settings settings;
  EXPECT_EQ(may_be_told(settings), leasequery::told_to_anybody());
  settings.leasequery.options = "51,82";
  EXPECT_EQ(may_be_told(settings), leasequery::Codes{}.set(51).set(82));
  settings.leasequery.options = "";
  EXPECT_TRUE(may_be_told(settings).none());
}

TEST(LeasequerySettings, TlsNamesTheFileThatIsMissing) {
  config::Settings settings = with_requester();
  settings.leasequery.tls = config::QueryTls::required;
  EXPECT_THAT(leasequery_tcp_options(settings).error(), testing::HasSubstr("tls_certificate is missing"));
  settings.leasequery.tls_certificate = settings.leasequery.tls_client_ca = "/nonexistent/cert.pem";
  EXPECT_THAT(leasequery_tcp_options(settings).error(), testing::HasSubstr("tls_key is missing"));
  settings.leasequery.tls_key = "/nonexistent/key.pem";
  EXPECT_THAT(leasequery_tcp_options(settings).error(), testing::HasSubstr("/nonexistent/key.pem: No such file"));
}

}  // namespace
}  // namespace coaxd::daemon
