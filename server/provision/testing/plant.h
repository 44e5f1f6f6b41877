// plant.h: all that the files of modems are made from, small and in memory but for the templates: a lease table, modem records, what DHCP has told, a static folder, and a
// client that asks. For tests and benches. One thread.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "docsis/binary.h"
#include "docsis/text.h"
#include "server/provision/provision.h"
#include "server/provision/provisioned_files.h"
#include "server/provision/testing/scratch_folder.h"

namespace coaxd::provision {

inline constexpr Ipv4 kFirstAddress = Ipv4::of(10, 64, 0, 10), kRelay = Ipv4::of(10, 64, 0, 1), kServer = Ipv4::of(192, 0, 2, 7);
inline constexpr subscriber::Mac kFirstModem{0x001095000000};
inline constexpr WallSeconds kStart = 1'795'000'000;

// Files by name.
class MapFiles final : public tftp::FileSource {
 public:
  tftp::FileAnswer open(const tftp::FileQuery& query) override {
    const auto found = files.find(query.name);
    if (found == files.end()) return tftp::FileAnswer::refused(query.name.contains("..") ? tftp::ErrorCode::access_violation : tftp::ErrorCode::file_not_found);
    return tftp::FileAnswer::ready(std::make_shared<tftp::MemoryContents>(std::vector<std::uint8_t>(found->second.begin(), found->second.end())));
  }
  std::map<std::string, std::string, std::less<>> files;
};

class Plan final : public AddressPlan {
 public:
  std::optional<subscriber::Mac> host_of(Ipv4 address) const noexcept override {
    const auto found = hosts.find(address);
    return found == hosts.end() ? std::nullopt : std::optional(found->second);
  }
  Ipv4 address_of(subscriber::Mac host) const noexcept override {
    for (const auto& [address, mac] : hosts)
      if (mac == host) return address;
    return {};
  }
  std::string_view network_of(Ipv4) const noexcept override { return "north"; }
  std::string_view pool_of(Ipv4) const noexcept override { return "one"; }
  std::map<Ipv4, subscriber::Mac> hosts;
};

class Heard final : public Listener {
 public:
  void on_refused(const Refused& refused) override {
    why = refused.why;
    name = refused.name;
    modem = refused.modem;
    detail = refused.detail;
    ++times;
  }
  Refusal why = Refusal::none;
  std::string name, detail;
  subscriber::Mac modem{};
  int times = 0;
};

struct Got {
  docsis::Octets octets;
  tftp::ErrorCode code = tftp::ErrorCode::silence;
  std::string text;
  tftp::Ticket ticket{};
  bool ready() const noexcept { return code == tftp::ErrorCode::silence; }
};

class Plant {
 public:
  explicit Plant(std::uint32_t modems = 16) : leases(HashSeed{1, 2}), table(HashSeed{3, 4}), reader(table) {
    const lease::PoolSpec pool{0, {{kFirstAddress, {kFirstAddress.value + modems - 1}}}, {}};
    leases.configure({&pool, 1}, kStart);
    settings.templates = folder.path("templates");
    std::filesystem::create_directories(settings.templates);
  }

  static Ipv4 address(std::uint32_t i) { return {kFirstAddress.value + i}; }
  static subscriber::Mac mac(std::uint32_t i) { return {kFirstModem.value + i}; }

  // After settings and files are as they are to be.
  std::vector<News> open() {
    std::vector<News> news;
    auto made = Provision::make(settings, {5, 6}, now.wall, news);
    if (!made) news.push_back({true, made.error()});
    else provision = std::move(*made);
    if (provision) files = source();
    return news;
  }
  std::unique_ptr<ProvisionedFiles> source() {
    return std::make_unique<ProvisionedFiles>(ProvisionedFiles::Parts{.settings = provision->settings(),
                                                                      .snapshots = provision->snapshots(),
                                                                      .leases = leases,
                                                                      .plan = {std::shared_ptr<void>(), &plan},
                                                                      .handed_out = &provision->handed_out(),
                                                                      .modems = &reader,
                                                                      .confined = &confined,
                                                                      .static_files = &statics,
                                                                      .listener = &heard});
  }
  // What is on disk has changed and been seen twice.
  std::vector<News> settle() {
    provision->look(now.wall);
    return provision->look(now.wall);
  }

  // DHCP: modem `i` gets its lease, and its file's name.
  void lease(std::uint32_t i, WallSeconds seconds = 3600) { lease_to(i, mac(i), mac(i), seconds); }
  void lease_to(std::uint32_t i, subscriber::Mac hardware, subscriber::Mac remote_id, WallSeconds seconds) {
    lease::Binding binding;
    binding.state = lease::BindingState::active;
    const auto six = [](subscriber::Mac from) {
      std::array<std::uint8_t, 6> octets;
      for (std::size_t at = 0; at < 6; ++at) octets[at] = static_cast<std::uint8_t>(from.value >> (40 - 8 * at));
      return octets;
    };
    binding.set_hardware(1, six(hardware));
    std::vector<std::uint8_t> agent{1, 4, 0x80, 0, 0, 7, 2, 6};
    for (const std::uint8_t octet : six(remote_id)) agent.push_back(octet);
    binding.set(lease::Item::agent_info, agent);
    binding.starts = static_cast<lease::StoredTime>(now.wall);
    binding.ends = static_cast<lease::StoredTime>(now.wall + seconds);
    const lease::SlotId slot = leases.find(address(i));
    leases.commit(*leases.claim(slot, leases.word(slot)), binding);
  }
  std::string tell(std::uint32_t i, std::string_view file, Ipv4 giaddr = kRelay) {
    HandedOut::NameRoom room;
    return std::string(provision->handed_out().hand_out({.address = address(i),
                                                         .giaddr = giaddr,
                                                         .hardware = mac(i),
                                                         .modem = mac(i),
                                                         .until = now.wall + 3600,
                                                         .file = file,
                                                         .client_class = "cm"},
                                                        now, room));
  }
  std::string boot(std::uint32_t i, std::string_view file, Ipv4 giaddr = kRelay) {
    lease(i);
    return tell(i, file, giaddr);
  }
  void record(std::uint32_t i, std::string profile, std::vector<subscriber::Variable> variables = {}) {
    subscriber::Modem modem;
    modem.mac = mac(i);
    modem.profile = std::move(profile);
    modem.variables = std::move(variables);
    table.put(std::move(modem));
  }

  // TFTP: one request, whole and confirmed unless `complete` is false.
  Got get(std::uint32_t i, std::string_view name, bool complete = true) { return get_from(address(i), name, complete); }
  Got get_from(Ipv4 from, std::string_view name, bool complete = true) {
    Got got{.octets = {}, .text = {}, .ticket = tftp::Ticket{++tickets_}};
    const tftp::FileAnswer answer = files->open({.name = name, .client = {from, 40'000}, .server = kServer, .now = now, .ticket = got.ticket});
    if (answer.status != tftp::FileAnswer::Status::ready) {
      got.code = answer.code;
      got.text = answer.text;
      return got;
    }
    got.octets.resize(static_cast<std::size_t>(answer.contents->size()));
    if (!answer.contents->read(0, got.octets)) got.octets.clear();
    files->close(got.ticket, complete);
    return got;
  }
  Refusal why(std::uint32_t i, std::string_view name) {
    heard.why = Refusal::none;
    const int before = heard.times;
    const Got got = get(i, name);
    return got.ready() || heard.times == before ? Refusal::none : heard.why;
  }
  void pass(WallSeconds seconds) {
    now.wall += seconds;
    now.mono_ns += seconds * 1'000'000'000;
  }

  ScratchFolder folder;
  Settings settings;
  Instant now{.mono_ns = 1, .wall = kStart};

 private:
  std::uint64_t tickets_ = 0;

 public:
  lease::LeaseTable leases;
  subscriber::ModemTable table;
  subscriber::ModemTable::Reader reader;
  MapFiles statics;
  subscriber::PublishedConfined confined{std::make_shared<const subscriber::Confined>()};
  Plan plan;
  Heard heard;
  std::unique_ptr<Provision> provision;
  std::unique_ptr<ProvisionedFiles> files;
};

// What the compiler of whole texts makes of `text` as it stands, sealed with `key`: the oracle of templates.
inline docsis::Octets written_out(std::string_view text, std::string_view key) {
  auto parsed = docsis::parse(text, "written-out.cfg", {.read_file = {}});
  docsis::Octets out;
  if (parsed) (void)docsis::seal(parsed->document, {.secret = docsis::SharedSecret::from_file(as_bytes(key))}, out);
  return out;
}

}  // namespace coaxd::provision
