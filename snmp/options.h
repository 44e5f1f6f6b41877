// options.h: [snmp] of coaxd.toml with its keys, as the Resetter wants it. Control thread; immutable afterwards.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "server/config/settings.h"
#include "snmp/dispatch.h"
#include "snmp/keys.h"

namespace coaxd::snmp {

struct Options {
  struct Target {
    Cmts cmts;
    const Key* key = nullptr;
  };
  std::vector<Target> cmts;
  const Key* modem_key = nullptr;  // null: modems are not told themselves
  std::uint16_t modem_port = 161;
  Millis timeout{1000};
  Patience patience{};
  std::shared_ptr<const Keys> keys;  // holds the others
};

// While there are privileges: the file of keys is read; `user` is whom the server will run as. The error is one line a problem.
std::expected<Options, std::string> load_options(const config::Settings& settings, uid_t user);
// The same from keys that are at hand.
std::expected<Options, std::string> make_options(const config::Settings& settings, std::shared_ptr<const Keys> keys);

}  // namespace coaxd::snmp
