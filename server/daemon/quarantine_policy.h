// quarantine_policy.h: `[quarantine]` of coaxd.toml as the switch wants it. Load time; values. The error is one sentence.
#pragma once

#include <expected>
#include <string>

#include "server/config/settings.h"
#include "server/quarantine/policy.h"

namespace coaxd::daemon {

std::expected<quarantine::Policy, std::string> quarantine_policy(const config::Settings::Quarantine& settings);

}  // namespace coaxd::daemon
