#include "server/store/journal_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "server/base/hash.h"
#include "server/store/little_endian.h"

namespace coaxd::store {
namespace {

// Records hold what strangers send, so a record's octets can be made to stand inside another's. The key must not be guessable, or
// recovery, looking for records behind a damaged one, could be fed such a forgery. The store id is random and never leaves the host.
std::uint64_t segment_key(std::uint64_t store, std::uint32_t worker, std::uint64_t number) noexcept {
  std::array<std::uint8_t, 8> octets{};
  store_le(octets.data(), number);
  return hash_bytes(HashSeed{store, worker}, octets);
}

// What a clean stop leaves: the segment in use, the one made ready, and one to be used again.
constexpr std::size_t kSpares = 3;
// Of a life's first segment when there is none to use again: packets wait for its zeroes. It lasts a third of a second at full rate, and is not
// used again.
constexpr std::uint64_t kFirstSegment = 8 << 20;
// So many segments' room stays free for SQLite while there is something to fold: without it nothing could ever be taken from a disk that
// journals have filled. Most that a fold's log holds is two.
constexpr std::uint64_t kLeftToFold = 4;

}  // namespace

std::expected<SegmentListing, int> list_segments(FileSystem& files, const std::string& directory,
                                                 std::uint64_t store) {
  const auto names = files.list(directory);
  if (!names) return std::unexpected(names.error());
  SegmentListing listing;
  for (const std::string& name : *names) {
    const std::string path = directory + "/" + name;
    if (name.ends_with(".new")) {
      if (auto removed = files.remove(path); !removed) return std::unexpected(removed.error());
      continue;
    }
    const bool spare = name.ends_with(".spare");
    if (!name.ends_with(".segment") && !spare) continue;  // the lock, or something of the operator's
    const auto file = files.open(path, true);
    if (!file) return std::unexpected(file.error());
    std::array<std::uint8_t, kSegmentHeadSize> octets{};
    const auto have = files.read(*file, 0, octets);
    const auto size = files.size(*file);
    if (!have || !size) return std::unexpected(have ? size.error() : have.error());
    SegmentHead head;
    const auto error = decode_segment_head(Bytes(octets).first(*have), head);
    if (spare && (error || head.store != store)) {
      files.close(*file);
      if (auto removed = files.remove(path); !removed) return std::unexpected(removed.error());
      continue;
    }
    if (error || head.store != store) {
      auto& list = !error                                     ? listing.foreign
                   : *error == SegmentError::newer_version ? listing.newer
                                                              : listing.damaged;
      list.push_back(path);
      files.close(*file);
      continue;
    }
    (spare ? listing.spares : listing.segments).push_back(
        {{.file = *file, .number = head.number, .key = head.key, .size = *size}, head.worker, path});
  }
  std::ranges::sort(listing.segments, {}, [](const SegmentFile& s) {
    return std::pair(s.worker, s.segment.number);
  });
  return listing;
}

SegmentSource::SegmentSource(FileSystem& files, std::string directory, std::uint64_t store,
                             std::uint32_t worker, std::uint64_t segment_size, Start start)
    : files_(files),
      directory_(std::move(directory)),
      store_(store),
      worker_(worker),
      segment_size_(std::min<std::uint64_t>(segment_size, 0xffffffff)),
      start_(start),
      next_number_(start.segment) {}

SegmentSource::~SegmentSource() {
  for (const SegmentFile& held : segments_) files_.close(held.segment.file);
  for (const SegmentFile& spare : spares_) files_.close(spare.segment.file);
}

std::optional<Segment> SegmentSource::take() noexcept {
  const Segment* ready = ready_.front();
  if (ready == nullptr) return std::nullopt;
  const Segment segment = *ready;
  ready_.pop();
  return segment;
}

void SegmentSource::publish(JournalPosition position, std::uint64_t records) noexcept {
  records_.store(records, std::memory_order_relaxed);
  // Pairs with readable(): the records before the position are in the file.
  readable_.store(position.segment << 32 | position.offset, std::memory_order_release);
}

JournalPosition SegmentSource::readable() const noexcept {
  const std::uint64_t packed = readable_.load(std::memory_order_acquire);
  return {.segment = packed >> 32, .offset = packed & 0xffffffff};
}

bool SegmentSource::prepare() {
  if (ready_.size() > 0) return true;
  auto made = make_segment();
  if (!made) {
    error_.store(made.error(), std::memory_order_relaxed);
    return false;
  }
  error_.store(0, std::memory_order_relaxed);
  segments_.push_back(*made);
  return ready_.try_push(made->segment);
}

void SegmentSource::adopt(SegmentFile file) {
  if (spares_.size() == kSpares || file.segment.size != segment_size_) return discard(file);
  spares_.push_back(std::move(file));
}

void SegmentSource::release_oldest() {
  SegmentFile oldest = std::move(segments_.front());
  segments_.pop_front();
  const std::string spare_path = path_of(0, "spare");
  if (!spares_.empty() || oldest.segment.size != segment_size_ || !files_.rename(oldest.path, spare_path)) return discard(oldest);
  oldest.path = spare_path;
  spares_.push_back(std::move(oldest));
}

// A file that cannot be removed now is found, folded to nothing and removed at the next start.
void SegmentSource::discard(const SegmentFile& file) {
  files_.close(file.segment.file);
  (void)files_.remove(file.path);
}

// The last step gives the file its name, so a file with the name of a segment has a durable head.
std::expected<SegmentFile, int> SegmentSource::make_segment() {
  SegmentFile made{{.number = next_number_, .size = segment_size_}, worker_, {}};
  made.segment.key = segment_key(store_, worker_, next_number_);
  if (!spares_.empty()) {
    made.segment.file = spares_.front().segment.file;
    made.path = std::move(spares_.front().path);
    spares_.pop_front();
  } else {
    if (segments_.size() > 1) {
      const auto room = files_.room(directory_);
      if (room && *room < (kLeftToFold + 1) * segment_size_) return std::unexpected(ENOSPC);
    }
    made.path = path_of(next_number_, "new");
    if (next_number_ == start_.segment) made.segment.size = std::min(segment_size_, kFirstSegment);
    const auto file = files_.create(made.path, made.segment.size);
    if (!file) return std::unexpected(file.error());
    made.segment.file = *file;
  }
  const auto head = std::make_unique<std::uint8_t[]>(kSegmentHeadSize);
  const MutableBytes octets{head.get(), kSegmentHeadSize};
  encode_segment_head(octets, {worker_, store_, made.segment.number, made.segment.key});
  const std::string path = path_of(next_number_, "segment");
  auto result = files_.write(made.segment.file, 0, octets);
  if (result) result = files_.sync(made.segment.file);
  if (result) result = files_.rename(made.path, path);
  if (result) {
    made.path = path;
    result = files_.sync_directory(directory_);
  }
  if (!result) {
    files_.close(made.segment.file);
    (void)files_.remove(made.path);
    return std::unexpected(result.error());
  }
  ++next_number_;
  return made;
}

std::string SegmentSource::path_of(std::uint64_t number, const char* suffix) const {
  return number == 0 ? fmt::format("{}/{:03}.{}", directory_, worker_, suffix)
                     : fmt::format("{}/{:03}-{:010}.{}", directory_, worker_, number, suffix);
}

}  // namespace coaxd::store
