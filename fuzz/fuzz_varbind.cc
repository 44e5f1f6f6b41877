// Values and names of SNMP objects. Octet 0 chooses: a varbind as it came; a varbind of a type and octets; the contents of an OBJECT IDENTIFIER; an OID as
// text; a name, which may be anything.
#include <string>

#include "docsis/mib_names.h"
#include "docsis/oid.h"
#include "docsis/varbind.h"
#include "fuzz/fuzz.h"

namespace coaxd::docsis {
namespace {

bool same(const Varbind& a, const Varbind& b) { return a.name == b.name && a.type == b.type && a.contents == b.contents; }

// What encoding writes is read as it was meant, whichever form its lengths have.
void survives(const Varbind& varbind) {
  for (const LengthForm form : {LengthForm::shortest, LengthForm::utility, LengthForm::compatible}) {
    const auto octets = encode(varbind, form);
    REQUIRE(octets);
    const auto again = decode_varbind(*octets);
    REQUIRE(again && same(*again, varbind));
  }
}

void varbind_as_it_came(Bytes in) {
  const auto varbind = decode_varbind(in);
  if (!varbind) {
    REQUIRE(!varbind.error().empty());
    return;
  }
  survives(*varbind);
  if (const auto value = integer_of(varbind->contents); varbind->type == SnmpType::integer) {
    REQUIRE(value && integer_of(contents_of_integer(*value)) == value);
    REQUIRE(contents_of_integer(*value).size() <= varbind->contents.size());
  }
  const auto number = unsigned_of(varbind->contents);
  if (number) REQUIRE(unsigned_of(contents_of_unsigned(*number)) == number);
}

void varbind_of_parts(fuzz::Source source) {
  Varbind varbind;
  varbind.name = {source.u8() % 3u, source.u8() % 40u};
  for (int arcs = source.u8() % 140; arcs > 0; --arcs) {
    const std::uint32_t high = source.u16();
    varbind.name.push_back((high << 16) | source.u16());
  }
  varbind.type = SnmpType::octet_string;
  const Bytes rest = source.rest();
  varbind.contents.assign(rest.begin(), rest.end());
  if (varbind.name.size() > 128)
    REQUIRE(!encode(varbind, LengthForm::shortest));
  else
    survives(varbind);
}

void oid_contents(Bytes in) {
  const auto oid = parse_ber_contents(in);
  if (!oid) return;
  REQUIRE(oid->size() >= 2 && oid->size() <= 128);
  const auto again = ber_contents(*oid);
  REQUIRE(again && equal(*again, in));
  REQUIRE(parse_oid(to_text(*oid)) == oid);
  // Shown by name it can be read, and mostly means the same; with no MIB it always does.
  const std::string shown = built_in_mibs().name(*oid);
  REQUIRE(!shown.empty());
  REQUIRE(no_mibs().resolve(no_mibs().name(*oid)) == *oid);
  const auto object = built_in_mibs().object(*oid);
  if (object) REQUIRE(!object->name.empty());
}

void oid_text(std::string_view text) {
  const auto oid = parse_oid(text);
  if (!oid) return;
  REQUIRE(to_text(*oid) == text.substr(text.starts_with('.') ? 1 : 0));
  const auto resolved = built_in_mibs().resolve(text);  // numbers are always a name
  REQUIRE(resolved && *resolved == *oid);
}

void name(std::string_view token) {
  const auto oid = built_in_mibs().resolve(token);
  if (!oid) {
    REQUIRE(!oid.error().empty());
    return;
  }
  REQUIRE(!oid->empty() && oid->size() <= 128);
  REQUIRE(built_in_mibs().resolve(to_text(*oid)) == *oid);
  REQUIRE(!built_in_mibs().name(*oid).empty());
}

}  // namespace
}  // namespace coaxd::docsis

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  if (size == 0) return 0;
  const Bytes in(data + 1, size - 1);
  switch (data[0] % 5) {
    case 0: docsis::varbind_as_it_came(in); break;
    case 1: docsis::varbind_of_parts(fuzz::Source(in)); break;
    case 2: docsis::oid_contents(in); break;
    case 3: docsis::oid_text(as_text(in)); break;
    default: docsis::name(as_text(in)); break;
  }
  return 0;
}
