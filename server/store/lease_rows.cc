#include "server/store/lease_rows.h"

#include <algorithm>
#include <array>

#include "server/wire/cable_device.h"
#include "server/wire/option_table.h"

namespace coaxd::store {
namespace {

using lease::Item;

constexpr std::uint64_t kRowsAtOnce = 16384;
constexpr std::ptrdiff_t kAhead = 8;

Bytes sub_option(Bytes agent_info, std::uint8_t code) noexcept { return wire::find_tlv(agent_info, code).value_or(Bytes{}); }

bool same_client(const lease::Binding& a, const lease::Binding& b) noexcept {
  return a.htype == b.htype && equal(a.hardware(), b.hardware()) && equal(a.get(Item::client_id), b.get(Item::client_id));
}

bool same_place(const lease::Binding& a, const lease::Binding& b) noexcept {
  const Bytes old = a.get(Item::agent_info);
  const Bytes now = b.get(Item::agent_info);
  return equal(sub_option(old, wire::agent::circuit_id), sub_option(now, wire::agent::circuit_id)) &&
         equal(sub_option(old, wire::agent::remote_id), sub_option(now, wire::agent::remote_id));
}

bool is_held(const Record& record) noexcept {
  return record.kind == Record::Kind::binding && record.binding.state == lease::BindingState::active;
}

// What has ended is free, whatever ended it (engine/ending.cc): a lease that runs out keeps its end, a RELEASE is a transaction of the client's.
std::string_view end_reason(const Record& record, const lease::Binding& before) noexcept {
  if (record.kind == Record::Kind::erased) return "erased";
  const lease::Binding& now = record.binding;
  if (now.state == lease::BindingState::free && now.ends == before.ends) return "expired";
  if (now.state == lease::BindingState::free && now.ends == now.cltt) return "released";
  return lease::row_of(now.state).word;
}

// Octets as people write them: `00:10:95:01:02:03`.
void to_hex(Bytes octets, std::string& out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out.assign(octets.empty() ? 0 : octets.size() * 3 - 1, ':');
  for (std::size_t i = 0; i < octets.size(); ++i) {
    out[3 * i] = kDigits[octets[i] >> 4];
    out[3 * i + 1] = kDigits[octets[i] & 15];
  }
}

void bind_optional(Statement& statement, int index, Bytes value) {
  if (value.empty()) {
    statement.bind_null(index);
  } else {
    statement.bind(index, value);
  }
}

}  // namespace

std::expected<LeaseRows, int> LeaseRows::prepare(Database& database) {
  LeaseRows rows;
  struct Want {
    Statement* statement;
    std::string_view sql;
  };
  const std::array<Want, 5> wanted{{
      {&rows.select_, "SELECT generation, changed, binding, period FROM leases WHERE ip = ?1"},
      {&rows.upsert_,
       "INSERT OR REPLACE INTO leases (ip, generation, changed, binding, period, state, ends, mac) "
       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
      {&rows.open_,
       "INSERT INTO history (ip, since, until, changed, reason, mac, client_id, circuit_id, remote_id, hostname) "
       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"},
      {&rows.close_, "UPDATE history SET until = max(since, ?2), changed = ?3, reason = ?4 WHERE id = ?1"},
      {&rows.rename_, "UPDATE history SET hostname = ?2, changed = ?3 WHERE id = ?1"},
  }};
  for (const Want& want : wanted) {
    auto statement = database.prepare(want.sql);
    if (!statement) return std::unexpected(statement.error());
    *want.statement = std::move(*statement);
  }
  return rows;
}

int LeaseRows::apply(Database& database, std::vector<Change>& changes, const std::function<void()>& meanwhile) {
  // By address: neighbours share pages, and each row is read and written once however often it has changed.
  sort_by_address(changes);
  Row row;
  std::uint64_t rows = 0;
  for (auto group = changes.begin(); group != changes.end();) {
    if (++rows % kRowsAtOnce == 0) meanwhile();
    const auto end = std::find_if(group, changes.end(), [&](const Change& c) { return c.address != group->address; });
    if (const int code = load(group->address, row); code != SQLITE_OK) return code;
    // CAS order is not journal order: by generation, seen from what is known, so that a wrap does not matter.
    const std::uint32_t origin = (row.exists ? row.generation : group->generation) - kGenerationMask / 2;
    std::sort(group, end, [origin](const Change& a, const Change& b) {
      return ((a.generation - origin) & kGenerationMask) < ((b.generation - origin) & kGenerationMask);
    });
    for (auto change = group; change != end; ++change) {
      if (changes.end() - change > kAhead) prefetch(change[kAhead]);
      decode(*change, decoded_);
      if (const int code = step(database, decoded_.record, row); code != SQLITE_OK) return code;
    }
    if (const int code = save(group->address, row); code != SQLITE_OK) return code;
    group = end;
  }
  return SQLITE_OK;
}

int LeaseRows::load(std::uint32_t address, Row& row) {
  row.exists = false;
  row.period = 0;
  const int code = select_.bind(1, std::int64_t{address}).step();
  if (code != SQLITE_ROW) {
    row.binding = lease::Binding{};
  } else {
    row.exists = true;
    row.generation = static_cast<std::uint32_t>(select_.integer(0));
    row.changed = static_cast<std::uint32_t>(select_.integer(1));
    // An unreadable blob (someone edited the file) is replaced by what the journal says; its period stays open to be closed.
    if (!decode_binding(select_.blob(2), row.binding)) row.binding = lease::Binding{};
    row.period = select_.integer(3);
  }
  select_.reset();
  return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

int LeaseRows::save(std::uint32_t address, const Row& row) {
  const std::size_t size = encode_binding(octets_, row.binding);
  to_hex(row.binding.hardware(), mac_);
  upsert_.bind(1, std::int64_t{address}).bind(2, std::int64_t{row.generation}).bind(3, std::int64_t{row.changed});
  upsert_.bind(4, Bytes(octets_).first(size));
  if (row.period != 0) {
    upsert_.bind(5, row.period);
  } else {
    upsert_.bind_null(5);
  }
  upsert_.bind(6, lease::row_of(row.binding.state).word).bind(7, std::int64_t{row.binding.ends});
  upsert_.bind(8, std::string_view(mac_));
  return upsert_.run();
}

// One change of one address: the periods it ends and begins, and the row as it is afterwards.
int LeaseRows::step(Database& database, const Record& record, Row& row) {
  if (row.exists && !is_later(record.generation, row.generation)) return late(record, row);
  const bool held = is_held(record);
  const bool client = same_client(row.binding, record.binding);
  const bool stays = held && client && same_place(row.binding, record.binding);
  int code = SQLITE_OK;
  if (row.period != 0 && !stays) {
    // A lease that ran out while nobody looked has ended when it said, not when we noticed.
    const std::uint32_t until = std::min(record.at, row.binding.ends);
    code = close_period(row, until, !held ? end_reason(record, row.binding) : client ? "moved" : "replaced");
    row.period = 0;
  }
  if (code == SQLITE_OK && held) {
    if (row.period == 0) {
      code = open_period(database, record, row);
    } else if (!equal(row.binding.get(Item::hostname), record.binding.get(Item::hostname))) {
      rename_.bind(1, row.period).bind(2, as_text(record.binding.get(Item::hostname))).bind(3, std::int64_t{record.at});
      code = rename_.run();
    }
  }
  row.exists = true;
  row.generation = record.generation;
  row.changed = record.at;
  // An erased lease leaves a free row: the generation must not begin again below records that are still in a journal.
  row.binding = record.kind == Record::Kind::erased ? lease::Binding{} : record.binding;
  return code;
}

void LeaseRows::bind_holder(const Record& record) {
  const Bytes agent = record.binding.get(Item::agent_info);
  to_hex(record.binding.hardware(), mac_);
  open_.bind(1, std::int64_t{record.address.value}).bind(2, std::int64_t{record.at}).bind(6, std::string_view(mac_));
  bind_optional(open_, 7, record.binding.get(Item::client_id));
  bind_optional(open_, 8, sub_option(agent, wire::agent::circuit_id));
  bind_optional(open_, 9, sub_option(agent, wire::agent::remote_id));
  const Bytes hostname = record.binding.get(Item::hostname);
  if (hostname.empty()) {
    open_.bind_null(10);
  } else {
    open_.bind(10, as_text(hostname));
  }
}

int LeaseRows::open_period(Database& database, const Record& record, Row& row) {
  bind_holder(record);
  const int code = open_.bind_null(3).bind(4, std::int64_t{record.at}).bind_null(5).run();
  row.period = database.last_row_id();
  ++history_rows_;
  return code;
}

int LeaseRows::close_period(const Row& row, std::uint32_t until, std::string_view reason) {
  return close_.bind(1, row.period).bind(2, std::int64_t{until}).bind(3, std::int64_t{until}).bind(4, reason).run();
}

// Another worker's later change was folded first. The address has moved on; the period still belongs into the history.
int LeaseRows::late(const Record& record, const Row& row) {
  if (record.generation == row.generation || !is_held(record)) return SQLITE_OK;
  bind_holder(record);
  const std::uint32_t until = std::max(record.at, std::min(row.changed, record.binding.ends));
  ++history_rows_;
  return open_.bind(3, std::int64_t{until}).bind(4, std::int64_t{until}).bind(5, std::string_view("replaced")).run();
}

}  // namespace coaxd::store
