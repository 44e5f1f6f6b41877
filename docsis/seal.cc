#include <algorithm>

#include "docsis/binary.h"
#include "docsis/mic.h"

namespace coaxd::docsis {
namespace {

constexpr std::size_t kMostSecretOctets = 64;

void append_mic(std::uint8_t code, const Md5Sum& sum, Octets& file) {
  file.push_back(code);
  file.push_back(kMicOctets);
  file.insert(file.end(), sum.begin(), sum.end());
}

Md5Sum md5_of(Bytes octets) {
  Md5 digest;
  digest.add(octets);
  return digest.finish();
}

// TLV 7 over what `file` holds, which ends with TLV 6.
Md5Sum last_mic(Bytes file, std::vector<Item>& items, const std::optional<ExtendedMic>& extended, const Seal& seal) {
  if (extended && !extended->digest) return extended_mic(file, items, *extended, seal.extended_secret ? *seal.extended_secret : seal.secret);
  if (seal.utility_walk) list_items(file, Length64::two_octets, items);
  return cmts_mic(file, items, seal.secret, seal.address);
}

// Nearly all that seal_tlvs() may have to say is about 43.6.
Position place_of_extended_mic(const Document& document) {
  for (const Node& node : document.nodes)
    if (node.code == kVendorSpecificCode)
      for (const Node& child : node.children)
        if (child.code == 6) return child.at;
  return {};
}

}  // namespace

SharedSecret SharedSecret::from_file(Bytes contents) {
  contents = contents.first(std::min(contents.size(), kMostSecretOctets));
  while (!contents.empty() && (contents.back() == '\r' || contents.back() == '\n')) contents = contents.first(contents.size() - 1);
  return {Octets(contents.begin(), contents.end())};
}

std::expected<void, Problems> seal_tlvs(Octets& out, std::size_t begin, const Seal& seal) {
  const auto file = [&] { return MutableBytes(out).subspan(begin); };
  if (is_mta(file())) return std::unexpected(Problems{{.message = "a file that begins with TLV 254 is an MTA's", .mend = "an MTA file has a hash, no MIC"}});
  thread_local std::vector<Item> items;
  if (!list_items(file(), Length64::one_octet, items) && !seal.utility_walk)
    return std::unexpected(Problems{{.message = "the TLVs cannot be told apart", .mend = "a modem file has lengths of one octet"}});

  // The extended digest is under the CM MIC, and both are under the CMTS MIC.
  std::optional<ExtendedMic> extended;
  if (!seal.utility_walk) {
    auto found = find_extended_mic(file(), items);
    if (!found) return std::unexpected(Problems{std::move(found.error())});
    extended = *found;
    if (extended && extended->digest) {
      const Md5Sum sum = extended_mic(file(), items, *extended, seal.extended_secret ? *seal.extended_secret : seal.secret);
      std::ranges::copy(sum, file().begin() + static_cast<std::ptrdiff_t>(*extended->digest));
    }
  }
  items.push_back({kCmMicCode, 2, out.size() - begin, 2 + kMicOctets});
  append_mic(kCmMicCode, md5_of(file()), out);
  append_mic(kCmtsMicCode, last_mic(file(), items, extended, seal), out);
  out.push_back(kEndCode);
  while ((out.size() - begin) % 4 != 0) out.push_back(kPadCode);
  return {};
}

std::expected<void, Problems> seal(const Document& document, const Seal& how, Octets& out) {
  const std::size_t begin = out.size();
  Problems problems;
  append_nodes(document, Mics::left_out, out, problems);
  auto sealed = problems.empty() ? seal_tlvs(out, begin, how) : std::unexpected(std::move(problems));
  if (sealed) return sealed;
  out.resize(begin);
  for (Problem& problem : sealed.error())
    if (problem.at.line == 0) problem.at = place_of_extended_mic(document);
  locate(sealed.error(), document.texts);
  return sealed;
}

}  // namespace coaxd::docsis
