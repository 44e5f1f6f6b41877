// provision.h: the files of modems as the process has them: templates, keys, what DHCP has told. The control thread makes it and looks once a second whether something on
// disk has changed; workers have a ProvisionedFiles each, which reads the snapshots that are published here. A file that has become unreadable or wrong changes nothing:
// what was good stays, and the news say so.
//
// All of it is the control thread's, but snapshots() and handed_out(), which are anybody's. It outlives the workers.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "server/base/hash.h"
#include "server/provision/handed_out.h"
#include "server/provision/provisioned_files.h"
#include "server/provision/settings.h"
#include "server/provision/template_folder.h"

namespace coaxd::provision {

class Provision {
 public:
  // The error is one sentence, or the problems of the secrets' file: with no or half the keys the server would have every modem rejected. Templates that have errors are
  // news, and the others are served. The seed is drawn from the kernel and used for nothing else.
  static std::expected<std::unique_ptr<Provision>, std::string> make(const Settings& settings, HashSeed seed, WallSeconds now, std::vector<News>& news);

  // Once a second.
  std::vector<News> look(WallSeconds now);
  std::vector<TemplateStatus> templates() const { return templates_.status(); }
  // Why the folder of templates cannot be read now; "" when it can.
  const std::string& templates_ailment() const noexcept { return templates_.ailment(); }
  // Why the secrets' file as it is now is not in use; "" when it is.
  const std::string& secrets_ailment() const noexcept { return secrets_ailment_; }

  const Settings& settings() const noexcept { return settings_; }
  const Published<Snapshot>& snapshots() const noexcept { return snapshots_; }
  HandedOut& handed_out() noexcept { return handed_out_; }

 private:
  Provision(const Settings& settings, HashSeed seed, TemplateFolder templates, std::shared_ptr<const Secrets> secrets, std::uint64_t next_key);
  bool look_at_secrets(std::vector<News>& news);
  void tell_ended_keys(WallSeconds now, std::vector<News>& news);

  const Settings settings_;
  TemplateFolder templates_;
  std::shared_ptr<const Secrets> secrets_;
  std::uint64_t next_key_;
  std::uint64_t secrets_read_ = 0, secrets_seen_ = 0;  // stamps
  std::string secrets_ailment_;
  WallSeconds looked_at_ = 0;
  Published<Snapshot> snapshots_;
  HandedOut handed_out_;
};

}  // namespace coaxd::provision
