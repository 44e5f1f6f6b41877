// settings.h: what an operator decides about the files that modems fetch. A value; load time only.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "docsis/binary.h"
#include "docsis/text.h"
#include "server/base/ipv4.h"

namespace coaxd::provision {

// Who may fetch. CMTSs (Settings::cmts) may in each case.
enum class SourceCheck : std::uint8_t {
  off,    // everybody who can reach the server
  lease,  // an address that DHCP has given to somebody
  told,   // and only the file that DHCP named to him
};

struct Settings {
  std::string templates;  // their folder; empty: there are none
  std::string secrets;    // secrets.h; empty: all CMTSs are without a shared secret
  std::string root;       // of the static files: a name that begins with it means the same as without
  uid_t user = ::geteuid();  // whom the server runs as, now or once it is started
  docsis::Dialect dialect = docsis::Dialect::native;
  bool timestamp = false;      // TLV 19
  bool modem_address = false;  // TLV 20
  docsis::MtaHash mta_hash = docsis::MtaHash::none;
  std::size_t cache_octets = std::size_t{16} << 20;  // of compiled files, for each worker

  SourceCheck check = SourceCheck::lease;
  std::vector<Prefix> cmts{};           // addresses that fetch for their modems
  std::vector<std::string> unasked{};   // how names begin that DHCP need not have told: firmware

  bool generated_names = false;         // DHCP hands out names that nobody can guess
  std::uint32_t name_seconds = 120;     // how long such a name is good
  bool single_download = true;          // and that it is so once
  std::size_t remembered = std::size_t{1} << 16;  // addresses of which we know what DHCP told; 512 octets each
};

}  // namespace coaxd::provision
