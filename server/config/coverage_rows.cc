#include "server/config/coverage_rows.h"

#include <algorithm>
#include <iterator>

// Proofs: "differential NAME" is a scenario that is played to dhcpd as well (tests/differential/scenarios), "eval NAME" an expression
// that dhcpd has evaluated too (tests/differential/eval_cases.txt), "Suite.Test" a unit test. coverage_test finds each of them.
namespace coaxd::config {
namespace {

using enum Coverage;

bool failover_alone(const Settings& settings) { return settings.failover.mode == FailoverMode::alone; }

template <typename Kind>
struct KindRow {
  Kind kind;
  CoverageRow row;
};

// Every enumerator once and in its order, the last one included.
template <typename Kind, std::size_t N>
consteval bool complete(const KindRow<Kind> (&rows)[N], Kind last) {
  if (N != static_cast<std::size_t>(last) + 1) return false;
  for (std::size_t i = 0; i < N; ++i) {
    if (static_cast<std::size_t>(rows[i].kind) != i || rows[i].row.name.empty() || rows[i].row.note.empty()) return false;
    if ((rows[i].row.coverage == unsafe) != (rows[i].row.accepted != nullptr)) return false;
  }
  return true;
}

constexpr std::string_view kPartner =
    "the partner may give the same address to another client; allowed while it is off";
constexpr std::string_view kAlone = "[failover] mode = \"alone\"";

constexpr KindRow<DeclarationKind> kDeclarations[] = {
    {DeclarationKind::statement, {"statement", honoured, "differential pool-over-subnet"}},  // each has its own row below
    {DeclarationKind::shared_network, {"shared-network", honoured, "differential shared-network-is-one-domain"}},
    {DeclarationKind::subnet, {"subnet", honoured, "differential most-specific-subnet"}},
    {DeclarationKind::pool, {"pool", honoured, "differential pool-over-subnet"}},
    {DeclarationKind::group, {"group", honoured, "differential host-over-group-over-pool"}},
    {DeclarationKind::host, {"host", honoured, "differential host-over-class"}},
    {DeclarationKind::class_decl, {"class", honoured, "differential first-class-wins"}},
    {DeclarationKind::subclass, {"subclass", honoured, "differential subclass-over-class"}},
    {DeclarationKind::range, {"range", honoured, "differential outside-every-range"}},
    {DeclarationKind::authoritative, {"authoritative", honoured, "differential wrong-network-authoritative"}},
    {DeclarationKind::interface, {"interface", honoured, "Resolve_3_2_Interface.NamesTheNetwork"}},
    {DeclarationKind::permit, {"allow/deny in a pool", honoured, "differential permits-of-classes"}},
    {DeclarationKind::hardware, {"hardware", honoured, "differential fixed-by-hardware"}},
    {DeclarationKind::client_id, {"dhcp-client-identifier of a host", honoured, "differential fixed-by-client-id"}},
    {DeclarationKind::fixed_address, {"fixed-address", honoured, "differential fixed-address-list"}},
    {DeclarationKind::host_identifier, {"host-identifier", honoured, "differential fixed-by-host-identifier"}},
    {DeclarationKind::host_group, {"group of a host", honoured, "differential host-in-a-named-group"}},
    {DeclarationKind::match_if, {"match if", honoured, "differential first-class-wins"}},
    {DeclarationKind::match, {"match", honoured, "differential subclass-over-class"}},
    {DeclarationKind::spawn_with, {"spawn with", honoured, "differential lease-limit-per-modem"}},
    {DeclarationKind::lease_limit, {"lease limit", honoured, "differential lease-limit"}},
    {DeclarationKind::failover_peer, {"failover peer", unsafe, kPartner, kAlone, failover_alone}},
    {DeclarationKind::use_failover, {"failover peer of a pool", unsafe, kPartner, kAlone, failover_alone}},
    {DeclarationKind::key, {"key", harmless, "neither OMAPI nor DNS updates, which keys are for"}},
    {DeclarationKind::zone, {"zone", harmless, "this server makes no DNS updates"}},
    {DeclarationKind::omapi_flag, {"dynamic/deleted/static", harmless, "marks what came over OMAPI; a deleted host is left out"}},
};
static_assert(complete(kDeclarations, DeclarationKind::omapi_flag));

constexpr CoverageRow kNoFailover{"no failover", honoured, "Resolve_16_Failover.NoFailoverLeavesThePoolAlone"};

// Loads in dhcpd, too: its parameters are a space like any other.
constexpr CoverageRow kNoParameter{"option server.* of no parameter", harmless, "nobody asks for it, in dhcpd either"};

constexpr KindRow<PermitKind> kPermits[] = {
    {PermitKind::known_clients, {"allow/deny known-clients", honoured, "differential permits-known-and-unknown"}},
    {PermitKind::unknown_clients, {"allow/deny unknown-clients", honoured, "differential permits-known-and-unknown"}},
    {PermitKind::members_of, {"allow/deny members of", honoured, "differential permits-of-classes"}},
    {PermitKind::all_clients, {"allow/deny all clients", honoured, "differential permits-all-clients"}},
    {PermitKind::dynamic_bootp_clients, {"allow/deny dynamic bootp clients", honoured, "differential bootp-not-admitted"}},
    {PermitKind::authenticated_clients,
     {"allow/deny authenticated clients", harmless, "DHCP authentication exists nowhere: true for nobody, as in dhcpd"}},
    {PermitKind::unauthenticated_clients,
     {"allow/deny unauthenticated clients", harmless, "DHCP authentication exists nowhere: true for everybody, as in dhcpd"}},
    {PermitKind::after, {"allow/deny after", honoured, "differential permits-after-a-date"}},
};
static_assert(complete(kPermits, PermitKind::after));

constexpr KindRow<StatementKind> kStatements[] = {
    {StatementKind::option, {"option", honoured, "differential pool-over-subnet"}},
    {StatementKind::if_else, {"if/elsif/else", honoured, "eval 5.1 IfElsif"}},
    {StatementKind::switch_on, {"switch", honoured, "eval 5.1 SwitchData"}},
    {StatementKind::case_label, {"case", honoured, "eval 5.1 SwitchCaseExpressions"}},
    {StatementKind::default_label, {"default of a switch", honoured, "eval 5.1 SwitchDefaultFirst"}},
    {StatementKind::break_out, {"break", honoured, "eval 5.1 BreakInsideIf"}},
    {StatementKind::set, {"set", honoured, "eval 7.2 VariableSetFromItself"}},
    {StatementKind::unset, {"unset", honoured, "eval 5.1 Unset"}},
    {StatementKind::define, {"define", honoured, "eval 5.1 Function"}},
    {StatementKind::eval, {"eval", honoured, "eval 5.1 FunctionWithStatements"}},
    {StatementKind::return_value, {"return", honoured, "eval 5.1 ReturnInsideSwitch"}},
    {StatementKind::log, {"log", honoured, "eval 5.1 LogLevels"}},
    {StatementKind::execute, {"execute", honoured, "DhcpdStatements_5_1_Execute.ArgumentsAreKeptForTheWorker"}},
    {StatementKind::on, {"on commit/expiry/release", honoured, "differential on-release-and-on-expiry"}},
    {StatementKind::add_class, {"add", honoured, "differential added-class"}},
    {StatementKind::parse_vendor_option,
     {"parse-vendor-option", honoured, "DhcpdEval_5_1_ParseVendorOption.Option43IsReadAsTheVendorSpace"}},
};
static_assert(complete(kStatements, StatementKind::parse_vendor_option));

constexpr KindRow<OptionOp> kOptionOps[] = {
    {OptionOp::supersede, {"option", honoured, "eval 4.2 LastSetWins"}},
    {OptionOp::default_value, {"default", honoured, "eval 4.2 Default"}},
    {OptionOp::append, {"append", honoured, "eval 4.2 AppendPrepend"}},
    {OptionOp::prepend, {"prepend", honoured, "eval 4.2 AppendPrepend"}},
};
static_assert(complete(kOptionOps, OptionOp::prepend));

constexpr KindRow<ExprKind> kExpressions[] = {
    {ExprKind::constant, {"constant", honoured, "eval 7.1 EqualCountsOctetsAndLength"}},
    {ExprKind::packet_option, {"option in an expression", honoured, "differential first-class-wins"}},
    {ExprKind::config_option, {"config-option", honoured, "differential config-option"}},
    {ExprKind::substring, {"substring()", honoured, "eval 7.2 Substring"}},
    {ExprKind::suffix, {"suffix()", honoured, "eval 7.2 Suffix"}},
    {ExprKind::concat, {"concat()", honoured, "eval 7.2 Concat"}},
    {ExprKind::binary_to_ascii, {"binary-to-ascii()", honoured, "eval 7.2 BinaryToAscii"}},
    {ExprKind::pick_first_value, {"pick-first-value()", honoured, "eval 7.2 PickFirstValue"}},
    {ExprKind::hardware, {"hardware in an expression", honoured, "DhcpdEval_7_2_Packet.HardwareHasAsManyOctetsAsHlenSays"}},
    {ExprKind::packet, {"packet()", honoured, "DhcpdEval_7_2_Packet.FixedFields"}},
    {ExprKind::leased_address, {"leased-address", honoured, "DhcpdEval_7_2_Lease.AddressTimeAndHost"}},
    {ExprKind::encode_int, {"encode-int()", honoured, "eval 7.2 EncodeInt"}},
    {ExprKind::lcase, {"lcase()", honoured, "eval 7.2 Case"}},
    {ExprKind::ucase, {"ucase()", honoured, "eval 7.2 Case"}},
    {ExprKind::reverse, {"reverse()", honoured, "eval 7.2 Reverse"}},
    {ExprKind::host_decl_name, {"host-decl-name", honoured, "DhcpdEval_7_2_Lease.AddressTimeAndHost"}},
    {ExprKind::filename, {"filename in an expression", honoured, "differential case-reverse-and-names"}},
    {ExprKind::server_name, {"server-name in an expression", honoured, "differential case-reverse-and-names"}},
    {ExprKind::gethostname, {"gethostname()", honoured, "differential name-of-the-server"}},
    {ExprKind::host_lookup, {"host name as a value", honoured, "DhcpdEval_7_2_Lookup.AddressesOfANameFromTheTable"}},
    {ExprKind::null_data, {"null", honoured, "eval 7.2 Null"}},
    {ExprKind::variable, {"variable", honoured, "eval 7.2 VariablePlain"}},
    {ExprKind::call, {"call of a function", honoured, "eval 5.1 Function"}},
    {ExprKind::equal, {"=", honoured, "eval 7.1 EqualNullNull"}},
    {ExprKind::not_equal, {"!=", honoured, "eval 7.1 NotEqualNullData"}},
    {ExprKind::regex_match, {"~=", honoured, "eval 7.1 Regex"}},
    {ExprKind::iregex_match, {"~~", honoured, "eval 7.1 Regex"}},
    {ExprKind::logical_and, {"and", honoured, "eval 7.1 RightGroupedChains"}},
    {ExprKind::logical_or, {"or", honoured, "eval 7.1 OrWithNull"}},
    {ExprKind::logical_not, {"not", honoured, "eval 7.1 NotNull"}},
    {ExprKind::exists, {"exists", honoured, "differential null-rules"}},
    {ExprKind::known, {"known", honoured, "DhcpdEval_7_1_Known.NeedsAPacket"}},
    {ExprKind::is_static, {"static", honoured, "differential known-and-static"}},
    {ExprKind::check, {"check", harmless, "names collections, of which dhcpd has none but its own: false, as there"}},
    {ExprKind::defined, {"defined()", honoured, "eval 7.1 Defined"}},
    {ExprKind::true_value, {"true", honoured, "eval 7.1 TrueAsCondition"}},
    {ExprKind::false_value, {"false", honoured, "eval 7.1 TrueAsCondition"}},
    {ExprKind::number, {"number", honoured, "eval 7.1 EqualNumbers"}},
    {ExprKind::extract_int, {"extract-int()", honoured, "eval 7.3 ExtractInt"}},
    {ExprKind::lease_time, {"lease-time", honoured, "DhcpdEval_7_2_Lease.AddressTimeAndHost"}},
    {ExprKind::client_state, {"client-state", harmless, "a client's word; null on a server, in dhcpd too"}},
    {ExprKind::add, {"+", honoured, "eval 7.3 Arithmetic"}},
    {ExprKind::multiply, {"*", honoured, "eval 7.3 Arithmetic"}},
    {ExprKind::divide, {"/", honoured, "eval 7.3 Arithmetic"}},
    {ExprKind::modulo, {"%", honoured, "eval 7.3 Arithmetic"}},
    {ExprKind::bit_and, {"&", honoured, "eval 7.3 Arithmetic"}},
    {ExprKind::bit_or, {"|", honoured, "eval 7.3 Arithmetic"}},
    {ExprKind::bit_xor, {"^", honoured, "eval 7.3 Arithmetic"}},
};
static_assert(complete(kExpressions, ExprKind::bit_xor));

std::vector<CoverageRow> make_parameters() {
  std::vector<CoverageRow> rows;
  for (const ParameterRow& row : parameter_rows()) rows.push_back({row.name, row.coverage, row.proof});
  return rows;
}
const std::vector<CoverageRow>& parameters() {
  static const std::vector<CoverageRow> rows = make_parameters();
  return rows;
}

std::vector<CoverageRow> make_all() {
  std::vector<CoverageRow> rows;
  const auto add = [&rows](const auto& table) {
    for (const auto& [kind, row] : table) rows.push_back(row);
  };
  add(kDeclarations);
  rows.push_back(kNoFailover);
  rows.push_back(kNoParameter);
  add(kPermits);
  add(kStatements);
  add(kOptionOps);
  rows.insert(rows.end(), parameters().begin(), parameters().end());
  add(kExpressions);
  return rows;
}

}  // namespace

const CoverageRow& row_of(DeclarationKind kind) noexcept { return kDeclarations[static_cast<std::size_t>(kind)].row; }
const CoverageRow& row_of(PermitKind kind) noexcept { return kPermits[static_cast<std::size_t>(kind)].row; }
const CoverageRow& row_of(StatementKind kind) noexcept { return kStatements[static_cast<std::size_t>(kind)].row; }
const CoverageRow& row_of(OptionOp op) noexcept { return kOptionOps[static_cast<std::size_t>(op)].row; }
const CoverageRow& row_of(ExprKind kind) noexcept { return kExpressions[static_cast<std::size_t>(kind)].row; }
const CoverageRow& no_failover_row() noexcept { return kNoFailover; }

// By name: the DHCPv6 words share one code.
const CoverageRow& parameter_coverage(const OptionDefinition& parameter) {
  const auto found = std::ranges::find(parameters(), parameter.name, &CoverageRow::name);
  return found != parameters().end() ? *found : kNoParameter;
}

std::span<const CoverageRow> coverage_rows() {
  static const std::vector<CoverageRow> rows = make_all();
  return rows;
}

}  // namespace coaxd::config
