// compiled_files.h: template and modem -> a file's octets, and a memory of them: by the template, and by the values of the variables that it uses, so that all modems that differ in
// nothing it asks for share one entry. Where TLV 19 or 20 make each download its own, what is remembered are the TLVs; their two values and the MICs (two passes of
// MD5) are put in for each. Otherwise it is the whole file, which all its transfers share. Bounded in octets; those used last stay. One thread.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "docsis/template.h"
#include "server/provision/counters.h"
#include "server/provision/secrets.h"
#include "server/provision/template_folder.h"
#include "server/tftp/files.h"

namespace coaxd::provision {

class CompiledFiles {
 public:
  static constexpr std::size_t kEntryCost = 320;  // beside octets and key

  CompiledFiles(std::size_t most_octets, Counters& counters) : most_(most_octets), counters_(counters) {}

  struct Order {
    const LoadedTemplate& from;
    const SealKey& key;                               // of modem files
    docsis::Dynamic dynamic{};                        // of modem files
    docsis::MtaHash hash = docsis::MtaHash::none;     // of MTA files
  };
  // Appends the value of a variable; false: the modem has none.
  using Lookup = std::function<bool(std::string_view name, std::string& out)>;
  std::expected<std::shared_ptr<const tftp::Contents>, docsis::Problems> make(const Order& order, const Lookup& lookup);

  std::size_t octets() const noexcept { return octets_; }
  std::size_t entries() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const tftp::Contents> whole;  // or
    docsis::Octets tlvs;                          // without MICs and end, and where in them the values stand that change; 0: nowhere
    std::size_t timestamp_at = 0, address_at = 0;
    std::size_t cost() const noexcept { return kEntryCost + key.size() + (whole ? static_cast<std::size_t>(whole->size()) : tlvs.size()); }
  };
  using Entries = std::list<Entry>;  // the last used first

  void make_key(const Order& order, const Lookup& lookup);
  std::expected<void, docsis::Problems> compile(const Order& order);
  std::expected<std::shared_ptr<const tftp::Contents>, docsis::Problems> sealed(const Entry& entry, const Order& order) const;
  void remember(Entry entry);

  const std::size_t most_;
  Counters& counters_;
  docsis::Compiler compiler_;
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> by_key_;  // views of Entry::key
  std::size_t octets_ = 0;
  // Scratch, which keeps its room.
  std::string key_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> values_;  // of the template's variables, in the key: first and size
  docsis::Octets out_;
};

}  // namespace coaxd::provision
