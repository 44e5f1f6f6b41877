#include "server/provision/preview_text.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "docsis/binary.h"
#include "docsis/text.h"
#include "server/base/counted.h"
#include "server/base/json.h"

namespace coaxd::provision {
namespace {

constexpr std::uint64_t kLargestConfiguration = 1 << 20;  // what is larger is firmware

std::optional<docsis::Document> document_of(const tftp::Contents& contents, std::string_view name) {
  if (contents.size() == 0 || contents.size() > kLargestConfiguration) return std::nullopt;
  docsis::Octets octets(static_cast<std::size_t>(contents.size()));
  if (!contents.read(0, octets)) return std::nullopt;
  auto decoded = docsis::decode(octets, name);
  if (!decoded) return std::nullopt;
  return std::move(decoded->document);
}

}  // namespace

std::string preview_text(const ProvisionedFiles::Preview& preview, subscriber::Mac modem) {
  std::string text = fmt::format("# {} for {}: {}, {}\n", json_octets(preview.name), to_string(modem), counted(preview.contents->size(), "octet"),
                                 preview.file.empty() ? std::string("a static file") : "compiled from " + json_octets(preview.file));
  const auto document = document_of(*preview.contents, preview.name);
  if (!document) return text + "# it is no configuration file\n";
  docsis::PrintOptions options;
  options.dialect = docsis::Dialect::native;
  return text + docsis::print(*document, options);
}

std::string preview_json(const ProvisionedFiles::Preview& preview, subscriber::Mac modem) {
  const auto document = document_of(*preview.contents, preview.name);
  std::string tlvs = document ? docsis::print_json(*document, {}) : "null";
  while (tlvs.ends_with('\n')) tlvs.pop_back();
  return fmt::format("{{\"mac\": \"{}\", \"name\": {}, \"template\": {}, \"size\": {}, \"tlvs\": {}}}\n", to_string(modem), json_octets(preview.name),
                     preview.file.empty() ? std::string("null") : json_octets(preview.file), preview.contents->size(), tlvs);
}

}  // namespace coaxd::provision
