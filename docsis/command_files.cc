// command_files.h
#include "docsis/command_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace coaxd::docsis {
namespace {

// No configuration is as large: what is, is a device, or another file.
constexpr std::size_t kMostOctetsRead = std::size_t{64} << 20;
constexpr std::string_view kTooLarge = "is larger than 64 MiB, which no configuration is";

std::string reason() { return std::strerror(errno); }

std::expected<std::string, std::string> read_stream(std::FILE* in) {
  std::string contents;
  char block[4096];
  while (const std::size_t size = std::fread(block, 1, sizeof block, in)) {
    contents.append(block, size);
    if (contents.size() > kMostOctetsRead) return std::unexpected(std::string(kTooLarge));
  }
  if (std::ferror(in) != 0) return std::unexpected(reason());
  return contents;
}

// A batch is ten thousand small files: no stream, no buffer, one read where the size is known.
std::expected<std::string, std::string> read_path(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::unexpected(reason());
  std::string contents;
  struct stat about {};
  const std::size_t guess = fstat(file, &about) == 0 && about.st_size > 0 ? std::min(static_cast<std::size_t>(about.st_size), kMostOctetsRead) : 4096;
  std::expected<std::string, std::string> result;
  for (std::size_t size = 0;;) {
    if (size == contents.size()) contents.resize(std::max(guess + 1, 2 * size));
    const ssize_t got = read(file, contents.data() + size, contents.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) result = std::unexpected(reason());
    if (got <= 0) {
      contents.resize(size);
      break;
    }
    size += static_cast<std::size_t>(got);
    if (size > kMostOctetsRead) {
      result = std::unexpected(std::string(kTooLarge));
      break;
    }
  }
  close(file);
  if (result) result = std::move(contents);
  return result;
}

}  // namespace

std::expected<std::string, std::string> read_file(std::string_view name, const Console& console) {
  return name == "-" ? read_stream(console.in) : read_path(std::string(name));
}

std::optional<std::string> write_file(std::string_view name, Bytes contents, const Console& console) {
  if (name == "-") {
    if (std::fwrite(contents.data(), 1, contents.size(), console.out) != contents.size() || std::fflush(console.out) != 0) return reason();
    return std::nullopt;
  }
  const int file = open(std::string(name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return reason();
  std::optional<std::string> problem;
  while (!contents.empty() && !problem) {
    const ssize_t written = write(file, contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      problem = reason() + ", so it is incomplete";
    else
      contents = contents.subspan(static_cast<std::size_t>(written));
  }
  if (close(file) != 0 && !problem) problem = reason();
  return problem;
}

bool is_same_file(std::string_view a, std::string_view b) {
  if (a == "-" || b == "-") return false;
  std::error_code none;  // where one of them is not there, they differ
  return a == b || std::filesystem::equivalent(a, b, none);
}

ReadFile files_beside(std::string_view text_name) {
  const std::size_t slash = text_name.rfind('/');
  std::string folder(slash == std::string_view::npos ? std::string_view{} : text_name.substr(0, slash + 1));
  return [folder = std::move(folder)](std::string_view path) -> std::expected<std::string, std::string> {
    auto here = read_path(std::string(path));
    if (here || folder.empty() || path.starts_with('/')) return here;
    auto beside = read_path(folder + std::string(path));
    return beside ? beside : here;
  };
}

std::string_view extension_of(std::string_view name) noexcept {
  const std::size_t slash = name.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? name : name.substr(slash + 1);
  const std::size_t dot = last.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? std::string_view{} : last.substr(dot);
}

std::string with_extension(std::string_view name, std::string_view extension) {
  return std::string(name.substr(0, name.size() - extension_of(name).size())).append(extension);
}

bool is_text(std::string_view contents) noexcept {
  // A text with an octet that does not belong in one: the parser says which, and where. (A file that begins so would have TLV 77.)
  constexpr std::string_view kMain = "main";
  const std::string_view first = contents.substr(std::min(contents.find_first_not_of(" \t\r\n"), contents.size())).substr(0, kMain.size());
  if (std::ranges::equal(first, kMain, {}, [](char c) { return static_cast<char>(c | 0x20); })) return true;
  return !contents.empty() &&
         std::ranges::all_of(contents, [](char c) { return static_cast<unsigned char>(c) >= 0x20 || std::strchr("\t\n\r\f\v", c) != nullptr; }) &&
         contents.find('\0') == std::string_view::npos;
}

}  // namespace coaxd::docsis
