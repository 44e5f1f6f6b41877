// template_commands.h: `coaxctl templates`: how the templates and the shared secrets stand. Control thread.
#pragma once

#include <string>

#include "server/provision/provision.h"

namespace coaxd::daemon {

// A line each, and below it what is wrong with it: file, line and column, as the log has told it once.
std::string templates_text(const provision::Provision& provision);
// An object: folder, folder_problem, templates (name, file, state, loaded, variables, problems), secrets, secrets_problem. null: there is none.
std::string templates_json(const provision::Provision& provision);

}  // namespace coaxd::daemon
