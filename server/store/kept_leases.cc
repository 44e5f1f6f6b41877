#include "server/store/kept_leases.h"

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "server/store/posix_disk.h"
#include "server/store/replaced_file.h"

namespace coaxd::store {
namespace {

constexpr std::size_t kPiece = 1 << 20;

// A regular file's; no link is followed.
bool status_of(const std::string& path, struct stat& out) { return lstat(path.c_str(), &out) == 0 && S_ISREG(out.st_mode); }

std::unexpected<StoreError> unreadable(const std::string& path, int error) {
  return std::unexpected(StoreError{error, fmt::format("cannot read {}: {}", path, std::strerror(error))});
}

// One open for reading, read from front to end.
class Reader {
 public:
  explicit Reader(const std::string& path) : file_(PosixFileSystem::instance().open(path, false)) {}
  ~Reader() {
    if (file_) PosixFileSystem::instance().close(*file_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // The next piece, empty at the end; the error is an errno.
  std::expected<void, int> next(std::string& piece) {
    if (!file_) return std::unexpected(file_.error());
    piece.resize(kPiece);
    const auto got = PosixFileSystem::instance().read(*file_, offset_, {reinterpret_cast<std::uint8_t*>(piece.data()), piece.size()});
    if (!got) return std::unexpected(got.error());
    piece.resize(*got);
    offset_ += *got;
    return {};
  }

 private:
  const std::expected<FileHandle, int> file_;
  std::uint64_t offset_ = 0;
};

bool same_contents(const std::string& a, const std::string& b) {
  Reader one(a), other(b);
  std::string left, right;
  do {
    if (!one.next(left) || !other.next(right) || left != right) return false;
  } while (!left.empty());
  return true;
}

std::expected<void, StoreError> copy(const std::string& path, const std::string& to) {
  Reader from(path);
  return replace_file(to, path, [&](std::string& piece) -> std::expected<bool, int> {
    if (auto read = from.next(piece); !read) return std::unexpected(read.error());
    return !piece.empty();
  });
}

}  // namespace

std::expected<void, StoreError> keep_leases_file(const std::string& path) {
  struct stat original {}, other {};
  if (!status_of(path, original) || original.st_size == 0) return {};
  const std::string first = path + ".before-coaxd", later = first + ".";
  PosixFileSystem& files = PosixFileSystem::instance();
  const std::string directory = directory_of(path);
  const auto names = files.list(directory);
  if (!names) return unreadable(directory, names.error());

  bool has_first = false;
  std::vector<std::string> copies;  // of later files, oldest first: list() is in order, and so are dates
  for (const std::string& name : *names) {
    const std::string there = path.substr(0, path.rfind('/') + 1) + name;
    const bool is_first = there == first, is_later = there.starts_with(later) && !there.ends_with(".new");
    if ((!is_first && !is_later) || !status_of(there, other)) continue;
    if (other.st_size == original.st_size && same_contents(path, there)) return {};
    has_first = has_first || is_first;
    if (is_later) copies.push_back(there);
  }
  if (!has_first) return copy(path, first);

  std::string name = later + fmt::format("{:%Y%m%d-%H%M%S}", fmt::gmtime(original.st_mtime));
  while (std::ranges::find(copies, name) != copies.end()) name += '+';  // two in one second
  if (auto copied = copy(path, name); !copied) return copied;
  copies.push_back(name);
  for (std::size_t i = 0; i + kMostLater < copies.size(); ++i) (void)files.remove(copies[i]);
  return {};
}

}  // namespace coaxd::store
