// session.h: one agent through net-snmp: requests go out, and answers are there to be taken. Never waits.
//
// net-snmp's single-session API; its SNMPv3 has tables of users and engines for the whole process without a lock, so all Sessions are one thread's. It would discover
// an agent's engine ID in snmp_sess_open() and wait for it: here the same request goes out as any other, and what was to be sent waits behind it (RFC 3414 §4).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/base/time.h"
#include "snmp/keys.h"
#include "snmp/pdu.h"

namespace coaxd::snmp {

class Session {
 public:
  struct Taken {
    std::uint64_t exchange = 0;
    Answer answer;
  };

  // `peer` is ADDRESS:PORT in digits. A request that has no answer within `timeout` is sent once more. `key` outlives it.
  Session(std::string peer, const Key& key, Millis timeout);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void send(std::uint64_t exchange, const Pdu& pdu);
  int fd() const noexcept;                // to be polled for reading; -1: none
  void readable();
  std::optional<Millis> patience() const;  // how long poll may wait until expire() is due
  void expire();
  std::vector<Taken> take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace coaxd::snmp
