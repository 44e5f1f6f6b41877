// dispatch.h: what to ask of which agent, when, and what the answers make of it: SNMP without a socket, clock or thread. Equal calls give equal results.
//
// A reset goes to the CMTS of its relay: the SET first, at once, for a GET before it would cost the round trip that a quarantine should not wait for; only a refusal is looked
// into (v1 says the same of a modem that is off and of an object that is not there). Then the kind's next object, and at last the modem itself.
// A CMTS that is silent is asked by one request at a time, less and less often, and the rest waits behind it; a modem whose CMTS is down is told itself meanwhile. A SET
// without an answer may have been obeyed, so only the modem's next DISCOVER ends the doubt early: saw_discover().
//
// Not synchronised: the Resetter holds a lock around it. Source: RFC 3416, RFC 1157; the MIBs of cmts_kinds.h.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "snmp/counters.h"
#include "snmp/pace.h"
#include "snmp/report.h"

namespace coaxd::snmp {

struct Cmts {
  std::vector<Prefix> relays;
  std::string address;  // ADDRESS:PORT
  CmtsKind kind = CmtsKind::automatic;
  bool newer = true;    // not SNMPv1: an object that is absent does not spoil an answer
};

struct Patience {
  std::int64_t retry_ns = 600 * kSecondNs;    // for an agent that does not answer
  unsigned sets_per_second = 10;              // of one CMTS
  std::int64_t remember_ns = 600 * kSecondNs; // what has ended; a proof counts as long
  std::int64_t identify_ns = 600 * kSecondNs; // how old it may be what a CMTS is
};

class Dispatch {
 public:
  static constexpr std::size_t kMostPending = 65536, kMostEnded = 8192;
  static constexpr unsigned kAtOnce = 8;         // requests that wait for one CMTS's answer; resets and reads each
  static constexpr unsigned kModemsAtOnce = 32;  // modems that are told themselves
  static constexpr unsigned kDown = 2;           // failures in a row

  struct Send {
    std::uint64_t exchange = 0;
    std::size_t cmts = 0;  // without a modem
    Ipv4 modem{};          // at the modem itself
    Pdu pdu;
  };

  Dispatch(std::vector<Cmts> cmts, bool modems_too, Patience patience, Counters& counters);

  // The id of its reports. The same act on the same device, while it is pending, is one. 0: too many are pending.
  std::uint64_t post(const Request& request, Instant now);
  // A modem has sent a DISCOVER: proof of its reset.
  void saw_discover(Mac modem, Instant when);
  bool awaits_discover(Mac modem) const noexcept { return by_modem_.contains(modem.value); }

  // What is to be sent now; then what each has come to.
  std::vector<Send> step(Instant now);
  void answered(std::uint64_t exchange, const Answer& answer, Instant now);
  // When step() may have something to do though nothing else has happened.
  std::int64_t next_ns() const noexcept { return next_ns_; }

  // Those that have ended since, and once more those that were proven.
  std::vector<Report> take_reports();

  std::vector<Report> list(std::uint64_t after, std::size_t limit) const;  // by id, pending and ended
  std::optional<Report> find(std::uint64_t id) const;
  bool knows(std::uint64_t id) const noexcept { return jobs_.contains(id); }
  std::vector<CmtsReport> cmts_reports() const;

 private:
  struct Job {
    Report report;
    Ipv4 modem_address;
    std::optional<std::size_t> cmts;
    const CmtsRow* row = nullptr;  // as it was when the CMTS was first asked
    enum class Stage : std::uint8_t { act, look, state, at_modem } stage = Stage::act;
    std::size_t first_way = 0;    // what had worked of the CMTS's then
    std::size_t way = 0;          // counted from that one
    bool present = false;         // the CMTS was looked at, and has it
    bool cmts_refuses = false;    // by all its objects
    bool told_modem = false;
    bool unanswered_set = false;
    unsigned passing = 0;         // errors that may pass, in a row
    unsigned silences = 0;
    std::uint32_t index = 0;      // docsIfCmtsCmStatusIndex
    std::int64_t not_before = 0;
    std::vector<Oid> left_out;    // that a v1 agent has refused
    std::string refusals;         // "cdxCmCpeResetNow notWritable, ..."
  };
  struct Agent {
    Cmts is;
    Pace pace;
    const CmtsRow* row;
    bool known = false;
    Oid system{};
    std::string description{};
    std::int64_t up_time = 0;
    std::int64_t identify_at = 0;
    bool identifying = false;
    std::size_t first_way[2] = {0, 0};  // of Act::reset_modem, Act::forget_cpe: what has worked
    unsigned failures = 0;
    std::int64_t next_try = 0;
    std::string trouble{};
    WallSeconds heard = 0;
    unsigned resets_out = 0, reads_out = 0;
    std::deque<std::uint64_t> resets{}, reads{};  // jobs that wait
    bool ready_for_resets() const noexcept { return known || is.kind != CmtsKind::automatic; }
  };
  enum class Slot : std::uint8_t { identify, reset, read, modem };
  struct Exchange {
    Slot slot = Slot::identify;
    std::size_t agent = 0;
    std::uint64_t job = 0;
    std::int64_t sent_ns = 0;
    bool is_set = false;
  };

  std::optional<std::size_t> agent_of(Ipv4 relay) const noexcept;
  Job* pending(std::uint64_t id) noexcept;
  Pdu pdu_of(Job& job) const;
  std::span<const ResetObject> ways_of(const Job& job) const noexcept;
  std::size_t way_of(const Job& job) const noexcept;  // its index there
  bool can_tell_modem(const Job& job) const noexcept;
  void send(std::vector<Send>& out, Slot slot, std::size_t agent, std::uint64_t id, Pdu pdu, Instant now);
  void step_agent(std::size_t index, std::vector<Send>& out, Instant now);
  void wake_at(std::int64_t ns) noexcept;

  void heard(Agent& agent, const Answer& answer, Instant now);
  void identified(Agent& agent, const Answer& answer, Instant now);
  void reset_answered(Job& job, const Answer& answer, Instant now);
  void looked(Job& job, const Answer& answer, Instant now);
  void state_answered(Job& job, const Answer& answer, Instant now);
  void modem_answered(Job& job, const Answer& answer, Instant now);
  void unanswered(Job& job, Instant now);
  void refused_way(Job& job, std::string_view why, Instant now);
  void next_way(Job& job, Instant now);
  void all_refused(Job& job, Instant now);
  void tell_modem(Job& job);
  void finish(Job& job, Outcome outcome, std::string reason, Instant now);
  void expire(Job& job, Instant now);
  void forget_old(Instant now);
  Report report_of(const Job& job) const;

  std::vector<Agent> agents_;
  const bool modems_too_;
  const Patience patience_;
  Counters& counters_;
  std::map<std::uint64_t, Job> jobs_;                             // pending, and ended ones that are remembered
  std::map<std::pair<Act, std::uint64_t>, std::uint64_t> by_device_;  // of pending ones
  std::unordered_map<std::uint64_t, std::uint64_t> by_modem_;     // resets that a DISCOVER would prove
  std::deque<std::uint64_t> give_up_;                             // pending or not, by when they were posted
  std::deque<std::uint64_t> ended_;                               // by when they ended
  std::deque<std::uint64_t> modems_;                              // jobs that wait to tell a modem
  std::unordered_map<std::uint64_t, Exchange> exchanges_;
  unsigned modems_out_ = 0;
  std::uint64_t last_id_ = 0, last_exchange_ = 0;
  std::int64_t next_ns_ = 0;
  std::vector<Report> reports_;
};

}  // namespace coaxd::snmp
