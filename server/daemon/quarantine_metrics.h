// quarantine_metrics.h: the quarantine, its page and SNMP as metrics.
#pragma once

#include <vector>

#include "server/daemon/metrics.h"
#include "server/portal/portal.h"
#include "server/quarantine/switch.h"
#include "server/subscriber/ward_sightings.h"
#include "snmp/counters.h"

namespace coaxd::daemon {

// Each null: off.
struct QuarantineInput {
  const quarantine::Switch* quarantines = nullptr;
  const subscriber::WardSightings* sightings = nullptr;
  const portal::Portal* portal = nullptr;
  const snmp::Counters* snmp = nullptr;
};
std::vector<MetricRow> quarantine_rows();
void gather_quarantine(const QuarantineInput& input, std::vector<Sample>& samples);

}  // namespace coaxd::daemon
