// switch.h: the quarantine switch. An order becomes a case in one step: decided (guards), durable (cases.h), then published to the packets (subscriber/confined.h);
// then the effects are asked for: leasequery's followers are told, the CMTS forgets the machine, the modem starts anew. Release is the same road back.
//
// Threads: the control thread's, all of it; packets see only what is published. No clock, no socket: it is told the time, so equal orders give equal cases.
// Orders are taken in batches with one commit for all: a thousand a second are a few commits.
// Errors: a Refusal says why in a sentence that the API gives as it is.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/quarantine/case.h"
#include "server/quarantine/policy.h"
#include "server/subscriber/confined.h"

namespace coaxd::quarantine {

struct Refusal {
  enum class Kind : std::uint8_t {
    bad_order,        // 400
    not_found,        // 404: no such lease at that time, no such case
    never,            // 409: the never-list
    no_pool,          // 409: his network has no pool for members of "quarantine"
    too_many,         // 409: the share is used up; an alarm as well
    not_allowed,      // 403: more self-releases than the policy allows, or too soon
    too_fast,         // 429: of this source
    store_failed,     // 503
  };
  Kind kind = Kind::bad_order;
  std::string text{};
};

struct Outcome {
  enum class Kind : std::uint8_t {
    confined,  // 201: a new case
    known,     // 200: the case there was, with one alert more
    noted,     // 202: recorded, not acted upon: below the threshold, in the grace time, too old, dry run; `text` says which
  };
  Kind kind = Kind::confined;
  std::uint64_t points = 0;  // of the threshold
  std::string text{};
  Case what{};               // of `noted`: as it would have been; id 0
};
using Result = std::expected<Outcome, Refusal>;

// Where the switch looks for whom an order means.
class Plant {
 public:
  virtual ~Plant() = default;
  // Who had the subject's address at `at` (0: now), or what else is meant. The error says which lease was looked for, and when it ended.
  virtual std::expected<Found, std::string> find(const Subject& subject, WallMillis at) = 0;
  // The addresses whose holders are confined and that do not count any more, a piece of the table at a time: `place` begins at 0. True: that was the last piece.
  using Sink = std::function<void(CaseId id, Ipv4 address, std::string_view hardware)>;
  virtual bool look_for_addresses(const subscriber::Confined& confined, std::uint64_t& place, const Sink& found) = 0;
  // Whether his network has a pool for members of "quarantine"; an address that is not known has one if any network has.
  virtual bool has_garden(const std::optional<Ipv4>& address) = 0;
  // The never-listed class that he is in; "": none. Read from his lease.
  virtual std::string in_class(const Found& found, const std::vector<std::string>& classes) = 0;
  virtual std::uint64_t subscribers() = 0;
};

// What happens in the world. Nothing waits for it; what became of it comes back by saw() and reset_is().
class Effects {
 public:
  virtual ~Effects() = default;
  // Says when that was.
  virtual WallMillis publish(std::shared_ptr<const subscriber::Confined> confined) = 0;
  // These addresses stand otherwise than before (leasequery::TcpServer::changed).
  virtual void changed(std::span<const Ipv4> addresses) = 0;
  // At the CMTS of that address: forget the machine; start the modem anew.
  virtual void reset_machine(CaseId id, std::string_view hardware, Ipv4 address) = 0;
  virtual void bounce_modem(CaseId id, subscriber::Mac modem, const std::optional<Ipv4>& address) = 0;
  // For `GET /v1/events`, the log and the alarms: "quarantine", "release", "expire", "alert", "refused", "effect", "reset", "too-many".
  virtual void tell(std::string_view kind, const Case& what, const Step& step) = 0;
};

// Where cases survive: case_store.h.
class Cases {
 public:
  virtual ~Cases() = default;
  // Cases that are active, those that ended within `since`, and the next numbers.
  struct Loaded {
    std::vector<Case> cases{};
    CaseId next_case = 1;
    std::uint64_t next_step = 1;
  };
  virtual std::expected<Loaded, std::string> load(WallMillis ended_since) = 0;
  // All of it or nothing, durable when it returns.
  virtual std::expected<void, std::string> write(std::span<const Case> cases, std::span<const Step> steps) = 0;
  virtual std::expected<std::vector<Step>, std::string> steps(CaseId id) = 0;
  // Ended ones too, newest first, below `before` (0: from the newest).
  virtual std::expected<std::vector<Case>, std::string> list(CaseId before, std::size_t most, bool active_only) = 0;
};

class Switch {
 public:
  // All outlive it.
  Switch(Policy policy, Plant& plant, Cases& cases, Effects& effects);
  ~Switch();

  // Before packets: what was active is again, from the first one.
  std::expected<void, std::string> load(WallMillis now);
  void use(Policy policy);

  // One commit for all of them. Results in their order.
  std::vector<Result> order(std::span<const Order> orders, WallMillis now);
  std::expected<Case, Refusal> release(CaseId id, const Actor& by, std::string_view why, WallMillis now);
  // By the user himself, from the address he has now: within the policy's limits.
  std::expected<Case, Refusal> release_himself(Ipv4 address, WallMillis now);

  // Active, or ended not long ago. Null: neither (Cases has it, if it ever was).
  const Case* find(CaseId id) const;
  // Whose page an address sees: the active case of the holder of that address. Null: none.
  const Case* of_address(Ipv4 address, WallMillis now);
  std::vector<const Case*> active() const;  // oldest first
  // Ended since then, of one machine, and not yet seen with an address of the usual ones.
  std::vector<const Case*> not_back_since(WallMillis then) const;
  // How many times he may release himself still, and from when.
  struct SelfRelease {
    std::uint32_t left = 0;
    WallMillis from = 0;
  };
  SelfRelease self_release(const Case& what, WallMillis now) const;

  // Ends what has its time; looks for addresses that came to a case since. A few times a second.
  void tick(WallMillis now);
  // An effect was seen.
  void saw(CaseId id, Effect effect, WallMillis at, const std::optional<Ipv4>& address = {});
  void reset_is(CaseId id, std::string_view state, std::string_view text, WallMillis at);

  struct Tally {
    std::uint64_t orders = 0, confined = 0, known = 0, noted = 0, refused = 0, released = 0, self_released = 0, expired = 0, active = 0;
    bool share_used_up = false;  // the alarm
  };
  const Tally& tally() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace coaxd::quarantine
