#include "server/daemon/lease_memory.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

#include "server/daemon/configuration.h"
#include "server/daemon/mirror.h"
#include "server/engine/event_bodies.h"
#include "server/store/sqlite.h"

namespace coaxd::daemon {
namespace {

constexpr WallSeconds kNow = 1'795'380'600;

class LeaseMemoryTest : public testing::Test {
 protected:
  LeaseMemoryTest() {
    std::string name = testing::TempDir() + "coaxd-leases-XXXXXX";
    folder = mkdtemp(name.data());
  }
  ~LeaseMemoryTest() override { std::filesystem::remove_all(folder); }

  void start(std::string_view conf, std::string_view leases) {
    std::ofstream(folder / "dhcpd.conf") << conf;
    std::ofstream(folder / "dhcpd.leases") << leases;
    auto loaded = load_configuration(folder / "dhcpd.conf", {}, nullptr);
    ASSERT_TRUE(loaded) << loaded.error();
    config = loaded->config;
    store::StoreOptions options;
    options.path = folder / "store.db";
    options.segment_size = 1 << 20;
    options.now = kNow;
    auto opened = store::LeaseStore::open(options);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
    memory.emplace(*config, kNow, HashSeed{1, 2});
    const auto filled = memory->fill(*config, *store, folder / "dhcpd.leases", false, kNow, [](const std::string&) {});
    ASSERT_TRUE(filled) << filled.error();
  }
  std::expected<void, std::string> reload(std::string_view conf) {
    std::ofstream(folder / "dhcpd.conf") << conf;
    auto loaded = load_configuration(folder / "dhcpd.conf", {}, nullptr);
    if (!loaded) return std::unexpected(loaded.error());
    config = loaded->config;
    return memory->reconfigure(*config, *store, kNow);
  }
  std::uint32_t billed(std::string_view class_name, std::string_view data) {
    return memory->limits().count(memory->limits().key(class_name, as_bytes(data)));
  }
  lease::Binding binding(Ipv4 address) {
    lease::Binding out;
    memory->table().read(memory->table().find(address), out);
    return out;
  }

  std::filesystem::path folder;
  std::shared_ptr<const config::Config> config;
  std::unique_ptr<store::LeaseStore> store;
  std::optional<LeaseMemory> memory;
};

constexpr std::string_view kConfig = R"(
  option space ACME;
  option ACME.colour code 1 = text;
  option my-text code 200 = text;
  subnet 10.77.0.0 netmask 255.255.255.0 {
    range 10.77.0.10 10.77.0.20;
    on commit {
      set mark = "abc";
      on expiry {
        if exists agent.circuit-id and not (known = true) { log(info, concat("x ", mark, 1:2:ff)); }
        elsif substring(hardware, 1, 3) = 00:11:22 { execute("/bin/true", mark, binary-to-ascii(16, 8, ":", substring(hardware, 1, 6))); }
        else { unset raw; }
      }
      on release {
        switch (mark) { case "a": log("one"); break;
                        case "b": default: log(debug, pick-first-value(option ACME.colour, option my-text, config-option host-name, "none")); }
        set number = "5"; option my-text "zz"; if (mark ~= "^a") { break; }
      }
    }
  }
)";

// To the letter as dhcpd 4.4.3 wrote it for that configuration.
constexpr std::string_view kEvents = R"(  on expiry {
    if exists agent.circuit-id and not known = true {
      log (info, 
          concat (concat ("x ", mark), 01:02:ff));
    } elsif substring (hardware, 1, 3) = 00:11:22 {
      execute ("/bin/true", mark, 
          binary-to-ascii (16, 8, ":", 
                           substring (hardware, 1, 6)));
    } else {
      unset raw ;
    }
  }
  on release {
    switch (mark) {
     case "a":
      log (debug, "one");
      break;
     case "b":
     default: 
      log (debug, 
          pick-first-value (option ACME.colour, 
                            option my-text, 
                            config-option host-name, "none"));
    }
    set number = "5" ;
    supersede my-text = "zz";
    if mark ~= "^a" {
      break;
    }
  }
)";

std::string lease_block(std::string_view address, std::string_view events) {
  return std::string("lease ") + std::string(address) + R"( {
  starts 0 2026/11/22 20:48:25;
  ends 0 2026/11/22 20:58:25;
  cltt 0 2026/11/22 20:48:25;
  binding state active;
  next binding state free;
  rewind binding state free;
  hardware ethernet c2:19:6b:2e:d8:b9;
  set mark = "abc";
)" + std::string(events) + "}\n";
}

// The operator comes from dhcpd: what his leases are to do at their end is what the configuration says, in dhcpd's line breaks.
TEST_F(LeaseMemoryTest, Dhcpd_14_2_EventsOfALeasesFileAreThoseOfTheConfiguration) {
  start(kConfig, lease_block("10.77.0.10", kEvents) + lease_block("10.77.0.11", "  on expiry {\n    log (info, \"of another time\");\n  }\n"));
  engine::EventBodies bodies;
  bodies.use(*config);
  for (const lease::Item item : {lease::Item::on_expiry, lease::Item::on_release}) {
    const lease::Binding b = binding(Ipv4::of(10, 77, 0, 10));
    EXPECT_NE(bodies.find(b.get(item)), nullptr) << as_text(b.get(item));
  }
  const lease::Binding other = binding(Ipv4::of(10, 77, 0, 11));
  EXPECT_EQ(as_text(other.get(lease::Item::on_expiry)), "log (info, \"of another time\");");
  EXPECT_EQ(bodies.find(other.get(lease::Item::on_expiry)), nullptr);
}

// dhcpd-compat §9.9: a reload is dhcpd's restart, after which the leases of a removed range are on nobody's bill; they are again when it
// comes back.
TEST_F(LeaseMemoryTest, Dhcpd_9_9_LeasesOfARemovedRangeAreOffTheBill) {
  const auto conf = [](std::string_view range) {
    return fmt::format(R"(class "house" {{ spawn with option agent.remote-id; lease limit 3; }}
                          subnet 10.77.0.0 netmask 255.255.255.0 {{ range {}; }})", range);
  };
  const std::string bill = "  billing subclass \"house\" \"home\";\n";
  start(conf("10.77.0.10 10.77.0.20"), lease_block("10.77.0.12", bill) + lease_block("10.77.0.13", bill) + lease_block("10.77.0.14", bill));
  EXPECT_EQ(billed("house", "home"), 3u);
  ASSERT_TRUE(reload(conf("10.77.0.14 10.77.0.40")));
  EXPECT_EQ(billed("house", "home"), 1u);
  ASSERT_TRUE(reload(conf("10.77.0.30 10.77.0.40")));
  EXPECT_EQ(billed("house", "home"), 0u);
  ASSERT_TRUE(reload(conf("10.77.0.10 10.77.0.20")));
  EXPECT_EQ(billed("house", "home"), 3u);
}

// Whoever holds a lease that the store cannot read any more keeps it: the mirror has it.
TEST_F(LeaseMemoryTest, WhatIsDamagedInTheStoreComesBackFromTheMirror) {
  start(kConfig, lease_block("10.77.0.10", ""));
  const lease::Binding before = binding(Ipv4::of(10, 77, 0, 10));
  Mirror mirror(memory->table(), {.path = folder / "dhcpd.leases"}, [] { return std::uint64_t{1}; }, [](const std::string&) {});
  ASSERT_TRUE(mirror.write_now());
  store.reset();
  ASSERT_EQ(store::Database::open(folder / "store.db")->exec("UPDATE leases SET binding = x'0102'"), SQLITE_OK);

  std::ostringstream mirrored;
  mirrored << std::ifstream(folder / "dhcpd.leases").rdbuf();
  start(kConfig, mirrored.str());
  EXPECT_EQ(binding(Ipv4::of(10, 77, 0, 10)).hardware()[0], 0xc2);
  EXPECT_EQ(binding(Ipv4::of(10, 77, 0, 10)).ends, before.ends);
  const auto word = memory->table().word(memory->table().find(Ipv4::of(10, 77, 0, 10)));
  EXPECT_EQ(word.state(), lease::SlotState::active);
  EXPECT_GT(word.generation(), 1u);
}

// A range that is gone, a failover partner: nothing of the file is lost to dhcpd.
TEST_F(LeaseMemoryTest, WhatIsNotServedIsKept) {
  const std::string failover = "failover peer \"east\" state {\n  my state partner-down at 0 2026/11/22 20:00:00;\n}\n";
  start(kConfig, failover + lease_block("10.77.0.10", "") + lease_block("10.78.0.10", ""));
  EXPECT_EQ(memory->others(), failover);
  ASSERT_EQ(memory->homeless().size(), 1u);
  EXPECT_EQ(memory->homeless().begin()->first, Ipv4::of(10, 78, 0, 10));
  std::string text;
  EXPECT_FALSE(export_leases(memory->table(), memory->homeless(), ExportFormat::dhcpd)(text));
  EXPECT_NE(text.find("lease 10.77.0.10 {"), text.npos);
  EXPECT_NE(text.find("lease 10.78.0.10 {"), text.npos);
}

TEST_F(LeaseMemoryTest, Rfc4388_6_4_2_AHostThatComesWithAReloadIsHeard) {
  const auto conf = [](std::string_view hosts) { return "subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.10 10.77.0.20; }\n" + std::string(hosts); };
  start(conf(""), "");
  ASSERT_TRUE(reload(conf("host new { hardware ethernet 00:00:5e:00:53:01; fixed-address 10.77.0.99; }\n")));
  lease::Binding told, note;
  told.cltt = 1234;
  memory->fixed_notes().heard(Ipv4::of(10, 77, 0, 99), *config->hosts()[0], told);
  ASSERT_TRUE(memory->fixed_notes().read(Ipv4::of(10, 77, 0, 99), *config->hosts()[0], note));
  EXPECT_EQ(note.cltt, 1234u);
}

}  // namespace
}  // namespace coaxd::daemon
