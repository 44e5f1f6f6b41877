// Datagrams, time and late files into a responder. Strangers' octets beside well-formed requests and acknowledgements, so that transfers come to something. What must
// hold: replies go only to somebody who has sent; no DATA is larger than agreed, and its octets are the file's at that place; an ERROR is never answered; the table
// stays within its bounds; every file that was opened is closed once; when everybody is silent everything ends.
#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fuzz/fuzz.h"
#include "server/tftp/responder.h"
#include "server/tftp/testing/sim_network.h"

namespace coaxd::tftp {
namespace {

constexpr std::size_t kTransfers = 6;
constexpr std::int64_t kMs = 1'000'000;
constexpr std::array<Endpoint, 8> kClients{{{Ipv4::of(10, 0, 0, 2), 1024}, {Ipv4::of(10, 0, 0, 2), 1025}, {Ipv4::of(10, 0, 0, 2), 1026}, {Ipv4::of(10, 0, 0, 3), 1024},
                                            {Ipv4::of(10, 0, 0, 4), 69}, {Ipv4::of(10, 9, 0, 1), 1}, {Ipv4::of(224, 0, 0, 1), 5}, {Ipv4::of(10, 0, 0, 5), 0}}};
constexpr std::array<std::string_view, 6> kNames{"a", "even", "empty", "late-1", "never-1", "none"};

std::vector<std::uint8_t> octets_of(std::size_t size) {
  std::vector<std::uint8_t> octets(size);
  for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<std::uint8_t>(i * 31 + i / 256 + size);
  return octets;
}

class Run final : public Outlet {
 public:
  explicit Run(Bytes input) : input_(input), settings_(settings(input_.u8())), responder_(settings_, files_, *this, now_) {
    files_.put("a", octets_of(700));
    files_.put("even", octets_of(1024));
    files_.put("empty", {});
    files_.put("late-1", octets_of(3000));
    files_.put("never-1", octets_of(1));
  }

  void go() {
    for (int step = 0; step < 400 && !input_.empty(); ++step) {
      act(input_.u8());
      REQUIRE(responder_.open() <= kTransfers);
      REQUIRE(responder_.open() == files_.open_now.size());
    }
    for (int second = 0; second < 3000 && responder_.open() > 0; ++second) {
      rooms_ = 1000;
      pass(1000 * kMs);
    }
    REQUIRE(responder_.open() == 0 && files_.open_now.empty());
    REQUIRE(responder_.next_ns() == TimerWheel::kNoTime);
  }

 private:
  static Settings settings(std::uint8_t choice) {
    return {.transfers = kTransfers,
            .transfer_sockets = static_cast<std::uint8_t>(choice % 3),
            .per_source = 3,
            .proxies = {{Ipv4::of(10, 9, 0, 0), Ipv4::of(255, 255, 0, 0)}},
            .largest_datagram = (choice & 8) != 0 ? std::uint16_t{1472} : std::uint16_t{700},
            .largest_window = static_cast<std::uint16_t>(1 + (choice >> 4)),
            .seed = {choice, 3}};
  }

  void act(std::uint8_t what) {
    const Endpoint client = kClients[(what >> 3) % kClients.size()];
    switch (what % 8) {
      case 0: return datagram(client, input_.u8(), input_.take(input_.u8()));
      case 1:
      case 2: return request(client);
      case 3: return acknowledge(client, 0);
      case 4: return acknowledge(client, input_.u8());
      case 5: return pass(input_.u16() * kMs);
      case 6: return answer(what);
      default: rooms_ = input_.u8(); return;
    }
  }

  void datagram(Endpoint client, std::uint8_t socket, Bytes octets) {
    const auto packet = parse(octets);
    heard_.insert(client);
    if (packet && packet->opcode == Opcode::rrq) wishes_[client] = std::max<std::uint64_t>(wishes_[client], packet->options.get(Option::blksize));
    silent_ = packet && packet->opcode == Opcode::error;
    const auto copy = std::make_unique<std::uint8_t[]>(octets.size());
    std::copy(octets.begin(), octets.end(), copy.get());
    responder_.on_datagram({copy.get(), octets.size()},
                           {.from = client, .to = Ipv4::of(10, 0, 0, 1), .socket = static_cast<std::uint8_t>(socket % (settings_.transfer_sockets + 1)), .path_mtu = mtu_}, now_);
    silent_ = false;
  }
  void request(Endpoint client) {
    const std::uint8_t choice = input_.u8();
    Options options;
    if ((choice & 8) != 0) options.set(Option::blksize, input_.u16());
    if ((choice & 16) != 0) options.set(Option::windowsize, input_.u8());
    if ((choice & 32) != 0) options.set(Option::timeout, input_.u8());
    if ((choice & 64) != 0) options.set(Option::tsize, 0);
    if ((choice & 128) != 0) mtu_ = input_.u16();
    std::array<std::uint8_t, 128> out;
    datagram(client, 0, Bytes{out}.first(write_request(out, Opcode::rrq, kNames[choice % 8 % kNames.size()], "octet", options)));
  }
  // Near to where its transfer is.
  void acknowledge(Endpoint client, std::uint8_t off) {
    std::array<std::uint8_t, 4> out;
    write_ack(out, static_cast<std::uint16_t>(last_[client].block - off));
    datagram(client, last_[client].socket, out);
  }
  void pass(std::int64_t ns) {
    now_.mono_ns += ns;
    now_.wall = now_.mono_ns / 1'000'000'000;
    responder_.on_time(now_);
  }
  void answer(std::uint8_t what) {
    if (files_.late.empty()) return;
    const SimFiles::Late late = files_.late.back();
    files_.late.pop_back();
    if (what <= 127) return responder_.answer(late.ticket, files_.answer(late.name), now_);
    files_.open_now.erase(late.ticket);  // what is refused is not closed
    responder_.answer(late.ticket, FileAnswer::refused(ErrorCode::undefined, "no"), now_);
  }

  MutableBytes room() override { return rooms_ > 0 ? MutableBytes{room_.get(), settings_.largest_datagram} : MutableBytes{}; }
  void send(std::size_t size, const Departure& departure) override {
    REQUIRE(rooms_ > 0 && !silent_);
    --rooms_;
    REQUIRE(size >= kHeaderSize && size <= settings_.largest_datagram);
    REQUIRE(heard_.contains(departure.to) && departure.to.port != 0 && departure.to.address.value >> 24 < 224);
    REQUIRE(departure.from == Ipv4::of(10, 0, 0, 1) && departure.socket <= settings_.transfer_sockets);
    const auto packet = parse({room_.get(), size});
    REQUIRE(packet);
    REQUIRE(packet->opcode == Opcode::data || packet->opcode == Opcode::error || packet->opcode == Opcode::oack);
    if (packet->opcode == Opcode::error) return;
    last_[departure.to] = {packet->opcode == Opcode::data ? packet->block : std::uint16_t{0}, departure.socket};
    if (packet->opcode == Opcode::data) check_data(departure.to, *packet);
  }
  void check_data(Endpoint client, const Packet& packet) {
    Started& started = started_[client];
    REQUIRE(packet.block <= started.highest + 1u);  // nothing is left out
    started.highest = std::max(started.highest, packet.block);
    const Contents* file = files_.find(started.name);
    REQUIRE(file != nullptr && packet.block > 0 && packet.data.size() <= std::max<std::uint64_t>(kPlainBlockSize, wishes_[client]));
    const std::uint64_t offset = (packet.block - 1) * std::uint64_t{started.block_size};
    REQUIRE(offset <= file->size() && packet.data.size() == std::min<std::uint64_t>(started.block_size, file->size() - offset));
    std::vector<std::uint8_t> expected(packet.data.size());
    REQUIRE(file->read(offset, expected) && equal(expected, packet.data));
  }
  void log(const Event& event) override {
    if (event.kind == Event::Kind::started) started_[event.client] = {std::string(event.name), event.block_size, 0};
    REQUIRE(event.kind != Event::Kind::completed || started_[event.client].highest == event.size / event.block_size + 1);
    REQUIRE(event.name.size() <= kMaxName && event.text.size() <= kMaxErrorText && event.acknowledged <= event.size);
  }

  struct Started {
    std::string name;
    std::uint16_t block_size = 0;
    std::uint16_t highest = 0;  // block that was sent
  };
  struct Last {
    std::uint16_t block = 0;
    std::uint8_t socket = 0;
  };
  fuzz::Source input_;
  SimFiles files_;
  Instant now_{.mono_ns = 1'000'000'000, .wall = 1};
  Settings settings_;
  Responder responder_;
  const std::unique_ptr<std::uint8_t[]> room_ = std::make_unique<std::uint8_t[]>(1472);
  std::set<Endpoint> heard_;
  std::map<Endpoint, std::uint64_t> wishes_;
  std::map<Endpoint, Started> started_;
  std::map<Endpoint, Last> last_;
  std::size_t rooms_ = 1000;
  std::uint16_t mtu_ = 1500;
  bool silent_ = false;
};

}  // namespace
}  // namespace coaxd::tftp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  coaxd::tftp::Run({data, size}).go();
  return 0;
}
