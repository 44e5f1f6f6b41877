// lone_worker.h: a worker with all that it serves from: lease table and limits, a store in a folder of its own with one journal, and an
// ArrayTransport for the world outside. For tests and benches of the whole packet path. Owned by the test, which calls its turns; one
// thread. Test code only.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "server/daemon/lease_memory.h"
#include "server/store/lease_store.h"
#include "server/worker/worker.h"
#include "tests/sim/array_transport.h"

namespace coaxd::test {

struct LoneWorker {
  struct Site {
    std::shared_ptr<const config::Config> config;
    Ipv4 server, relay;
    WallSeconds now;
    std::uint64_t segment_size = store::StoreOptions{}.segment_size;
  };

  explicit LoneWorker(const Site& site)
      : transport(site.server, site.relay, site.now), memory(*site.config, site.now, HashSeed{1, 2}) {
    store = store::LeaseStore::open({.path = (folder.path / "leases.db").string(), .segment_size = site.segment_size, .now = site.now}).value();
    (void)store->recover([](Ipv4, const lease::Binding&, std::uint32_t) {}).value();
    journal = store->journal(0, transport.disk());
    worker = std::make_unique<worker::Worker>(worker::Worker::Parts{.transport = transport,
                                                                   .journal = *journal,
                                                                   .leases = memory.table(),
                                                                   .limits = memory.limits(),
                                                                   .settings = {},
                                                                   .log_packets = true},
                                              worker::Snapshot{site.config, std::make_shared<config::HostTable>()});
  }

  struct Folder {
    Folder() {
      std::string name = (std::filesystem::temp_directory_path() / "coaxd-worker-XXXXXX").string();
      path = ::mkdtemp(name.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
  };

  // Each needs those above it.
  Folder folder;
  ArrayTransport transport;
  daemon::LeaseMemory memory;
  std::unique_ptr<store::LeaseStore> store;
  std::unique_ptr<store::Journal> journal;
  std::unique_ptr<worker::Worker> worker;
};

}  // namespace coaxd::test
