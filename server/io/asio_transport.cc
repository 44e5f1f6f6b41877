#include "server/io/asio_transport.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "server/io/clock.h"
#include "server/io/leasequery_share.h"
#include "server/io/service_sends.h"
#include "server/io/transmit_pool.h"

namespace coaxd::io {

namespace {

namespace asio = boost::asio;

constexpr std::size_t kFrameSize = 1600;

class AsioTransport final : public worker::Transport, private store::AsyncDisk {
 public:
  AsioTransport(WorkerSockets& sockets, const InterfaceTable& interfaces, const TransportOptions& options)
      : sockets_(sockets),
        interfaces_(interfaces),
        port_(options.port),
        pool_(options.transmit_buffers),
        outgoing_(options.transmit_buffers),
        timer_(context_),
        disk_thread_(1) {
    queued_.reserve(options.transmit_buffers);
    watch(udp_, sockets.udp);
    watch(discovers_, sockets.discovers);
    watch(leasequeries_, sockets.leasequeries);
    watch(packet_, sockets.packet);
    watch(icmp_, sockets.icmp);
    if (sockets.services.empty()) return;
    services_ = std::make_unique<Services>(sockets.services);
    for (std::size_t place = 0; place < services_->sources.size(); ++place) {
      watch(services_->sources[place], sockets.services.fds()[place]);
    }
  }

  ~AsioTransport() override {
    disk_thread_.join();
    for_each_source([](Source& source) {
      if (source.descriptor) source.descriptor->release();  // the sockets are their owner's to close
    });
  }

  Instant now() override { return clock_.now(); }

  bool wait(worker::Handler& handler, std::int64_t until_mono_ns, Intake intake) override {
    handler_ = &handler;
    delivered_ = 0;
    flush();
    context_.restart();
    const bool packets = intake == Intake::everything;
    if (packets) for_each_source([this](Source& source) { arm(source); });
    if (!(packets && anything_ready())) {
      timer_.expires_after(std::chrono::nanoseconds(std::max<std::int64_t>(0, until_mono_ns - read_monotonic_ns())));
      timer_.async_wait([](const boost::system::error_code&) {});  // only to end run_one()
      context_.run_one();
      timer_.cancel();
    }
    context_.poll();
    if (!packets) return false;
    wall_ns_ = read_wall_ns();
    receive(udp_, kBatch);
    receive(packet_, kBatch - std::min(delivered_, kBatch));
    receive(icmp_, kBatch - std::min(delivered_, kBatch));
    receive(discovers_, std::max(kBatch - std::min(delivered_, kBatch), kLeastDiscovers));
    receive(leasequeries_, share_.take(delivered_, read_monotonic_ns()));
    if (services_) receive_services(std::max(kBatch - std::min(delivered_, kBatch), kLeastServices));
    return delivered_ >= kBatch;
  }

  void flush() override {
    send_all(sockets_.udp, false);
    send_all(sockets_.packet, true);
    queued_.clear();
    if (services_) depart_services();
  }

  void wake() override {
    asio::post(context_, [] {});
  }

  worker::TransmitBuffer take() override { return pool_.take(); }
  void give_back(worker::TransmitBuffer buffer) override { pool_.give_back(buffer.index); }

  void send(worker::TransmitBuffer buffer, std::size_t payload_size, const engine::Departure& departure) override {
    prepare_send(outgoing_[buffer.index], buffer, payload_size, departure, port_);
    queued_.push_back(buffer.index);
  }

  bool send_echo(Ipv4 to, std::uint16_t id, std::uint16_t sequence) override {
    if (sockets_.icmp < 0) return false;
    std::array<std::uint8_t, 16> packet;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(to.value);
    const std::size_t size = write_echo(packet, id, sequence);
    return sendto(sockets_.icmp, packet.data(), size, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&address), sizeof address) >= 0;
  }

  MutableBytes service_room() override {
    if (!services_) return {};
    if (services_->sends.full()) depart_services();
    return services_->sends.room();
  }
  void send_service(std::size_t size, const tftp::Departure& departure) override { services_->sends.queue(size, departure); }

  store::AsyncDisk& disk() override { return *this; }

 private:
  struct Source {
    std::optional<asio::posix::stream_descriptor> descriptor;
    bool armed = false, ready = false;
  };

  // What only a worker has that serves files or the time.
  struct Services {
    explicit Services(const ServiceSockets& sockets) : sources(sockets.fds().size()), sends(sockets) {}
    std::vector<Source> sources;
    ServiceSends sends;
    std::array<std::uint8_t, kBatch> came{};  // by place in Places: the number of its socket
    std::size_t first = 0;  // source of the next turn
  };

  // One recvmmsg's worth of places.
  struct Places {
    std::array<std::array<std::uint8_t, kFrameSize>, kBatch> data;
    std::array<std::array<std::uint8_t, kControlSize>, kBatch> control;
    std::array<sockaddr_storage, kBatch> from;
    std::array<iovec, kBatch> vectors;
    std::array<mmsghdr, kBatch> messages;
  };

  void watch(Source& source, int fd) {
    if (fd >= 0) source.descriptor.emplace(context_, fd);
  }

  void arm(Source& source) {
    if (!source.descriptor || source.armed || source.ready) return;
    source.armed = true;
    source.descriptor->async_wait(asio::posix::stream_descriptor::wait_read, [&source](const boost::system::error_code& error) {
      source.armed = false;
      source.ready = !error;
    });
  }

  bool anything_ready() noexcept {
    bool ready = false;
    for_each_source([&](const Source& source) { ready |= source.ready; });
    return ready;
  }

  template <typename F>
  void for_each_source(F f) {
    for (Source* source : {&udp_, &discovers_, &leasequeries_, &packet_, &icmp_}) f(*source);
    if (services_)
      for (Source& source : services_->sources) f(source);
  }

  void receive(Source& source, std::size_t most) {
    if (!source.ready || most == 0) return;
    const std::size_t count = take_in(source, 0, most);
    for (std::size_t i = 0; i < count; ++i) deliver(source, i);
    delivered_ += count;
  }

  // Into the places from `first` on; a source that still had something stays ready. How many.
  std::size_t take_in(Source& source, std::size_t first, std::size_t most) {
    for (std::size_t i = first; i < first + most; ++i) {
      places_->vectors[i] = {places_->data[i].data(), kFrameSize};
      msghdr& m = places_->messages[i].msg_hdr;
      m = {};
      m.msg_name = &places_->from[i];
      m.msg_namelen = sizeof(sockaddr_storage);
      m.msg_iov = &places_->vectors[i];
      m.msg_iovlen = 1;
      m.msg_control = places_->control[i].data();
      m.msg_controllen = kControlSize;
    }
    const int count = recvmmsg(source.descriptor->native_handle(), places_->messages.data() + first, static_cast<unsigned>(most), MSG_DONTWAIT, nullptr);
    source.ready = count == static_cast<int>(most);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

  // From all sockets. Requests go behind acknowledgements: one of them may be of the transfer before.
  void receive_services(std::size_t most) {
    Services& services = *services_;
    std::size_t taken = 0;
    for (std::size_t i = 0; i < services.sources.size(); ++i) {
      const std::size_t place = (services.first + i) % services.sources.size();
      if (!services.sources[place].ready || taken == most) continue;
      const std::size_t end = taken + take_in(services.sources[place], taken, most - taken);
      for (; taken < end; ++taken) {
        services.came[taken] = sockets_.services.number_of(place);
      }
    }
    services.first = (services.first + 1) % services.sources.size();  // where there is more than one turn takes, none is always last
    for (const bool requests : {false, true}) {
      for (std::size_t i = 0; i < taken; ++i) {
        if ((services.came[i] == 0) == requests) deliver_service(i, services.came[i]);
      }
    }
  }
  void deliver_service(std::size_t i, std::uint8_t socket) {
    mmsghdr& m = places_->messages[i];
    if ((m.msg_hdr.msg_flags & MSG_TRUNC) != 0) return;  // nothing that anybody sends us is so long
    const auto& from = reinterpret_cast<const sockaddr_in&>(places_->from[i]);
    handler_->on_service({places_->data[i].data(), m.msg_len}, read_service(from, m.msg_hdr, socket, interfaces_));
  }

  void depart_services() {
    services_->sends.depart([this](int error) {
      if (handler_ != nullptr) handler_->on_service_send_failed(error);
    });
  }

  void deliver(Source& source, std::size_t i) {
    mmsghdr& m = places_->messages[i];
    const Bytes data{places_->data[i].data(), m.msg_len};
    if ((m.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      handler_->on_discarded(engine::DropReason::bad_frame);
      return;
    }
    if (&source == &icmp_) {
      if (const EchoReply echo = read_echo(data); echo.valid) handler_->on_echo_reply(echo.from, echo.id, echo.sequence);
      return;
    }
    Received received =
        &source == &packet_
            ? read_frame(data, reinterpret_cast<const sockaddr_ll&>(places_->from[i]), m.msg_hdr, port_, wall_ns_, interfaces_)
            : read_udp(data, reinterpret_cast<const sockaddr_in&>(places_->from[i]), m.msg_hdr, wall_ns_, interfaces_);
    if (received.discard != engine::DropReason::none) {
      handler_->on_discarded(received.discard);
    } else {
      if (&source == &discovers_) received.arrival.queue = engine::Arrival::Queue::discovers;
      if (&source == &leasequeries_) received.arrival.queue = engine::Arrival::Queue::leasequeries;
      handler_->on_datagram(received.payload, received.arrival);
    }
  }

  void send_all(int fd, bool by_packet) {
    std::array<mmsghdr, kBatch> batch;
    std::array<std::uint32_t, kBatch> indices;
    std::size_t count = 0;
    const auto submit = [&] {
      for (std::size_t done = 0; done < count;) {
        const int sent = sendmmsg(fd, batch.data() + done, static_cast<unsigned>(count - done), MSG_DONTWAIT);
        if (sent > 0) {
          done += static_cast<std::size_t>(sent);
        } else {
          if (handler_ != nullptr) handler_->on_send_failed(errno);
          ++done;  // the first of the rest could not be sent; the others may
        }
      }
      for (std::size_t i = 0; i < count; ++i) pool_.give_back(indices[i]);
      count = 0;
    };
    for (const std::uint32_t index : queued_) {
      Outgoing& out = outgoing_[index];
      if (out.by_packet != by_packet) continue;
      batch[count].msg_hdr = out.message;
      indices[count] = index;
      if (++count == kBatch) submit();
    }
    if (count > 0) submit();
  }

  // --- AsyncDisk ---

  void write(store::FileHandle file, std::uint64_t offset, Bytes data, bool sync, std::uint64_t token) override {
    asio::post(disk_thread_, [this, file, offset, data, sync, token] {
      int result = 0;
      for (std::size_t done = 0; done < data.size() && result == 0;) {
        const ssize_t written = pwrite(file, data.data() + done, data.size() - done, static_cast<off_t>(offset + done));
        if (written > 0) {
          done += static_cast<std::size_t>(written);
        } else if (errno != EINTR) {
          result = written == 0 ? -ENOSPC : -errno;
        }
      }
      if (result == 0 && sync && fdatasync(file) != 0) result = -errno;
      asio::post(context_, [this, token, result] { handler_->on_disk(token, result); });
    });
  }

  WorkerSockets& sockets_;
  const InterfaceTable& interfaces_;
  const std::uint16_t port_;
  Clock clock_;
  TransmitPool pool_;
  std::vector<Outgoing> outgoing_;
  std::vector<std::uint32_t> queued_;
  std::unique_ptr<Places> places_ = std::make_unique<Places>();

  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> keep_running_{context_.get_executor()};
  Source udp_, discovers_, leasequeries_, packet_, icmp_;
  LeasequeryShare share_;
  std::unique_ptr<Services> services_;  // null: off
  asio::steady_timer timer_;
  worker::Handler* handler_ = nullptr;
  std::size_t delivered_ = 0;
  std::int64_t wall_ns_ = 0;  // when the packets of this turn were taken
  asio::thread_pool disk_thread_;
};

}  // namespace

std::unique_ptr<worker::Transport> make_asio_transport(WorkerSockets& sockets, const InterfaceTable& interfaces,
                                                       const TransportOptions& options) {
  return std::make_unique<AsioTransport>(sockets, interfaces, options);
}

}  // namespace coaxd::io
