// client_stream.h: a blocking connection to a server, in clear or with TLS, each of whose steps has an end. One thread.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "leasequery/client.h"
#include "server/base/bytes.h"

namespace coaxd::leasequery {

class ClientStream {
 public:
  static std::expected<ClientStream, std::string> connect(Ipv4 server, std::uint16_t port, unsigned timeout_s);
  ClientStream(ClientStream&&) noexcept;
  ~ClientStream();

  // From now on everything goes through TLS. Error: one sentence.
  std::expected<void, std::string> start_tls(const ClientTls& tls, Ipv4 server);
  std::expected<void, std::string> send(Bytes octets);
  // 0: the other side has closed. A timeout is an error that is_timeout() tells.
  std::expected<std::size_t, std::string> receive(MutableBytes into, unsigned timeout_s);
  bool timed_out() const noexcept { return timed_out_; }

 private:
  struct Tls;
  explicit ClientStream(int fd);

  int fd_ = -1;
  bool timed_out_ = false;
  std::unique_ptr<Tls> tls_;
};

}  // namespace coaxd::leasequery
