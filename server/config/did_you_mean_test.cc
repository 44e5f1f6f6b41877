#include <gmock/gmock.h>

#include "server/config/parser.h"

namespace coaxd::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string first_error(std::string text) {
  const FileReader no_files = [](const std::string&, std::string&, std::string&) { return false; };
  const Ast ast = parse("x", std::move(text), no_files);
  return ast.ok() ? std::string() : ast.diagnostics.front().render(ast.sources);
}

// dhcpd's line stays dhcpd's; the line of the place says more.
TEST(DhcpdCompat_2_Errors, AMistypedStatementHearsItsName) {
  EXPECT_EQ(first_error("defualt-lease-time 600;\n"),
            "x line 1: semicolon expected.\n"
            "x:1:20: error; did you mean default-lease-time?\n"
            "defualt-lease-time 600;\n"
            "                   ^\n");
  const std::string subnet = "subnet 10.0.0.0 netmask 255.255.255.0 { ";
  EXPECT_THAT(first_error(subnet + "rnage 10.0.0.1; }"), HasSubstr("; did you mean range?\n"));
  EXPECT_THAT(first_error("optoin routers 10.0.0.1;"), HasSubstr("; did you mean option?\n"));
  EXPECT_THAT(first_error("zzzzzzzzzz 10.0.0.1;"), Not(HasSubstr("did you mean")));
  EXPECT_THAT(first_error("eval 10 20;"), Not(HasSubstr("did you mean"))) << "a word that is known";
}

}  // namespace
}  // namespace coaxd::config
