#include "server/engine/variables.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace coaxd::engine {
namespace {

std::vector<std::uint8_t> with(Bytes packed, std::string_view name, const Value& value, std::size_t room = 256) {
  std::vector<std::uint8_t> out(room);
  const std::optional<Bytes> area = with_variable(packed, name, value, out);
  EXPECT_TRUE(area.has_value());
  return area ? std::vector<std::uint8_t>(area->begin(), area->end()) : out;
}

std::string listed(Bytes packed) {
  std::string text;
  Variables all(packed);
  while (const auto variable = all.next()) {
    text += std::string(variable->name) + "=";
    if (variable->value.type == Value::Type::data) text += std::string(as_text(variable->value.data));
    if (variable->value.type == Value::Type::number) text += "%" + std::to_string(variable->value.number);
    if (variable->value.type == Value::Type::boolean) text += variable->value.number != 0 ? "true" : "false";
    text += ";";
  }
  return text;
}

TEST(DhcpdCompat_14_2_Variables, NewestFirstAndReplacedInPlace) {
  auto area = with({}, "a", Value::of(as_bytes("1")));
  area = with(area, "b", Value::of_number(7));
  area = with(area, "c", Value::of(true));
  EXPECT_EQ(listed(area), "c=true;b=%7;a=1;");
  area = with(area, "B", Value::of(as_bytes("two")));
  EXPECT_EQ(listed(area), "c=true;B=two;a=1;");
  area = with(area, "c", {});
  area = with(area, "nowhere", {});
  EXPECT_EQ(listed(area), "B=two;a=1;");
}

TEST(DhcpdCompat_14_2_Variables, ValuesOfAllTypesSurvive) {
  const std::uint64_t wide = 0x0123456789abcdefu;
  const std::vector<std::uint8_t> octets{0, 255, 7};
  auto area = with({}, "n", Value::of_number(wide));
  area = with(area, "d", Value::of(Bytes{octets}));
  area = with(area, "f", Value::of(false));
  area = with(area, "e", Value::of(Bytes{}));
  EXPECT_EQ(Variables::find(area, "N"), Value::of_number(wide));
  EXPECT_EQ(Variables::find(area, "d"), Value::of(Bytes{octets}));
  EXPECT_EQ(Variables::find(area, "f"), Value::of(false));
  EXPECT_EQ(Variables::find(area, "e"), Value::of(Bytes{}));
  EXPECT_FALSE(Variables::find(area, "x").has_value());
}

TEST(DhcpdCompat_14_2_Variables, WhatDoesNotFitIsRefusedWhole) {
  std::vector<std::uint8_t> out(6);
  EXPECT_TRUE(with_variable({}, "ab", Value::of(as_bytes("1")), out));
  EXPECT_FALSE(with_variable({}, "ab", Value::of(as_bytes("12")), out));
  std::vector<std::uint8_t> large(20000), value(16384);
  EXPECT_FALSE(with_variable({}, "a", Value::of(Bytes{value}), large));
  EXPECT_TRUE(with_variable({}, "a", Value::of(Bytes{value}.first(16383)), large));
  EXPECT_FALSE(with_variable({}, std::string(256, 'n'), Value::of(true), large));
  EXPECT_TRUE(with_variable({}, std::string(255, 'n'), Value::of(true), large));
}

TEST(DhcpdCompat_14_2_Variables, EveryTruncationIsSeen) {
  auto area = with({}, "abc", Value::of(as_bytes("12345")));
  area = with(area, "n", Value::of_number(1));
  const std::size_t first = 1 + 1 + 2 + 8;
  for (std::size_t size = 0; size <= area.size(); ++size) {
    const Bytes cut = Bytes{area}.first(size);
    EXPECT_EQ(Variables::well_formed(cut), size == 0 || size == first || size == area.size()) << size;
    EXPECT_EQ(Variables::find(cut, "n").has_value(), size >= first) << size;
  }
}

TEST(DhcpdCompat_14_2_Variables, WrongSizesForATypeAreDamage) {
  std::vector<std::uint8_t> area{1, 'b', 0x40, 2, 0, 0};  // a boolean of two octets
  EXPECT_FALSE(Variables::well_formed(area));
  area = {1, 'n', 0x80, 1, 0};  // a number of one
  EXPECT_FALSE(Variables::well_formed(area));
  area = {1, 'x', 0xc0, 0};  // no such type
  EXPECT_FALSE(Variables::well_formed(area));
}

TEST(DhcpdCompat_5_1_GlobalVariables, KeepUntilTheyAreFull) {
  GlobalVariables globals;
  const std::string value(1000, 'x');
  EXPECT_TRUE(globals.set("a", Value::of(as_bytes(value))));
  EXPECT_TRUE(globals.set("b", Value::of(as_bytes(value))));
  EXPECT_TRUE(globals.set("c", Value::of(as_bytes(value))));
  EXPECT_TRUE(globals.set("d", Value::of(as_bytes(value))));
  EXPECT_FALSE(globals.set("e", Value::of(as_bytes(value))));
  EXPECT_TRUE(globals.set("a", Value::of(true)));
  EXPECT_TRUE(globals.set("e", Value::of(as_bytes(value))));
  EXPECT_EQ(Variables::find(globals.packed(), "a"), Value::of(true));
}

}  // namespace
}  // namespace coaxd::engine
