#include "server/daemon/leases_check.h"

#include <cstdio>
#include <ctime>

#include "server/base/counted.h"
#include "server/store/leases_file.h"

namespace coaxd::daemon {

int check_leases_file(const CommandLine& line, const Configuration& configuration) {
  const std::string path = leases_path(line, *configuration.config);
  const auto file = store::LeasesFile::read(path, std::time(nullptr));
  if (!file) {
    if (!line.quiet) std::fprintf(stderr, "%s\n", file.error().message.c_str());
    return 1;
  }
  std::size_t homeless = 0;
  file->for_each([&](Ipv4 address, const lease::Binding&) {
    if (configuration.config->pool_of(address) == nullptr) ++homeless;
  });
  if (!line.quiet) {
    for (const store::LeasesRemark& note : file->notes()) std::fprintf(stderr, "%s:%u: %s\n", path.c_str(), note.line, note.text.c_str());
    for (const store::LeasesDeclaration& declaration : file->declarations())
      if (const std::string fate = fate_of(declaration); !fate.empty()) std::fprintf(stderr, "%s:%u: %s\n", path.c_str(), declaration.line, fate.c_str());
    for (const store::LeasesRemark& damage : file->damaged())
      std::fprintf(stderr, "%s:%u: unreadable: %s\n", path.c_str(), damage.line, damage.text.c_str());
    std::printf("%s: %s, %zu of them on addresses that no range contains, %s\n", path.c_str(), counted(file->size(), "lease").c_str(), homeless,
                counted(file->damaged().size(), "unreadable block").c_str());
  }
  // dhcpd says 0 for damaged files too; here a damaged file is an error, because the start refuses it.
  return file->damaged().empty() ? 0 : 1;
}

}  // namespace coaxd::daemon
