// tree.h: a configuration file as a tree of TLVs: what a text becomes before it is bytes, and bytes before they are a text.
//
//   text --parse()--> Document --seal()--> Document with MICs --encode()--> bytes --decode()--> Document --print()--> text
//
// A leaf holds the octets of its value already, so encode() only counts lengths, and what nobody understands survives. Of any file that decode()
// accepts, encode(decode(file)) is the file. Values only, owned by whoever holds the Document; any thread, one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "docsis/problem.h"
#include "docsis/tlv.h"

namespace coaxd::docsis {

using Octets = std::vector<std::uint8_t>;

struct Node {
  std::uint8_t code = 0;
  const Tlv* tlv = nullptr;    // null: not in the table in this place (GenericTLV, vendors' own)
  bool block = false;          // `children` is its value; else `value`
  bool wide = false;           // its length takes two octets: kind block16 and hex16, and TLV 64 of an MTA file
  bool unknown = false;        // what it says depends on a variable that nobody has set: it has no octets, and nothing is to be said of them
  Position at = {}, value_at = {};
  Octets value = {};
  std::vector<Node> children = {};
};

// "MaxCPE"; "TLV 190" where the table has no name for it.
std::string name_of(const Node& node);
// In front of the end marker a pad is one octet, and no modem minds it. (Below the top level, 0 is a code like others.)
bool is_pad(const Node& node) noexcept;
// Octets of code and length; of the whole, if nothing of it is cut.
std::size_t header_size(const Node& node) noexcept;
std::size_t encoded_size(const Node& node) noexcept;

enum class FileKind : std::uint8_t { modem, mta };

struct Document {
  FileKind kind = FileKind::modem;
  std::vector<Node> nodes = {};  // in file order, MICs among them once there are any; without the end marker
  bool ended = false;       // the end marker FF follows,
  Octets tail = {};         // and then this: padding
  Texts texts = {};         // of a text: itself and what it includes; Node::at counts them
};

}  // namespace coaxd::docsis
