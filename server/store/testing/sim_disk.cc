#include "server/store/testing/sim_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace coaxd::store {

using Done = std::expected<void, int>;

void SimDisk::crash() {
  for (std::size_t keep = unsynced_names_.empty() ? 0 : random_() % (unsynced_names_.size() + 1), i = 0; i < keep; ++i) {
    apply(durable_names_, unsynced_names_[i]);
  }
  unsynced_names_.clear();
  names_ = durable_names_;
  open_.clear();
  fail_at_ = 0;
  std::set<Inode*> seen;
  for (auto& [name, inode] : names_) {
    if (seen.insert(inode.get()).second) forget(*inode);
  }
}

// Wholly, partly or not at all.
void SimDisk::forget(Inode& inode) {
  const auto mood = random_() % 3;
  if (mood == 0) {
    for (const std::size_t sector : inode.dirty) keep_sector(inode, sector);
    inode.durable.resize(inode.live.size());
  } else if (mood == 1) {
    if (coin()) inode.durable.resize(inode.live.size());
    for (const std::size_t sector : inode.dirty) {
      if (coin()) keep_sector(inode, sector);
    }
  }
  inode.dirty.clear();
  inode.live = inode.durable;
}

void SimDisk::keep_sector(Inode& inode, std::size_t sector) const {
  const std::size_t begin = sector * kSector;
  if (begin >= inode.live.size()) return;
  const std::size_t end = std::min(begin + kSector, inode.live.size());
  if (inode.durable.size() < end) inode.durable.resize(end);
  std::copy(inode.live.begin() + static_cast<std::ptrdiff_t>(begin), inode.live.begin() + static_cast<std::ptrdiff_t>(end),
            inode.durable.begin() + static_cast<std::ptrdiff_t>(begin));
}

void SimDisk::kill() {
  open_.clear();
  fail_at_ = 0;
}

void SimDisk::fail_at(std::uint64_t nth, int error, bool lasting) {
  fail_at_ = operations_ + nth;
  fail_error_ = error;
  fail_lasting_ = lasting;
}

std::uint64_t SimDisk::used() const {
  std::uint64_t total = 0;
  for (const auto& [name, inode] : names_) total += inode->live.size();
  return total;
}

int SimDisk::begin_operation() {
  ++operations_;
  if (fail_at_ == 0) return 0;
  return operations_ == fail_at_ || (fail_lasting_ && operations_ > fail_at_) ? fail_error_ : 0;
}

SimDisk::Inode* SimDisk::inode_of(FileHandle file) {
  const auto found = open_.find(file);
  return found == open_.end() ? nullptr : found->second.get();
}

void SimDisk::apply(Names& names, const NameChange& change) {
  if (!change.erased.empty()) names.erase(change.erased);
  if (!change.set.empty()) names[change.set] = change.inode;
}

std::expected<FileHandle, int> SimDisk::create(const std::string& path, std::uint64_t preallocate) {
  if (const int error = begin_operation(); error != 0) return std::unexpected(error);
  if (names_.contains(path)) return std::unexpected(EEXIST);
  if (used() + preallocate > capacity_) return std::unexpected(ENOSPC);
  auto inode = std::make_shared<Inode>();
  inode->live.resize(static_cast<std::size_t>(preallocate));
  for (std::size_t s = 0; s * kSector < inode->live.size(); ++s) inode->dirty.insert(s);
  const NameChange change{{}, path, inode};
  apply(names_, change);
  unsynced_names_.push_back(change);
  open_[next_handle_] = std::move(inode);
  return next_handle_++;
}

std::expected<FileHandle, int> SimDisk::open(const std::string& path, bool) {
  const auto found = names_.find(path);
  if (found == names_.end()) return std::unexpected(ENOENT);
  open_[next_handle_] = found->second;
  return next_handle_++;
}

std::expected<std::uint64_t, int> SimDisk::size(FileHandle file) {
  const Inode* inode = inode_of(file);
  if (inode == nullptr) return std::unexpected(EBADF);
  return inode->live.size();
}

std::expected<std::size_t, int> SimDisk::read(FileHandle file, std::uint64_t offset, MutableBytes out) {
  const Inode* inode = inode_of(file);
  if (inode == nullptr) return std::unexpected(EBADF);
  if (offset >= inode->live.size()) return 0;
  const std::size_t n = std::min<std::size_t>(out.size(), inode->live.size() - static_cast<std::size_t>(offset));
  std::copy_n(inode->live.begin() + static_cast<std::ptrdiff_t>(offset), n, out.begin());
  return n;
}

// The octets themselves, as long as nobody makes the file larger. There is none for a handle that is dead.
std::expected<std::shared_ptr<const std::uint8_t>, int> SimDisk::map(FileHandle file, std::uint64_t size) {
  const auto found = open_.find(file);
  if (found == open_.end() || found->second->live.size() < size) return std::unexpected(EBADF);
  return std::shared_ptr<const std::uint8_t>(found->second, found->second->live.data());
}

Done SimDisk::write(FileHandle file, std::uint64_t offset, Bytes data) {
  Inode* inode = inode_of(file);
  if (inode == nullptr) return std::unexpected(EBADF);
  int error = begin_operation();
  const auto begin = static_cast<std::size_t>(offset);
  const std::size_t growth = begin + data.size() - std::min(inode->live.size(), begin + data.size());
  if (error == 0 && growth > 0 && used() + growth > capacity_) error = ENOSPC;
  if (error != 0) data = data.first(random_() % (data.size() + 1) / kSector * kSector);  // some of it has gone out
  if (data.empty()) return error == 0 ? Done{} : std::unexpected(error);
  if (inode->live.size() < begin + data.size()) inode->live.resize(begin + data.size());
  std::ranges::copy(data, inode->live.begin() + static_cast<std::ptrdiff_t>(begin));
  for (std::size_t s = begin / kSector; s * kSector < begin + data.size(); ++s) inode->dirty.insert(s);
  if (error != 0) return std::unexpected(error);
  return {};
}

Done SimDisk::sync(FileHandle file) {
  Inode* inode = inode_of(file);
  if (inode == nullptr) return std::unexpected(EBADF);
  const int error = begin_operation();
  if (error == 0) inode->durable.resize(inode->live.size());
  for (const std::size_t sector : inode->dirty) {
    if (error == 0 || coin()) keep_sector(*inode, sector);
  }
  inode->dirty.clear();
  if (error != 0) return std::unexpected(error);
  return {};
}

void SimDisk::close(FileHandle file) { open_.erase(file); }

Done SimDisk::rename(const std::string& from, const std::string& to) {
  if (const int error = begin_operation(); error != 0) return std::unexpected(error);
  const auto found = names_.find(from);
  if (found == names_.end()) return std::unexpected(ENOENT);
  const NameChange change{from, to, found->second};
  apply(names_, change);
  unsynced_names_.push_back(change);
  return {};
}

Done SimDisk::remove(const std::string& path) {
  if (const int error = begin_operation(); error != 0) return std::unexpected(error);
  if (!names_.contains(path)) return std::unexpected(ENOENT);
  const NameChange change{path, {}, nullptr};
  apply(names_, change);
  unsynced_names_.push_back(change);
  return {};
}

Done SimDisk::sync_directory(const std::string&) {
  if (const int error = begin_operation(); error != 0) return std::unexpected(error);
  for (const NameChange& change : unsynced_names_) apply(durable_names_, change);
  unsynced_names_.clear();
  return {};
}

std::expected<std::uint64_t, int> SimDisk::room(const std::string&) { return capacity_ - std::min(capacity_, used()); }

std::expected<std::vector<std::string>, int> SimDisk::list(const std::string& directory) {
  std::vector<std::string> found;
  const std::string prefix = directory + "/";
  for (const auto& [name, inode] : names_) {
    if (name.starts_with(prefix)) found.push_back(name.substr(prefix.size()));
  }
  return found;
}

Done SimDisk::truncate(FileHandle file, std::uint64_t size) {
  Inode* inode = inode_of(file);
  if (inode == nullptr) return std::unexpected(EBADF);
  if (const int error = begin_operation(); error != 0) return std::unexpected(error);
  inode->live.resize(static_cast<std::size_t>(size));
  return {};
}

void SimAsyncDisk::write(FileHandle file, std::uint64_t offset, Bytes data, bool sync, std::uint64_t token) {
  waiting_.push_back({file, offset, data, sync, token});
}

bool SimAsyncDisk::step() {
  if (waiting_.empty()) return false;
  const Write next = waiting_.front();
  waiting_.pop_front();
  Done result = disk_.write(next.file, next.offset, next.data);
  if (result && next.sync) result = disk_.sync(next.file);
  completions_.push_back({next.token, result ? 0 : -result.error()});
  return true;
}

std::optional<DiskCompletion> SimAsyncDisk::poll() {
  if (completions_.empty()) return std::nullopt;
  const DiskCompletion completion = completions_.front();
  completions_.pop_front();
  return completion;
}

}  // namespace coaxd::store
