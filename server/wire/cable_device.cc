#include "server/wire/cable_device.h"

#include <algorithm>

#include "server/wire/option_table.h"

namespace coaxd::wire {
namespace {

constexpr std::uint32_t kCableLabs = 4491;
constexpr std::uint8_t kCapabilitiesOf125 = 5;  // CL-SP-CANN-DHCP-Reg: CL_V4OPTION of TLV 5
constexpr std::uint8_t kTlv5 = 5;
constexpr std::uint8_t kPadTlv = 0, kEndTlv = 255;

// MULPI 3.1 D.1.1, PKT-SP-PROV1.5 §7, RFC 2132 §9.13. The longer of two that begin alike first.
struct Prefix {
  std::string_view text;
  DeviceKind kind;
  std::string_view name;
};
constexpr Prefix kPrefixes[] = {
    {"docsis", DeviceKind::modem, "modem"},      {"pktc", DeviceKind::mta, "mta"},         {"eRouter", DeviceKind::erouter, "erouter"},
    {"CableHome", DeviceKind::portal, "portal"}, {"OpenCable", DeviceKind::settop, "settop"},
};

constexpr DeviceValue kValues[] = {
    {device::kind, "kind", "t", "RFC 2132 §9.13"},
    {device::docsis_version, "docsis-version", "t", "MULPI 3.1 D.1.1"},
    {device::packetcable_version, "packetcable-version", "t", "PKT-SP-PROV1.5 §10"},
    {device::mac, "mac", "X", "RFC 3046 §3.2"},
    {device::profile, "profile", "t", "docs/operating.md"},
    {10, "device-type", "t", "option 43.2"},
    {11, "embedded-devices", "t", "option 43.3"},
    {device::serial_number, "serial-number", "t", "option 43.4"},
    {device::hardware_version, "hardware-version", "t", "option 43.5"},
    {device::software_version, "software-version", "t", "option 43.6"},
    {device::boot_rom_version, "boot-rom-version", "t", "option 43.7"},
    {16, "oui", "t", "option 43.8"},
    {device::model, "model", "t", "option 43.9"},
    {device::vendor, "vendor", "t", "option 43.10"},
    {19, "mta-mac", "X", "option 43.31"},
    {device::capabilities, "capabilities", "X", "MULPI 3.1 C.1.3.1"},
    {101, "concatenation-support", "X", "MULPI 3.1 C.1.3.1.1"},
    {102, "modem-docsis-version", "X", "MULPI 3.1 C.1.3.1.2"},
    {103, "fragmentation-support", "X", "MULPI 3.1 C.1.3.1.3"},
    {104, "phs-support", "X", "MULPI 3.1 C.1.3.1.4"},
    {105, "igmp-support", "X", "MULPI 3.1 C.1.3.1.5"},
    {106, "baseline-privacy-support", "X", "MULPI 3.1 C.1.3.1.6"},
    {107, "downstream-said-support", "X", "MULPI 3.1 C.1.3.1.7"},
    {108, "upstream-sid-support", "X", "MULPI 3.1 C.1.3.1.8"},
    {109, "optional-filtering-support", "X", "MULPI 3.1 C.1.3.1.9"},
    {110, "transmit-pre-equalizer-taps", "X", "MULPI 3.1 C.1.3.1.10"},
    {111, "number-of-transmit-equalizer-taps", "X", "MULPI 3.1 C.1.3.1.11"},
    {112, "dcc-support", "X", "MULPI 3.1 C.1.3.1.12"},
    {113, "ip-filters-support", "X", "MULPI 3.1 C.1.3.1.13"},
    {114, "llc-filters-support", "X", "MULPI 3.1 C.1.3.1.14"},
    {115, "expanded-unicast-sid-space", "X", "MULPI 3.1 C.1.3.1.15"},
    {116, "ranging-hold-off-support", "X", "MULPI 3.1 C.1.3.1.16"},
    {117, "l2vpn-capability", "X", "MULPI 3.1 C.1.3.1.17"},
    {118, "l2vpn-esafe-host-capability", "X", "MULPI 3.1 C.1.3.1.18"},
    {119, "dut-filtering-support", "X", "MULPI 3.1 C.1.3.1.19"},
    {120, "upstream-frequency-range-support", "X", "MULPI 3.1 C.1.3.1.20"},
    {121, "upstream-symbol-rate-support", "X", "MULPI 3.1 C.1.3.1.21"},
    {122, "selectable-active-code-mode-2-support", "X", "MULPI 3.1 C.1.3.1.22"},
    {123, "code-hopping-mode-2-support", "X", "MULPI 3.1 C.1.3.1.23"},
    {124, "multiple-transmit-channel-support", "X", "MULPI 3.1 C.1.3.1.24"},
    {125, "upstream-5120-ksps-channels", "X", "MULPI 3.1 C.1.3.1.25"},
    {126, "upstream-2560-ksps-channels", "X", "MULPI 3.1 C.1.3.1.26"},
    {127, "total-sid-cluster-support", "X", "MULPI 3.1 C.1.3.1.27"},
    {128, "sid-clusters-per-service-flow", "X", "MULPI 3.1 C.1.3.1.28"},
    {129, "multiple-receive-channel-support", "X", "MULPI 3.1 C.1.3.1.29"},
    {130, "total-downstream-service-id-support", "X", "MULPI 3.1 C.1.3.1.30"},
    {131, "resequencing-downstream-service-id", "X", "MULPI 3.1 C.1.3.1.31"},
    {132, "multicast-downstream-service-id", "X", "MULPI 3.1 C.1.3.1.32"},
    {133, "multicast-dsid-forwarding", "X", "MULPI 3.1 C.1.3.1.33"},
    {134, "frame-control-type-forwarding", "X", "MULPI 3.1 C.1.3.1.34"},
    {135, "dpv-capability", "X", "MULPI 3.1 C.1.3.1.35"},
    {136, "unsolicited-grant-service-support", "X", "MULPI 3.1 C.1.3.1.36"},
    {137, "map-and-ucd-receipt-support", "X", "MULPI 3.1 C.1.3.1.37"},
    {138, "upstream-drop-classifier-support", "X", "MULPI 3.1 C.1.3.1.38"},
    {139, "ipv6-support", "X", "MULPI 3.1 C.1.3.1.39"},
    {140, "extended-upstream-transmit-power", "X", "MULPI 3.1 C.1.3.1.40"},
    {141, "mpls-classification-support", "X", "MULPI 3.1 C.1.3.1.41"},
    {142, "d-onu-capabilities", "X", "MULPI 3.1 C.1.3.1.42"},
    {144, "energy-management-capabilities", "X", "MULPI 3.1 C.1.3.1.43"},
    {145, "c-docsis-capability", "X", "MULPI 3.1 C.1.3.1.44"},
    {146, "cm-status-ack", "X", "MULPI 3.1 C.1.3.1.45"},
    {147, "energy-management-preferences", "X", "MULPI 3.1 C.1.3.1"},
    {148, "extended-packet-length-support", "X", "MULPI 3.1 C.1.3.1"},
    {149, "ofdm-multiple-receive-channel-support", "X", "MULPI 3.1 C.1.3.1"},
    {150, "ofdma-multiple-transmit-channel-support", "X", "MULPI 3.1 C.1.3.1"},
    {151, "downstream-ofdm-profile-support", "X", "MULPI 3.1 C.1.3.1"},
    {152, "downstream-ofdm-modulation-support", "X", "MULPI 3.1 C.1.3.1"},
    {153, "upstream-ofdma-modulation-support", "X", "MULPI 3.1 C.1.3.1"},
    {154, "downstream-lower-band-edge", "X", "MULPI 3.1 C.1.3.1"},
    {155, "downstream-upper-band-edge", "X", "MULPI 3.1 C.1.3.1"},
    {156, "diplexer-upstream-upper-band-edge", "X", "MULPI 3.1 C.1.3.1"},
    {157, "docsis-time-protocol-mode", "X", "MULPI 3.1 C.1.3.1"},
    {158, "docsis-time-protocol-performance", "X", "MULPI 3.1 C.1.3.1"},
    {159, "pmax", "X", "MULPI 3.1 C.1.3.1"},
    {160, "diplexer-ds-lower-band-edge-options", "X", "MULPI 3.1 C.1.3.1"},
    {161, "diplexer-ds-upper-band-edge-options", "X", "MULPI 3.1 C.1.3.1"},
    {162, "diplexer-us-upper-band-edge-options", "X", "MULPI 3.1 C.1.3.1"},
    {163, "advanced-band-plan-capability", "X", "MULPI 4.0 C.1.3.1"},
    {172, "tds-reacquisition", "X", "MULPI 4.0 C.1.3.1"},
    {174, "extended-sid-cluster-support", "X", "MULPI 3.1 C.1.3.1"},
    {176, "low-latency-support", "X", "MULPI 3.1 C.1.3.1"},
    {177, "absolute-queue-depth-request-support", "X", "MULPI 3.1 C.1.3.1"},
    {178, "distributed-hqos-support", "X", "MULPI 3.1 C.1.3.1"},
    {179, "adv-downstream-lower-band-edge", "X", "MULPI 4.0 C.1.3.1"},
    {180, "adv-downstream-upper-band-edge", "X", "MULPI 4.0 C.1.3.1"},
    {181, "adv-diplexer-us-upper-band-edge", "X", "MULPI 4.0 C.1.3.1"},
    {182, "adv-diplexer-ds-lower-band-edge-options", "X", "MULPI 4.0 C.1.3.1"},
    {183, "adv-diplexer-ds-upper-band-edge-options", "X", "MULPI 4.0 C.1.3.1"},
    {184, "adv-diplexer-us-upper-band-edge-options", "X", "MULPI 4.0 C.1.3.1"},
    {185, "extended-power-options", "X", "MULPI 4.0 C.1.3.1"},
    {201, "mta-packetcable-version", "X", "PKT-SP-PROV1.5 §10.1"},
    {202, "mta-telephony-endpoints", "X", "PKT-SP-PROV1.5 §10.2"},
    {203, "mta-tgt-support", "X", "PKT-SP-PROV1.5 §10.3"},
    {204, "mta-http-download-support", "X", "PKT-SP-PROV1.5 §10.4"},
    {205, "mta-syslog-event-support", "X", "PKT-SP-PROV1.5 §10.5"},
    {206, "mta-ncs-service-flow-support", "X", "PKT-SP-PROV1.5 §10.6"},
    {207, "mta-primary-line-support", "X", "PKT-SP-PROV1.5 §10.7"},
    {208, "mta-vendor-specific-types", "X", "PKT-SP-PROV1.5 §10.8"},
    {209, "mta-nvram-ticket-support", "X", "PKT-SP-PROV1.5 §10.9"},
    {210, "mta-provisioning-event-support", "X", "PKT-SP-PROV1.5 §10.10"},
    {211, "mta-codecs", "X", "PKT-SP-PROV1.5 §10.11"},
    {212, "mta-silence-suppression-support", "X", "PKT-SP-PROV1.5 §10.12"},
    {213, "mta-echo-cancellation-support", "X", "PKT-SP-PROV1.5 §10.13"},
    {214, "mta-rsvp-support", "X", "PKT-SP-PROV1.5 §10.14"},
    {215, "mta-ugs-ad-support", "X", "PKT-SP-PROV1.5 §10.15"},
    {216, "mta-first-ifindex", "X", "PKT-SP-PROV1.5 §10.16"},
    {217, "mta-provisioning-flow-logging", "X", "PKT-SP-PROV1.5 §10.17"},
    {218, "mta-provisioning-flows", "X", "PKT-SP-PROV1.5 §10.18"},
    {219, "mta-t38-version", "X", "PKT-SP-PROV1.5 §10"},
    {220, "mta-t38-error-correction", "X", "PKT-SP-PROV1.5 §10"},
    {221, "mta-rfc2833-support", "X", "PKT-SP-PROV1.5 §10"},
    {222, "mta-voice-metrics-support", "X", "PKT-SP-PROV1.5 §10"},
    {223, "mta-mib-support", "X", "PKT-SP-PROV1.5 §10"},
    {224, "mta-multiple-grants-support", "X", "PKT-SP-PROV1.5 §10"},
    {225, "mta-v152-support", "X", "PKT-SP-PROV1.5 §10"},
    {226, "mta-certificate-bootstrapping-support", "X", "PacketCable 2.0"},
    {238, "mta-ip-provisioning-capability", "X", "PacketCable 2.0"},
};
static_assert(std::ranges::adjacent_find(kValues, std::ranges::greater_equal{}, &DeviceValue::code) == std::end(kValues));

// Values 10..19 are sub-options of option 43.
constexpr std::uint8_t kSubOptions[] = {vendor_option::device_type,      vendor_option::embedded_devices, vendor_option::serial_number,
                                        vendor_option::hardware_version, vendor_option::software_version, vendor_option::boot_rom_version,
                                        vendor_option::oui,              vendor_option::model,            vendor_option::vendor,
                                        vendor_option::mta_mac};
constexpr std::uint8_t kFirstSubOption = 10;

// MULPI 3.1 C.1.3.1.2: the value of TLV 5.2.
constexpr std::string_view kDocsisVersions[] = {"1.0", "1.1", "2.0", "3.0", "3.1", "4.0"};

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) { return lower(a) == lower(b); });
}

constexpr int digit(std::uint8_t c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(static_cast<char>(c));
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// Pairs of digits up to the first thing that is none: an ending blank or NUL, or a device's mistake.
Bytes from_hex(std::string_view hex, Arena& arena) noexcept {
  const Bytes text = as_bytes(hex);
  std::size_t pairs = 0;
  while (2 * pairs + 1 < text.size() && digit(text[2 * pairs]) >= 0 && digit(text[2 * pairs + 1]) >= 0) ++pairs;
  const MutableBytes out = arena.take(pairs);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
  return out;
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kNothing("\0 ", 2);
  const std::size_t last = text.find_last_not_of(kNothing);
  return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

std::optional<Bytes> unless_empty(Bytes value) noexcept { return value.empty() ? std::nullopt : std::optional(value); }
std::optional<Bytes> unless_empty(std::string_view text) noexcept { return unless_empty(as_bytes(text)); }

// RFC 2132 §8.4: 0 is padding, 255 the end.
std::optional<Bytes> find_sub_option(Bytes area, std::uint8_t code) noexcept {
  while (!area.empty() && area[0] != kEndTlv) {
    if (area[0] == kPadTlv) {
      area = area.subspan(1);
      continue;
    }
    if (area.size() < 2 || area.size() - 2 < area[1]) return std::nullopt;
    if (area[0] == code) return area.subspan(2, area[1]);
    area = area.subspan(2u + area[1]);
  }
  return std::nullopt;
}

// Six octets, or their text with or without what separates them.
std::optional<Bytes> to_octets(Bytes value, std::size_t size, Arena& arena) noexcept {
  if (value.size() == size) return value;
  const MutableBytes out = arena.take(size);
  std::size_t digits = 0;
  for (const std::uint8_t c : value) {
    const int d = digit(c);
    if (d < 0 && (c == ':' || c == '-' || c == '.' || c == ' ' || c == 0)) continue;
    if (d < 0 || digits / 2 >= out.size()) return std::nullopt;
    out[digits / 2] = static_cast<std::uint8_t>(digits % 2 == 0 ? d : out[digits / 2] << 4 | d);
    ++digits;
  }
  return !out.empty() && digits == 2 * size ? std::optional<Bytes>(out) : std::nullopt;
}

std::optional<Bytes> hex_text(Bytes octets, Arena& arena) noexcept {
  const MutableBytes out = arena.take(2 * octets.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const unsigned half = i % 2 == 0 ? octets[i / 2] >> 4 : octets[i / 2] & 15u;
    out[i] = static_cast<std::uint8_t>("0123456789abcdef"[half]);
  }
  return unless_empty(out);
}

std::optional<Bytes> sub_option_value(Bytes area, std::uint8_t sub_option, Arena& arena) noexcept {
  const std::optional<Bytes> value = find_sub_option(area, sub_option);
  if (!value) return std::nullopt;
  if (sub_option == vendor_option::mta_mac) return to_octets(*value, 6, arena);
  if (sub_option == vendor_option::oui) {
    const std::optional<Bytes> oui = to_octets(*value, 3, arena);
    return oui ? hex_text(*oui, arena) : std::nullopt;
  }
  return unless_empty(trimmed(as_text(*value)));
}

// RFC 3925 §4: enterprise number, length, sub-options.
Bytes cable_labs_options(Bytes option) noexcept {
  while (option.size() >= 5) {
    const std::size_t size = option[4];
    if (option.size() - 5 < size) return {};
    if (load_be32(option.data()) == kCableLabs) return option.subspan(5, size);
    option = option.subspan(5 + size);
  }
  return {};
}

// What stands in TLV 5; some send its content bare.
Bytes inside_tlv5(Bytes octets) noexcept {
  if (octets.size() >= 2 && octets[0] == kTlv5) {
    return octets.subspan(2, std::min<std::size_t>(octets[1], octets.size() - 2));
  }
  return octets;
}

// Modems from 3.0 on say in option 125 what earlier ones, and all MTAs, write into option 60.
Bytes capabilities(const DeviceSays& said, const VendorClass& cls, Arena& arena) noexcept {
  return inside_tlv5(said.capabilities.empty() ? from_hex(cls.hex, arena) : said.capabilities);
}

std::optional<Bytes> docsis_version(const DeviceSays& said, const VendorClass& cls, Arena& arena) noexcept {
  if (cls.kind != DeviceKind::modem) return std::nullopt;
  if (!cls.version.empty()) return as_bytes(cls.version);
  const std::optional<Bytes> tlv = find_tlv(capabilities(said, cls, arena), 2);
  if (!tlv || tlv->size() != 1 || (*tlv)[0] >= std::size(kDocsisVersions)) return std::nullopt;
  return as_bytes(kDocsisVersions[(*tlv)[0]]);
}

}  // namespace

std::string_view to_string(DeviceKind kind) noexcept {
  const auto row = std::ranges::find(kPrefixes, kind, &Prefix::kind);
  return row == std::end(kPrefixes) ? std::string_view{"other"} : row->name;
}

VendorClass parse_vendor_class(Bytes option) noexcept {
  const std::string_view text = as_text(option);
  const auto row = std::ranges::find_if(kPrefixes, [&](const Prefix& prefix) { return starts_with_ignoring_case(text, prefix.text); });
  if (row == std::end(kPrefixes)) return {};
  VendorClass out{.kind = row->kind, .version = {}, .hex = {}};
  const std::string_view rest = text.substr(row->text.size());
  const std::size_t colon = rest.find(':');
  if (colon != std::string_view::npos) out.hex = rest.substr(colon + 1);
  const std::string_view version = trimmed(rest.substr(0, colon));
  const bool is_number = !version.empty() && version.front() >= '0' && version.front() <= '9' &&
                         version.find_first_not_of("0123456789.") == std::string_view::npos;
  if (is_number) out.version = version;
  return out;
}

std::optional<Bytes> find_tlv(Bytes tlvs, std::uint8_t code) noexcept {
  while (tlvs.size() >= 2 && tlvs.size() - 2 >= tlvs[1]) {
    if (tlvs[0] == code) return tlvs.subspan(2, tlvs[1]);
    tlvs = tlvs.subspan(2u + tlvs[1]);
  }
  return std::nullopt;
}

std::span<const DeviceValue> device_values() noexcept { return kValues; }

Bytes modem_mac(const Message& message) noexcept {
  const Bytes remote_id = message.relay_agent_info().get(agent::remote_id);
  if (remote_id.size() == 6) return remote_id;
  const bool says_modem = parse_vendor_class(message.option(option::vendor_class_identifier)).kind == DeviceKind::modem;
  return says_modem && message.chaddr().size() == 6 ? message.chaddr() : Bytes{};
}

bool is_modem(const Message& message) noexcept {
  if (parse_vendor_class(message.option(option::vendor_class_identifier)).kind != DeviceKind::modem) return false;
  return equal(modem_mac(message), message.chaddr());
}

DeviceSays device_says(const Message& message) noexcept {
  return {.vendor_class = message.option(option::vendor_class_identifier),
          .vendor_options = message.option(option::vendor_encapsulated),
          .capabilities = find_tlv(cable_labs_options(message.option(option::vivso)), kCapabilitiesOf125).value_or(Bytes{})};
}

std::optional<Bytes> device_value(const Message& message, std::uint8_t code, Arena& arena) noexcept {
  return code == device::mac ? unless_empty(modem_mac(message)) : device_value(device_says(message), code, arena);
}

std::optional<Bytes> device_value(const DeviceSays& said, std::uint8_t code, Arena& arena) noexcept {
  const VendorClass cls = parse_vendor_class(said.vendor_class);
  if (code == device::kind) return as_bytes(to_string(cls.kind));
  if (code == device::docsis_version) return docsis_version(said, cls, arena);
  if (code == device::packetcable_version) return cls.kind == DeviceKind::mta ? unless_empty(cls.version) : std::nullopt;
  if (code >= kFirstSubOption && code - kFirstSubOption < static_cast<int>(std::size(kSubOptions))) {
    return sub_option_value(said.vendor_options, kSubOptions[code - kFirstSubOption], arena);
  }
  if (code == device::capabilities) return unless_empty(capabilities(said, cls, arena));
  if (code > kMtaCapability && cls.kind == DeviceKind::mta) {
    return find_tlv(capabilities(said, cls, arena), static_cast<std::uint8_t>(code - kMtaCapability));
  }
  if (code > kModemCapability && code < kMtaCapability && cls.kind == DeviceKind::modem) {
    return find_tlv(capabilities(said, cls, arena), static_cast<std::uint8_t>(code - kModemCapability));
  }
  return std::nullopt;
}

}  // namespace coaxd::wire
