#include "server/store/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "server/store/replaced_file.h"
#include "server/store/sqlite.h"

namespace coaxd::store {
namespace {

// NOLINTBEGIN(concurrency-mt-unsafe): strerror(3) is safe since glibc 2.32
std::expected<void, std::string> make_durable(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return std::unexpected(fmt::format("{}: {}.", path, std::strerror(errno)));
  const int failed = fsync(fd) != 0 ? errno : 0;
  close(fd);
  if (failed != 0) return std::unexpected(fmt::format("{}: {}.", path, std::strerror(failed)));
  return {};
}

}  // namespace

std::expected<void, std::string> back_up(const std::string& store, const std::string& into) {
  const std::string half = into + ".new";
  const auto refuse = [&](const std::string& why) {
    unlink(half.c_str());
    return std::unexpected(fmt::format("the backup {} could not be written: {}", into, why));
  };
  // Only for the server's eyes, as the store may be; and no file of somebody else's is written over.
  const int fd = open(half.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return std::unexpected(fmt::format("the backup {} could not be written: {}: the folder must be there, and the server's to write to.", into, std::strerror(errno)));
  close(fd);
  auto database = Database::open_to_read(store);
  if (!database) return refuse(std::string(sqlite3_errstr(database.error())) + ".");
  auto copy = database->prepare("VACUUM INTO ?1");
  if (!copy) return refuse(database->message() + ".");
  if (copy->bind(1, std::string_view(half)).run() != SQLITE_OK) return refuse(database->message() + ".");
  if (auto synced = make_durable(half, O_RDONLY); !synced) return refuse(synced.error());
  if (std::rename(half.c_str(), into.c_str()) != 0) return refuse(fmt::format("{}.", std::strerror(errno)));
  return make_durable(directory_of(into), O_RDONLY | O_DIRECTORY);
}
// NOLINTEND(concurrency-mt-unsafe)

}  // namespace coaxd::store
