#include "server/store/modem_rows.h"

#include <array>

#include "server/wire/cable_device.h"

namespace coaxd::store {
namespace {

using subscriber::Mac;
using subscriber::Modem;
using subscriber::ModemStore;

// The last five columns are read by people only.
constexpr const char* kTables = R"(
CREATE TABLE IF NOT EXISTS modems (
  mac TEXT PRIMARY KEY,
  profile TEXT NOT NULL,
  changed INTEGER NOT NULL,
  dhcp_seen INTEGER NOT NULL,
  file_served INTEGER NOT NULL,
  file TEXT NOT NULL,
  vendor_class TEXT NOT NULL,
  vendor_options BLOB NOT NULL,
  capabilities BLOB NOT NULL,
  docsis TEXT,
  vendor TEXT,
  model TEXT,
  software TEXT,
  serial TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS modem_variables (
  mac TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (mac, name)
) WITHOUT ROWID;
)";

// wire/cable_device.h's codes, in the order of the columns docsis to serial.
constexpr std::array<std::uint8_t, 5> kTold = {wire::device::docsis_version, wire::device::vendor, wire::device::model, wire::device::software_version,
                                               wire::device::serial_number};

}  // namespace

std::expected<ModemRows, int> ModemRows::prepare(Database& database) {
  if (const int code = database.exec(kTables); code != SQLITE_OK) return std::unexpected(code);
  ModemRows rows;
  struct Want {
    Statement* statement;
    std::string_view sql;
  };
  const std::array<Want, 7> wanted{{
      {&rows.put_, "INSERT OR REPLACE INTO modems VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"},
      {&rows.put_variable_, "INSERT INTO modem_variables VALUES (?1, ?2, ?3)"},
      {&rows.seen_, "UPDATE modems SET dhcp_seen = ?2, file_served = ?3 WHERE mac = ?1"},
      {&rows.erase_, "DELETE FROM modems WHERE mac = ?1"},
      {&rows.erase_variables_, "DELETE FROM modem_variables WHERE mac = ?1"},
      {&rows.select_,
       "SELECT mac, profile, changed, dhcp_seen, file_served, file, vendor_class, vendor_options, capabilities FROM modems ORDER BY mac"},
      {&rows.select_variables_, "SELECT mac, name, value FROM modem_variables ORDER BY mac, name"},
  }};
  for (const Want& want : wanted) {
    auto statement = database.prepare(want.sql);
    if (!statement) return std::unexpected(statement.error());
    *want.statement = std::move(*statement);
  }
  return rows;
}

int ModemRows::put(const Modem& modem) {
  const std::string mac = to_string(modem.mac);
  std::array<std::string, kTold.size()> told;
  put_.bind(1, std::string_view(mac)).bind(2, std::string_view(modem.profile)).bind(3, modem.changed).bind(4, modem.dhcp_seen).bind(5, modem.file_served);
  put_.bind(6, std::string_view(modem.file)).bind(7, std::string_view(modem.vendor_class));
  put_.bind(8, as_bytes(modem.vendor_options)).bind(9, as_bytes(modem.capabilities));
  for (std::size_t i = 0; i < kTold.size(); ++i) {
    told[i] = device_text(modem, kTold[i]);
    const int column = 10 + static_cast<int>(i);
    told[i].empty() ? put_.bind_null(column) : put_.bind(column, std::string_view(told[i]));
  }
  int code = put_.run();
  if (code == SQLITE_OK) code = erase_variables_.bind(1, std::string_view(mac)).run();
  for (const subscriber::Variable& variable : modem.variables) {
    if (code != SQLITE_OK) return code;
    code = put_variable_.bind(1, std::string_view(mac)).bind(2, std::string_view(variable.name)).bind(3, std::string_view(variable.text)).run();
  }
  return code;
}

int ModemRows::write(std::span<const ModemStore::Row> rows) {
  int code = SQLITE_OK;
  for (const ModemStore::Row& row : rows) {
    if (code != SQLITE_OK) break;
    const std::string mac = to_string(row.modem->mac);
    switch (row.kind) {
      case ModemStore::Kind::put:
        code = put(*row.modem);
        break;
      case ModemStore::Kind::seen:
        code = seen_.bind(1, std::string_view(mac)).bind(2, row.modem->dhcp_seen).bind(3, row.modem->file_served).run();
        break;
      case ModemStore::Kind::erase:
        code = erase_.bind(1, std::string_view(mac)).run();
        if (code == SQLITE_OK) code = erase_variables_.bind(1, std::string_view(mac)).run();
        break;
    }
  }
  return code;
}

// Both tables by MAC, side by side.
int ModemRows::load(const std::function<void(Modem)>& use, std::uint64_t& unreadable) {
  int variables = select_variables_.step();
  int code = SQLITE_OK;
  while ((code = select_.step()) == SQLITE_ROW) {
    const std::string_view text = select_.text(0);
    Modem modem;
    while (variables == SQLITE_ROW && select_variables_.text(0) <= text) {
      if (select_variables_.text(0) == text)
        modem.variables.push_back({std::string(select_variables_.text(1)), std::string(select_variables_.text(2))});
      variables = select_variables_.step();
    }
    const std::optional<Mac> mac = Mac::parse(text);
    if (!mac) {
      ++unreadable;
      continue;
    }
    modem.mac = *mac;
    modem.profile = select_.text(1);
    modem.changed = select_.integer(2);
    modem.dhcp_seen = select_.integer(3);
    modem.file_served = select_.integer(4);
    modem.file = select_.text(5);
    modem.vendor_class = select_.text(6);
    modem.vendor_options = as_text(select_.blob(7));
    modem.capabilities = as_text(select_.blob(8));
    use(std::move(modem));
  }
  select_.reset();
  select_variables_.reset();
  if (code != SQLITE_DONE) return code;
  return variables == SQLITE_ROW || variables == SQLITE_DONE ? SQLITE_OK : variables;
}

}  // namespace coaxd::store
