#include "leasequery/client_stream.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace coaxd::leasequery {

namespace {

std::unexpected<std::string> fail(std::string sentence) { return std::unexpected(std::move(sentence)); }

std::string tls_error() {
  char text[256] = "no reason given";
  if (const unsigned long code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

void set_timeout(int fd, unsigned seconds) {
  const timeval limit{.tv_sec = static_cast<time_t>(seconds), .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

}  // namespace

struct ClientStream::Tls {
  SSL_CTX* context = nullptr;
  SSL* session = nullptr;
  ~Tls() {
    if (session != nullptr) SSL_shutdown(session);
    SSL_free(session);
    SSL_CTX_free(context);
  }
};

ClientStream::ClientStream(int fd) : fd_(fd) {}
ClientStream::ClientStream(ClientStream&& from) noexcept
    : fd_(std::exchange(from.fd_, -1)), timed_out_(from.timed_out_), tls_(std::move(from.tls_)) {}
ClientStream::~ClientStream() {
  tls_.reset();
  if (fd_ >= 0) close(fd_);
}

std::expected<ClientStream, std::string> ClientStream::connect(Ipv4 server, std::uint16_t port, unsigned timeout_s) {
  ClientStream stream(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(server.value);
  set_timeout(stream.fd_, timeout_s);
  if (stream.fd_ < 0 || ::connect(stream.fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    // NOLINTNEXTLINE(concurrency-mt-unsafe): since glibc 2.32 strerror(3) is safe
    return fail(fmt::format("cannot connect to {} port {}: {}. The server needs [leasequery] tcp = true and requesters in coaxd.toml.", to_string(server), port,
                            std::strerror(errno == EINPROGRESS ? ETIMEDOUT : errno)));
  return stream;
}

std::expected<void, std::string> ClientStream::start_tls(const ClientTls& tls, Ipv4 server) {
  auto made = std::make_unique<Tls>();
  made->context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(made->context, TLS1_2_VERSION);
  SSL_CTX_set_verify(made->context, SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_load_verify_locations(made->context, tls.ca.c_str(), nullptr) != 1)
    return fail(fmt::format("--tls-ca {}: {}: name the PEM file of who signs the server's certificate", tls.ca, tls_error()));
  if (!tls.certificate.empty() && SSL_CTX_use_certificate_chain_file(made->context, tls.certificate.c_str()) != 1)
    return fail(fmt::format("--tls-certificate {}: {}: name the PEM file of a certificate that [leasequery] tls_client_ca has signed", tls.certificate, tls_error()));
  if (!tls.key.empty() && SSL_CTX_use_PrivateKey_file(made->context, tls.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return fail(fmt::format("--tls-key {}: {}: name the PEM file of the key of --tls-certificate", tls.key, tls_error()));
  made->session = SSL_new(made->context);
  const bool named = tls.name.empty() ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(made->session), to_string(server).c_str()) == 1
                                      : SSL_set1_host(made->session, tls.name.c_str()) == 1;
  if (!named || SSL_set_fd(made->session, fd_) != 1) return fail("TLS: " + tls_error());
  if (SSL_connect(made->session) != 1) {
    const long verdict = SSL_get_verify_result(made->session);
    if (verdict != X509_V_OK)
      return fail(fmt::format("the server's certificate is not good: {}: --tls-ca names who signs it, --tls-name the name in it if that is not its address",
                              X509_verify_cert_error_string(verdict)));
    return fail(fmt::format("TLS: {}: does the server know our certificate's authority ([leasequery] tls_client_ca)?", tls_error()));
  }
  tls_ = std::move(made);
  return {};
}

std::expected<void, std::string> ClientStream::send(Bytes octets) {
  while (!octets.empty()) {
    const ssize_t sent = tls_ ? SSL_write(tls_->session, octets.data(), static_cast<int>(octets.size())) : ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent <= 0) return fail("the server has closed the connection: is our address among its [leasequery] requesters?");
    octets = octets.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

std::expected<std::size_t, std::string> ClientStream::receive(MutableBytes into, unsigned timeout_s) {
  timed_out_ = false;
  set_timeout(fd_, timeout_s);
  errno = 0;
  const ssize_t got = tls_ ? SSL_read(tls_->session, into.data(), static_cast<int>(into.size())) : recv(fd_, into.data(), into.size(), 0);
  if (got > 0) return static_cast<std::size_t>(got);
  timed_out_ = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (timed_out_) return fail(fmt::format("the server said nothing for {} s", timeout_s));
  if (tls_ && got <= 0) {
    const int why = SSL_get_error(tls_->session, static_cast<int>(got));
    if (why == SSL_ERROR_SSL) {
      const std::string text = tls_error();
      // TLS 1.3: that our certificate was refused is heard only now.
      return fail(fmt::format("TLS: {}: does the server know our certificate's authority ([leasequery] tls_client_ca)?", text));
    }
    return 0;
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): since glibc 2.32 strerror(3) is safe
  if (got < 0 && errno != ECONNRESET) return fail(fmt::format("the connection broke: {}", std::strerror(errno)));
  return 0;
}

}  // namespace coaxd::leasequery
