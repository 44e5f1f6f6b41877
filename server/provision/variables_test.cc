#include "server/provision/variables.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace coaxd::provision {
namespace {

std::string value(std::string_view name, const VariableContext& context) {
  std::string out = "before ";
  const bool has = append_variable(name, context, out);
  EXPECT_TRUE(out.starts_with("before "));
  EXPECT_EQ(out == "before ", !has);
  return has ? out.substr(7) : "-";
}

TEST(Provision_Variables, OfNobodyAreMissing) {
  for (const VariableRow& row : variable_rows()) {
    const bool everybodys = row.name == "file" || row.name == "server";
    EXPECT_EQ(value(row.name, {.who = nullptr, .record = nullptr, .file = "gold.cm", .server = {1}}) == "-", !everybodys) << row.name;
  }
  const Requester nothing;
  const subscriber::Modem record;
  for (const VariableRow& row : variable_rows()) EXPECT_EQ(value(row.name, {.who = &nothing, .record = &record, .file = "", .server = {}}), "-") << row.name;
  EXPECT_EQ(value("cpe", {.who = &nothing, .record = &record, .file = "", .server = {}}), "-");
  EXPECT_EQ(value("device.model", {.who = &nothing, .record = &record, .file = "", .server = {}}), "-");
}

TEST(Provision_Variables, ClassIsWhatDhcpToldOrWhatTheLeaseIsBilledTo) {
  Requester who;
  const std::array<std::uint8_t, 5> billing{2, 'c', 'm', 'x', 'y'};
  ASSERT_TRUE(who.binding.set(lease::Item::billing, billing));
  const VariableContext context{.who = &who, .record = nullptr, .file = {}, .server = {}};
  EXPECT_EQ(value("class", context), "cm");
  who.handed.set_texts("f", "gold-modems");
  EXPECT_EQ(value("class", context), "gold-modems");
  Requester damaged;
  const std::array<std::uint8_t, 2> cut{9, 'c'};
  ASSERT_TRUE(damaged.binding.set(lease::Item::billing, cut));
  EXPECT_EQ(value("class", {.who = &damaged, .record = nullptr, .file = {}, .server = {}}), "-");
}

TEST(Provision_Variables, WhatTheDeviceTellsAndWhatTheOperatorHasSet) {
  subscriber::Modem record;
  record.profile = "gold";
  record.vendor_class = "docsis3.0:";
  record.vendor_options = std::string("\x09\x05" "XB\x01" "70\x04\x03" "S-1", 12);
  record.variables = {{"cpe", "4"}, {"device.model", "forged"}, {"mac", "forged"}};
  const VariableContext context{.who = nullptr, .record = &record, .file = {}, .server = {}};
  EXPECT_EQ(value("device.model", context), "XB?70");  // octets that are no text
  EXPECT_EQ(value("device.serial-number", context), "S-1");
  EXPECT_EQ(value("device.nothing", context), "-");
  EXPECT_EQ(value("cpe", context), "4");
  EXPECT_EQ(value("mac", context), "-");
  EXPECT_EQ(value("profile", context), "gold");
}

}  // namespace
}  // namespace coaxd::provision
