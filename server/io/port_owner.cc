#include "server/io/port_owner.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace coaxd::io {

namespace {

namespace fs = std::filesystem;

// proc(5): a line a socket; the second word is ADDRESS:PORT in hexadecimal, the tenth its inode. A socket for IPv6 takes IPv4 along.
void add_inodes(const char* table, std::uint16_t port, std::set<std::string>& links) {
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);  // headings
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string word, local;
    for (int i = 0; i < 10 && words >> word; ++i)
      if (i == 1) local = word;
    if (words && local.ends_with(fmt::format(":{:04X}", port))) links.insert(fmt::format("socket:[{}]", word));
  }
}

bool has_one_of(const fs::path& process, const std::set<std::string>& links) {
  std::error_code failed;
  for (fs::directory_iterator file(process / "fd", failed), end; !failed && file != end; file.increment(failed)) {
    std::error_code gone;
    if (links.contains(fs::read_symlink(file->path(), gone).string())) return true;
  }
  return false;
}

}  // namespace

std::string udp_port_owner(std::uint16_t port) {
  std::set<std::string> links;
  for (const char* table : {"/proc/self/net/udp", "/proc/self/net/udp6"}) add_inodes(table, port, links);
  if (links.empty()) return {};
  std::error_code failed;
  for (fs::directory_iterator process("/proc", failed), end; !failed && process != end; process.increment(failed)) {
    const std::string id = process->path().filename().string();
    if (!std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; }) || !has_one_of(process->path(), links)) continue;
    std::ifstream file(process->path() / "comm");
    std::string name;
    std::getline(file, name);
    return fmt::format("{} (process {})", name.empty() ? "a process" : name, id);
  }
  return {};
}

}  // namespace coaxd::io
