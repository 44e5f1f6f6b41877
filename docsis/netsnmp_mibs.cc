#include "docsis/netsnmp_mibs.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <deque>
#include <mutex>
#include <tuple>
#include <vector>

#include "docsis/mib_tree.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <net-snmp/net-snmp-config.h>
// In this order.
#include <net-snmp/net-snmp-includes.h>
#pragma GCC diagnostic pop

namespace coaxd::docsis {
namespace {

// Rows of the files come before built-in ones.
constexpr std::uint8_t kBuiltInRank = 2;

constexpr std::string_view kAnonymous = "anonymous#";  // net-snmp's label of a node that only its children speak of

MibSyntax syntax_of(const tree& node) {
  switch (node.type) {
    case TYPE_INTEGER:
    case TYPE_INTEGER32: return node.enums != nullptr ? MibSyntax::enumeration : MibSyntax::int32;
    case TYPE_OCTETSTR: return MibSyntax::octets;
    case TYPE_BITSTRING: return MibSyntax::bits;
    case TYPE_OBJID: return MibSyntax::object_id;
    case TYPE_IPADDR: return MibSyntax::ip_address;
    case TYPE_COUNTER: return MibSyntax::counter32;
    case TYPE_COUNTER64: return MibSyntax::counter64;
    case TYPE_GAUGE: return MibSyntax::gauge32;
    case TYPE_UINTEGER:
    case TYPE_UNSIGNED32: return MibSyntax::uint32;
    case TYPE_TIMETICKS: return MibSyntax::time_ticks;
    case TYPE_OPAQUE: return MibSyntax::opaque;
    default: return MibSyntax::node;
  }
}

bool is_text(std::string_view convention) {
  static constexpr std::string_view kTexts[] = {"DisplayString", "SnmpAdminString", "OwnerString", "SnmpTagList", "SnmpTagValue", "Utf8String", "NodeName"};
  return std::ranges::find(kTexts, convention) != std::end(kTexts);
}

class Loaded final : public MibNames {
 public:
  explicit Loaded(const NetsnmpMibs& options) {
    Oid path;
    copy(get_tree_head(), path);
    if (options.built_in) add_built_in();
    finish(options.preferred);
  }

  std::expected<Oid, std::string> resolve(std::string_view token) const override { return tree_->resolve(token); }
  std::string name(OidView oid) const override { return tree_->name(oid); }
  std::optional<MibObject> object(OidView oid) const override { return tree_->object(oid); }

 private:
  struct Placed {
    Oid oid;
    std::size_t order;  // as they came: where one place has several names, net-snmp shows the last
    MibRow row;
  };

  std::string_view keep(const char* text) { return texts_.emplace_back(text == nullptr ? "" : text); }

  void copy(const tree* node, Oid& path) {
    for (; node != nullptr; node = node->next_peer) {
      if (path.size() == 128) return;  // RFC 2578 §3.5
      path.push_back(static_cast<std::uint32_t>(node->subid));
      placed_.push_back({path, placed_.size(), row_of(*node, path.size())});
      copy(node->child_list, path);
      path.pop_back();
    }
  }

  MibRow row_of(const tree& node, std::size_t depth) {
    MibRow row{.arc = static_cast<std::uint32_t>(node.subid), .depth = static_cast<std::uint8_t>(depth), .syntax = syntax_of(node), .name = {}};
    if (node.label != nullptr && !std::string_view(node.label).starts_with(kAnonymous)) row.name = keep(node.label);
    row.writable = node.access == MIB_ACCESS_READWRITE || node.access == MIB_ACCESS_CREATE || node.access == MIB_ACCESS_WRITEONLY;
    if (const char* convention = get_tc_descriptor(node.tc_index)) row.printable = is_text(convention);
    row.module = module_of(node.modid);
    // The label's meaning is settled by the parser's own table, which depends on the order of the files.
    row.rank = !row.name.empty() && find_tree_node(node.label, -1) != &node;
    row.ranges = ranges_of(node, row.syntax);
    row.enums = enums_of(node);
    row.index = index_of(node);
    return row;
  }

  std::string_view module_of(int modid) {
    if (modid < 0) return {};
    const auto at = static_cast<std::size_t>(modid);
    if (modules_.size() <= at) modules_.resize(at + 1);
    if (modules_[at].empty()) {
      char name[MAXTOKEN + 32];  // of a module that it does not know net-snmp writes "#" and the number
      modules_[at] = keep(module_name(modid, name));
    }
    return modules_[at];
  }

  std::span<const MibRange> ranges_of(const tree& node, MibSyntax syntax) {
    if (node.ranges == nullptr) return {};
    // net-snmp keeps 4294967295 as the int -1.
    const bool is_signed = syntax == MibSyntax::int32 || syntax == MibSyntax::enumeration;
    const auto bound = [is_signed](int value) { return is_signed ? value : std::int64_t{static_cast<std::uint32_t>(value)}; };
    auto& ranges = ranges_.emplace_back();
    for (const range_list* range = node.ranges; range != nullptr; range = range->next) ranges.push_back({bound(range->low), bound(range->high)});
    return ranges;
  }

  std::span<const MibEnum> enums_of(const tree& node) {
    if (node.enums == nullptr) return {};
    auto& enums = enums_.emplace_back();
    for (const enum_list* e = node.enums; e != nullptr; e = e->next) enums.push_back({e->value, keep(e->label)});
    return enums;
  }

  std::span<const MibIndexPart> index_of(const tree& node) {
    const index_list* part = node.indexes;
    if (part == nullptr && node.augments != nullptr)
      if (const tree* augmented = find_tree_node(node.augments, -1)) part = augmented->indexes;
    if (part == nullptr) return {};
    auto& index = indexes_.emplace_back();
    for (; part != nullptr; part = part->next) index.push_back({keep(part->ilabel), part->isimplied != 0});
    return index;
  }

  void add_built_in() {
    Oid path;
    for (MibRow row : built_in_mib_rows()) {
      path.resize(row.depth);
      path.back() = row.arc;
      row.rank = static_cast<std::uint8_t>(row.rank + kBuiltInRank);
      placed_.push_back({path, placed_.size(), row});
    }
  }

  void finish(std::span<const std::string> preferred) {
    std::ranges::sort(placed_, [](const Placed& a, const Placed& b) { return std::tie(a.oid, a.order) < std::tie(b.oid, b.order); });
    // In one place what the files say counts, the built-in row where they say nothing but that there is something.
    for (std::size_t at = 0; at < placed_.size();) {
      std::size_t end = at, named = 0, from_files = 0;
      for (; end < placed_.size() && placed_[end].oid == placed_[at].oid; ++end) {
        named += !placed_[end].row.name.empty();
        from_files += !placed_[end].row.name.empty() && placed_[end].row.rank < kBuiltInRank;
      }
      for (std::size_t i = at; i < end; ++i) {
        const MibRow& row = placed_[i].row;
        const bool shadowed = row.name.empty() ? named != 0 : row.rank >= kBuiltInRank && from_files != 0;
        if (!shadowed) rows_.push_back(row);
      }
      at = end;
    }
    placed_ = {};
    parents_.resize(rows_.size());
    siblings_.resize(rows_.size());
    buckets_.resize(std::bit_ceil(2 * rows_.size() + 1));
    link_mib_rows(rows_, parents_, siblings_, buckets_);
    tree_.emplace(rows_, MibLinks{parents_, siblings_, buckets_}, preferred);
  }

  std::vector<Placed> placed_;              // until finish()
  std::vector<std::string_view> modules_;  // by net-snmp's number
  std::vector<MibRow> rows_;
  std::vector<std::uint32_t> parents_, siblings_, buckets_;
  // Deques, because what they hold must not move.
  std::deque<std::string> texts_;
  std::deque<std::vector<MibRange>> ranges_;
  std::deque<std::vector<MibEnum>> enums_;
  std::deque<std::vector<MibIndexPart>> indexes_;
  std::optional<MibTree> tree_;
};

// RFC 2578 §2. Debian does not distribute SNMPv2-SMI, and a vendor's folder need not have it; with these alone net-snmp finds a place for all the rest.
constexpr std::string_view kRoots = R"(COAXD-ROOTS DEFINITIONS ::= BEGIN
org OBJECT IDENTIFIER ::= { iso 3 }
dod OBJECT IDENTIFIER ::= { org 6 }
internet OBJECT IDENTIFIER ::= { dod 1 }
mgmt OBJECT IDENTIFIER ::= { internet 2 }
mib-2 OBJECT IDENTIFIER ::= { mgmt 1 }
transmission OBJECT IDENTIFIER ::= { mib-2 10 }
experimental OBJECT IDENTIFIER ::= { internet 3 }
private OBJECT IDENTIFIER ::= { internet 4 }
enterprises OBJECT IDENTIFIER ::= { private 1 }
snmpV2 OBJECT IDENTIFIER ::= { internet 6 }
snmpModules OBJECT IDENTIFIER ::= { snmpV2 3 }
END
)";

// net-snmp reads files only.
void read_roots() {
  const int file = memfd_create("roots", MFD_CLOEXEC);
  if (file < 0) return;
  if (write(file, kRoots.data(), kRoots.size()) == static_cast<ssize_t>(kRoots.size())) read_mib(fmt::format("/proc/self/fd/{}", file).c_str());
  close(file);
}

// Every file of the search path, as MIBS=ALL.
void load_all(std::span<const std::string> directories, bool with_roots) {
  snmp_set_mib_warnings(0);
  snmp_set_mib_errors(0);
  // Vendors' MIBs have underscores and other things in their labels.
  netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_MIB_PARSE_LABEL, 1);
  netsnmp_init_mib_internals();
  if (directories.empty()) {
    std::string_view path = netsnmp_get_mib_directory();
    while (!path.empty()) {
      const std::size_t end = std::min(path.find(':'), path.size());
      add_mibdir(std::string(path.substr(0, end)).c_str());
      path.remove_prefix(std::min(end + 1, path.size()));
    }
  }
  for (const std::string& directory : directories) add_mibdir(directory.c_str());
  read_all_mibs();
  if (with_roots && find_tree_node("enterprises", -1) == nullptr) read_roots();
  adopt_orphans();
}

}  // namespace

std::unique_ptr<const MibNames> netsnmp_mibs(const NetsnmpMibs& options) {
  static std::mutex loading;
  const std::lock_guard lock(loading);
  // Where nobody takes its messages, net-snmp writes them to stderr.
  netsnmp_log_handler* const silence = netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
  unload_all_mibs();
  load_all(options.directories, options.built_in);
  auto loaded = std::make_unique<Loaded>(options);
  unload_all_mibs();
  netsnmp_remove_loghandler(silence);
  return loaded;
}

}  // namespace coaxd::docsis
