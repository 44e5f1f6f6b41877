#include "server/api/lease_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "server/base/json.h"
#include "server/lease/address_map.h"

namespace coaxd::api {
namespace {

using lease::AddressMap, lease::Item, lease::SlotId, lease::SlotState;

constexpr std::size_t kPiece = 64 << 10;         // octets, and
constexpr std::uint32_t kSlotsAtOnce = 8 << 10;  // slots looked at before others have their turn: about a millisecond
constexpr std::size_t kMostOfClient = 16;        // the index holds no more

constexpr std::uint8_t kCircuitId = 1, kRemoteId = 2;  // RFC 3046 §3.1, §3.2

Bytes sub_option(Bytes agent_info, std::uint8_t code) noexcept {
  while (agent_info.size() >= 2 && agent_info.size() >= std::size_t{2} + agent_info[1]) {
    if (agent_info[0] == code) return agent_info.subspan(2, agent_info[1]);
    agent_info = agent_info.subspan(std::size_t{2} + agent_info[1]);
  }
  return {};
}

class LeaseList final : public Stream {
 public:
  LeaseList(const lease::LeaseTable& table, LeaseFilter filter) : table_(table), filter_(std::move(filter)) {
    if (!filter_.hardware.empty() || !filter_.client_id.empty()) {
      find_client();
    } else {
      find_blocks();
    }
    if (!filter_.as_lines) head_ = "{\"leases\": [";
  }

  Next next(std::string& piece) override {
    piece = std::exchange(head_, {});
    for (std::uint32_t looked = 0; looked < kSlotsAtOnce && piece.size() < kPiece; ++looked) {
      const SlotId slot = next_slot();
      if (slot == lease::kNoSlot) return end(piece, "null");
      tell(piece, slot);
      if (told_ == filter_.limit) return end(piece, fmt::format("\"{}\"", to_string(at_)));
    }
    return Next::more;
  }

 private:
  // By address; those that a reload adds meanwhile may be missing.
  void find_blocks() {
    for (SlotId slot = 0; slot < table_.slot_count(); slot += AddressMap::kBlockSize) blocks_.emplace_back(table_.address_of(slot), slot);
    std::ranges::sort(blocks_);
    if (!filter_.first) return;
    const auto from = std::ranges::upper_bound(blocks_, *filter_.first, {}, &Block::first);
    if (from == blocks_.begin()) return;
    block_ = static_cast<std::size_t>(from - blocks_.begin()) - 1;
    offset_ = std::min(AddressMap::kBlockSize, filter_.first->value - blocks_[block_].first.value);
  }
  void find_client() {
    std::array<SlotId, kMostOfClient> found;
    const std::size_t count = filter_.hardware.empty() ? table_.find_by_client_id(as_bytes(filter_.client_id), found) : table_.find_by_hardware(1, as_bytes(filter_.hardware), found);
    slots_.assign(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count));
    std::ranges::sort(slots_, {}, [this](SlotId slot) { return table_.address_of(slot); });
    is_client_ = true;
  }
  SlotId next_slot() {
    if (is_client_) return block_ < slots_.size() ? slots_[block_++] : lease::kNoSlot;
    if (offset_ == AddressMap::kBlockSize) {
      ++block_;
      offset_ = 0;
    }
    if (block_ >= blocks_.size()) return lease::kNoSlot;
    if (filter_.last && blocks_[block_].first.value + offset_ > filter_.last->value) return lease::kNoSlot;
    return blocks_[block_].second + offset_++;
  }

  void tell(std::string& piece, SlotId slot) {
    if (table_.word(slot).state() == SlotState::absent) return;
    const Ipv4 address = table_.address_of(slot);
    if ((filter_.first && address < *filter_.first) || (filter_.last && address > *filter_.last)) return;
    const lease::SlotWord word = table_.read(slot, binding_);
    if (!binding_.ever_used()) return;
    if (!filter_.hardware.empty() && as_text(binding_.hardware()) != filter_.hardware) return;  // an offer to him, and another's lease
    if (!filter_.client_id.empty() && as_text(binding_.get(Item::client_id)) != filter_.client_id) return;
    if (!filter_.remote_id.empty() && as_text(sub_option(binding_.get(Item::agent_info), kRemoteId)) != filter_.remote_id) return;
    const std::string_view state = state_word(binding_, word, filter_.now);
    if (!filter_.state.empty() && state != filter_.state) return;
    if (!filter_.as_lines) piece += told_ == 0 ? "\n" : ",\n";
    append_lease(piece, address, binding_, state);
    if (filter_.as_lines) piece += '\n';
    ++told_;
    at_ = address;
  }

  Next end(std::string& piece, std::string_view cursor) const {
    if (!filter_.as_lines) fmt::format_to(std::back_inserter(piece), "\n], \"next\": {}}}\n", cursor);
    return Next::last;
  }

  using Block = std::pair<Ipv4, SlotId>;
  const lease::LeaseTable& table_;
  const LeaseFilter filter_;
  std::vector<Block> blocks_;
  std::vector<SlotId> slots_;
  bool is_client_ = false;
  std::size_t block_ = 0, told_ = 0;
  std::uint32_t offset_ = 0;
  Ipv4 at_{};
  std::string head_;
  lease::Binding binding_;
};

}  // namespace

std::string_view state_word(const lease::Binding& binding, lease::SlotWord word, WallSeconds now) {
  const bool is_over = word.state() == SlotState::active && lease::is_over(word.expiry(), now);
  return lease::row_of(is_over ? lease::BindingState::expired : binding.state).word;
}

void append_lease(std::string& out, Ipv4 address, const lease::Binding& binding, std::string_view state) {
  const auto text = [&](std::string_view name, Bytes value) {
    if (!value.empty()) fmt::format_to(std::back_inserter(out), R"(, "{}": {})", name, json_octets(as_text(value)));
  };
  const auto hex = [&](std::string_view name, Bytes value) {
    if (!value.empty()) fmt::format_to(std::back_inserter(out), R"(, "{}": "{:02x}")", name, fmt::join(value, ":"));
  };
  fmt::format_to(std::back_inserter(out), R"({{"ip": "{}", "state": "{}", "starts": {}, "ends": )", to_string(address), state, binding.starts);
  binding.ends == lease::kStoredNever ? void(out += "null") : void(fmt::format_to(std::back_inserter(out), "{}", binding.ends));
  fmt::format_to(std::back_inserter(out), R"(, "cltt": {})", binding.cltt);
  const Bytes agent_info = binding.get(Item::agent_info);
  hex("mac", binding.hardware());
  hex("client_id", binding.get(Item::client_id));
  hex("agent_info", agent_info);
  hex("circuit_id", sub_option(agent_info, kCircuitId));
  hex("remote_id", sub_option(agent_info, kRemoteId));
  text("hostname", binding.get(Item::hostname));
  text("vendor_class", binding.get(Item::vendor_class));
  if (binding.reserved()) out += R"(, "reserved": true)";
  out += '}';
}

std::shared_ptr<Stream> list_leases(const lease::LeaseTable& table, LeaseFilter filter) { return std::make_shared<LeaseList>(table, std::move(filter)); }

}  // namespace coaxd::api
