#include "server/provision/provision.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

#include "server/base/counted.h"

namespace coaxd::provision {
namespace {

// When a file was last another one; 0: it is not there.
std::uint64_t stamp_of(const std::string& path) {
  struct stat status;
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return 0;
  // Any change of one of these is another number, but for one case in 2^64, at which nobody can aim.
  const std::uint64_t facts[] = {status.st_dev,
                                 status.st_ino,
                                 static_cast<std::uint64_t>(status.st_size),
                                 static_cast<std::uint64_t>(status.st_mtim.tv_sec),
                                 static_cast<std::uint64_t>(status.st_mtim.tv_nsec),
                                 static_cast<std::uint64_t>(status.st_ctim.tv_sec),
                                 static_cast<std::uint64_t>(status.st_ctim.tv_nsec)};
  return hash_bytes({1, 1}, {reinterpret_cast<const std::uint8_t*>(facts), sizeof facts});
}

}  // namespace

std::expected<std::unique_ptr<Provision>, std::string> Provision::make(const Settings& settings, HashSeed seed, WallSeconds now, std::vector<News>& news) {
  TemplateFolder templates(settings.templates, settings.dialect);
  auto read = templates.load(now);
  if (!read) return std::unexpected(std::move(read.error()));
  std::uint64_t next_key = 1;
  std::shared_ptr<const Secrets> secrets = Secrets::none(next_key);
  const std::uint64_t stamp = stamp_of(settings.secrets);  // before its contents: a change between the two is seen at the next look
  if (!settings.secrets.empty()) {
    auto loaded = Secrets::load(settings.secrets, settings.user, next_key);
    if (!loaded) return std::unexpected(std::move(loaded.error()));
    secrets = std::move(*loaded);
  }
  news = std::move(*read);
  auto made = std::unique_ptr<Provision>(new Provision(settings, seed, std::move(templates), std::move(secrets), next_key));
  made->secrets_read_ = made->secrets_seen_ = stamp;
  made->looked_at_ = now;
  return made;
}

Provision::Provision(const Settings& settings, HashSeed seed, TemplateFolder templates, std::shared_ptr<const Secrets> secrets, std::uint64_t next_key)
    : settings_(settings),
      templates_(std::move(templates)),
      secrets_(std::move(secrets)),
      next_key_(next_key),
      snapshots_(std::make_shared<const Snapshot>(Snapshot{templates_.set(), secrets_})),
      handed_out_({.generated_names = settings.generated_names,
                   .name_seconds = settings.name_seconds,
                   .single_download = settings.single_download,
                   .remembered = settings.remembered,
                   .unasked = settings.unasked},
                  seed) {}

// As with templates: read when two looks have found it the same.
bool Provision::look_at_secrets(std::vector<News>& news) {
  if (settings_.secrets.empty()) return false;
  const std::uint64_t stamp = stamp_of(settings_.secrets);
  if (stamp == secrets_read_) return false;
  if (std::exchange(secrets_seen_, stamp) != stamp) return false;
  secrets_read_ = stamp;
  auto loaded = Secrets::load(settings_.secrets, settings_.user, next_key_);
  if (!loaded) {
    secrets_ailment_ = std::move(loaded.error());
    news.push_back({true, fmt::format("shared secrets: the file cannot be used, and those of before stay\n{}", secrets_ailment_)});
    return false;
  }
  secrets_ailment_.clear();
  secrets_ = std::move(*loaded);
  std::size_t changing = 0;
  for (const Secrets::Entry& entry : secrets_->entries()) changing += entry.old != nullptr ? 1 : 0;
  news.push_back({false, fmt::format("shared secrets: read again: {}{}", counted(secrets_->entries().size(), "line"), changing == 0 ? "" : fmt::format(", {} with an old key", changing))});
  return true;
}

void Provision::tell_ended_keys(WallSeconds now, std::vector<News>& news) {
  for (const Secrets::Entry& entry : secrets_->entries())
    if (entry.old != nullptr && looked_at_ < entry.until && entry.until <= now)
      news.push_back({false, fmt::format("shared secrets: line {}: the old key's time is over; only the new one is used", entry.line)});
}

std::vector<News> Provision::look(WallSeconds now) {
  std::vector<News> news;
  bool changed = templates_.look(now, news);
  changed = look_at_secrets(news) || changed;
  tell_ended_keys(now, news);
  looked_at_ = now;
  if (changed) snapshots_.publish(std::make_shared<const Snapshot>(Snapshot{templates_.set(), secrets_}));
  return news;
}

}  // namespace coaxd::provision
