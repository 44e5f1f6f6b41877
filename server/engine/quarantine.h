// quarantine.h: whether the client of a message is in quarantine, and what of him is told to those who want to know (subscriber/confined.h, ward_sightings.h). What follows
// from it stands where it happens: classes, pools, NAKs. Private to the engine.
#pragma once

#include "server/engine/exchange.h"

namespace coaxd::engine {

// His, as published when this message came; null: none.
const subscriber::Confined::Hold* quarantine_of(Exchange& exchange) noexcept;

// What has come of the message, if he is, or if he is the modem of one. An ACK whose lease waits for the disk is told when it is there (stage.cc).
void note_sightings(Exchange& exchange) noexcept;

}  // namespace coaxd::engine
