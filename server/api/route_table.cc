#include "server/api/handlers.h"
#include "server/api/route.h"

namespace coaxd::api {
namespace {

constexpr Parameter kCursor{"cursor", "where the list before ended: its `next`"};
constexpr Parameter kLimit{"limit", "at most so many"};

constexpr Parameter kLeaseQuery[] = {{"ip", "the lease of that address"},
                                     {"mac", "those of that hardware address"},
                                     {"client_id", "those of that client identifier (option 61), as hexadecimal"},
                                     {"modem", "those of clients behind the modem with that MAC (option 82, remote-id)"},
                                     {"subnet", "those of a prefix, such as 203.0.113.0/24"},
                                     {"state", "active, expired, released, abandoned, free, reset or backup"},
                                     kLimit,
                                     kCursor};
constexpr Parameter kModemQuery[] = {{"profile", "those with that profile"}, kLimit, kCursor};
constexpr Parameter kShowModemQuery[] = {{"state", "1: ask its CMTS by SNMP whether it is online"}};
constexpr Parameter kHistoryQuery[] = {{"ip", "who had that address"},
                                       {"mac", "which addresses that machine had"},
                                       {"modem", "which addresses were behind the modem with that MAC"},
                                       {"remote_id", "the same of any remote-id, as hexadecimal"},
                                       {"at", "at that time: 2026-11-23T14:05:00Z, or seconds since 1970; without it: ever"},
                                       kLimit};
constexpr Parameter kQuarantineQuery[] = {{"active", "1: those that hold; without it ended ones too"}, kLimit, kCursor};
constexpr Parameter kReleaseQuery[] = {{"reason", "why, for the record"}};
constexpr Parameter kEventQuery[] = {{"last_event_id", "from behind the event with that id, as the field Last-Event-ID"}};

// In the order of docs/api.md.
const Route kRoutes[] = {
    {"GET", "/v1/leases", Role::desk, "Leases, by address. All of them stream in constant memory; `Accept: application/x-ndjson` has one a line.", list_leases, kLeaseQuery},
    {"DELETE", "/v1/leases/{ip}", Role::admin, "End the lease, abandonment or reservation of an address; its client is not told.", free_lease},
    {"GET", "/v1/history", Role::desk, "Who had an address, now or then.", show_history, kHistoryQuery},
    {"GET", "/v1/modems", Role::desk, "Modem records, by MAC.", list_modems, kModemQuery},
    {"GET", "/v1/modems/{mac}", Role::desk, "The record of a modem, and what it last said of itself.", show_modem, kShowModemQuery},
    {"PUT", "/v1/modems/{mac}", Role::admin, "Set its profile and variables: the record is as the body says, on disk, and true for its next packet.", set_modem, {}, modem_members(), "200 201"},
    {"DELETE", "/v1/modems/{mac}", Role::admin, "Forget a modem; one that is seen again is remembered again, without profile and variables.", erase_modem},
    {"POST", "/v1/modems/{mac}/reset", Role::desk, "Make a modem start anew, by its CMTS or by itself (SNMP).", reset_modem, {}, {}, "202"},
    {"POST", "/v1/quarantine", Role::sensor, "Take a machine, a subscriber or a modem off the net.", add_quarantine, {}, quarantine_members(), "200 201 202"},
    {"GET", "/v1/quarantine", Role::sensor, "Quarantines, the newest first.", list_quarantines, kQuarantineQuery},
    {"GET", "/v1/quarantine/{id}", Role::sensor, "One quarantine.", show_quarantine},
    {"GET", "/v1/quarantine/{id}/steps", Role::desk, "Its record: every step, by whom, and what was seen of its effect.", show_steps},
    {"DELETE", "/v1/quarantine/{id}", Role::desk, "Release it.", release_quarantine, kReleaseQuery},
    {"GET", "/v1/pools", Role::desk, "Pools and how full they are.", show_pools},
    {"GET", "/v1/events", Role::sensor, "What happens, as server-sent events; the newest 10,000 can be had again by their id.", follow_events, kEventQuery},
    {"GET", "/v1/stats", Role::desk, "Every counter, as JSON.", show_stats},
    {"POST", "/v1/config/reload", Role::admin, "Take over dhcpd.conf, tokens and certificate from disk; on an error the running configuration goes on.", reload_config},
    {"POST", "/v1/backup", Role::admin, "Copy the store, with leases, history and modem records, into [api] backups.", back_up, {}, {}, "201"},
    {"GET", "/metrics", Role::sensor, "The counters as Prometheus text.", show_metrics},
    {"GET", "/healthz", Role::anybody, "200, or 503 and why no lease can be given or renewed.", show_health, {}, {}, "200 503"},
    {"GET", "/v1/whoami", Role::sensor, "Whose token this is, and its role.", show_caller},
    {"GET", "/console", Role::anybody, "The desk's page; what it shows, it asks for with a token.", show_console, {}, {}, "307"},
    {"GET", "/console/", Role::anybody, "The desk's page.", show_console},
    {"GET", "/console/{file}", Role::anybody, "A file of it.", show_console},
    {"GET", "/openapi.json", Role::sensor, "This table as OpenAPI 3.1.", show_openapi},
};

}  // namespace

std::span<const Route> routes() noexcept { return kRoutes; }

}  // namespace coaxd::api
