#include "server/daemon/process.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>

namespace coaxd::daemon {

Daemonizer::Daemonizer(bool foreground) {
  if (foreground) return;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) {
    std::fprintf(stderr, "Can't fork daemon: %s\n", std::strerror(errno));
    std::_Exit(1);
  }
  if (child > 0) {
    close(ends[1]);
    char verdict = 0;
    ssize_t got = 0;
    while ((got = read(ends[0], &verdict, 1)) < 0 && errno == EINTR) {
    }
    std::_Exit(got == 1 ? 0 : 1);
  }
  close(ends[0]);
  pipe_ = ends[1];
  setsid();
}

void Daemonizer::ready() {
  if (pipe_ < 0) return;
  const char verdict = 1;
  [[maybe_unused]] const auto written = ::write(pipe_, &verdict, 1);
  close(pipe_);
  pipe_ = -1;
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return;
  for (int fd = 0; fd <= 2; ++fd) dup2(null, fd);
  close(null);
}

pid_t PidFile::living_process_of(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return 0;
  long pid = 0;
  const bool read = std::fscanf(file, "%ld", &pid) == 1;  // NOLINT(cert-err34-c): anything odd is no pid
  std::fclose(file);
  if (!read || pid <= 0 || pid > std::numeric_limits<pid_t>::max() || pid == getpid()) return 0;
  const bool lives = kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM;
  return lives ? static_cast<pid_t>(pid) : 0;
}

std::expected<void, PidFile::Error> PidFile::write(const std::string& path) {
  const auto fail = [&](std::string_view what) {
    return std::unexpected(Error{false, fmt::format("Can't {} PID file {}: {}.", what, path, std::strerror(errno))});
  };
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return fail("create");
  if (flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    close(file);
    return std::unexpected(Error{true, fmt::format("There's already a DHCP server running. It holds {}.", path)});
  }
  file_ = file;
  path_ = path;
  const std::string text = fmt::format("{}\n", getpid());
  if (ftruncate(file_, 0) != 0 || ::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) return fail("write");
  return {};
}

PidFile::~PidFile() {
  if (file_ < 0) return;
  if (unlink(path_.c_str()) != 0) (void)!ftruncate(file_, 0);
  close(file_);
}

std::expected<Identity, std::string> find_identity(const std::string& user, const std::string& group) {
  Identity found{user, group, getuid(), getgid()};
  if (!user.empty()) {
    const passwd* account = getpwnam(user.c_str());
    if (account == nullptr) return std::unexpected(fmt::format("-user {}: no such user.", user));
    found.uid = account->pw_uid;
    found.gid = account->pw_gid;
  }
  if (!group.empty()) {
    const ::group* entry = getgrnam(group.c_str());
    if (entry == nullptr) return std::unexpected(fmt::format("-group {}: no such group.", group));
    found.gid = entry->gr_gid;
  }
  return found;
}

std::expected<void, std::string> change_root(const std::string& directory) {
  if (!directory.empty() && (chroot(directory.c_str()) != 0 || chdir("/") != 0))
    return std::unexpected(fmt::format("-chroot {}: {}.", directory, std::strerror(errno)));
  return {};
}

std::expected<void, std::string> drop_privileges(const Identity& identity) {
  if (identity.user.empty()) {
    if (!identity.group.empty() && (setgroups(0, nullptr) != 0 || setgid(identity.gid) != 0))
      return std::unexpected(fmt::format("-group {}: {}.", identity.group, std::strerror(errno)));
    return {};
  }
  capng_clear(CAPNG_SELECT_BOTH);
  capng_updatev(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED), CAP_NET_BIND_SERVICE, CAP_NET_RAW,
                CAP_NET_ADMIN, -1);
  if (capng_change_id(static_cast<int>(identity.uid), static_cast<int>(identity.gid),
                      static_cast<capng_flags_t>(CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING)) != 0)
    return std::unexpected(fmt::format("-user {}: {}.", identity.user, std::strerror(errno)));
  return {};
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void notify_systemd(const std::string& state) { sd_notify(0, state.c_str()); }

}  // namespace coaxd::daemon
