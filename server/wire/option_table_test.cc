#include "server/wire/option_table.h"

#include <gtest/gtest.h>

#include <string>

namespace coaxd::wire {
namespace {

std::string upper(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

TEST(OptionTable, SpacesComeInTheOrderTheirIndicesRelyOn) {
  std::string names;
  for (const SpaceDef& space : predefined_spaces()) names.append(space.name).append(" ");
  EXPECT_EQ(names, "dhcp agent fqdn nwip vendor-class vendor isc ");
}

TEST(OptionTable, EveryRowIsFoundByNameInAnyCaseAndByCode) {
  std::size_t rows = 0;
  for (const SpaceDef& space : predefined_spaces()) {
    ASSERT_EQ(find_space(space.name), &space);
    ASSERT_EQ(find_space(upper(space.name)), &space);
    ASSERT_EQ(space.options.size(), space.by_name.size());
    for (const OptionDef& row : space.options) {
      EXPECT_EQ(find_option(space, row.name), &row) << row.name;
      EXPECT_EQ(find_option(space, upper(row.name)), &row) << row.name;
      EXPECT_EQ(find_option(space, row.code), &row) << row.code;
      EXPECT_EQ(find_option(space, std::string{row.name} + "x"), nullptr);
      EXPECT_EQ(find_option(space, row.name.substr(1)), nullptr) << row.name;
      ++rows;
    }
    EXPECT_EQ(find_option(space, std::string_view{}), nullptr);
    EXPECT_EQ(find_option(space, "zzz"), nullptr);
    EXPECT_EQ(find_option(space, std::uint16_t{0}), nullptr);
    EXPECT_EQ(find_option(space, std::uint16_t{65535}), nullptr);
  }
  EXPECT_EQ(rows, 119u + 6 + 8 + 7 + 1 + 1 + 2);
  EXPECT_EQ(find_space("dhcp6"), nullptr);
  EXPECT_EQ(find_space(""), nullptr);
}

// dhcp-options(5) predefines nothing above 213 in the dhcp space: those codes are the operator's
// own.
TEST(OptionTable, NamesTheUsersDefineThemselvesAreFree) {
  const SpaceDef& dhcp = *find_space("dhcp");
  for (const char* free_name :
       {"rfc3442-classless-static-routes", "ms-classless-static-routes", "wpad", "arch"})
    EXPECT_EQ(find_option(dhcp, free_name), nullptr) << free_name;
  for (const int code : {121, 122, 128, 175, 214, 249, 252, 254, 255})
    EXPECT_EQ(find_option(dhcp, static_cast<std::uint16_t>(code)), nullptr) << code;
}

TEST(OptionTable, EngineCodesCarryTheExpectedNames) {
  const SpaceDef& dhcp = *find_space("dhcp");
  EXPECT_EQ(find_option(dhcp, std::uint16_t{option::overload})->name, "dhcp-option-overload");
  EXPECT_EQ(find_option(dhcp, std::uint16_t{option::relay_agent_information})->format, "Eagent.");
  EXPECT_EQ(find_option(dhcp, std::uint16_t{option::subnet_selection})->name, "subnet-selection");
  const SpaceDef& relay = *find_space("agent");
  EXPECT_EQ(find_option(relay, std::uint16_t{agent::docsis_device_class})->name,
            "DOCSIS-device-class");
  EXPECT_EQ(find_option(relay, std::uint16_t{agent::relay_port})->name, "relay-port");
  EXPECT_EQ(find_space("vendor")->code_width, 4);
  EXPECT_EQ(find_space("vendor")->length_width, 1);
}

}  // namespace
}  // namespace coaxd::wire
