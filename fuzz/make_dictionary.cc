// Prints a libFuzzer dictionary made from the option table.
//   make_dictionary wire    every option and sub-option as code, length and a value of its format
//   make_dictionary names   every option and space name, as dhcpd.conf spells them
#include <cstdio>
#include <string>
#include <string_view>

#include "server/wire/message.h"
#include "server/wire/option_table.h"

namespace {

using coaxd::wire::OptionDef;
using coaxd::wire::SpaceDef;

void print(std::string_view name, std::string_view octets) {
  std::string key;
  for (const char c : name) key += c == '-' || c == ' ' ? '_' : c;
  std::printf("%s=\"", key.c_str());
  for (const char c : octets) {
    if (c > ' ' && c < '\x7f' && c != '"' && c != '\\')
      std::putchar(c);
    else
      std::printf("\\x%02x", static_cast<unsigned char>(c));
  }
  std::printf("\"\n");
}

// A value that a reader of this format takes: one element of what may repeat, one octet of what has
// any length.
std::string value_of(std::string_view format) {
  std::string value;
  for (const char letter : format) {
    switch (letter) {
      case 'I':
        value += std::string("\x0a\x01\x00\x01", 4);
        break;
      case 'l':
      case 'L':
        value += std::string("\x00\x00\x0e\x10", 4);
        break;
      case 's':
      case 'S':
        value += std::string("\x02\x40", 2);
        break;
      case '6':
        value += std::string(16, '\x01');
        break;
      case 'b':
      case 'B':
      case 'f':
        value += '\x01';
        break;
      case 't':
      case 'X':
        value += 'a';
        break;
      case 'd':
      case 'D':
        value += std::string(
            "\x01"
            "a\x00",
            3);
        break;
      case 'E':
        return value + std::string(
                           "\x01\x01"
                           "a",
                           3);
      default:
        break;  // Z is empty; A, a, o, c say how often or in which way
    }
  }
  return value;
}

std::string big_endian(std::size_t number, int width) {
  std::string out;
  for (int shift = 8 * (width - 1); shift >= 0; shift -= 8)
    out += static_cast<char>((number >> shift) & 0xff);
  return out;
}

void print_wire() {
  for (const SpaceDef& space : coaxd::wire::predefined_spaces()) {
    for (const OptionDef& row : space.options) {
      const std::string value = value_of(row.format);
      print(std::string(space.name) + "." + std::string(row.name),
            big_endian(row.code, space.code_width) + big_endian(value.size(), space.length_width) +
                value);
    }
  }
  for (unsigned type = 1; type <= static_cast<unsigned>(coaxd::wire::MessageType::tls); ++type)
    print("message-type-" + std::to_string(type),
          std::string("\x35\x01") + static_cast<char>(type));
  for (char which = 1; which <= 3; ++which)
    print("overload-" + std::to_string(which), std::string("\x34\x01") + which);
  print("cookie", "\x63\x82\x53\x63");
  print("end", "\xff");
}

void print_names() {
  for (const SpaceDef& space : coaxd::wire::predefined_spaces()) {
    print("space-" + std::string(space.name), std::string(space.name) + ".");
    for (const OptionDef& row : space.options)
      print(std::string(space.name) + "." + std::string(row.name), row.name);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view kind = argc == 2 ? argv[1] : "";
  if (kind == "wire") {
    print_wire();
  } else if (kind == "names") {
    print_names();
  } else {
    std::fprintf(stderr, "usage: make_dictionary wire|names\n");
    return 1;
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}
