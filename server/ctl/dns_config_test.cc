#include "server/ctl/dns_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coaxd::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string wrong(const std::string& text) {
  const auto names = allow_list(text, "allow");
  return names ? "" : names.error();
}

TEST(AllowList, NamesInLowerCaseWithoutComments) {
  const auto names = allow_list("# scanners\nUpdate.Example.COM\r\n\n  scanner.example   # ours\n*.example.org\nexample.net.\n_dmarc.a-b.example", "allow");
  ASSERT_TRUE(names) << names.error();
  EXPECT_THAT(*names, ElementsAre("update.example.com", "scanner.example", "example.org", "example.net", "_dmarc.a-b.example"));
}

TEST(AllowList, WhatIsBelowAnotherIsAllowedAnyway) {
  EXPECT_THAT(*allow_list("www.a.example\na.example\nb.www.a.example\nxa.example\na.example\n", "allow"), ElementsAre("a.example", "xa.example"));
}

TEST(AllowList, Empty) {
  EXPECT_TRUE(allow_list("", "allow")->empty());
  EXPECT_TRUE(allow_list("# nothing\n\n  \n", "allow")->empty());
}

TEST(AllowList, MistakesHaveTheirLine) {
  for (const std::string& name : {std::string("com"), std::string("a b.example"), std::string("-a.example"), std::string("a-.example"), std::string("a..example"), std::string(".example.com"),
                                  std::string("b\xc3\xbc" "cher.example"), std::string(64, 'a') + ".example", std::string("a.example;x"), std::string("10.66.0.1"), std::string("x\".example"),
                                  std::string("{domain}.example"), std::string("a.example.."), std::string("*.*.a.example")}) {
    EXPECT_THAT(wrong("good.example\n\n" + name + "\n"), StartsWith("allow:3: ")) << name;
    EXPECT_THAT(wrong("good.example\n\n" + name), HasSubstr("write such as")) << name;
  }
}

// RFC 1035 §2.3.4: labels of 63 octets, names of 255, which are 253 in text.
TEST(Rfc1035_2_3_4_AllowList, Sizes) {
  const std::string label(63, 'a'), three = label + "." + label + "." + label + ".";
  EXPECT_EQ(wrong(three + std::string(61, 'b')), "");
  EXPECT_NE(wrong(three + std::string(62, 'b')), "");
}

TEST(AllowList, NothingOfItSteersATerminal) {
  EXPECT_EQ(wrong(std::string("\x1b[2J\0x", 6)).find('\x1b'), std::string::npos);
}

TEST(Filled, EachPairOfANameAndAnUpstream) {
  const DnsConfig config{.portal = "10.66.0.1", .listen = "10.66.0.2", .upstreams = {"192.0.2.53", "192.0.2.54"}, .names = {"a.example", "b.example"}};
  EXPECT_EQ(filled("# {command}\nlisten={listen}\n\nname={domain}\nserver=/{domain}/{upstream}\nall={portal},{portal}", config),
            "# coaxctl quarantine dns-config\nlisten=10.66.0.2\n\nname=a.example\nname=b.example\nserver=/a.example/192.0.2.53\nserver=/a.example/192.0.2.54\n"
            "server=/b.example/192.0.2.53\nserver=/b.example/192.0.2.54\nall=10.66.0.1,10.66.0.1\n");
}

TEST(Filled, NoNames) { EXPECT_EQ(filled("a\nserver=/{domain}/{upstream}\nb\n", {.portal = "10.66.0.1", .listen = "10.66.0.2", .upstreams = {"192.0.2.53"}, .names = {}}), "a\nb\n"); }

TEST(DnsExamples, AreWholeAndFillable) {
  const auto names = allow_list(dns_example("allow.txt"), "allow.txt");
  ASSERT_TRUE(names) << names.error();
  EXPECT_GT(names->size(), 30u);
  for (const char* program : {"dnsmasq.conf.in", "unbound.conf.in"}) {
    const std::string text = filled(dns_example(program), {.portal = "10.66.0.1", .listen = "10.66.0.2", .upstreams = {"192.0.2.53"}, .names = *names});
    EXPECT_THAT(text, HasSubstr("10.66.0.1"));
    EXPECT_THAT(text, HasSubstr("10.66.0.2"));
    EXPECT_THAT(text, HasSubstr(names->back()));
    EXPECT_EQ(text.find('{'), std::string::npos) << program;
  }
  EXPECT_EQ(dns_example("else"), "");
}

}  // namespace
}  // namespace coaxd::ctl
