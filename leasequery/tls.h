// tls.h: certificates for leasequery over TLS (DHCPTLS, RFC 7724 §5.2, §9): who we are, and whose requesters may ask. Read at start, while there are privileges, and with
// every reload: the key is the server's alone, and one that others can read is refused. Both sides show a certificate. Control thread at start, then the TCP thread.
#pragma once

#include <expected>
#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace coaxd::leasequery {

struct TlsFiles {
  std::string certificate;  // PEM: ours, then those between it and a root that requesters know
  std::string key;          // PEM, without passphrase
  std::string client_ca;    // PEM: who signs the requesters' certificates
};

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;
// Error: one sentence that says which file and what to do.
std::expected<TlsContext, std::string> load_tls(const TlsFiles& files);

}  // namespace coaxd::leasequery
