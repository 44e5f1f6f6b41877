// Real files of the field, resolved: what dhcpd accepts means something, its warnings are ours, and the report knows every statement in
// it. The files are not ours to ship: COAXD_CORPUS points at them, and without it the test says so and skips.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "server/config/config.h"
#include "server/config/coverage.h"
#include "server/config/parser.h"
#include "server/config/test_corpus.h"

namespace coaxd::config {
namespace {

class Resolve_Corpus : public CorpusTest {};

TEST_F(Resolve_Corpus, VerdictAndWarningsAreDhcpds) {
  for (const CorpusFile& file : files_) {
    Ast ast = parse(file.name, file.text, no_files);
    const auto result = resolve(std::move(ast));
    ASSERT_EQ(result.has_value(), file.accepted) << file.name << '\n' << result.error().front().render(ast.sources);
    if (!file.accepted) continue;
    std::string remark;
    std::size_t warnings = 0;
    for (const Diagnostic& warning : (*result)->warnings()) {
      if (warning.message.ends_with(": host unknown.")) continue;  // nobody was asked for names here; dhcpd waits for the first packet
      if (++warnings == 1) remark = warning.message;
    }
    if (warnings > 0) remark = "(" + std::to_string(warnings) + " warnings) " + remark;
    EXPECT_EQ(remark, file.remark) << file.name;
  }
}

// What a Config promises of itself, on whatever operators write.
TEST_F(Resolve_Corpus, EveryPartIsFoundByItsKeys) {
  for (const CorpusFile& file : files_) {
    const auto result = resolve(parse(file.name, file.text, no_files));
    if (!result) continue;
    const Config& config = **result;
    for (const auto& scope : config.scopes()) {
      EXPECT_EQ(scope->depth, scope->parent == nullptr ? 0 : scope->parent->depth + 1);
      EXPECT_EQ(config.scopes()[scope->id].get(), scope.get());
    }
    for (const auto& pool : config.pools()) {
      EXPECT_EQ(pool->scope->parent, pool->network->scope) << file.name;
      for (const AddressRange& range : pool->ranges) {
        EXPECT_EQ(config.pool_of(range.low), pool.get());
        EXPECT_EQ(config.pool_of(range.high), pool.get());
        EXPECT_EQ(config.subnet_of(range.low)->network, pool->network) << file.name;
      }
    }
    for (const auto& host : config.hosts()) {
      const auto among = [&](std::span<const Host* const> hosts) { return std::ranges::find(hosts, host.get()) != hosts.end(); };
      EXPECT_TRUE(host->hardware.empty() || among(config.hosts_by_hardware(host->hardware))) << file.name;
      EXPECT_TRUE(host->client_id.empty() || among(config.hosts_by_client_id(host->client_id))) << file.name;
      for (const Ipv4 address : host->fixed_addresses) EXPECT_TRUE(config.is_fixed_address(address));
    }
    for (const auto& cls : config.classes()) {
      EXPECT_EQ(config.class_by_name(cls->name), cls.get());
      for (const auto& [data, at] : cls->subclass_index) EXPECT_EQ(cls->find(as_bytes(data)), &cls->subclasses[at]);
    }
  }
}

TEST_F(Resolve_Corpus, CoverageRefusesFailoverPairsOnly) {
  for (const CorpusFile& file : files_) {
    const Ast ast = parse(file.name, file.text, no_files);
    if (!ast.ok()) continue;
    const CoverageReport report = coverage_of(ast);
    std::istringstream lines(file.text);
    bool pair = false;
    for (std::string line; std::getline(lines, line);) {
      const std::size_t start = line.find_first_not_of(" \t");
      pair |= start != std::string::npos && line.compare(start, 13, "failover peer") == 0;
    }
    EXPECT_EQ(!report.unsafe({}).empty(), pair) << file.name;
    EXPECT_FALSE(report.text().empty()) << file.name;
  }
}

}  // namespace
}  // namespace coaxd::config
