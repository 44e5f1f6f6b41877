#include "server/ctl/api_commands.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <ctime>
#include <span>
#include <vector>

#include "server/api/tokens.h"
#include "server/ctl/server_socket.h"

namespace coaxd::ctl {
namespace {

namespace json = boost::json;

int fail(const std::string& message) {
  std::fprintf(stderr, "coaxctl: %s\n", message.c_str());
  return 1;
}

// --- tables ---

struct Column {
  std::string_view title;
  std::string_view path;  // of the member, with dots
  int width;
};

const json::value* member_of(const json::value& object, std::string_view path) {
  const json::value* at = &object;
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    if (!at->is_object()) return nullptr;
    at = at->get_object().if_contains({path.data(), dot});
    if (at == nullptr) return nullptr;
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return at;
}

// What strangers have sent stays within its line.
std::string plain(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text;
}

std::string shown(const json::value& object, const Column& column) {
  const json::value* value = member_of(object, column.path);
  if (value == nullptr || value->is_null()) return "-";
  if (value->is_string()) return plain({value->get_string().data(), value->get_string().size()});
  if (value->is_array()) {
    std::string all;
    for (const json::value& each : value->get_array())
      if (each.is_string()) all += (all.empty() ? "" : ",") + std::string(each.get_string().data(), each.get_string().size());
    return all.empty() ? "-" : plain(all);
  }
  const bool is_time = column.path == "starts" || column.path == "ends" || column.path == "cltt";
  if (is_time && value->is_int64()) return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(value->get_int64())));
  return plain(json::serialize(*value));
}

void print_row(const json::value& object, std::span<const Column> columns) {
  std::string line;
  for (const Column& column : columns) line += fmt::format("{:<{}}  ", shown(object, column), column.width);
  std::puts(line.substr(0, line.find_last_not_of(' ') + 1).c_str());
}

void print_titles(std::span<const Column> columns) {
  std::string line;
  for (const Column& column : columns) line += fmt::format("{:<{}}  ", column.title, column.width);
  std::puts(line.substr(0, line.find_last_not_of(' ') + 1).c_str());
}

constexpr Column kLeases[] = {{"address", "ip", 15}, {"state", "state", 9}, {"MAC", "mac", 17}, {"ends (UTC)", "ends", 19}, {"remote-id", "remote_id", 17}, {"hostname", "hostname", 8}};
constexpr Column kPeriods[] = {{"address", "ip", 15}, {"since", "since", 20}, {"until", "until", 20}, {"MAC", "mac", 17}, {"remote-id", "remote_id", 17}, {"hostname", "hostname", 10}, {"ended", "reason", 8}};
constexpr Column kPools[] = {{"network", "network", 16}, {"total", "total", 8}, {"active", "active", 8}, {"free", "free", 8}, {"abandoned", "abandoned", 9}, {"ranges", "ranges", 8}};
constexpr Column kCases[] = {{"id", "id", 8}, {"state", "state", 8}, {"scope", "scope", 10}, {"address", "ip", 15}, {"MAC", "subject.mac", 17}, {"since", "since", 24}, {"until", "until", 24},
                             {"source", "source", 10}, {"reason", "reason", 8}};
constexpr Column kSteps[] = {{"at", "at", 24}, {"step", "kind", 10}, {"by", "actor", 10}, {"from", "from", 15}, {"what", "text", 8}};

// A problem is for people its `detail`, for programs itself.
int refused(const std::string& problem, bool as_json) {
  boost::system::error_code error;
  const json::value value = json::parse(problem, error);
  if (as_json) {
    std::fputs(problem.c_str(), stdout);
    return 1;
  }
  const json::value* detail = error ? nullptr : member_of(value, "detail");
  return fail(detail != nullptr && detail->is_string() ? std::string(detail->get_string().data(), detail->get_string().size()) : "the server refuses, and does not say why");
}

// The answer as it comes.
int pass_on(const std::string& socket, const ApiRequest& request, bool as_json) {
  std::string problem;
  const auto status = ask_api(socket, request, [](std::string_view piece) { return std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size() && std::fflush(stdout) == 0; }, problem);
  if (!status) return fail(status.error());
  return *status < 300 ? 0 : refused(problem, as_json);
}

// The whole answer as JSON, shown by `show`.
int show_answer(const std::string& socket, const ApiRequest& request, bool as_json, const std::function<void(const json::value&)>& show) {
  if (as_json) return pass_on(socket, request, true);
  std::string body, problem;
  const auto status = ask_api(socket, request, [&](std::string_view piece) { return !!(body += piece).data(); }, problem);
  if (!status) return fail(status.error());
  if (*status >= 300) return refused(problem, false);
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  if (error) return fail("the answer is no JSON; is it the same version of coaxd?");
  show(value);
  return 0;
}

int show_rows(const std::string& socket, const ApiRequest& request, bool as_json, std::string_view array, std::span<const Column> columns) {
  return show_answer(socket, request, as_json, [&](const json::value& value) {
    const json::value* rows = member_of(value, array);
    if (rows == nullptr || !rows->is_array()) return;
    print_titles(columns);
    for (const json::value& row : rows->get_array()) print_row(row, columns);
  });
}

// One object a line, each shown as it comes: a million leases need no memory here either.
int show_lines(const std::string& socket, ApiRequest request, bool as_json, std::span<const Column> columns) {
  request.accept = "application/x-ndjson";
  if (as_json) return pass_on(socket, request, true);
  std::string rest, problem;
  print_titles(columns);
  const auto status = ask_api(socket, request, [&](std::string_view piece) {
    rest += piece;
    std::size_t from = 0;
    for (std::size_t end; (end = rest.find('\n', from)) != rest.npos; from = end + 1) {
      boost::system::error_code error;
      const json::value row = json::parse(json::string_view(rest.data() + from, end - from), error);
      if (!error) print_row(row, columns);
    }
    rest.erase(0, from);
    return true;
  }, problem);
  if (!status) return fail(status.error());
  return *status < 300 ? 0 : refused(problem, false);
}

// One object, a line a member.
void show_object(const json::value& value) {
  if (!value.is_object()) return;
  for (const auto& [name, member] : value.get_object()) {
    if (member.is_null()) continue;
    const std::string key(name.data(), name.size());
    std::printf("%-12s %s\n", key.c_str(), member.is_string() ? plain({member.get_string().data(), member.get_string().size()}).c_str() : plain(json::serialize(member)).c_str());
  }
}

std::string query(std::initializer_list<std::pair<std::string_view, std::string>> parameters) {
  std::string out;
  for (const auto& [name, value] : parameters)
    if (!value.empty()) out += fmt::format("{}{}={}", out.empty() ? "?" : "&", name, url_encoded(value));
  return out;
}

std::string number(std::uint64_t value) { return value == 0 ? std::string{} : std::to_string(value); }

}  // namespace

void ApiCommands::add_to(CLI::App& app, CLI::App& leases) {
  CLI::App* list = leases.add_subcommand("list", "those of an address, a client, a modem, a subnet or a state (--json: one object a line)")->fallthrough();
  list->footer("Examples:\n  coaxctl leases list --modem 00:10:95:01:02:03\n  coaxctl leases list --subnet 203.0.113.0/24 --state active");
  list->add_option("--ip", words_.ip, "address");
  list->add_option("--mac", words_.mac, "hardware address");
  list->add_option("--client-id", words_.client_id, "client identifier (option 61), as hexadecimal");
  list->add_option("--modem", words_.modem, "MAC of the modem that they are behind");
  list->add_option("--subnet", words_.subnet, "prefix, such as 203.0.113.0/24");
  list->add_option("--state", words_.state, "active, expired, released, abandoned, free, reset or backup");
  list->add_option("--limit", words_.limit, "at most so many");
  list->callback([this] {
    const ApiRequest request{.target = "/v1/leases" + query({{"ip", words_.ip}, {"mac", words_.mac}, {"client_id", words_.client_id}, {"modem", words_.modem}, {"subnet", words_.subnet},
                                                             {"state", words_.state}, {"limit", number(words_.limit)}})};
    run_ = [request](const std::string& socket, bool as_json) { return show_lines(socket, request, as_json, kLeases); };
  });

  CLI::App* history = app.add_subcommand("history", "who had an address, now or then; which addresses a machine had, or a modem's clients")->fallthrough();
  history->footer("Examples:\n  coaxctl history 203.0.113.9 --at 2026-11-23T14:05:00Z\n  coaxctl history --modem 00:10:95:01:02:03");
  history->add_option("ADDRESS", words_.ip, "whose periods");
  history->add_option("--at", words_.at, "at that time: 2026-11-23T14:05:00Z, or seconds since 1970");
  history->add_option("--mac", words_.mac, "hardware address");
  history->add_option("--modem", words_.modem, "MAC of the modem that they were behind");
  history->add_option("--limit", words_.limit, "at most so many");
  history->callback([this] {
    const ApiRequest request{.target = "/v1/history" + query({{"ip", words_.ip}, {"mac", words_.mac}, {"modem", words_.modem}, {"at", words_.at}, {"limit", number(words_.limit)}})};
    run_ = [request](const std::string& socket, bool as_json) { return show_rows(socket, request, as_json, "periods", kPeriods); };
  });

  app.add_subcommand("pools", "pools and how full they are")->fallthrough()->callback([this] {
    run_ = [](const std::string& socket, bool as_json) { return show_rows(socket, {.target = "/v1/pools"}, as_json, "pools", kPools); };
  });
  add_quarantine(app);

  CLI::App* reset = app.add_subcommand("reset", "make a modem start anew, by its CMTS or by itself (SNMP)")->fallthrough();
  reset->add_option("MAC", words_.mac, "of the modem")->required();
  reset->callback([this] {
    run_ = [target = "/v1/modems/" + url_encoded(words_.mac) + "/reset"](const std::string& socket, bool as_json) {
      return show_answer(socket, {.method = "POST", .target = target}, as_json, show_object);
    };
  });

  CLI::App* events = app.add_subcommand("events", "what happens, as it happens, until interrupted: server-sent events")->fallthrough();
  events->add_option("--from", words_.last_event_id, "from behind the event with that id");
  events->callback([this] {
    run_ = [target = "/v1/events" + query({{"last_event_id", words_.last_event_id}})](const std::string& socket, bool as_json) { return pass_on(socket, {.target = target}, as_json); };
  });

  app.add_subcommand("backup", "copy the store, with leases, history and modem records, into [api] backups")->fallthrough()->callback([this] {
    run_ = [](const std::string& socket, bool as_json) { return show_answer(socket, {.method = "POST", .target = "/v1/backup"}, as_json, show_object); };
  });

  CLI::App* token = app.add_subcommand("token", "for the API over HTTP")->fallthrough();
  token->require_subcommand(1);
  CLI::App* fresh = token->add_subcommand("new", "make a token: it is shown this once; its line is for the file of [api] tokens")->fallthrough();
  fresh->footer("Examples:\n  coaxctl token new ids-1 sensor\n  coaxctl token new helpdesk desk");
  fresh->add_option("NAME", words_.name, "whose: for the log and the record")->required();
  fresh->add_option("ROLE", words_.role, "sensor, desk or admin")->required();
  fresh->callback([this] {
    run_ = [this](const std::string&, bool as_json) {
      const auto made = api::new_token(words_.name, words_.role);
      if (!made) return fail(made.error());
      if (as_json) std::printf("{\"token\": \"%s\", \"line\": \"%s\"}\n", made->token.c_str(), made->line.c_str());
      else std::printf("token, shown this once:  %s\nline for [api] tokens:   %s\n", made->token.c_str(), made->line.c_str());
      return 0;
    };
  });
}

void ApiCommands::add_quarantine(CLI::App& app) {
  CLI::App* quarantine = app.add_subcommand("quarantine", "take somebody off the net, look who is, release him")->fallthrough();
  quarantine->require_subcommand(1);
  CLI::App* add = quarantine->add_subcommand("add", "by address, MAC, modem or subscriber")->fallthrough();
  add->footer("Examples:\n  coaxctl quarantine add 203.0.113.9 --reason \"port scan\" --ttl 3600\n  coaxctl quarantine add --modem 00:10:95:01:02:03 --scope modem --reason \"spam\"");
  add->add_option("ADDRESS", words_.ip, "who has it, or had it at --at");
  add->add_option("--mac", words_.mac, "a machine");
  add->add_option("--modem", words_.modem, "MAC of a modem: what is behind it");
  add->add_option("--subscriber", words_.subscriber, "the variable `subscriber` of a modem record");
  add->add_option("--scope", words_.scope, "cpe, subscriber or modem");
  add->add_option("--reason", words_.reason, "in plain words: the user reads it");
  add->add_option("--signature", words_.signature, "the rule");
  add->add_option("--ttl", words_.ttl, "seconds");
  add->add_option("--at", words_.at, "when it was seen: 2026-11-23T14:05:00Z");
  add->add_flag("--dry-run", words_.dry_run, "decide and record, and do nothing");
  add->callback([this] {
    json::object body;
    for (const auto& [name, text] : {std::pair{"ip", &words_.ip}, std::pair{"mac", &words_.mac}, std::pair{"modem", &words_.modem}, std::pair{"subscriber", &words_.subscriber},
                                     std::pair{"scope", &words_.scope}, std::pair{"reason", &words_.reason}, std::pair{"signature", &words_.signature}, std::pair{"observed_at", &words_.at}})
      if (!text->empty()) body[name] = *text;
    body["source"] = "desk";
    if (words_.ttl != 0) body["ttl"] = words_.ttl;
    if (words_.dry_run) body["dry_run"] = true;
    run_ = [body = json::serialize(body)](const std::string& socket, bool as_json) {
      return show_answer(socket, {.method = "POST", .target = "/v1/quarantine", .body = body}, as_json, show_object);
    };
  });
  CLI::App* list = quarantine->add_subcommand("list", "the newest first")->fallthrough();
  list->add_flag("--active", words_.active, "only those that hold");
  list->add_option("--limit", words_.limit, "at most so many (100)");
  list->callback([this] {
    const ApiRequest request{.target = "/v1/quarantine" + query({{"active", words_.active ? "1" : ""}, {"limit", number(words_.limit)}})};
    run_ = [request](const std::string& socket, bool as_json) { return show_rows(socket, request, as_json, "quarantines", kCases); };
  });
  const auto with_id = [&](const char* name, const char* help) {
    CLI::App* sub = quarantine->add_subcommand(name, help)->fallthrough();
    sub->add_option("ID", words_.id, "such as q-17")->required();
    return sub;
  };
  with_id("show", "one of them")->callback([this] {
    run_ = [target = "/v1/quarantine/" + url_encoded(words_.id)](const std::string& socket, bool as_json) { return show_answer(socket, {.target = target}, as_json, show_object); };
  });
  with_id("steps", "its record: every step, by whom, and what was seen of its effect")->callback([this] {
    run_ = [target = "/v1/quarantine/" + url_encoded(words_.id) + "/steps"](const std::string& socket, bool as_json) { return show_rows(socket, {.target = target}, as_json, "steps", kSteps); };
  });
  CLI::App* release = with_id("release", "end it");
  release->add_option("--reason", words_.reason, "why, for the record");
  release->callback([this] {
    run_ = [target = "/v1/quarantine/" + url_encoded(words_.id) + query({{"reason", words_.reason}})](const std::string& socket, bool as_json) {
      return show_answer(socket, {.method = "DELETE", .target = target}, as_json, show_object);
    };
  });
}

}  // namespace coaxd::ctl
