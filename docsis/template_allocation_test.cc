// The promise of template.h: once its buffers have grown, a Compiler allocates nothing. A binary of its own, because it replaces malloc.
#include <gtest/gtest.h>

#include <array>

#include "docsis/template.h"
#include "server/base/testing/allocation_count.h"

namespace coaxd::docsis {
namespace {

Template made(std::string_view text) {
  auto parsed = Template::parse(text, "gold.cfg", {.read_file = {}});
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().at(0).message);
  return std::move(*parsed);
}
// As long as a value may be, and as short.
Variables of(bool large) {
  return [large](std::string_view name) -> std::optional<std::string_view> {
    static const std::string kLong(200, 'x'), kHex(400, 'a');
    if (name == "n") return large ? "250" : "1";
    if (name == "text") return large ? std::string_view(kLong) : "";
    if (name == "hex") return large ? std::string_view(kHex) : "ab";
    if (name == "one") return "1";
    if (name == "mac") return "00:00:5e:00:53:01";
    return "192.0.2.1";
  };
}

TEST(DocsisTemplate, AllocatesNothingOnceItsBuffersHaveGrown) {
  const std::array templates{
      made("Main { NetworkAccess 1; MaxCPE ${n}; CpeMacAddress ${mac}; SwUpgradeServer ${ip}; SwUpgradeFilename \"${text}\"; MfgCVCData 0x${hex}; "
           "TftpTimestamp ${n}; "
           "UsServiceFlow { UsServiceFlowRef 1; VendorSpecific { VendorIdentifier 0x00000c; GenericTLV TlvCode 1 TlvString \"${text}\"; } } "
           "SnmpMibObject sysContact.0 String \"${text}\"; SnmpMibObject docsDevNmAccessIp.1 IPAddress ${ip}; SnmpMibObject docsDevFilterIpDestPortLow.1 "
           "Integer ${n}; "
           "SnmpWriteControl .1.3.6.1.2.1 ${one:1}; }"),
      made("Main { MaxCPE ${n}; GenericTLV TlvCode 200 TlvString \"a${text}\"; }")};
  const Template mta = made("Main { MtaConfigDelimiter 1; SnmpMibObject sysContact.0 String \"${text}${text:}\"; MtaConfigDelimiter 255; }");
  const Seal seal{.secret = SharedSecret::from_file(as_bytes("DOCSIS")), .extended_secret = {}};
  const std::array variables{of(true), of(false)};
  Compiler compiler;
  Octets out;
  std::size_t warm = 0;
  for (int round = 0; round < 100; ++round) {
    if (round == 2) warm = allocation_count();
    for (const Variables& values : variables) {
      for (const Template& each : templates) {
        const auto done = compiler.compile(each, values, {.timestamp = 1, .modem_address = 2}, seal, out);
        ASSERT_TRUE(done) << done.error().at(0).message;
      }
      const auto done = compiler.compile_mta(mta, variables[1], MtaHash::euro, out);
      ASSERT_TRUE(done) << done.error().at(0).message;
    }
  }
  EXPECT_EQ(allocation_count() - warm, 0U);
}

}  // namespace
}  // namespace coaxd::docsis
