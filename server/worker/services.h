// services.h: what a worker serves beside DHCP: files by TFTP, and the time of day (RFC 868). It stands between the transport's service sockets, the responder and
// a FileSource, and says in the log what came of it. A worker that serves neither has none. One thread; counters() any, read only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "server/engine/log_event.h"
#include "server/lease/lease_table.h"
#include "server/tftp/responder.h"
#include "server/worker/counters.h"
#include "server/worker/transport.h"

namespace coaxd::worker {

struct ServiceCounters {
  Counter time_answers;  // RFC 868, over UDP
  Counter send_failed;   // datagrams that the kernel refused
};

class Services final : private tftp::Outlet {
 public:
  // Lines of one reason in a second, beyond which refusals are only counted: a stranger must not write our log.
  static constexpr unsigned kLinesPerSecond = 10;

  struct Parts {
    tftp::FileSource* files = nullptr;  // this worker's own; null: no TFTP
    tftp::Settings tftp{};
    bool time = false;                  // to tell the time of day
    bool any() const noexcept { return files != nullptr || time; }
  };
  // Where lines go.
  class Log {
   public:
    virtual void log(const engine::LogEvent& event) = 0;

   protected:
    ~Log() = default;
  };

  Services(const Parts& parts, Transport& transport, const lease::LeaseTable& leases, Log& log, Instant now);

  void on_datagram(Bytes payload, const tftp::Arrival& arrival, Instant now);
  void on_send_failed() noexcept { counters_.send_failed.add(); }
  void on_time(Instant now);
  std::int64_t next_ns() const noexcept;  // when on_time() has something to do

  const ServiceCounters& counters() const noexcept { return counters_; }
  const tftp::Counters* tftp_counters() const noexcept { return responder_ ? &responder_->counters() : nullptr; }  // null: no TFTP

 private:
  MutableBytes room() override { return transport_.service_room(); }
  void send(std::size_t size, const tftp::Departure& departure) override { transport_.send_service(size, departure); }
  void log(const tftp::Event& event) override;

  void tell_time(std::size_t size, const tftp::Arrival& arrival, Instant now);
  bool too_many(tftp::Reason reason) noexcept;
  void name_hardware(Ipv4 client, engine::LogEvent& out) noexcept;

  Transport& transport_;
  const lease::LeaseTable& leases_;
  Log& log_;
  tftp::FileSource* const files_;
  const bool time_;
  std::optional<tftp::Responder> responder_;
  ServiceCounters counters_;
  Instant now_;
  std::int64_t second_ = 0;  // in which these were written
  std::array<unsigned, static_cast<std::size_t>(tftp::Reason::count)> lines_{};
  lease::Binding binding_;
};

}  // namespace coaxd::worker
