#include "server/daemon/leasequery_settings.h"

#include "server/config/setting_values.h"

namespace coaxd::daemon {

std::expected<leasequery::TcpServer::Options, std::string> leasequery_tcp_options(const config::Settings& settings) {
  const config::Settings::Leasequery& from = settings.leasequery;
  if (from.requesters.empty())
    return std::unexpected(
        "[leasequery] tcp = true without requesters: nobody may ask over TCP, where there is no giaddr for `allow leasequery` to go by. List who may: "
        "requesters = [{ prefix = \"10.1.0.1\" }], or set tcp = false.");
  leasequery::TcpServer::Options options;
  options.port = static_cast<std::uint16_t>(from.tcp_port);
  options.connections = from.tcp_connections;
  options.session.tls = static_cast<leasequery::TlsMode>(from.tls);
  if (from.tls == config::QueryTls::off) return options;
  options.read_certificates = [files = leasequery::TlsFiles{.certificate = from.tls_certificate, .key = from.tls_key, .client_ca = from.tls_client_ca}] {
    return leasequery::load_tls(files);
  };
  auto tls = options.read_certificates();
  if (!tls) return std::unexpected(std::move(tls.error()));
  options.tls = std::move(*tls);
  return options;
}

leasequery::Codes may_be_told(const config::Settings& settings) {
  const auto listed = config::parse_option_codes(settings.leasequery.options);  // which settings.cc has checked
  leasequery::Codes codes;
  for (const std::uint8_t code : listed.value()) codes.set(code);
  return codes;
}

}  // namespace coaxd::daemon
