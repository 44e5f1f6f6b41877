#include "server/tftp/transfer_table.h"

#include <bit>
#include <cstring>

#include "server/base/assert.h"

namespace coaxd::tftp {

TransferTable::TransferTable(std::size_t most, HashSeed seed, std::int64_t now_ns)
    : seed_(seed),
      transfers_(most),
      requests_(std::make_unique_for_overwrite<Request[]>(most)),
      buckets_(std::bit_ceil(most), kNone),
      sources_(most, seed),
      wheel_(most, now_ns) {
  COAXD_ASSERT(most > 0 && most < kNone);
  free_.reserve(most);
  for (std::size_t i = most; i-- > 0;) free_.push_back(static_cast<std::uint32_t>(i));
}

std::uint32_t& TransferTable::bucket_of(Endpoint client) noexcept {
  std::uint8_t key[6];
  store_be32(key, client.address.value);
  store_be16(key + 4, client.port);
  return buckets_[hash_bytes(seed_, key) & (buckets_.size() - 1)];
}

Transfer* TransferTable::find(Endpoint client) noexcept {
  for (std::uint32_t at = bucket_of(client); at != kNone; at = transfers_[at].chain) {
    if (transfers_[at].client == client) return &transfers_[at];
  }
  return nullptr;
}

Transfer* TransferTable::find(Ticket wanted) noexcept {
  const auto at = static_cast<std::uint32_t>(static_cast<std::uint64_t>(wanted));
  if (at >= transfers_.size()) return nullptr;
  Transfer& transfer = transfers_[at];
  const bool under_way = transfer.state != Transfer::State::free && transfer.state != Transfer::State::over;
  return under_way && ticket(transfer) == wanted ? &transfer : nullptr;
}

Transfer* TransferTable::add(Endpoint client) noexcept {
  if (free_.empty() && oldest_over_ != kNone) remove(transfers_[oldest_over_]);
  if (free_.empty()) return nullptr;
  const std::uint32_t at = free_.back();
  free_.pop_back();
  Transfer& transfer = transfers_[at];
  const std::uint32_t generation = transfer.generation + 1;
  std::uint32_t& head = bucket_of(client);
  transfer = {};
  transfer.generation = generation;
  transfer.client = client;
  transfer.state = Transfer::State::opening;
  transfer.chain = head;
  head = at;
  ++open_;
  sources_.add(client.address);
  return &transfer;
}

void TransferTable::remove(Transfer& transfer) noexcept {
  COAXD_ASSERT(transfer.state != Transfer::State::free);
  const std::uint32_t at = index(transfer);
  if (transfer.state == Transfer::State::over) {
    (transfer.older != kNone ? transfers_[transfer.older].newer : oldest_over_) = transfer.newer;
    (transfer.newer != kNone ? transfers_[transfer.newer].older : newest_over_) = transfer.older;
  } else {
    forget(transfer);
  }
  std::uint32_t* link = &bucket_of(transfer.client);
  while (*link != at) link = &transfers_[*link].chain;
  *link = transfer.chain;
  transfer.state = Transfer::State::free;
  free_.push_back(at);
}

void TransferTable::retire(Transfer& transfer, std::int64_t now_ns) noexcept {
  forget(transfer);
  transfer.state = Transfer::State::over;
  transfer.over_ns = now_ns;
  transfer.newer = kNone;
  transfer.older = newest_over_;
  const std::uint32_t at = index(transfer);
  (newest_over_ != kNone ? transfers_[newest_over_].newer : oldest_over_) = at;
  newest_over_ = at;
}

void TransferTable::forget_over(std::int64_t before_ns) noexcept {
  while (oldest_over_ != kNone && transfers_[oldest_over_].over_ns <= before_ns) remove(transfers_[oldest_over_]);
}

// What only those under way have.
void TransferTable::forget(Transfer& transfer) noexcept {
  transfer.contents.reset();
  disarm(transfer);
  sources_.remove(transfer.client.address);
  --open_;
}

void TransferTable::set_request(const Transfer& transfer, std::string_view name, const Options& asked) noexcept {
  COAXD_ASSERT(name.size() <= kMaxName);
  Request& request = requests_[index(transfer)];
  request.asked = asked;
  request.name_size = static_cast<std::uint8_t>(name.size());
  std::memcpy(request.name, name.data(), name.size());
}

std::string_view TransferTable::name(const Transfer& transfer) const noexcept {
  const Request& request = requests_[index(transfer)];
  return {request.name, request.name_size};
}

}  // namespace coaxd::tftp
