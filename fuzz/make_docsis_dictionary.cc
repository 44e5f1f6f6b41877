// Prints a libFuzzer dictionary made from the table of TLVs.
//   make_docsis_dictionary octets     every TLV as code, length and a value of its kind
//   make_docsis_dictionary keywords   every keyword
#include <cstdio>
#include <string>
#include <string_view>

#include "docsis/tlv.h"

namespace {

using coaxd::docsis::Kind;
using coaxd::docsis::Tlv;

// Some value that fits; of a block, nothing.
std::string value_of(const Tlv& tlv) {
  std::size_t octets = width(tlv.kind);
  if (tlv.kind == Kind::varbind) return std::string("\x30\x0d\x06\x08\x2b\x06\x01\x02\x01\x01\x04\x00\x04\x01x", 15);
  if (tlv.kind == Kind::oid || tlv.kind == Kind::oid_u8) return std::string("\x06\x03\x2b\x06\x01\x00", tlv.kind == Kind::oid ? 5 : 6);
  if (octets == 0 && !tlv.nests() && tlv.bounded) octets = tlv.min;
  if (tlv.name == "VendorIdentifier") return "\xff\xff\xff";
  std::string value(octets, '\0');
  if (!value.empty()) value.back() = static_cast<char>(tlv.bounded && tlv.min != 0 ? tlv.min : 1);
  return value;
}

void print_octets(const Tlv& tlv) {
  const std::string value = value_of(tlv);
  std::printf("\"\\x%02x", tlv.code());
  if (tlv.kind != Kind::pad && tlv.kind != Kind::end) {
    if (tlv.two_octet_length()) std::printf("\\x00");
    std::printf("\\x%02x", static_cast<unsigned>(value.size()));
  }
  for (const char octet : value) std::printf("\\x%02x", static_cast<unsigned char>(octet));
  std::printf("\"\n");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view kind = argc == 2 ? argv[1] : "";
  if (kind != "octets" && kind != "keywords") {
    std::fprintf(stderr, "usage: make_docsis_dictionary octets|keywords\n");
    return 1;
  }
  for (const Tlv& tlv : coaxd::docsis::tlvs()) {
    if (kind == "octets") {
      print_octets(tlv);
    } else if (coaxd::docsis::utility_keyword(tlv.name) == &tlv || tlv.utility == coaxd::docsis::Utility::unknown) {
      std::printf("\"%.*s\"\n", static_cast<int>(tlv.name.size()), tlv.name.data());
    }
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}
