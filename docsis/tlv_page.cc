// tlv_page.h
#include "docsis/tlv_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "docsis/check.h"
#include "docsis/tlv.h"
#include "docsis/value.h"
#include "docsis/value_text.h"

namespace coaxd::docsis {
namespace {

constexpr std::string_view kHead = R"(# TLVs of configuration files

Written by `docsis tlvs` from the table that encoder, decoder, checker and fuzz dictionary read (`docsis/tlv_rows.inc`); a test compares the two. Keywords are those
of the open-source `docsis` utility; docsis(1) has the grammar, and what stands here is what follows a keyword:

```
UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; MaxRateSustained 20000000; }
```

**Range** is of the value; of texts, octets and lists it counts octets or items. **Since** is the first DOCSIS version that has the TLV, which
`docsis check --release` compares. **Clause** says where it is defined. Remarks:

- *once*: a second one beside it would contradict it. Of the top level Annex C says so; below it this is how we read it, and `docsis check` only warns.
- *MIC n*: under the CMTS MIC, n-th in its order (MULPI D.1.1).
- *goes on*: a longer value goes on in further TLVs of the same code.
- *messages*: modem and CMTS say it to each other; never in a file.
- *ours*: the utility does not know it, and shows it as GenericTLV.
- *unconfirmed*: no text of its specification was at hand. Codes and names are registered; lengths and nesting are a guess, so look at the file before a modem does.

Where the clause is CL-SP-CANN alone, code and name are registered there, and the value is as public summaries have it. Codes and forms of the value that are not
here are written with GenericTLV.
)";

void append(std::string& list, std::string_view word) { list.append(list.empty() ? "" : "; ").append(word); }

std::string value(const Tlv& tlv) {
  if (tlv.nests()) return "block";
  const std::size_t octets = is_integer(tlv.kind) ? width(tlv.kind) : 0;
  return fmt::format("{}{}", form(tlv.kind), octets == 0 ? "" : fmt::format(", {} octet{}", octets, octets == 1 ? "" : "s"));
}

std::string remarks(const Tlv& tlv) {
  std::string remarks;
  if (!tlv.repeats) append(remarks, "once");
  if (tlv.mic != 0) append(remarks, fmt::format("MIC {}", tlv.mic));
  if (tlv.splits) append(remarks, "goes on");
  if (!tlv.configures) append(remarks, "messages");
  if (tlv.utility == Utility::unknown) append(remarks, "ours");
  if (!tlv.note.empty()) append(remarks, tlv.note);
  return remarks;
}

// Those for which `wanted`; nothing where there are none.
template <typename Wanted>
void append_table(std::string_view title, Wanted wanted, std::string& page) {
  if (std::ranges::none_of(tlvs(), wanted)) return;
  fmt::format_to(std::back_inserter(page), "\n## {}\n\n| TLV | keyword | value | range | since | clause | remarks |\n|---|---|---|---|---|---|---|\n", title);
  for (const Tlv& tlv : tlvs())
    if (wanted(tlv))
      fmt::format_to(std::back_inserter(page), "| {} | `{}` | {} | {} | {} | {} | {} |\n", tlv.path, tlv.name, value(tlv), range_text(tlv), release_name(tlv.since),
                     tlv.clause, remarks(tlv));
}

std::string_view top(const Tlv& tlv) { return tlv.path.substr(0, tlv.path.find('.')); }
bool is_top(const Tlv& tlv) { return top(tlv) == tlv.path; }

}  // namespace

std::string tlv_page() {
  std::string page(kHead);
  append_table("Top level", is_top, page);
  for (const Tlv& block : tlvs())
    if (is_top(block) && block.nests())
      append_table(fmt::format("{} {}", block.path, block.name), [&](const Tlv& tlv) { return !is_top(tlv) && top(tlv) == block.path; }, page);
  return page;
}

}  // namespace coaxd::docsis
