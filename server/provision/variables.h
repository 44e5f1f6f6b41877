// variables.h: what ${NAME} says in a template, for the modem that asks: a row each, from the lease, from what DHCP has told, from the modem's record; then what the
// device tells of itself (`device.model`, names of wire/cable_device.h), then the variables that the operator has set for it. A name of ours cannot be set otherwise:
// a record must not change what MAC a modem has. Any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/provision/requester.h"
#include "server/subscriber/modem.h"

namespace coaxd::provision {

struct VariableContext {
  const Requester* who = nullptr;             // null: nobody knows
  const subscriber::Modem* record = nullptr;  // null: the modem has none
  std::string_view file;                      // that is asked for
  Ipv4 server;
};

struct VariableRow {
  std::string_view name, help;
  bool (*append)(const VariableContext& context, std::string& out);
};
std::span<const VariableRow> variable_rows() noexcept;

// Appends its text to `out`. False: this modem has no such variable.
bool append_variable(std::string_view name, const VariableContext& context, std::string& out);

}  // namespace coaxd::provision
