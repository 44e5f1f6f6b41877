#include "server/store/replaced_file.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "server/store/posix_disk.h"

namespace coaxd::store {

namespace {

// Who could read the file before, dhcpd under a user of its own above all, still can. By descriptor, while the file has no name that anybody
// knows: whoever owns the directory could put a link in the place of a path, and root would chown what it leads to. Then all of it is made
// durable, owner and mode as well, which fdatasync need not.
std::expected<void, int> take_after(const std::string& path, int file) {
  struct stat before {};
  const bool replaces = lstat(path.c_str(), &before) == 0 && S_ISREG(before.st_mode);
  // Not root: the file stays ours.
  if (replaces) (void)!fchown(file, before.st_uid, before.st_gid);
  if (fchmod(file, replaces ? before.st_mode & 0777 : 0644) != 0 || fsync(file) != 0) return std::unexpected(errno);
  return {};
}

}  // namespace

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

std::expected<void, StoreError> replace_file(const std::string& path, const std::string& model,
                                             const std::function<std::expected<bool, int>(std::string&)>& more) {
  PosixFileSystem& files = PosixFileSystem::instance();
  const std::string temporary = path + ".new";
  const auto refused = [&](int error) {
    return std::unexpected(StoreError{error, fmt::format("cannot write {}: {}", path, std::strerror(error))});
  };
  (void)files.remove(temporary);  // of a writer that was killed
  const auto file = files.create(temporary, 0);
  if (!file) return refused(file.error());
  std::expected<void, int> result;
  std::string piece;
  std::uint64_t offset = 0;
  for (bool again = true; again && result;) {
    const auto got = more(piece);
    if (!got) {
      result = std::unexpected(got.error());
      break;
    }
    again = *got;
    result = files.write(*file, offset, as_bytes(piece));
    offset += piece.size();
    piece.clear();
  }
  if (result) result = take_after(model, *file);
  files.close(*file);
  if (result) result = files.rename(temporary, path);
  if (result) result = files.sync_directory(directory_of(path));
  if (!result) {
    (void)files.remove(temporary);
    return refused(result.error());
  }
  return {};
}

}  // namespace coaxd::store
