// modem_commands.h: `coaxctl modem ...`: the words of the control socket's line -> a change of the modem records, their text, or the file that a modem would get. Control
// thread.
//
//   modem set MAC [--profile P] [NAME=TEXT ...]    modem show MAC    modem list [--profile P]    modem erase MAC    modem file MAC [NAME] [--octets]
//
// A word may hold blanks and octets that are no text as %XX, as coaxctl sends them.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "server/daemon/control.h"
#include "server/provision/provisioned_files.h"
#include "server/subscriber/modems.h"

namespace coaxd::daemon {

// `words` behind `modem`, without --json. The error is one sentence.
std::expected<BodySource, std::string> modem_command(subscriber::Modems& modems, const std::vector<std::string>& words, bool json, WallSeconds now);

// `words` behind `modem file`: what this modem would get for NAME, or for what DHCP has told it. `files` is nobody else's. The error is one sentence, or the template's
// problems.
std::expected<BodySource, std::string> modem_file(provision::ProvisionedFiles& files, const std::vector<std::string>& words, bool json, Instant now);

// One record: an object without line ends; lines of name and value.
std::string modem_json(const subscriber::Modem& modem);
std::string modem_text(const subscriber::Modem& modem);

}  // namespace coaxd::daemon
