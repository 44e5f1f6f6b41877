// Two thousand modems that boot again and again, while templates change and keys are rotated: each file is its modem's own, byte for byte what the compiler of whole texts
// makes of the template as it was then, under a key that was good then. Everything from one seed.
#include <gtest/gtest.h>

#include <random>

#include "server/provision/testing/plant.h"
#include "server/tftp/time_of_day.h"

namespace coaxd::provision {
namespace {

constexpr std::uint32_t kModems = 2000;

class Fleet {
 public:
  Fleet(std::uint64_t seed, bool generated_names, bool dynamic) : random_(seed), plant_(kModems), dynamic_(dynamic) {
    plant_.settings.generated_names = generated_names;
    plant_.settings.check = SourceCheck::told;
    plant_.settings.timestamp = plant_.settings.modem_address = dynamic;
    plant_.settings.cache_octets = 200'000;  // too small for all: entries come and go
    plant_.settings.secrets = plant_.folder.path("secrets");
    for (std::size_t i = 0; i < kTemplates; ++i) write_template(i);
    write_secrets();
    for (const News& news : plant_.open()) EXPECT_FALSE(news.error) << news.text;
    for (std::uint32_t i = 0; i < kModems; ++i) set_modem(i);
  }

  void run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      const auto what = random_() % 1000;
      if (what < 2) {
        write_template(random_() % kTemplates);
        plant_.settle();
      } else if (what < 3) {
        rotate();
        plant_.settle();
      } else if (what < 20) {
        set_modem(static_cast<std::uint32_t>(random_() % kModems));
      } else {
        boot(static_cast<std::uint32_t>(random_() % kModems));
      }
      plant_.pass(static_cast<WallSeconds>(random_() % 3));
    }
  }
  const Counters& counters() const { return plant_.files->counters(); }

 private:
  static constexpr std::size_t kTemplates = 5;

  // The text of template `t` in its present version, with ${...} or with what modem `i` has in their place.
  std::string text(std::size_t t, std::optional<std::uint32_t> i) const {
    const auto value = [&](std::string_view name, const std::string& own) { return i ? own : "${" + std::string(name) + "}"; };
    const std::uint32_t m = i.value_or(0);
    std::string mac = to_string(Plant::mac(m));
    std::string out = "Main { NetworkAccess 1; MaxCPE " + value("cpe", std::to_string(cpe_[m])) + ";";
    if (t % 2 == 0) out += " SwUpgradeFilename \"" + value("mac", mac) + "." + std::to_string(versions_[t]) + "\";";
    else out += " SwUpgradeFilename \"v" + std::to_string(versions_[t]) + "\";";
    if (t == 3) out += " SnmpMibObject sysContact.0 String \"" + value("note", "note of " + std::to_string(m)) + "\";";
    if (t == 4) out += " UsServiceFlow { UsServiceFlowRef 1; MaxRateSustained " + value("rate", std::to_string(rate_[m])) + "; }";
    return out + " }\n";
  }
  void write_template(std::size_t t) {
    ++versions_[t];
    plant_.folder.write("templates/t" + std::to_string(t) + ".cfg", text(t, std::nullopt));
  }
  static Ipv4 relay(std::uint32_t i) { return Ipv4::of(10, static_cast<std::uint8_t>(100 + i % 3), 0, 1); }
  void write_secrets() {
    std::string file;
    for (std::size_t c = 0; c < 3; ++c) {
      file += "10." + std::to_string(100 + c) + ".0.0/16 \"" + keys_[c] + "\"";
      if (!old_keys_[c].empty()) file += " old \"" + old_keys_[c] + "\" until 2099-01-01T00:00Z";
      file += "\n";
    }
    plant_.folder.write("secrets", file);
  }
  void rotate() {
    const auto c = random_() % 3;
    if (old_keys_[c].empty()) old_keys_[c] = std::exchange(keys_[c], "key " + std::to_string(++rotations_));
    else old_keys_[c].clear();
    write_secrets();
  }
  void set_modem(std::uint32_t i) {
    cpe_[i] = 1 + static_cast<int>(random_() % 4);
    rate_[i] = 1000 + static_cast<int>(random_() % 50);
    plant_.record(i, "p", {{"cpe", std::to_string(cpe_[i])}, {"note", "note of " + std::to_string(i)}, {"rate", std::to_string(rate_[i])}});
  }
  void boot(std::uint32_t i) {
    const std::size_t t = (i + random_() % 2) % kTemplates;
    const std::string name = plant_.boot(i, "t" + std::to_string(t) + ".cm", relay(i));
    const bool complete = random_() % 4 != 0;
    const Got got = plant_.get(i, name, complete);
    ASSERT_TRUE(got.ready()) << got.text;
    docsis::Octets under[2];
    for (int old = 0; old < 2; ++old) {
      const std::string& key = old != 0 ? old_keys_[i % 3] : keys_[i % 3];
      auto parsed = docsis::parse(text(t, i), "oracle", {.read_file = {}});
      ASSERT_TRUE(parsed) << parsed.error()[0].message;
      if (dynamic_) {
        docsis::Octets time(4), address(4);
        store_be32(time.data(), tftp::seconds_since_1900(plant_.now.wall));
        store_be32(address.data(), Plant::address(i).value);
        parsed->document.nodes.push_back({.code = 19, .value = time});
        parsed->document.nodes.push_back({.code = 20, .value = address});
      }
      ASSERT_TRUE(docsis::seal(parsed->document, {.secret = docsis::SharedSecret::from_file(as_bytes(key))}, under[old]));
    }
    const bool is_old = !old_keys_[i % 3].empty() && got.octets == under[1];
    ASSERT_TRUE(is_old || got.octets == under[0]) << "modem " << i << ", template " << t;
    old_seen_ += is_old ? 1 : 0;
    if (plant_.settings.generated_names) {
      ASSERT_FALSE(plant_.get((i + 1) % kModems, name).ready());
    }
  }

  std::mt19937_64 random_;
  Plant plant_;
  const bool dynamic_;
  std::array<int, kTemplates> versions_{};
  std::array<int, kModems> cpe_{}, rate_{};
  std::array<std::string, 3> keys_{"north", "south", ""}, old_keys_{};
  int rotations_ = 0;

 public:
  std::uint64_t old_seen_ = 0;
};

class FleetTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(FleetTest, EachModemGetsItsOwnFile) {
  const std::uint64_t seed = GetParam();
  SCOPED_TRACE(seed);
  Fleet fleet(seed, seed % 2 == 0, seed % 4 < 2);
  fleet.run(6000);
  EXPECT_GT(fleet.counters().from_templates.get(), 4000u);
  EXPECT_GT(fleet.counters().compiles.get(), 100u);
  EXPECT_GT(fleet.counters().cache_hits.get(), 100u);
  EXPECT_EQ(fleet.counters().old_secrets.get(), fleet.old_seen_);
  EXPECT_EQ(fleet.counters().of(Refusal::compile_failed).get(), 0u);
}
INSTANTIATE_TEST_SUITE_P(Seeds, FleetTest, testing::Values(1, 2, 3, 4));

}  // namespace
}  // namespace coaxd::provision
