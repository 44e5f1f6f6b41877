#include "server/daemon/served_interfaces.h"

#include <gmock/gmock.h>

#include "server/config/parser.h"

namespace coaxd::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr Ipv4 kOwn = Ipv4::of(10, 77, 0, 1), kOther = Ipv4::of(10, 88, 0, 1), kVip = Ipv4::of(10, 77, 0, 100);

std::shared_ptr<const config::Config> config_of(std::string text) {
  const config::FileReader none = [](const std::string&, std::string&, std::string&) { return false; };
  auto config = config::resolve(config::parse("dhcpd.conf", std::move(text), none));
  EXPECT_TRUE(config);
  return config ? *config : nullptr;
}

const auto kDeclared = config_of("subnet 10.77.0.0 netmask 255.255.255.0 { }");

io::ScannedInterface interface(std::string name, std::vector<Ipv4> addresses) {
  io::ScannedInterface made;
  made.name = std::move(name);
  made.up = made.broadcast = true;
  for (const Ipv4 address : addresses) made.addresses.push_back({address, Ipv4::of(255, 255, 255, 0)});
  return made;
}

std::vector<std::string> names(const Interfaces& interfaces) {
  std::vector<std::string> out;
  for (const auto& one : interfaces) out.push_back(one.name);
  return out;
}

// dhcpd-compat 15.1.
TEST(ServedInterfaces, ThoseOfADeclaredSubnetAndWithoutNamesOnlyWhatIsUpAndTakesBroadcasts) {
  Interfaces all{interface("lo", {kOwn}), interface("e0", {kOther, kOwn}), interface("e1", {kOther}), interface("e2", {kOwn}), interface("tun0", {kOwn})};
  all[0].loopback = true;
  all[3].up = false;
  all[4].broadcast = false;
  const Interfaces served = served_interfaces(all, {}, *kDeclared);
  EXPECT_THAT(names(served), ElementsAre("e0"));
  EXPECT_EQ(served.front().addresses.front().network, kOwn) << "the declared address is the server identifier";
  EXPECT_EQ(served.front().addresses.size(), 2u);
  EXPECT_THAT(names(served_interfaces(all, {"e1", "e2", "tun0"}, *kDeclared)), ElementsAre("e2", "tun0"));
  const auto bound = config_of("shared-network a { interface e1; subnet 10.99.0.0 netmask 255.255.255.0 { } }");
  EXPECT_THAT(names(served_interfaces(all, {}, *bound)), ElementsAre("e1"));
}

TEST(ServedInterfaces, WhatNoServerCanStartWithIsASentence) {
  const Interfaces all{interface("e0", {kOwn})};
  EXPECT_EQ(why_unservable(all, {}, *kDeclared, {}), "");
  EXPECT_EQ(why_unservable(all, {}, *kDeclared, kOwn), "");
  EXPECT_THAT(why_unservable(all, {}, *config_of(""), {}), StartsWith("Not configured to listen on any interfaces! "));
  EXPECT_THAT(why_unservable(all, {"e1"}, *kDeclared, {}), StartsWith("Not configured to listen on any interfaces! "));
  EXPECT_THAT(why_unservable(all, {}, *kDeclared, kVip), HasSubstr("local-address 10.77.0.100 is on no interface"));
}

TEST(ServedInterfaces, StartLinesAreDhcpds) {
  Interfaces all{interface("e0", {kOwn}), interface("e1", {kOther}), interface("e2", {})};
  all[0].mac = {2, 0, 0, 0, 0, 1};
  EXPECT_THAT(undeclared_lines(all, {}, *kDeclared), ElementsAre(StartsWith("No subnet declaration for e1 (10.88.0.1).\n** Ignoring requests on e1.")));
  EXPECT_THAT(undeclared_lines(all, {"e0"}, *kDeclared), IsEmpty());
  EXPECT_THAT(listening_lines(served_interfaces(all, {}, *kDeclared), *kDeclared),
              ElementsAre("Listening on LPF/e0/02:00:00:00:00:01/10.77.0.0/24", "Sending on   LPF/e0/02:00:00:00:00:01/10.77.0.0/24",
                          "Sending on   Socket/fallback/fallback-net"));
}

TEST(ServedInterfaces, EachChangeIsASentence) {
  const Interfaces one{interface("e0", {kOwn})}, none;
  EXPECT_THAT(changes_of_served(one, one, one), IsEmpty());
  EXPECT_THAT(changes_of_served(none, one, one), ElementsAre("e0 (10.77.0.1) is served now."));
  const auto nobody = StartsWith("No interface is served now: ");
  EXPECT_THAT(changes_of_served(one, none, none), ElementsAre("e0 (10.77.0.1) is not served any more: it is gone.", nobody));
  Interfaces down = one;
  down[0].up = false;
  EXPECT_THAT(changes_of_served(one, none, down), ElementsAre("e0 (10.77.0.1) is not served any more: it is down.", nobody));
  EXPECT_THAT(changes_of_served(one, none, one), ElementsAre("e0 (10.77.0.1) is not served any more: it has no address of a declared subnet.", nobody));
  // Named on the command line, it is served though it is down.
  EXPECT_THAT(changes_of_served(one, down, down), ElementsAre("e0 is down."));
  EXPECT_THAT(changes_of_served(down, one, one), ElementsAre("e0 is up again."));
  EXPECT_THAT(changes_of_served(none, none, one), IsEmpty());
}

// A takeover moves a service address.
TEST(ServedInterfaces, AnAddressThatComesOrGoesIsSaid) {
  const Interfaces own{interface("e0", {kOwn})}, both{interface("e0", {kOwn, kVip})}, vip{interface("e0", {kVip})};
  EXPECT_THAT(changes_of_served(own, both, both), ElementsAre("e0 has got the address 10.77.0.100."));
  EXPECT_THAT(changes_of_served(both, own, own), ElementsAre("e0 has lost the address 10.77.0.100."));
  EXPECT_THAT(changes_of_served(both, vip, vip),
              ElementsAre("e0 has lost the address 10.77.0.1.", "The server identifier on e0 is 10.77.0.100 now, no longer 10.77.0.1."));
}

}  // namespace
}  // namespace coaxd::daemon
