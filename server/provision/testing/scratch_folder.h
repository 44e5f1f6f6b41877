// scratch_folder.h: a folder of a test's own, which goes with it. A file is replaced as an editor or a package does it: another one under the same name.
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace coaxd::provision {

class ScratchFolder {
 public:
  ScratchFolder() {
    char path[] = "/tmp/coaxd-provision-XXXXXX";
    path_ = ::mkdtemp(path);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path(std::string_view name = {}) const { return name.empty() ? path_ : path_ + '/' + std::string(name); }
  void write(std::string_view name, std::string_view text, mode_t mode = 0600) const {
    const std::string to = path(name), made = to + ".new~";
    std::filesystem::create_directories(std::filesystem::path(to).parent_path());
    std::ofstream(made, std::ios::binary) << text;
    ::chmod(made.c_str(), mode);
    std::filesystem::rename(made, to);
  }
  void remove(std::string_view name) const { std::filesystem::remove_all(path(name)); }

 private:
  std::string path_;
};

}  // namespace coaxd::provision
