// command_mibs.h
#include "docsis/command_mibs.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "docsis/command_report.h"
#include "docsis/netsnmp_mibs.h"

namespace coaxd::docsis {
namespace {

class TableThenInstalled final : public MibNames {
 public:
  std::expected<Oid, std::string> resolve(std::string_view token) const override {
    auto found = built_in_mibs().resolve(token);
    if (found) return found;
    if (!installed_) installed_ = netsnmp_mibs({});
    auto installed = installed_->resolve(token);
    return installed ? installed : found;
  }
  std::string name(OidView oid) const override { return installed_ ? installed_->name(oid) : built_in_mibs().name(oid); }
  std::optional<MibObject> object(OidView oid) const override { return installed_ ? installed_->object(oid) : built_in_mibs().object(oid); }

 private:
  mutable std::unique_ptr<const MibNames> installed_;
};

std::vector<std::string> split(std::string_view directories) {
  std::vector<std::string> names;
  while (!directories.empty()) {
    const std::size_t colon = directories.find(':');
    if (colon != 0) names.emplace_back(directories.substr(0, colon));
    directories = colon == std::string_view::npos ? std::string_view{} : directories.substr(colon + 1);
  }
  return names;
}

}  // namespace

std::unique_ptr<const MibNames> command_mibs(std::optional<std::string_view> directories, bool compat, const Console& console) {
  if (directories) {
    const std::vector<std::string> names = split(*directories);
    std::error_code none;
    for (const std::string& name : names)
      if (!std::filesystem::is_directory(name, none)) complain(console, fmt::format("-M {}: there is no such directory", name));
    return netsnmp_mibs({.directories = names, .preferred = {}, .built_in = !compat});
  }
  if (std::getenv("MIBDIRS") != nullptr) return netsnmp_mibs({.directories = {}, .preferred = {}, .built_in = !compat});
  return std::make_unique<TableThenInstalled>();
}

}  // namespace coaxd::docsis
