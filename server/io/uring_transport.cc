// How a turn goes: wait() submits what is queued and sleeps until a completion or the time; then it looks at every completion once. A
// datagram's provided buffer goes back to the kernel right after the handler saw it. Work queued by the handler (sends, a journal write)
// is submitted by the next wait() or flush(), so a batch of packets costs one system call.
//
// user_data: kind in the top octet, an index or token below.
#include "server/io/uring_transport.h"

#include <liburing.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "server/base/assert.h"
#include "server/io/clock.h"
#include "server/io/send_train.h"
#include "server/io/leasequery_share.h"
#include "server/io/service_sends.h"
#include "server/io/transmit_pool.h"

namespace coaxd::io {

namespace {

enum class Kind : std::uint64_t { udp = 1, discovers, leasequeries, packet, icmp, wake, send, train, echo, write, service };

constexpr std::uint64_t tag(Kind kind, std::uint64_t value = 0) noexcept { return (static_cast<std::uint64_t>(kind) << 56) | value; }

// One provided buffer: io_uring_recvmsg_out, the sender's address, ancillary data, a train of datagrams. Few, so that they stay in the
// processor's cache, and pages that no train has reached take no memory; the sockets' own buffers are where bursts wait.
constexpr std::size_t kBufferSize = 66 << 10;
constexpr std::uint16_t kBuffers = 256, kLaneBuffers = 64;  // powers of two
// Of TFTP and the time of day: no trains, and no datagram that counts is larger than an Ethernet packet.
constexpr std::size_t kServiceBufferSize = 2 << 10;
constexpr std::uint16_t kServiceBuffers = 256;
// Submissions of one turn: a reply for each datagram of a batch, the journal's write, re-arming, echoes. Full: submit early.
constexpr unsigned kEntries = 1024;
// Multishot completions wait here; the kernel drops none (IORING_FEAT_NODROP) but an overflow costs.
constexpr unsigned kCompletions = 8192;
// Datagrams are looked at so many together, and as many ahead: the time of deciding on so many is longer than memory takes.
constexpr std::size_t kTogether = engine::kComing;
constexpr std::size_t kWrites = 8;  // a journal has one write in flight, its retry probe another
constexpr std::size_t kEchoes = 64;
// Most trains of replies on their way at once: a whole journal batch's and a turn's; beyond it replies travel alone.
constexpr std::size_t kTrains = 128;

struct Write {
  std::uint64_t token = 0;
  std::size_t size = 0;
  bool used = false;
};

// A group of buffers from which the kernel takes one for each message that it has received.
template <std::size_t kSize>
class BuffersOf {
 public:
  BuffersOf(std::uint16_t group, std::uint16_t count)
      : group_(group), count_(count), octets_(std::make_unique_for_overwrite<std::uint8_t[]>(count * kSize)) {}

  std::uint16_t group() const noexcept { return group_; }
  std::uint8_t* at(std::uint16_t index) noexcept { return octets_.get() + index * kSize; }

  void hand_over(io_uring& ring) {
    void* memory = mmap(nullptr, size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    COAXD_ASSERT(memory != MAP_FAILED);
    shared_ = static_cast<io_uring_buf_ring*>(memory);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(memory);
    registration.ring_entries = count_;
    registration.bgid = group_;
    COAXD_ASSERT(io_uring_register_buf_ring(&ring, &registration, 0) == 0);
    io_uring_buf_ring_init(shared_);
    for (std::uint16_t i = 0; i < count_; ++i) recycle(i);
  }
  void take_back(io_uring& ring) {
    if (shared_ == nullptr) return;
    io_uring_unregister_buf_ring(&ring, group_);
    munmap(shared_, size());
  }
  void recycle(std::uint16_t index) {
    io_uring_buf_ring_add(shared_, at(index), kSize, index, io_uring_buf_ring_mask(count_), 0);
    io_uring_buf_ring_advance(shared_, 1);
  }

 private:
  std::size_t size() const noexcept { return count_ * sizeof(io_uring_buf); }

  const std::uint16_t group_, count_;
  std::unique_ptr<std::uint8_t[]> octets_;
  io_uring_buf_ring* shared_ = nullptr;
};
using ReceiveBuffers = BuffersOf<kBufferSize>;

struct Postponed {  // a message that was received and is to be delivered later
  Kind kind;
  std::uint16_t buffer;
  int size;
};

// A socket whose datagrams go behind the requests of the same batch, whenever they came.
struct Lane {
  explicit Lane(std::uint16_t group) : buffers(group, kLaneBuffers) { waiting.reserve(kLaneBuffers); }
  bool waits() const noexcept { return next < waiting.size(); }

  ReceiveBuffers buffers;
  std::vector<Postponed> waiting;
  std::size_t next = 0;  // of them
  std::size_t torn = 0;  // so many datagrams of its train had their turn
  bool ended = false;    // armed again when none waits: their buffers are back then
};

// What only a worker has that serves files or the time.
struct Services {
  static constexpr std::size_t kMost = kMostTransferPorts + 2;
  Services(std::uint16_t group, const ServiceSockets& sockets) : buffers(group, kServiceBuffers), sends(sockets) {
    waiting.reserve(kServiceBuffers);
    requests.reserve(kServiceBuffers);
  }

  struct Waiting {
    std::uint8_t place;  // in ServiceSockets
    std::uint16_t buffer;
    int size;
  };
  BuffersOf<kServiceBufferSize> buffers;
  ServiceSends sends;
  std::vector<Waiting> waiting;   // turn by turn
  std::vector<Waiting> requests;  // of this turn: they go behind its acknowledgements
  std::size_t next = 0;           // of those that wait
  std::uint32_t ended = 0;        // a bit for each place: armed again when none waits, their buffers are back then
};
static_assert(Services::kMost <= 32);

class UringTransport final : public worker::Transport, private store::AsyncDisk {
 public:
  UringTransport(WorkerSockets& sockets, const InterfaceTable& interfaces, const TransportOptions& options)
      : sockets_(sockets),
        interfaces_(interfaces),
        port_(options.port),
        trains_wanted_(options.trains),
        pool_(options.transmit_buffers),
        outgoing_(options.transmit_buffers) {
    postponed_.reserve(kBuffers);
    receive_header_.msg_namelen = sizeof(sockaddr_storage);
    receive_header_.msg_controllen = kControlSize;
    if (!sockets_.services.empty()) services_ = std::make_unique<Services>(std::uint16_t{3}, sockets_.services);
  }

  ~UringTransport() override {
    if (ring_up_) {
      buffers_.take_back(ring_);
      for (Lane* lane : {&discovers_, &leasequeries_}) lane->buffers.take_back(ring_);
      if (services_) services_->buffers.take_back(ring_);
      io_uring_queue_exit(&ring_);
    }
    if (wake_fd_ >= 0) close(wake_fd_);
  }

  int open() {
    if (const int lacking = missing_features(); lacking != 0) return lacking;
    wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd_ < 0) return errno;
    io_uring_params params{};
    params.flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_R_DISABLED;
    params.cq_entries = kCompletions;
    int result = io_uring_queue_init_params(kEntries, &ring_, &params);
    if (result == -EINVAL) {  // before Linux 6.1
      params = {};
      params.flags = IORING_SETUP_CQSIZE | IORING_SETUP_R_DISABLED;
      params.cq_entries = kCompletions;
      result = io_uring_queue_init_params(kEntries, &ring_, &params);
    }
    if (result < 0) return -result;
    ring_up_ = true;
    return 0;
  }

  Instant now() override { return clock_.now(); }

  bool wait(worker::Handler& handler, std::int64_t until_mono_ns, Intake intake) override {
    if (!started_) start();
    handler_ = &handler;
    depart();
    intake_ = intake;
    delivered_ = 0;
    wall_ns_ = read_wall_ns();
    const bool everything = intake == Intake::everything;
    if (everything) deliver_postponed();
    if (!postponed_.empty()) intake_ = Intake::completions;  // what is newer stands behind it
    const bool work = everything && (discovers_.waits() || leasequeries_.waits() || services_wait());
    if (delivered_ == 0 && !work && io_uring_cq_ready(&ring_) == 0) {
      sleep(until_mono_ns);
      wall_ns_ = read_wall_ns();
    } else {
      // There is work already: let the kernel run what it has finished meanwhile, without sleeping.
      io_uring_submit_and_get_events(&ring_);
    }
    reap();
    if (everything) {
      deliver_lane(discovers_, Kind::discovers, std::max(kBatch, delivered_ + kLeastDiscovers));
      // The kernel's threads that write the journal run on this core as well: a worker that has always something to do must let them.
      if (delivered_ == 0 && leasequeries_.waits()) sched_yield();
      deliver_lane(leasequeries_, Kind::leasequeries, delivered_ + share_.take(delivered_, wall_ns_));
      if (services_) deliver_services();
    }
    return delivered_ >= kBatch;
  }

  void flush() override {
    depart();
    if (io_uring_sq_ready(&ring_) > 0) io_uring_submit(&ring_);
  }

  void wake() override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
  }

  worker::TransmitBuffer take() override { return pool_.take(); }
  void give_back(worker::TransmitBuffer buffer) override { pool_.give_back(buffer.index); }

  void send(worker::TransmitBuffer buffer, std::size_t payload_size, const engine::Departure& departure) override {
    if (may_join(departure) && trains_.join(buffer, payload_size, departure, [this](SendTrain& train) { depart(train); })) return;
    send_alone(buffer, payload_size, departure);
  }

  bool send_echo(Ipv4 to, std::uint16_t id, std::uint16_t sequence) override {
    if (sockets_.icmp < 0) return false;
    const auto echo = std::find_if(echoes_.begin(), echoes_.end(), [](const Echo& e) { return !e.used; });
    if (echo == echoes_.end()) return false;
    echo->used = true;
    echo->address = {};
    echo->address.sin_family = AF_INET;
    echo->address.sin_addr.s_addr = htonl(to.value);
    echo->data = {echo->packet.data(), write_echo(echo->packet, id, sequence)};
    echo->message = {};
    echo->message.msg_name = &echo->address;
    echo->message.msg_namelen = sizeof echo->address;
    echo->message.msg_iov = &echo->data;
    echo->message.msg_iovlen = 1;
    queue(kIcmpFile, echo->message, tag(Kind::echo, static_cast<std::uint64_t>(echo - echoes_.begin())));
    return true;
  }

  MutableBytes service_room() override {
    if (!services_) return {};
    if (services_->sends.full()) depart_services();
    return services_->sends.room();
  }
  void send_service(std::size_t size, const tftp::Departure& departure) override { services_->sends.queue(size, departure); }

  store::AsyncDisk& disk() override { return *this; }

 private:
  struct Echo {
    sockaddr_in address;
    iovec data;
    msghdr message;
    std::array<std::uint8_t, 16> packet;
    bool used = false;
  };

  // Multishot recvmsg came with Linux 6.0, as did SEND_ZC, which the kernel can be asked about; provided-buffer rings with 5.19.
  static int missing_features() {
    io_uring_probe* probe = io_uring_get_probe();
    if (probe == nullptr) return ENOSYS;
    const bool complete = io_uring_opcode_supported(probe, IORING_OP_SEND_ZC) != 0;
    io_uring_free_probe(probe);
    return complete ? 0 : ENOSYS;
  }

  // First use, in the worker's own thread.
  void start() {
    started_ = true;
    // liburing 2.3 declares io_uring_enable_rings() but does not export it.
    COAXD_ASSERT(syscall(__NR_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0) >= 0);
    // Registered once, so that the kernel need not look them up and count references for every packet.
    files_ = {sockets_.udp, sockets_.discovers, sockets_.leasequeries, sockets_.packet, sockets_.icmp, wake_fd_};
    files_.insert(files_.end(), sockets_.services.fds().begin(), sockets_.services.fds().end());
    COAXD_ASSERT(io_uring_register_files(&ring_, files_.data(), static_cast<unsigned>(files_.size())) == 0);
    // A CMTS is one relay for thousands of modems: what it sends in a burst may come up the stack as one message. A kernel that cannot
    // do it says so, and each datagram comes by itself.
    const int together = 1;
    for (const int fd : {sockets_.udp, sockets_.discovers, sockets_.leasequeries}) setsockopt(fd, SOL_UDP, UDP_GRO, &together, sizeof together);
    buffers_.hand_over(ring_);
    for (Lane* lane : {&discovers_, &leasequeries_}) lane->buffers.hand_over(ring_);
    for (const Kind kind : {Kind::udp, Kind::discovers, Kind::leasequeries, Kind::packet, Kind::icmp, Kind::wake}) arm(kind);
    if (!services_) return;
    services_->buffers.hand_over(ring_);
    for (std::size_t place = 0; place < sockets_.services.fds().size(); ++place) arm_service(place);
  }

  io_uring_sqe* next_entry() {
    while (io_uring_sq_space_left(&ring_) == 0) {
      const int submitted = io_uring_submit(&ring_);
      COAXD_ASSERT(submitted > 0 || submitted == -EAGAIN);  // io_uring_enter(2): EAGAIN, the kernel has no memory just now
    }
    return io_uring_get_sqe(&ring_);
  }

  bool may_join(const engine::Departure& departure) const noexcept {
    if (departure.kind != engine::Departure::Kind::routed || trains_wanted_ == config::ReplyTrains::never) return false;
    return trains_wanted_ == config::ReplyTrains::always || departure.interface->card;
  }

  void send_alone(worker::TransmitBuffer buffer, std::size_t payload_size, const engine::Departure& departure) {
    Outgoing& out = outgoing_[buffer.index];
    prepare_send(out, buffer, payload_size, departure, port_);
    queue(out.by_packet ? kPacketFile : kUdpFile, out.message, tag(Kind::send, buffer.index));
  }

  // What was gathered.
  void depart() {
    depart_trains();
    if (services_) depart_services();
  }
  void depart_services() {
    services_->sends.depart([this](int error) {
      if (handler_ != nullptr) handler_->on_service_send_failed(error);
    });
  }
  void depart(SendTrain& train) { queue(kUdpFile, train.message(), tag(Kind::train, trains_.number(train))); }
  void depart_trains() {
    trains_.depart_all([this](SendTrain& train) { depart(train); });
  }

  void queue(int file, msghdr& message, std::uint64_t user_data) {
    io_uring_sqe* entry = next_entry();
    io_uring_prep_sendmsg(entry, file, &message, MSG_DONTWAIT);
    entry->flags |= IOSQE_FIXED_FILE;
    entry->user_data = user_data;
  }

  void train_done(SendTrain& train, int result) {
    // What cannot be cut may still be sent whole: replies beyond the way's MTU (EINVAL, EMSGSIZE) as fragments. EIO: the card can do no
    // checksums, or the way is IPsec's, and so it stays.
    if (result == -EIO) trains_.turn_off();
    const bool alone = result < 0 && train.buffers().size() > 1;
    for (const std::uint32_t index : train.buffers()) {
      if (alone) {
        send_alone(pool_.at(index), train.reply_size(), train.departure());
      } else {
        pool_.give_back(index);
      }
    }
    if (result < 0 && !alone) handler_->on_send_failed(-result);
    trains_.give_back(train);
  }

  void arm(Kind kind) {
    const auto file = static_cast<int>(kind) - static_cast<int>(Kind::udp);
    if (files_[static_cast<std::size_t>(file)] < 0) return;
    io_uring_sqe* entry = next_entry();
    if (kind == Kind::wake) {
      io_uring_prep_read(entry, file, &wake_value_, sizeof wake_value_, 0);
      entry->flags |= IOSQE_FIXED_FILE;
    } else {
      io_uring_prep_recvmsg_multishot(entry, file, &receive_header_, 0);
      entry->flags |= IOSQE_BUFFER_SELECT | IOSQE_FIXED_FILE;
      entry->buf_group = buffers_of(kind).group();
    }
    entry->user_data = tag(kind);
  }

  void arm_service(std::size_t place) {
    io_uring_sqe* entry = next_entry();
    io_uring_prep_recvmsg_multishot(entry, kServiceFiles + static_cast<int>(place), &receive_header_, 0);
    entry->flags |= IOSQE_BUFFER_SELECT | IOSQE_FIXED_FILE;
    entry->buf_group = services_->buffers.group();
    entry->user_data = tag(Kind::service, place);
  }

  ReceiveBuffers& buffers_of(Kind kind) noexcept {
    return kind == Kind::discovers ? discovers_.buffers : kind == Kind::leasequeries ? leasequeries_.buffers : buffers_;
  }

  void sleep(std::int64_t until_mono_ns) {
    const std::int64_t left = std::max<std::int64_t>(0, until_mono_ns - read_monotonic_ns());
    __kernel_timespec time{left / 1'000'000'000, left % 1'000'000'000};
    io_uring_cqe* first = nullptr;
    io_uring_submit_and_wait_timeout(&ring_, &first, 1, &time, nullptr);
  }

  void reap() {
    const unsigned ready = io_uring_cq_ready(&ring_);
    unsigned seen = 0;
    for (; seen < ready && (delivered_ < kBatch || intake_ == Intake::completions); ++seen) {
      look_ahead(seen, ready, [this](std::size_t i) { return payload_of(completion(static_cast<unsigned>(i))); });
      const io_uring_cqe& one = completion(seen);
      handle(one.user_data, one.res, one.flags);
    }
    io_uring_cq_advance(&ring_, seen);
  }

  // The one `ahead` of the first that was not seen yet.
  const io_uring_cqe& completion(unsigned ahead) const noexcept {
    return ring_.cq.cqes[(*ring_.cq.khead + ahead) & ring_.cq.ring_mask];
  }

  // Before the one at `at` is delivered: shows the handler some of those behind it.
  template <typename PayloadAt>
  void look_ahead(std::size_t at, std::size_t end, PayloadAt payload_at) {
    if (at % kTogether != 0) return;
    for (std::size_t from = at == 0 ? 0 : at + kTogether; from < std::min(at + 2 * kTogether, end); from += kTogether) {
      std::array<Bytes, kTogether> coming;
      std::size_t count = 0;
      for (std::size_t i = from; i < std::min(from + kTogether, end); ++i) {
        if (const Bytes payload = payload_at(i); !payload.empty()) coming[count++] = payload;
      }
      handler_->on_coming(std::span(coming).first(count));
    }
  }

  // Empty: no datagram of the UDP socket.
  Bytes payload_of(const io_uring_cqe& one) noexcept {
    if (static_cast<Kind>(one.user_data >> 56) != Kind::udp || (one.flags & IORING_CQE_F_BUFFER) == 0 || one.res < 0) return {};
    return payload_of(Kind::udp, static_cast<std::uint16_t>(one.flags >> IORING_CQE_BUFFER_SHIFT), one.res);
  }
  Bytes payload_of(Kind kind, std::uint16_t index, int size) noexcept {
    io_uring_recvmsg_out* out = io_uring_recvmsg_validate(buffers_of(kind).at(index), size, &receive_header_);
    return out != nullptr ? payload_of(out, size) : Bytes{};
  }

  Bytes payload_of(io_uring_recvmsg_out* out, int size) noexcept {
    return {static_cast<const std::uint8_t*>(io_uring_recvmsg_payload(out, &receive_header_)),
            io_uring_recvmsg_payload_length(out, size, &receive_header_)};
  }

  void handle(std::uint64_t user_data, int result, std::uint32_t flags) {
    const Kind kind = static_cast<Kind>(user_data >> 56);
    const std::uint64_t value = user_data & 0x00ffffffffffffffu;
    switch (kind) {
      case Kind::discovers:
      case Kind::leasequeries: {
        Lane& lane = kind == Kind::discovers ? discovers_ : leasequeries_;
        if ((flags & IORING_CQE_F_BUFFER) != 0) lane.waiting.push_back({kind, static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT), result});
        lane.ended = (flags & IORING_CQE_F_MORE) == 0;
        return;
      }
      case Kind::udp:
      case Kind::packet:
      case Kind::icmp:
        if ((flags & IORING_CQE_F_BUFFER) != 0) {
          const auto index = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
          if (intake_ == Intake::completions) {
            postponed_.push_back({kind, index, result});
          } else {
            deliver_and_recycle({kind, index, result});
          }
        }
        // Without MORE the kernel has ended the multishot: no buffer was free (the socket's own buffer keeps the packets), or an error that
        // a UDP socket reports once (an ICMP unreachable).
        if ((flags & IORING_CQE_F_MORE) != 0) return;
        // Buffers that wait with postponed datagrams come back with the next ordinary turn; until then arming would only spin.
        if (intake_ == Intake::completions) {
          ended_.push_back(kind);
        } else {
          arm(kind);
        }
        return;
      case Kind::wake:
        arm(Kind::wake);
        return;
      case Kind::send:
        pool_.give_back(static_cast<std::uint32_t>(value));
        if (result < 0) handler_->on_send_failed(-result);
        return;
      case Kind::train:
        train_done(trains_.at(value), result);
        return;
      case Kind::echo:
        echoes_[value].used = false;
        return;
      case Kind::write:
        write_done(writes_[value], result);
        return;
      case Kind::service:
        if ((flags & IORING_CQE_F_BUFFER) != 0) {
          // The kernel hands over one socket's after another's: a request would overtake the ACK that came before it, of the transfer before. It still
          // may, rarely, where the ACK came while another socket was read; the responder is ready for that.
          (value == 0 ? services_->requests : services_->waiting)
              .push_back({static_cast<std::uint8_t>(value), static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT), result});
        }
        if ((flags & IORING_CQE_F_MORE) == 0) services_->ended |= 1u << value;
        return;
    }
  }

  void deliver_and_recycle(const Postponed& one) {
    if (one.size >= 0) deliver(one.kind, one.buffer, one.size);
    buffers_of(one.kind).recycle(one.buffer);
  }

  // What came as one train is delivered from the datagram at `from` on, and at most so many of it. Where to go on: 0, it is done.
  std::size_t deliver(Kind kind, std::uint16_t index, int size, std::size_t from = 0, std::size_t most = kWholeTrain) {
    io_uring_recvmsg_out* out = io_uring_recvmsg_validate(buffers_of(kind).at(index), size, &receive_header_);
    if (out == nullptr || (out->flags & MSG_TRUNC) != 0) {
      handler_->on_discarded(engine::DropReason::bad_frame);
      return 0;
    }
    const Bytes payload = payload_of(out, size);
    if (kind == Kind::icmp) {
      if (const EchoReply echo = read_echo(payload); echo.valid) handler_->on_echo_reply(echo.from, echo.id, echo.sequence);
      return 0;
    }
    msghdr control = control_of(out);
    const void* name = io_uring_recvmsg_name(out);
    Received received =
        kind == Kind::packet ? read_frame(payload, *static_cast<const sockaddr_ll*>(name), control, port_, wall_ns_, interfaces_)
                             : read_udp(payload, *static_cast<const sockaddr_in*>(name), control, wall_ns_, interfaces_);
    if (received.discard != engine::DropReason::none) {
      ++delivered_;
      handler_->on_discarded(received.discard);
      return 0;
    }
    if (kind == Kind::discovers) received.arrival.queue = engine::Arrival::Queue::discovers;
    if (kind == Kind::leasequeries) received.arrival.queue = engine::Arrival::Queue::leasequeries;
    return deliver_each(received.payload, kind == Kind::packet ? received.payload.size() : datagram_size(control, payload.size()), received.arrival, from, most);
  }

  // A train is datagrams of one size, the last of which may be shorter; mostly there is just one.
  std::size_t deliver_each(Bytes payload, std::size_t size, const engine::Arrival& arrival, std::size_t from, std::size_t most) {
    const std::size_t count = payload.size() <= size ? 1 : (payload.size() + size - 1) / size;
    const auto at = [&](std::size_t i) { return payload.subspan(i * size, std::min(size, payload.size() - i * size)); };
    const std::size_t end = from + std::min(count - std::min(count, from), most);
    for (std::size_t i = from; i < end; ++i) {
      if (count > 1) look_ahead(i, count, at);
      ++delivered_;
      handler_->on_datagram(at(i), arrival);
    }
    return end < count ? end : 0;
  }

  void deliver_postponed() {
    std::size_t next = 0;
    for (; next < postponed_.size() && delivered_ < kBatch; ++next) deliver_and_recycle(postponed_[next]);
    postponed_.erase(postponed_.begin(), postponed_.begin() + static_cast<std::ptrdiff_t>(next));
    if (!postponed_.empty()) return;
    for (const Kind kind : ended_) arm(kind);
    ended_.clear();
  }

  // Until `most` are delivered in this turn. A train is torn here: a flood of queries would have a whole one for each batch.
  void deliver_lane(Lane& lane, Kind kind, std::size_t most) {
    while (lane.waits() && delivered_ < most) {
      const Postponed& one = lane.waiting[lane.next];
      if (lane.torn == 0) {
        look_ahead(lane.next, lane.waiting.size(), [&](std::size_t i) { return payload_of(kind, lane.waiting[i].buffer, lane.waiting[i].size); });
      }
      lane.torn = one.size < 0 ? 0 : deliver(kind, one.buffer, one.size, lane.torn, most - delivered_);
      if (lane.torn != 0) return;
      lane.buffers.recycle(one.buffer);
      ++lane.next;
    }
    if (lane.waits()) return;
    lane.waiting.clear();
    lane.next = 0;
    if (std::exchange(lane.ended, false)) arm(kind);
  }

  bool services_wait() const noexcept {
    return services_ && (services_->next < services_->waiting.size() || !services_->requests.empty() || services_->ended != 0);
  }

  msghdr control_of(io_uring_recvmsg_out* out) const noexcept {
    msghdr control{};
    control.msg_control = static_cast<std::uint8_t*>(io_uring_recvmsg_name(out)) + receive_header_.msg_namelen;
    control.msg_controllen = out->controllen;
    return control;
  }

  // Behind DHCP's, what others leave of a batch, and a few at least. They are not of those that `delivered_` counts: no lease waits for them.
  void deliver_services() {
    Services& services = *services_;
    services.waiting.insert(services.waiting.end(), services.requests.begin(), services.requests.end());
    services.requests.clear();
    const std::size_t most = std::max(kBatch - std::min(delivered_, kBatch), kLeastServices);
    const std::size_t end = std::min(services.waiting.size(), services.next + most);
    for (; services.next < end; ++services.next) {
      const Services::Waiting& one = services.waiting[services.next];
      deliver_service(one);
      services.buffers.recycle(one.buffer);
    }
    if (services.next < services.waiting.size()) return;
    services.waiting.clear();
    services.next = 0;
    for (std::uint32_t ended = std::exchange(services.ended, 0); ended != 0; ended &= ended - 1) {
      arm_service(static_cast<std::size_t>(std::countr_zero(ended)));
    }
  }

  void deliver_service(const Services::Waiting& one) {
    if (one.size < 0) return;
    io_uring_recvmsg_out* out = io_uring_recvmsg_validate(services_->buffers.at(one.buffer), one.size, &receive_header_);
    if (out == nullptr || (out->flags & MSG_TRUNC) != 0) return;  // nothing that anybody sends us is so long
    msghdr control = control_of(out);
    const auto& from = *static_cast<const sockaddr_in*>(io_uring_recvmsg_name(out));
    handler_->on_service(payload_of(out, one.size), read_service(from, control, sockets_.services.number_of(one.place), interfaces_));
  }

  // --- AsyncDisk ---

  void write(store::FileHandle file, std::uint64_t offset, Bytes data, bool sync, std::uint64_t token) override {
    const auto place = std::find_if(writes_.begin(), writes_.end(), [](const Write& w) { return !w.used; });
    COAXD_ASSERT(place != writes_.end());
    *place = {token, data.size(), true};
    io_uring_sqe* entry = next_entry();
    io_uring_prep_write(entry, file, data.data(), static_cast<unsigned>(data.size()), offset);
    // One of the kernel's threads writes and syncs in one go: an fdatasync of its own, linked to the write, would wait for this thread in between.
    // Always one of those: XFS would take the write at once, and this thread wait for the sync.
    if (sync) {
      entry->rw_flags = RWF_DSYNC;
      entry->flags |= IOSQE_ASYNC;
    }
    entry->user_data = tag(Kind::write, static_cast<std::uint64_t>(place - writes_.begin()));
  }

  void write_done(Write& write, int result) {
    const bool complete = result >= 0 && static_cast<std::size_t>(result) == write.size;
    write.used = false;
    // A full disk shows as a short write first; what is missing is tried by the journal's own retry.
    handler_->on_disk(write.token, complete ? 0 : result < 0 ? result : -ENOSPC);
  }

  // Places of the registered files, in the order of Kind; -1 where there is none.
  static constexpr int kUdpFile = 0, kPacketFile = 3, kIcmpFile = 4, kServiceFiles = 6;
  static constexpr std::size_t kWholeTrain = ~std::size_t{0};
  std::vector<int> files_;

  WorkerSockets& sockets_;
  const InterfaceTable& interfaces_;
  const std::uint16_t port_;
  const config::ReplyTrains trains_wanted_;
  Clock clock_;
  TransmitPool pool_;
  std::vector<Outgoing> outgoing_;  // by transmit buffer: replies that travel alone
  SendTrains trains_{kTrains};
  std::array<Write, kWrites> writes_{};
  std::array<Echo, kEchoes> echoes_{};

  io_uring ring_{};
  bool ring_up_ = false, started_ = false;
  ReceiveBuffers buffers_{1, kBuffers};
  Lane discovers_{2}, leasequeries_{4};
  LeasequeryShare share_;
  msghdr receive_header_{};
  int wake_fd_ = -1;
  std::uint64_t wake_value_ = 0;

  worker::Handler* handler_ = nullptr;
  Intake intake_ = Intake::everything;
  std::size_t delivered_ = 0;
  std::int64_t wall_ns_ = 0;         // when the packets of this turn were taken
  std::vector<Postponed> postponed_;  // while only completions were wanted, or until a batch has room for them
  std::vector<Kind> ended_;           // multishots to arm again
  std::unique_ptr<Services> services_;  // null: off
};

}  // namespace

std::unique_ptr<worker::Transport> make_uring_transport(WorkerSockets& sockets, const InterfaceTable& interfaces,
                                                        const TransportOptions& options, int& error) {
  auto transport = std::make_unique<UringTransport>(sockets, interfaces, options);
  error = transport->open();
  if (error != 0) return nullptr;
  return transport;
}

}  // namespace coaxd::io
