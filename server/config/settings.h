// settings.h: coaxd.toml, for what dhcpd.conf never had. Every key has a default, so the file may be absent. One row a key (name, type,
// range, help) feeds the reader, its errors and the manual. Values; load time only. Source: TOML 1.0.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/config/cmts_kind.h"
#include "server/config/durability.h"
#include "server/config/reply_trains.h"
#include "server/config/source.h"

namespace coaxd::config {

enum class IoChoice : std::uint8_t { automatic, uring, asio };
enum class FailoverMode : std::uint8_t { refuse, alone };
enum class TemplateDialect : std::uint8_t { native, utility };                        // docsis::Dialect
enum class MtaHashChoice : std::uint8_t { none, north_american, euro, ietf };  // docsis::MtaHash
enum class QueryDialect : std::uint8_t { automatic, rfc4388, draft0, draft2 };  // leasequery::DialectChoice
enum class QueryLists : std::uint8_t { liberal, strict };                       // leasequery::Lists
enum class QueryTls : std::uint8_t { off, optional, required };                 // leasequery::TlsMode

struct Settings {
  struct Server {
    std::uint32_t workers = 0;  // 0: one per core
    IoChoice io = IoChoice::automatic;
    ReplyTrains reply_trains = ReplyTrains::on_cards;
    bool link_clients = true;
    bool rfc5107 = false;
    bool cpu_affinity = false;
    bool operator==(const Server&) const = default;
  } server;
  struct Store {
    std::string path;  // empty: the leases file's path with .db appended
    Durability durability = Durability::durable;
    std::uint32_t history_days = 180;
    bool mirror = true;
    std::uint32_t mirror_seconds = 60;
    std::uint32_t segment_mb = 64;
    bool operator==(const Store&) const = default;
  } store;
  struct Failover {
    FailoverMode mode = FailoverMode::refuse;
    bool operator==(const Failover&) const = default;
  } failover;
  struct Names {
    std::uint32_t refresh_seconds = 300;
    std::uint32_t timeout_ms = 5000;
    bool operator==(const Names&) const = default;
  } names;
  struct Log {
    bool packets = true;
    std::uint32_t lines_per_second = 1000;  // 0: no limit
    bool operator==(const Log&) const = default;
  } log;
  struct Metrics {
    std::string listen;  // empty: off
    bool operator==(const Metrics&) const = default;
  } metrics;
  struct Api {
    std::string listen;  // empty: off
    std::string tokens, tls_certificate, tls_key, backups;
    bool allow_plain = false;
    bool open_metrics = true;
    std::uint32_t requests_per_second = 2000;  // 0: no limit
    std::uint32_t connections = 256, connections_per_peer = 64;
    bool operator==(const Api&) const = default;
  } api;
  struct Control {
    std::string socket = "/run/coaxd/control.sock";  // empty: none
    bool operator==(const Control&) const = default;
  } control;
  struct Limits {
    std::uint32_t pending_changes = 4096;
    std::uint32_t execute_waiting = 1024;
    std::uint32_t execute_seconds = 60;
    bool operator==(const Limits&) const = default;
  } limits;
  struct Tftp {
    bool enabled = false;
    std::string root = "/srv/tftp";  // empty: no files of a folder
    std::uint32_t port = 69;
    std::uint32_t transfer_ports = 4;
    std::string ports;  // empty: any
    std::uint32_t transfers = 16384;
    std::uint32_t per_source = 8;
    std::string cmts;
    bool require_lease = true;
    std::uint32_t max_blksize = 1468;
    std::uint32_t window = 16;
    std::uint32_t first_timeout_ms = 1000;
    std::uint32_t tries = 6;
    std::uint32_t cache_mb = 64;
    bool world_readable_only = true;
    bool operator==(const Tftp&) const = default;
  } tftp;
  struct Docsis {
    std::string templates;
    std::string secrets;
    TemplateDialect dialect = TemplateDialect::native;
    bool timestamp = false;
    bool modem_address = false;
    MtaHashChoice mta_hash = MtaHashChoice::none;
    std::uint32_t cache_mb = 16;
    bool only_told = false;
    std::string unasked;
    bool generated_names = false;
    std::uint32_t name_seconds = 120;
    bool single_download = true;
    std::uint32_t remembered = 65536;
    bool operator==(const Docsis&) const = default;
  } docsis;
  struct Leasequery {
    struct Requester {
      std::string prefix;
      QueryDialect dialect = QueryDialect::automatic;
      std::uint32_t type = 13;
      std::uint32_t rate = 0;
      QueryLists lists = QueryLists::liberal;
      bool operator==(const Requester&) const = default;
    };
    std::vector<Requester> requesters;
    std::uint32_t rate = 0;
    std::string options = "12, 51, 58, 59, 60, 61, 82, 91, 92, 161, 162, 163";
    bool tcp = false;
    std::uint32_t tcp_port = 67;
    std::uint32_t tcp_connections = 10;
    QueryTls tls = QueryTls::off;
    std::string tls_certificate, tls_key, tls_client_ca;
    bool operator==(const Leasequery&) const = default;
  } leasequery;
  struct Snmp {
    struct Cmts {
      std::string relays;
      std::string address;
      std::string key;
      CmtsKind kind = CmtsKind::automatic;
      bool operator==(const Cmts&) const = default;
    };
    std::vector<Cmts> cmts;
    std::string keys;
    std::string modem_key;  // empty: modems are not written to
    std::uint32_t timeout_ms = 1000;
    std::uint32_t retry_seconds = 600;
    std::uint32_t sets_per_second = 10;
    bool operator==(const Snmp&) const = default;
  } snmp;
  struct Quarantine {
    struct Source {
      std::string name;
      std::uint32_t weight = 100;
      std::uint32_t per_minute = 600;
      std::uint32_t longest_seconds = 0;
      bool operator==(const Source&) const = default;
    };
    bool enabled = false;
    bool dry_run = false;
    std::string never;
    std::string never_macs;
    std::string never_classes;
    std::uint32_t most_percent = 1;
    std::uint32_t always_allowed = 10;
    std::vector<Source> sources;
    std::uint32_t threshold = 100;
    std::uint32_t window_seconds = 600;
    std::uint32_t oldest_seconds = 600;
    std::uint32_t default_seconds = 0;
    std::uint32_t per_minute = 600;
    std::uint32_t self_releases = 3;
    std::uint32_t self_days = 30;
    std::uint32_t grace_seconds = 900;
    std::uint32_t wait_seconds = 0;
    bool operator==(const Quarantine&) const = default;
  } quarantine;
  struct Portal {
    struct Link {
      std::string text, url;
      bool operator==(const Link&) const = default;
    };
    std::string listen;  // empty: off
    std::string tls_listen;
    std::string certificate, key;
    std::string name;
    std::string operator_name;
    std::string contact;
    std::vector<Link> links;
    std::string texts;
    bool operator==(const Portal&) const = default;
  } portal;
  struct Time {
    bool enabled = false;
    bool operator==(const Time&) const = default;
  } time;
  bool operator==(const Settings&) const = default;
};

enum class SettingType : std::uint8_t { boolean, number, text, choice, records };

struct SettingRow {
  std::string_view table, key;
  SettingType type = SettingType::boolean;
  std::uint32_t low = 0, high = 0;           // number
  std::span<const std::string_view> choices;  // choice: in the order of its enumeration
  // text: null, or what is wrong with it ("" when nothing)
  std::string_view (*check)(std::string_view value) = nullptr;
  std::string_view help;  // one sentence for the manual
  using Value = std::variant<bool, std::uint32_t, std::string>;  // a choice is its number
  Value (*get)(const Settings&) = nullptr;
  void (*set)(Settings&, const Value&) = nullptr;
  // records: an array of tables. The fields' get and set reach the last record; the value as a whole is the array's text, and has no set.
  std::span<const SettingRow> fields = {};
  void (*add_record)(Settings&) = nullptr;
};
std::span<const SettingRow> setting_rows() noexcept;
// A row's value as TOML writes it.
std::string setting_text(const SettingRow& row, const Settings& settings);

// Unknown keys and values that do not fit are errors, each at its place. The text is added to `sources`, with which they render.
std::expected<Settings, std::vector<Diagnostic>> parse_settings(std::string name, std::string text, Sources& sources);

// The whole file with every key at its default and its help above it: valid TOML, and the reference of docs/operating.md.
std::string settings_reference();

}  // namespace coaxd::config
