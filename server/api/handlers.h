// handlers.h: what the rows of the table (route_table.cc) call: one function a method and path. Control thread. Each answers once, at once or later.
#pragma once

#include "server/api/http.h"
#include "server/api/json_body.h"
#include "server/api/site.h"

namespace coaxd::api {

void list_leases(Site&, const Request&, const Answer&);
void free_lease(Site&, const Request&, const Answer&);
void show_history(Site&, const Request&, const Answer&);

void list_modems(Site&, const Request&, const Answer&);
void show_modem(Site&, const Request&, const Answer&);
void set_modem(Site&, const Request&, const Answer&);
void erase_modem(Site&, const Request&, const Answer&);
void reset_modem(Site&, const Request&, const Answer&);

void add_quarantine(Site&, const Request&, const Answer&);
void list_quarantines(Site&, const Request&, const Answer&);
void show_quarantine(Site&, const Request&, const Answer&);
void show_steps(Site&, const Request&, const Answer&);
void release_quarantine(Site&, const Request&, const Answer&);

void show_caller(Site&, const Request&, const Answer&);
void show_console(Site&, const Request&, const Answer&);
void show_pools(Site&, const Request&, const Answer&);
void follow_events(Site&, const Request&, const Answer&);
void show_stats(Site&, const Request&, const Answer&);
void show_metrics(Site&, const Request&, const Answer&);
void show_health(Site&, const Request&, const Answer&);
void show_openapi(Site&, const Request&, const Answer&);
void reload_config(Site&, const Request&, const Answer&);
void back_up(Site&, const Request&, const Answer&);

// Members of the bodies.
std::span<const Member> quarantine_members() noexcept;
std::span<const Member> modem_members() noexcept;

}  // namespace coaxd::api
