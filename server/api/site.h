// site.h: what the API's handlers look at and change: the running server, as far as they know it. Everything is the control thread's.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "server/api/events.h"
#include "server/api/http.h"
#include "server/base/time.h"
#include "server/config/config.h"
#include "server/lease/lease_table.h"
#include "server/store/history_reader.h"
#include "server/subscriber/modems.h"

namespace coaxd::api {

class QuarantineDesk;

// The error is a sentence.
using Text = std::expected<std::string, std::string>;

struct Site {
  const lease::LeaseTable& leases;
  subscriber::Modems& modems;
  std::function<std::shared_ptr<const config::Config>()> config;
  std::function<Instant()> now;

  std::function<Text(const std::string& address)> free_lease;
  std::function<Text()> reload;
  std::function<std::string()> metrics;  // Prometheus
  std::function<std::string()> stats;    // JSON
  std::function<std::string()> ailment;  // why clients of DHCP are not served; ""
  std::function<std::string(const subscriber::Modem&)> modem_json;
  // Into a new file of the folder for backups; `done` gets its path, later. Error at once: none is possible now.
  std::function<std::expected<void, std::string>(std::function<void(Text)> done)> back_up;
  // Makes the modem start anew; the answer is a JSON object, or a sentence. Null: there is no SNMP.
  std::function<void(subscriber::Mac modem, std::function<void(Text)> done)> reset_modem{};
  std::function<void(subscriber::Mac modem, std::function<void(Text)> done)> modem_state{};

  std::unique_ptr<store::HistoryReader> history{};
  std::shared_ptr<Events> events{};
  QuarantineDesk* quarantine = nullptr;  // null: off
  std::string version{};
};

}  // namespace coaxd::api
