#include "server/daemon/modem_commands.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>
#include <memory>
#include <span>

#include "server/base/counted.h"
#include "server/base/json.h"
#include "server/provision/preview_text.h"
#include "server/wire/cable_device.h"

namespace coaxd::daemon {
namespace {

using subscriber::Mac;
using subscriber::Modem;
using subscriber::ModemChange;
using subscriber::Modems;
using Answer = std::expected<BodySource, std::string>;
using Words = std::span<const std::string>;

constexpr std::size_t kPiece = 64 << 10;  // octets produced before the client gets his turn

std::unexpected<std::string> fail(std::string sentence) { return std::unexpected(std::move(sentence)); }

// What devices say as columns and members: names here, codes of wire/cable_device.h.
struct Told {
  std::string_view name;
  std::uint8_t code;
};
constexpr std::array kTold = {Told{"kind", wire::device::kind},
                              Told{"docsis", wire::device::docsis_version},
                              Told{"vendor", wire::device::vendor},
                              Told{"model", wire::device::model},
                              Told{"hardware", wire::device::hardware_version},
                              Told{"software", wire::device::software_version},
                              Told{"boot_rom", wire::device::boot_rom_version},
                              Told{"serial", wire::device::serial_number}};

std::string hex(Bytes octets) {
  std::string text;
  for (const std::uint8_t octet : octets) fmt::format_to(std::back_inserter(text), "{:02x}", octet);
  return text;
}

// Each capability that the modem has told, by its name and as hexadecimal.
template <typename Use>
void for_each_capability(const Modem& modem, Use use) {
  std::array<std::uint8_t, 4096> room;
  const wire::DeviceSays said{
      .vendor_class = as_bytes(modem.vendor_class), .vendor_options = as_bytes(modem.vendor_options), .capabilities = as_bytes(modem.capabilities)};
  for (const wire::DeviceValue& row : wire::device_values()) {
    Arena arena(room);
    if (row.code <= wire::kModemCapability) continue;
    if (const auto value = wire::device_value(said, row.code, arena)) use(row.name, hex(*value));
  }
}

// %XX is an octet.
std::expected<std::string, std::string> decoded(std::string_view word) {
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1; };
  std::string text;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '%') {
      text += word[i];
      continue;
    }
    if (i + 2 >= word.size() || digit(word[i + 1]) < 0 || digit(word[i + 2]) < 0) return fail(fmt::format("'{}': a % is written as %25.", word));
    text += static_cast<char>(digit(word[i + 1]) << 4 | digit(word[i + 2]));
    i += 2;
  }
  return text;
}

std::expected<Mac, std::string> mac_of(std::string_view word) {
  const std::optional<Mac> mac = Mac::parse(word);
  if (!mac) return fail(fmt::format("'{}' is no MAC address, such as 00:10:95:01:02:03.", word));
  return *mac;
}

std::string json_time(WallSeconds at) { return at == 0 ? "null" : std::to_string(at); }
std::string shown_time(WallSeconds at) { return at == 0 ? "never" : fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(at))); }

std::expected<Modem, std::string> record_of(const Modems& modems, std::string_view word) {
  const auto mac = mac_of(word);
  if (!mac) return fail(mac.error());
  auto modem = modems.get(*mac);
  if (!modem) return fail(fmt::format("there is no record of {}: coaxctl modem set makes one.", to_string(*mac)));
  return *modem;
}

Answer set(Modems& modems, Words words, bool json, WallSeconds now) {
  if (words.empty()) return fail("modem set MAC [--profile PROFILE] [NAME=TEXT ...]: the MAC is missing.");
  const auto mac = mac_of(words[0]);
  if (!mac) return fail(mac.error());
  Modems::Setting setting{*mac, {}};
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--profile") {
      if (i + 1 == words.size()) return fail("--profile wants the profile's name; --profile= takes it away.");
      const auto profile = decoded(words[++i]);
      if (!profile) return fail(profile.error());
      setting.change.profile = *profile;
      continue;
    }
    const auto word = decoded(words[i]);
    if (!word) return fail(word.error());
    if (word->starts_with("--profile=")) {
      setting.change.profile = word->substr(10);
      continue;
    }
    const std::size_t equals = word->find('=');
    if (equals == std::string::npos) return fail(fmt::format("'{}' is no NAME=TEXT, such as ds_rate=100 (NAME= alone removes it).", *word));
    setting.change.variables.push_back({word->substr(0, equals), word->substr(equals + 1)});
  }
  if (!setting.change.profile && setting.change.variables.empty() && modems.get(*mac))
    return fail("nothing to set: give --profile PROFILE or NAME=TEXT.");
  if (auto done = modems.set({&setting, 1}, now); !done) return fail(done.error());
  const Modem modem = *modems.get(*mac);
  return whole(json ? modem_json(modem) + "\n" : modem_text(modem));
}

Answer show(Modems& modems, Words words, bool json, WallSeconds) {
  if (words.size() != 1) return fail("modem show MAC: one address.");
  const auto modem = record_of(modems, words[0]);
  if (!modem) return fail(modem.error());
  return whole(json ? modem_json(*modem) + "\n" : modem_text(*modem));
}

Answer erase(Modems& modems, Words words, bool json, WallSeconds) {
  if (words.size() != 1) return fail("modem erase MAC: one address.");
  const auto modem = record_of(modems, words[0]);
  if (!modem) return fail(modem.error());
  if (auto done = modems.erase(modem->mac); !done) return fail(done.error());
  if (json) return whole(modem_json(*modem) + "\n");
  return whole(fmt::format("{}: its record is erased{}.\n", to_string(modem->mac), modem->profile.empty() ? "" : ", with the profile " + modem->profile));
}

void append_line(std::string& out, const Modem& modem) {
  const auto or_dash = [](std::string text) { return text.empty() ? std::string("-") : text; };
  fmt::format_to(std::back_inserter(out), "{}  {:<16} {:<6} {:<19}  {:<19}  {} {}\n", to_string(modem.mac), or_dash(modem.profile),
                 or_dash(device_text(modem, wire::device::docsis_version)), shown_time(modem.dhcp_seen), shown_time(modem.file_served),
                 or_dash(device_text(modem, wire::device::model)), or_dash(device_text(modem, wire::device::software_version)));
}

// Made as the client takes it: what changes meanwhile is told as it is then.
Answer list(Modems& modems, Words words, bool json, WallSeconds) {
  std::optional<std::string> profile;
  if (words.size() == 2 && words[0] == "--profile") {
    const auto word = decoded(words[1]);
    if (!word) return fail(word.error());
    profile = *word;
  } else if (!words.empty()) {
    return fail("modem list [--profile PROFILE]: nothing else.");
  }
  struct Progress {
    std::vector<Mac> macs;
    std::size_t next = 0;
  };
  std::string head;
  if (!json) head = fmt::format("{:<17}  {:<16} {:<6} {:<19}  {:<19}  {}\n", "MAC", "profile", "docsis", "DHCP seen (UTC)", "file served (UTC)", "model, software");
  return after(head, [&modems, profile, json, progress = std::make_shared<Progress>(Progress{modems.all()})](std::string& chunk) {
    while (progress->next < progress->macs.size() && chunk.size() < kPiece) {
      const auto modem = modems.get(progress->macs[progress->next++]);
      if (!modem || (profile && modem->profile != *profile)) continue;
      json ? void(chunk += modem_json(*modem) + "\n") : append_line(chunk, *modem);
    }
    return progress->next < progress->macs.size();
  });
}

struct Verb {
  std::string_view name;
  Answer (*run)(Modems&, Words, bool json, WallSeconds now);
};
constexpr std::array kVerbs = {Verb{"set", set}, Verb{"show", show}, Verb{"list", list}, Verb{"erase", erase}};

}  // namespace

Answer modem_command(Modems& modems, const std::vector<std::string>& words, bool json, WallSeconds now) {
  const auto verb = std::ranges::find(kVerbs, words.empty() ? std::string_view{} : std::string_view{words[0]}, &Verb::name);
  if (verb == kVerbs.end()) return fail("modem set, show, list, erase or file: coaxctl modem --help tells more.");
  return verb->run(modems, Words(words).subspan(1), json, now);
}

Answer modem_file(provision::ProvisionedFiles& files, const std::vector<std::string>& words, bool json, Instant now) {
  std::vector<std::string> given;
  bool octets = false;
  for (const std::string& word : words) {
    if (word == "--octets") {
      octets = true;
      continue;
    }
    auto text = decoded(word);
    if (!text) return fail(text.error());
    given.push_back(std::move(*text));
  }
  if (given.empty() || given.size() > 2) return fail("modem file MAC [NAME]: one MAC, and the name that the modem asks for (else what DHCP has told it).");
  const auto mac = mac_of(given[0]);
  if (!mac) return fail(mac.error());
  const auto preview = files.preview(*mac, given.size() > 1 ? given[1] : std::string(), now);
  if (!preview) return fail(preview.error());
  if (!octets) return whole(json ? provision::preview_json(*preview, *mac) : provision::preview_text(*preview, *mac));
  std::string whole_file(static_cast<std::size_t>(preview->contents->size()), '\0');
  if (!preview->contents->read(0, {reinterpret_cast<std::uint8_t*>(whole_file.data()), whole_file.size()})) return fail(fmt::format("'{}' cannot be read.", preview->name));
  return whole(std::move(whole_file));
}

std::string modem_json(const Modem& modem) {
  std::string out = fmt::format(R"({{"mac": "{}", "profile": {}, "variables": {{)", to_string(modem.mac), modem.profile.empty() ? "null" : json_text(modem.profile));
  for (const subscriber::Variable& variable : modem.variables)
    fmt::format_to(std::back_inserter(out), "{}{}: {}", &variable == &modem.variables.front() ? "" : ", ", json_text(variable.name), json_text(variable.text));
  fmt::format_to(std::back_inserter(out), R"(}}, "changed": {}, "dhcp_seen": {}, "file_served": {}, "file": {})", json_time(modem.changed),
                 json_time(modem.dhcp_seen), json_time(modem.file_served), modem.file.empty() ? "null" : json_octets(modem.file));
  if (!modem.vendor_class.empty()) {
    for (const Told& told : kTold) {
      const std::string text = device_text(modem, told.code);
      if (!text.empty()) fmt::format_to(std::back_inserter(out), R"(, "{}": {})", told.name, json_octets(text));
    }
    out += R"(, "vendor_class": )" + json_octets(modem.vendor_class) + R"(, "capabilities": {)";
    std::string_view comma;
    for_each_capability(modem, [&](std::string_view name, const std::string& value) {
      fmt::format_to(std::back_inserter(out), R"({}"{}": "{}")", comma, name, value);
      comma = ", ";
    });
    out += '}';
  }
  return out + '}';
}

std::string modem_text(const Modem& modem) {
  std::string out;
  const auto row = [&out](std::string_view name, std::string_view text) {
    if (!text.empty()) fmt::format_to(std::back_inserter(out), "{:<12} {}\n", name, text);
  };
  row("MAC", to_string(modem.mac));
  row("profile", modem.profile.empty() ? std::string_view("-") : modem.profile);
  for (const subscriber::Variable& variable : modem.variables) row(variable.name + " =", variable.text);
  row("changed", shown_time(modem.changed));
  row("DHCP seen", shown_time(modem.dhcp_seen));
  row("file served", shown_time(modem.file_served) + (modem.file.empty() ? "" : ", " + modem.file));
  if (modem.vendor_class.empty()) return out;
  for (const Told& told : kTold) row(told.name, device_text(modem, told.code));
  std::string capabilities;
  for_each_capability(modem, [&](std::string_view name, const std::string& value) {
    fmt::format_to(std::back_inserter(capabilities), "{}{} {}", capabilities.empty() ? "" : ", ", name, value);
  });
  row("capabilities", capabilities);
  return out;
}

}  // namespace coaxd::daemon
