// tlv_page.h: every TLV, its keyword, what it takes and who says so, as a page for people (docs/docsis-tlvs.md). Pure, any thread.
#pragma once

#include <string>

namespace coaxd::docsis {

std::string tlv_page();  // Markdown

}  // namespace coaxd::docsis
