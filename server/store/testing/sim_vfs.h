// sim_vfs.h: lets SQLite live on a SimDisk, so that a power cut takes from it what it had not synced, as from the journal. Locks are not
// simulated: one connection at a time. Registered while it lives, under name(). One thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <sqlite3.h>

#include "server/store/testing/sim_disk.h"

namespace coaxd::store {

class SimVfs {
 public:
  explicit SimVfs(SimDisk& disk);
  ~SimVfs();
  SimVfs(const SimVfs&) = delete;
  SimVfs& operator=(const SimVfs&) = delete;

  const char* name() const { return name_.c_str(); }
  // After SimDisk::crash() or kill(): shared memory is gone with the process.
  void forget() { shared_.clear(); }

 private:
  friend struct SimVfsCalls;
  SimDisk& disk_;
  std::string name_;
  sqlite3_vfs vfs_{};
  std::map<std::string, std::vector<std::unique_ptr<std::uint8_t[]>>> shared_;
};

}  // namespace coaxd::store
