// A whole dhcpd.conf: text up to the first NUL, then what it includes under any name. Whatever it is, there is an answer: a configuration,
// or diagnostics that render with a place in a file. What parses is told in full by the coverage report; its executable statements,
// printed, parse again to what prints the same.
#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/fuzz.h"
#include "server/config/config.h"
#include "server/config/coverage.h"
#include "server/config/host_table.h"
#include "server/config/parser.h"
#include "server/config/unparse.h"

namespace coaxd {
namespace {

using namespace config;

bool has_error(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& d) { return d.severity == Severity::error; });
}

void render_all(const std::vector<Diagnostic>& diagnostics, const Sources& sources) {
  for (const Diagnostic& diagnostic : diagnostics) {
    REQUIRE(!diagnostic.message.empty());
    REQUIRE(!diagnostic.render(sources).empty());
  }
}

// Names have one address, none or many, by their first letter.
std::vector<Ipv4> look_up(std::string_view name, void*) {
  const unsigned count = name.empty() ? 0 : static_cast<unsigned char>(name[0]) % 4;
  std::vector<Ipv4> found;
  for (unsigned i = 0; i < count; ++i) found.push_back(Ipv4::of(10, 0, 0, static_cast<std::uint8_t>(100 + i)));
  return found;
}

// Every address of the configuration is found again by the lookups of the packet path.
void check_lookups(const Config& config) {
  for (const auto& subnet : config.subnets()) {
    const Subnet* found = config.subnet_of(subnet->prefix.network);
    REQUIRE(found != nullptr && found->prefix.contains(subnet->prefix.network));
  }
  for (const auto& pool : config.pools()) {
    REQUIRE(pool->network != nullptr && pool->scope != nullptr && !pool->ranges.empty());
    for (const AddressRange& range : pool->ranges) {
      REQUIRE(range.low <= range.high);
      REQUIRE(config.pool_of(range.low) == pool.get() && config.pool_of(range.high) == pool.get());
      // Of subnets that overlap, which is a warning only, the narrower is found: it need not be the range's own.
      const Subnet* found = config.subnet_of(range.low);
      const auto own = std::ranges::find_if(pool->network->subnets, [&](const Subnet* s) { return s->prefix.contains(range.low); });
      REQUIRE(found != nullptr && own != pool->network->subnets.end() && (*own)->prefix.contains(range.high));
      REQUIRE(found->network == pool->network || (*own)->prefix.contains(found->prefix.network));
    }
  }
  for (const auto& host : config.hosts()) {
    if (!host->hardware.empty()) {
      const auto same = config.hosts_by_hardware(host->hardware);
      REQUIRE(std::find(same.begin(), same.end(), host.get()) != same.end());
    }
    for (const Ipv4 address : host->fixed_addresses) REQUIRE(config.is_fixed_address(address));
  }
}

}  // namespace
}  // namespace coaxd

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  const std::uint8_t* const nul = std::find(data, data + size, std::uint8_t{0});
  const std::string text(data, nul);
  const std::string included(nul == data + size ? nul : nul + 1, data + size);
  if (!fuzz::patterns_are_small(text) || !fuzz::patterns_are_small(included)) return 0;
  const FileReader reader = [&](const std::string& path, std::string& out, std::string& error) {
    if (path == "missing") {
      error = "No such file or directory";
      return false;
    }
    out = included;
    return true;
  };
  Ast ast = parse("fuzz.conf", text, reader);
  render_all(ast.diagnostics, ast.sources);
  REQUIRE(ast.ok() == !has_error(ast.diagnostics));
  if (ast.ok()) {
    const CoverageReport coverage = coverage_of(ast);
    REQUIRE(ast.items.empty() || !coverage.findings.empty());
    REQUIRE(!coverage.json().empty());
    (void)host_names(ast);
  }
  auto config = resolve(std::move(ast), {.lookup = look_up});
  if (!config) {
    REQUIRE(has_error(config.error()));
    render_all(config.error(), ast.sources);
    return 0;
  }
  check_lookups(**config);
  // `on` and `define` blocks bring text of their own; a name of the file's may need its definition: only what parses is compared.
  const std::string once = to_text((*config)->global().statements);
  Ast again = parse("printed.conf", once, reader);
  if (!again.ok()) return 0;
  const auto second = resolve(std::move(again), {});
  if (second) REQUIRE(to_text((*second)->global().statements) == once);
  return 0;
}
