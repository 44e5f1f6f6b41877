// The rules about a file: what has to be there, what may not stand together, and how much of it.
#include <fmt/format.h>

#include <algorithm>

#include "docsis/check_rules.h"
#include "docsis/value_text.h"

namespace coaxd::docsis {
namespace {

constexpr std::uint8_t kNetworkAccess = 3, kClassOfService = 4, kCmMic = 6, kCmtsMic = 7, kUsFlow = 24, kDsFlow = 25, kDelimiter = 254;
constexpr std::size_t kLongestFile = 8192;           // MULPI 3.0 D.1: what every modem takes
constexpr std::uint32_t kFrequencyStep = 62500;  // Hz
constexpr std::uint32_t kOpening = 1, kClosing = 255;

bool is_modem(const Findings& findings) noexcept { return findings.document().kind == FileKind::modem; }
const Place* find(std::span<const Place> top, std::uint8_t code) noexcept {
  const auto found = std::ranges::find_if(top, [&](const Place& place) { return place.node->code == code; });
  return found == top.end() ? nullptr : &*found;
}

void can_register(Findings& findings, std::span<const Place> top, std::string_view clause) {
  if (!is_modem(findings)) return;
  if (find(top, kNetworkAccess) == nullptr) findings.file_error(clause, "there is no NetworkAccess; a modem refuses the file", "add NetworkAccess 1;");
  const bool class_of_service = find(top, kClassOfService) != nullptr, up = find(top, kUsFlow) != nullptr, down = find(top, kDsFlow) != nullptr;
  if (!class_of_service && !(up && down))
    findings.file_error(clause,
                        fmt::format("there is no {}; a CMTS refuses the modem",
                                    !up && !down ? "UsServiceFlow and DsServiceFlow, nor a ClassOfService"
                                    : up         ? "DsServiceFlow"
                                                 : "UsServiceFlow"),
                        "add a flow for each direction, as UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; }");
}

void one_kind_of_service(Findings& findings, std::span<const Place> top, std::string_view clause) {
  const Place* class_of_service = find(top, kClassOfService);
  if (!is_modem(findings) || class_of_service == nullptr || (find(top, kUsFlow) == nullptr && find(top, kDsFlow) == nullptr)) return;
  findings.error(Cause::value, *class_of_service, clause, "ClassOfService (DOCSIS 1.0) stands beside service flows (DOCSIS 1.1); a CMTS refuses both together",
                 "leave the ClassOfService away for modems of 1.1 and later");
}

void is_sealed(Findings& findings, std::span<const Place> top, std::string_view clause) {
  if (!is_modem(findings) || !findings.document().ended) return;
  for (const auto& [code, name] : {std::pair{kCmMic, "CM MIC (TLV 6)"}, std::pair{kCmtsMic, "CMTS MIC (TLV 7)"}})
    if (find(top, code) == nullptr) findings.file_error(clause, fmt::format("there is no {}; a modem refuses the file", name), "encode it with docsis -e");
}

void fits_a_modem(Findings& findings, std::span<const Place> top, std::string_view clause) {
  const std::size_t size =
      top.empty() ? 0 : top.back().offset + encoded_size(*top.back().node) + (findings.document().ended ? 1 : 0) + findings.document().tail.size();
  if (size > kLongestFile)
    findings.file_warning(clause, fmt::format("the file has {} octets; more than {} a modem need not take", size, kLongestFile),
                          "leave out what the modem has as its default");
}

void is_delimited(Findings& findings, std::span<const Place> top, std::string_view clause) {
  if (is_modem(findings)) return;
  const auto says = [](const Place& place, std::uint32_t what) {
    return place.node->code == kDelimiter && place.node->value.size() == 1 && integer(place.node->value) == what;
  };
  if (top.empty() || !says(top.front(), kOpening))
    findings.file_error(clause, "an MTA file begins with MtaConfigDelimiter 1", "put MtaConfigDelimiter 1; before all else");
  if (top.empty() || !says(top.back(), kClosing))
    findings.file_error(clause, "an MTA file ends with MtaConfigDelimiter 255", "put MtaConfigDelimiter 255; behind all else");
}

void has_no_modem_tlvs(Findings& findings, std::span<const Place> top, std::string_view clause) {
  constexpr std::uint8_t kOfMtas[] = {11, 38, 43, 64, kDelimiter};  // 38: who gets its SNMPv3 notifications
  if (is_modem(findings)) {
    if (const Place* delimiter = find(top, kDelimiter))
      findings.error(Cause::value, *delimiter, clause, "MtaConfigDelimiter is of MTA files, which begin with it", "leave it away, or put it first");
    return;
  }
  for (const Place& place : top)
    if (!findings.full() && std::ranges::find(kOfMtas, place.node->code) == std::end(kOfMtas))
      findings.error(Cause::value, place, clause, fmt::format("{} is no TLV of an MTA file", findings.path(place)), "put it in the modem's file");
}

void frequency_is_on_the_raster(Findings& findings, std::span<const Place> top, std::string_view clause) {
  const Place* frequency = find(top, 1);
  if (!is_modem(findings) || frequency == nullptr || frequency->node->value.size() != 4) return;
  const std::uint32_t hertz = integer(frequency->node->value);
  if (hertz % kFrequencyStep != 0)
    findings.warning(*frequency, clause, fmt::format("DownstreamFrequency {} is no multiple of {} Hz", hertz, kFrequencyStep),
                     fmt::format("write {}", (hertz + kFrequencyStep / 2) / kFrequencyStep * kFrequencyStep));
}

constexpr Rule kRules[] = {
    {"MULPIv3.0 D.1.2", nullptr, can_register},
    {"MULPIv3.0 D.1.2", nullptr, one_kind_of_service},
    {"MULPIv3.0 D.1.1", nullptr, is_sealed},
    {"MULPIv3.0 D.1", nullptr, fits_a_modem},
    {"PKT-SP-PROV1.5 9.1", nullptr, is_delimited},
    {"PKT-SP-PROV1.5 9.1", nullptr, has_no_modem_tlvs},
    {"MULPIv3.0-I24 C.1.1.1", nullptr, frequency_is_on_the_raster},
};

}  // namespace

std::span<const Rule> file_rules() noexcept { return kRules; }

}  // namespace coaxd::docsis
