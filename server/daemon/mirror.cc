#include "server/daemon/mirror.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <limits>
#include <utility>
#include <vector>

#include "server/base/crc32c.h"
#include "server/store/kept_leases.h"
#include "server/store/leases_export.h"
#include "server/store/leases_file.h"

namespace coaxd::daemon {

namespace {

// The last line. A comment to dhcpd and to everybody who reads his files.
constexpr std::string_view kSeal = "# coaxd mirror, newest ";

// `crc` is that of everything before; the line's own words are covered as well.
std::string seal(WallSeconds newest, std::uint32_t crc) {
  const std::string words = fmt::format("{}{}", kSeal, newest);
  return fmt::format("{} crc {:08x}\n", words, crc32c(as_bytes(words), crc));
}

}  // namespace

Mirror::Mirror(const lease::LeaseTable& table, Options options, std::function<std::uint64_t()> changes,
               std::function<void(const std::string&)> complain)
    : table_(table), options_(std::move(options)), changes_(std::move(changes)), complain_(std::move(complain)) {}

Mirror::~Mirror() {
  if (thread_.joinable()) stop();
}

void Mirror::start() {
  thread_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, options_.interval, [this] { return stop_; })) {
      if (changes_() == written_at_change_) continue;
      lock.unlock();
      if (auto written = write_now(); !written) complain_(written.error());
      lock.lock();
    }
  });
}

void Mirror::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (auto written = write_now(); !written) {
    complain_(fmt::format("{}. It lacks {} changes of leases: going back to dhcpd now would lose them. The store has all of them; mend it, and start and "
                          "stop coaxd once more.",
                          written.error(), lag().changes));
  }
}

Mirror::Lag Mirror::lag() const {
  // In the opposite order of write_now(): at worst the age is that of the file before.
  const auto since = written_at_.load(std::memory_order_acquire);
  const std::uint64_t written = written_at_change_.load(std::memory_order_relaxed);
  const std::uint64_t now = changes_();
  if (now == written) return {};
  return {now - (written == kNotYet ? 0 : written), std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - since)};
}

std::expected<void, std::string> Mirror::write_now() {
  const std::lock_guard writing(writing_);
  if (!original_kept_) {
    if (!mirror_adds_nothing(options_.path, std::numeric_limits<WallSeconds>::max())) {
      if (auto kept = store::keep_leases_file(options_.path); !kept)
        return std::unexpected(kept.error().message);
    }
    original_kept_ = true;
  }
  const std::uint64_t at = changes_();
  lease::StoredTime newest = 0;
  std::uint32_t crc = 0;
  static const Homeless kNobody;
  const BodySource leases = export_leases(table_, options_.homeless != nullptr ? *options_.homeless : kNobody, ExportFormat::dhcpd,
                                          options_.style, &newest);
  // The first chunk begins with the header already (leases_export.h): it is part of what the seal covers.
  std::string_view others = options_.others;
  const auto more = [&](std::string& chunk) {
    chunk += std::exchange(others, {});
    const bool again = leases(chunk);
    crc = crc32c(as_bytes(chunk), crc);
    if (!again) chunk += seal(newest, crc);
    return again;
  };
  if (auto written = store::write_leases_file(options_.path, more); !written) return std::unexpected(written.error().message);
  written_at_change_.store(at, std::memory_order_relaxed);
  written_at_.store(std::chrono::steady_clock::now(), std::memory_order_release);  // lag()
  return {};
}

bool mirror_adds_nothing(const std::string& path, WallSeconds store_newest) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const off_t size = lseek(fd, 0, SEEK_END);
  std::array<char, 128> tail;
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(tail.size()));
  const ssize_t got = pread(fd, tail.data(), tail.size(), from);
  bool same = false;
  const std::string_view end{tail.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
  const auto at = end.rfind(kSeal);
  long long newest = 0;
  if (at != end.npos && std::sscanf(std::string{end.substr(at + kSeal.size())}.c_str(), "%lld", &newest) == 1 &&  // NOLINT(cert-err34-c)
      newest <= store_newest) {
    const off_t body = from + static_cast<off_t>(at);
    std::vector<std::uint8_t> buffer(64 << 10);
    std::uint32_t crc = 0;
    off_t done = 0;
    while (done < body) {
      const ssize_t n = pread(fd, buffer.data(), std::min<std::size_t>(buffer.size(), static_cast<std::size_t>(body - done)), done);
      if (n <= 0) break;
      crc = crc32c({buffer.data(), static_cast<std::size_t>(n)}, crc);
      done += n;
    }
    same = done == body && end.substr(at) == seal(newest, crc);
  }
  close(fd);
  return same;
}

std::string others_of_mirror(const std::string& path) {
  std::ifstream file(path);
  std::string text, line;
  while (std::getline(file, line) && !line.starts_with("lease ") && !line.starts_with(kSeal)) text += line + '\n';
  return store::LeasesFile::parse(text, 0).others();
}

}  // namespace coaxd::daemon
