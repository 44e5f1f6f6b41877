// preview_text.h: what a modem would get, for people and for programs: the file's TLVs as the text that makes them. Pure, any thread.
#pragma once

#include <string>

#include "server/provision/provisioned_files.h"

namespace coaxd::provision {

// Comment lines with name, template and size, then the text; of what is no configuration only the comments.
std::string preview_text(const ProvisionedFiles::Preview& preview, subscriber::Mac modem);
// An object: mac, name, template (null: a static file), size, and tlvs as `docsis --json` prints them (null: no configuration).
std::string preview_json(const ProvisionedFiles::Preview& preview, subscriber::Mac modem);

}  // namespace coaxd::provision
