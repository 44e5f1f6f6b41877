#include "server/config/settings.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "server/config/setting_values.h"

namespace coaxd::config {
namespace {

// The first error as it is shown, or "".
std::string first_error(const std::string& text) {
  Sources sources;
  const auto settings = parse_settings("coaxd.toml", text, sources);
  return settings ? std::string() : settings.error().front().render(sources);
}

Settings read(const std::string& text) {
  Sources sources;
  const auto settings = parse_settings("coaxd.toml", text, sources);
  EXPECT_TRUE(settings) << settings.error().front().render(sources);
  return settings ? *settings : Settings{};
}

TEST(Settings, AbsentFileIsAllDefaults) { EXPECT_EQ(read(""), Settings{}); }

TEST(Settings, ReferenceIsTheDefaultsAndNamesEveryKey) {
  const std::string reference = settings_reference();
  EXPECT_EQ(read(reference), Settings{});
  for (const SettingRow& row : setting_rows()) {
    EXPECT_NE(reference.find("\n" + std::string(row.key) + " = "), std::string::npos) << row.key;
  }
}

// Some value that fits and is not the default.
std::string other_value(const SettingRow& row) {
  switch (row.type) {
    case SettingType::boolean: return std::get<bool>(row.get({})) ? "false" : "true";
    case SettingType::number: return std::to_string(std::get<std::uint32_t>(row.get({})) == row.high ? row.low : row.high);
    case SettingType::choice: return "\"" + std::string(row.choices.back()) + "\"";
    case SettingType::text:
      for (const char* text : {"/a/b", "127.0.0.1:9", "10.1.0.1", "4000-4001", "51", "https://a.example/", "a.example"})
        if (row.check == nullptr || row.check(text).empty()) return fmt::format("\"{}\"", text);
      break;
    case SettingType::records: {
      std::string needed;
      for (const SettingRow& field : row.fields)
        if (field.check != nullptr) needed += fmt::format("{}{} = {}", needed.empty() ? "" : ", ", field.key, other_value(field));
      return "[{ " + needed + " }]";
    }
  }
  return "";
}

TEST(Settings, EveryKeyReachesItsOwnMember) {
  for (const SettingRow& row : setting_rows()) {
    const std::string value = other_value(row);
    const Settings changed = read("[" + std::string(row.table) + "]\n" + std::string(row.key) + " = " + value + "\n");
    for (const SettingRow& other : setting_rows()) {
      EXPECT_EQ(other.get(changed) == other.get({}), &other != &row) << row.key << " and " << other.key;
    }
  }
}

TEST(Settings, ChoicesFollowTheirEnumerations) {
  EXPECT_EQ(read("[server]\nio = \"asio\"").server.io, IoChoice::asio);
  EXPECT_EQ(read("[store]\ndurability = \"crash-safe\"").store.durability, Durability::crash_safe);
  EXPECT_EQ(read("[failover]\nmode = \"alone\"").failover.mode, FailoverMode::alone);
  EXPECT_EQ(read("[failover]\nmode = \"\"").failover.mode, FailoverMode::refuse);
}

TEST(Settings, PrefixesAreAddressesOrNetworks) {
  EXPECT_EQ(parse_prefixes("")->size(), 0u);
  const auto two = parse_prefixes(" 10.1.0.1, 10.2.0.0/16,");
  ASSERT_TRUE(two);
  ASSERT_EQ(two->size(), 2u);
  EXPECT_TRUE(two->at(0).contains(Ipv4::of(10, 1, 0, 1)));
  EXPECT_FALSE(two->at(0).contains(Ipv4::of(10, 1, 0, 2)));
  EXPECT_TRUE(two->at(1).contains(Ipv4::of(10, 2, 255, 255)));
  EXPECT_TRUE(parse_prefixes("0.0.0.0/0")->at(0).contains(Ipv4::of(192, 0, 2, 1)));
  for (const char* wrong : {"10.1.0", "10.1.0.1/33", "10.1.0.1/24", "10.1.0.0/", "10.1.0.0/x", "cmts1", "10.1.0.1;10.1.0.2"}) {
    EXPECT_FALSE(parse_prefixes(wrong)) << wrong;
  }
  EXPECT_NE(first_error("[tftp]\ncmts = \"cmts1\"\n").find("[tftp] cmts: expecting addresses and prefixes such as \"10.1.0.1, 10.2.0.0/24\""), std::string::npos);
}

TEST(Settings, PortsAreARange) {
  EXPECT_EQ(parse_ports("")->low, 0);
  EXPECT_EQ(parse_ports("1-65535")->high, 65535);
  EXPECT_EQ(parse_ports("7-7")->low, 7);
  for (const char* wrong : {"7", "0-7", "8-7", "1-65536", "-7", "7-", "a-b", "1 - 7"}) EXPECT_FALSE(parse_ports(wrong)) << wrong;
  EXPECT_NE(first_error("[tftp]\nports = \"7\"\n").find("[tftp] ports: expecting \"LOW-HIGH\""), std::string::npos);
}

TEST(Settings, NumbersOfOptions) {
  EXPECT_EQ(parse_option_codes("51, 82 1,254"), (std::vector<std::uint8_t>{51, 82, 1, 254}));
  EXPECT_TRUE(parse_option_codes("")->empty());
  for (const char* wrong : {"0", "255", "-1", "51-61", "a", "51;82", "51 x"}) EXPECT_FALSE(parse_option_codes(wrong)) << wrong;
  EXPECT_NE(first_error("[leasequery]\noptions = \"255\"\n").find("[leasequery] options: expecting numbers of options, 1 to 254"), std::string::npos);
}

TEST(Settings, RequestersAreAnArrayOfTables) {
  EXPECT_TRUE(read("[leasequery]\nrequesters = []").leasequery.requesters.empty());
  const auto requesters = read("[leasequery]\nrequesters = [{ prefix = \"10.1.0.1\" },\n"
                               "  { prefix = \"10.2.0.0/24\", dialect = \"draft2\", type = 9, rate = 50, lists = \"strict\" }]").leasequery.requesters;
  ASSERT_EQ(requesters.size(), 2u);
  EXPECT_EQ(requesters[0], (Settings::Leasequery::Requester{.prefix = "10.1.0.1"}));
  EXPECT_EQ(requesters[1], (Settings::Leasequery::Requester{"10.2.0.0/24", QueryDialect::draft2, 9, 50, QueryLists::strict}));
  EXPECT_EQ(read("[[leasequery.requesters]]\nprefix = \"10.1.0.1\"").leasequery.requesters.size(), 1u);
}

TEST(Settings, AWrongRequesterIsRefusedAtItsPlace) {
  const auto wrong = [](const std::string& requesters, std::string_view message) {
    const std::string error = first_error("[leasequery]\nrequesters = " + requesters);
    EXPECT_TRUE(error.starts_with("coaxd.toml line 2: [leasequery] ")) << error;
    EXPECT_NE(error.find(message), std::string::npos) << error;
  };
  wrong("7", "requesters: expecting an array of tables\n");
  wrong("[7]", "requesters: expecting a table such as { prefix = ... }\n");
  wrong("[{}]", "requesters: prefix is missing: expecting one address or prefix such as \"10.2.0.0/24\"\n");
  wrong("[{ prefix = \"10.1.0.1, 10.1.0.2\" }]", "prefix: expecting one address or prefix");
  wrong("[{ prefix = \"10.1.0.1/24\" }]", "prefix: expecting one address or prefix");
  wrong("[{ prefix = \"10.1.0.1\", dialects = \"auto\" }]", "requesters: no field dialects; did you mean dialect?");
  wrong("[{ prefix = \"10.1.0.1\", dialect = \"draft-0\" }]", "dialect: expecting one of \"auto\", \"rfc4388\", \"draft0\", \"draft2\"; did you mean draft0?");
  wrong("[{ prefix = \"10.1.0.1\", type = 8 }]", "type: expecting a number from 9 to 13");
  wrong("[{ prefix = \"10.1.0.1\", rate = -1 }]", "rate: expecting a number from 0 to 10000000");
}

// What `coaxctl check` compares, and tells of.
TEST(Settings, RequestersAreWrittenAsTomlReadsThem) {
  const std::string text = "[{ prefix = \"10.1.0.1\", dialect = \"auto\", type = 13, rate = 0, lists = \"liberal\" }, "
                           "{ prefix = \"10.2.0.0/24\", dialect = \"draft2\", type = 9, rate = 50, lists = \"strict\" }]";
  const Settings settings = read("[leasequery]\nrequesters = " + text);
  const auto row = std::ranges::find(setting_rows(), "requesters", &SettingRow::key);
  EXPECT_EQ(setting_text(*row, settings), text);
}

TEST(Settings, CmtssAreReadAndWrittenAsTomlReadsThem) {
  const std::string text = "[{ relays = \"10.64.0.1, 10.64.128.0/20\", address = \"10.0.0.1:1161\", key = \"north\", kind = \"cisco\" }, "
                           "{ relays = \"10.65.0.1\", address = \"10.0.0.2\", key = \"south\", kind = \"auto\" }]";
  const Settings settings = read("[snmp]\ncmts = " + text);
  ASSERT_EQ(settings.snmp.cmts.size(), 2u);
  EXPECT_EQ(settings.snmp.cmts[0], (Settings::Snmp::Cmts{"10.64.0.1, 10.64.128.0/20", "10.0.0.1:1161", "north", CmtsKind::cisco}));
  EXPECT_EQ(setting_text(*std::ranges::find(setting_rows(), "cmts", [](const SettingRow& row) { return row.table == "snmp" ? row.key : ""; }), settings), text);
  EXPECT_EQ(read("[[snmp.cmts]]\nrelays = \"10.64.0.1\"\naddress = \"10.0.0.1\"\nkey = \"a\"").snmp.cmts.size(), 1u);
}

TEST(Settings, AWrongCmtsIsRefusedAtItsPlace) {
  const auto wrong = [](const std::string& fields, std::string_view message) {
    const std::string error = first_error("[snmp]\ncmts = [{ " + fields + " }]");
    EXPECT_TRUE(error.starts_with("coaxd.toml line 2: [snmp] ")) << error;
    EXPECT_NE(error.find(message), std::string::npos) << error;
  };
  wrong("", "cmts: relays is missing: expecting addresses and prefixes");
  wrong("relays = \"10.1.0.1\", key = \"a\"", "cmts: address is missing: expecting \"ADDRESS\" or \"ADDRESS:PORT\"");
  wrong("relays = \"10.1.0.1\", address = \"cmts.example\", key = \"a\"", "address: expecting \"ADDRESS\" or \"ADDRESS:PORT\"");
  wrong("relays = \"10.1.0.1\", address = \"10.0.0.1:0\", key = \"a\"", "address: expecting \"ADDRESS\" or \"ADDRESS:PORT\"");
  wrong("relays = \"10.1.0.1\", address = \"[::1]:161\", key = \"a\"", "address: expecting \"ADDRESS\" or \"ADDRESS:PORT\"");
  wrong("relays = \"10.1.0.1\", address = \"10.0.0.1\"", "key is missing: expecting the name of a line of [snmp] keys");
  wrong("relays = \"10.1.0.1\", address = \"10.0.0.1\", key = \"a\", kind = \"uBR\"", "kind: expecting one of \"auto\", \"cisco\"");
}

TEST(Settings, UnknownKeyIsShownWithItsNeighbour) {
  EXPECT_EQ(first_error("[server]\nworker = 2\n"),
            "coaxd.toml line 2: no key worker in [server]; did you mean workers?\n"
            "coaxd.toml:2:1: error\n"
            "worker = 2\n"
            "^\n");
  EXPECT_NE(first_error("[sever]\n").find("no table [sever]; did you mean server?"), std::string::npos);
  EXPECT_NE(first_error("[server]\nzzzzzzzzzzzz = 1\n").find("no key zzzzzzzzzzzz in [server]\n"), std::string::npos);
  EXPECT_NE(first_error("workers = 2\n").find("workers belongs under [server]\n"), std::string::npos);
  EXPECT_NE(first_error("server = 2\n").find("expecting the table [server]"), std::string::npos);
}

TEST(Settings, WrongValuesAreRefusedAtTheirPlace) {
  EXPECT_EQ(first_error("[server]\nworkers = \"two\"\n"),
            "coaxd.toml line 2: [server] workers: expecting a number from 0 to 256\n"
            "coaxd.toml:2:11: error\n"
            "workers = \"two\"\n"
            "          ^\n");
  for (const char* text : {"[server]\nworkers = -1", "[server]\nworkers = 257", "[server]\nworkers = 1.0",
                           "[server]\nworkers = 99999999999999", "[server]\nrfc5107 = 1", "[server]\nrfc5107 = \"true\"",
                           "[server]\nio = \"urinq\"", "[server]\nio = 1", "[store]\npath = 1", "[store]\npath = \"leases\"",
                           "[metrics]\nlisten = \"[foo]:9767\"", "[metrics]\nlisten = \"[]:9767\"", "[metrics]\nlisten = \"[:9767\"",
                           "[metrics]\nlisten = \"9767\"", "[metrics]\nlisten = \"localhost:9767\"",
                           "[metrics]\nlisten = \"127.0.0.1:0\"", "[metrics]\nlisten = \"127.0.0.1:65536\"",
                           "[metrics]\nlisten = \"127.0.0.1:\"", "[metrics]\nlisten = \":9767\"",
                           "[failover]\nmode = \"Alone\"", "[store]\nhistory_days = []"}) {
    EXPECT_NE(first_error(text), "") << text;
  }
  EXPECT_NE(first_error("[server]\nio = \"urinq\"").find("did you mean uring?"), std::string::npos);
}

TEST(Settings, ListenTakesBothFamilies) {
  EXPECT_EQ(read("[metrics]\nlisten = \"127.0.0.1:9767\"").metrics.listen, "127.0.0.1:9767");
  EXPECT_EQ(read("[metrics]\nlisten = \"[::1]:9767\"").metrics.listen, "[::1]:9767");
  EXPECT_EQ(read("[metrics]\nlisten = \"[fe80::1%lo]:9767\"").metrics.listen, "[fe80::1%lo]:9767");
}

TEST(Settings, AllErrorsOfAFileAreReportedInItsOrder) {
  Sources sources;
  const auto settings = parse_settings("coaxd.toml", "[store]\nzeal = 1\npath = 1\n[server]\nio = 2\n", sources);
  ASSERT_FALSE(settings);
  ASSERT_EQ(settings.error().size(), 3u);
  EXPECT_EQ(settings.error()[0].pos.line, 2u);
  EXPECT_EQ(settings.error()[1].pos.line, 3u);
  EXPECT_EQ(settings.error()[2].pos.line, 5u);
}

TEST(Settings, TextThatIsNoTomlIsRefusedWithoutThrowing) {
  for (const char* text : {"[server", "[server]\nworkers =\n", "= 1", "[server]\n[server]\n", "\xff\xfe", "a = \"\n", "[", "[\n", "[#a]\n", "[ =", "[[", "[[#]]", "[a.", "[a.#]", "a.", "a.#", "\xc3\xbc", "[server]\n\xc3\xbc = 1\n"}) {
    EXPECT_NE(first_error(text).find("coaxd.toml:"), std::string::npos) << text;
  }
}

// TOML 1.0, "String": what is in quotes may hold quotes.
TEST(Toml1_String_Settings, ATextIsWrittenAsItIsRead) {
  const std::string text = R"("a \"b\" \\ c\u007f\td ü")";
  const Settings settings = read("[portal]\noperator = " + text + "\nlinks = [{ text = " + text + ", url = \"https://a.example/\\\"\" }]\n");
  for (const SettingRow& row : setting_rows()) {
    if (row.table != "portal") continue;
    EXPECT_EQ(row.get(read(fmt::format("[portal]\n{} = {}\n", row.key, setting_text(row, settings)))), row.get(settings)) << row.key;
  }
}

TEST(Settings, AKeySteersNoTerminal) {
  Sources sources;
  const auto settings = parse_settings("coaxd.toml", "[log]\n\"\\u001b[2J\" = 1\n", sources);
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().front().message.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace coaxd::config
