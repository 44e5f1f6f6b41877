// cable_device.h: what a cable modem, or a device inside one, tells about itself in a DHCP message: option 60 ("docsis3.0:0524..."), option
// 43 (serial number, model, versions), the capability TLVs of option 60 or option 125, the MAC that option 82 vouches for. Names for people
// and for dhcpd.conf (`option modem.NAME`, docs/operating.md) come from one table. Strangers write all of this: what is cut short ends
// there, what is no hexadecimal is not there. Pure, nothing allocates, any thread.
// Source: MULPI 3.1 Annex C.1.3.1 and D.1.1 (TLV 5, DHCP fields of the CM), PKT-SP-PROV1.5 §10 (the MTA's), CL-SP-CANN-DHCP-Reg (43, 125),
// RFC 2132 §8.4 and §9.13, RFC 3046 §3.2, RFC 3925 §4.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "server/base/arena.h"
#include "server/base/bytes.h"
#include "server/wire/message.h"

namespace coaxd::wire {

enum class DeviceKind : std::uint8_t { other, modem, mta, erouter, portal, settop };
std::string_view to_string(DeviceKind kind) noexcept;

// Option 60 taken apart: "docsis3.1:0501..." is a modem of version "3.1" with capabilities in hexadecimal. Views into the option.
struct VendorClass {
  DeviceKind kind = DeviceKind::other;
  std::string_view version;   // what stands behind the name and before a colon: "3.1"; empty when it is no number
  std::string_view hex;       // what stands behind the colon
};
VendorClass parse_vendor_class(Bytes option) noexcept;

// Values of a list of TLVs with codes and lengths of one octet.
std::optional<Bytes> find_tlv(Bytes tlvs, std::uint8_t code) noexcept;

// The sub-options of option 43 (RFC 2132 §8.4: 0 pads, 255 ends). Those a device tells about itself.
namespace vendor_option {
inline constexpr std::uint8_t device_type = 2, embedded_devices = 3, serial_number = 4, hardware_version = 5, software_version = 6,
                              boot_rom_version = 7, oui = 8, model = 9, vendor = 10, mta_mac = 31;
}

// `option modem.NAME`: one row each, ascending by code. Codes above kModemCapability are TLV 5's sub-TLV + 100 of a modem, those above
// kMtaCapability the MTA's + 200; such a code without a row can be read as `unknown-CODE`.
struct DeviceValue {
  std::uint8_t code;
  std::string_view name;
  std::string_view format;  // as in option_table.h
  std::string_view source;
};
inline constexpr std::uint8_t kModemCapability = 100, kMtaCapability = 200;
std::span<const DeviceValue> device_values() noexcept;

namespace device {
inline constexpr std::uint8_t kind = 1, docsis_version = 2, packetcable_version = 3, mac = 4, profile = 5, serial_number = 12,
                              hardware_version = 13, software_version = 14, boot_rom_version = 15, model = 17, vendor = 18, capabilities = 20;
}

// What a device says, wherever it stands in the message. Views.
struct DeviceSays {
  Bytes vendor_class;    // option 60
  Bytes vendor_options;  // option 43
  Bytes capabilities;    // TLV 5 in option 125 of enterprise 4491; most have it in option 60
};
DeviceSays device_says(const Message& message) noexcept;

// One of them as this message has it; null when it does not say. Scratch comes from the arena. `profile` is not in the message: null here.
std::optional<Bytes> device_value(const Message& message, std::uint8_t code, Arena& arena) noexcept;

// The modem that sent the message, or that its sender is behind: option 82.2 when it has six octets (RFC 3046 §3.2, the CMTS vouches for
// it), else chaddr of who calls himself a modem. Empty: no modem is known.
Bytes modem_mac(const Message& message) noexcept;
// It is the modem itself: it says so, and the CMTS does not say otherwise.
bool is_modem(const Message& message) noexcept;

// The same out of kept octets (server/subscriber), but for what only a message tells: `mac`.
std::optional<Bytes> device_value(const DeviceSays& said, std::uint8_t code, Arena& arena) noexcept;

}  // namespace coaxd::wire
