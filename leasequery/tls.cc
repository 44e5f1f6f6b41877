#include "leasequery/tls.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ssl/context.hpp>
#include <cerrno>
#include <cstring>

namespace coaxd::leasequery {

namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

// "" if only its owner can read it.
std::string why_no_secret(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || access(path.c_str(), R_OK) != 0)
    // NOLINTNEXTLINE(concurrency-mt-unsafe): since glibc 2.32 strerror(3) is safe
    return fmt::format("[leasequery] tls_key {}: {}: name the file with the server's private key, which must be readable by the user that it runs as.", path, std::strerror(errno));
  if ((status.st_mode & 077) != 0)
    return fmt::format("[leasequery] tls_key {}: others than its owner can read it (mode {:o}): chmod 600 {}.", path, status.st_mode & 07777u, path);
  return {};
}

}  // namespace

std::expected<TlsContext, std::string> load_tls(const TlsFiles& files) {
  struct Row {
    const char* key;
    const std::string& path;
    const char* what;
  };
  for (const Row& row : {Row{"tls_certificate", files.certificate, "the server's certificate"}, Row{"tls_key", files.key, "its private key"},
                         Row{"tls_client_ca", files.client_ca, "the authority that signs the requesters' certificates"}})
    if (row.path.empty()) return std::unexpected(fmt::format("[leasequery] {} is missing: name a PEM file with {}, or set tls = \"off\".", row.key, row.what));
  if (std::string why = why_no_secret(files.key); !why.empty()) return std::unexpected(std::move(why));

  const auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  error_code error;
  const auto failed = [&](const char* key, const std::string& path, const char* mend) {
    return std::unexpected(fmt::format("[leasequery] {} {}: {}: {}.", key, path, error.message(), mend));
  };
  context->set_options(ssl::context::no_sslv2 | ssl::context::no_sslv3 | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, error);
  if (context->use_certificate_chain_file(files.certificate, error); error)
    return failed("tls_certificate", files.certificate, "it must be readable and PEM, the server's certificate first");
  if (context->use_private_key_file(files.key, ssl::context::pem, error); error)
    return failed("tls_key", files.key, "it must be PEM, without passphrase, and belong to tls_certificate");
  if (context->load_verify_file(files.client_ca, error); error) return failed("tls_client_ca", files.client_ca, "it must be readable and PEM");
  context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, error);
  return context;
}

}  // namespace coaxd::leasequery
