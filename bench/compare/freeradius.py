"""FreeRADIUS as a DHCP server: its DHCP listener and the SQL pool module on SQLite, with the schema, the queries and the policy that
come with the package; only what those leave to the site stands here (raddb/sites-available/dhcp tells the same story at length)."""
import sqlite3

from servers import SYNCED, Server, version_of, write

CONFIGURATION = "/etc/freeradius/3.0"
POOL_SQL = f"{CONFIGURATION}/mods-config/sql/ippool-dhcp/sqlite"


class Freeradius(Server):
    name, program, package = "freeradius", "/usr/sbin/freeradius", "freeradius, freeradius-dhcp"
    needs = (f"{POOL_SQL}/schema.sql", f"{POOL_SQL}/queries.conf", f"{CONFIGURATION}/policy.d/dhcp",
             "/usr/lib/freeradius/proto_dhcp.so")
    promise, durability = SYNCED, "SQLite commit before each OFFER and ACK"
    # The query for the lease that a client has already reads the whole pool as long as few addresses have had a client: 2 ms with
    # 4000 of them, 58 ms with 100,000.
    pool_limit = 4_000

    def version(self):
        return "FreeRADIUS " + version_of([self.program, "-v"])

    def prepare(self, site):
        fill_pool(f"{site.home}/pool.sqlite", site.network)
        write(f"{site.home}/radiusd.conf", radiusd_conf(site))
        return [self.program, "-f", "-l", "stdout", "-d", site.home]


def fill_pool(path, network):
    with open(f"{POOL_SQL}/schema.sql", encoding="utf-8") as schema, sqlite3.connect(path) as database:
        database.executescript(schema.read())
        # Leases that ended long ago: free from the start.
        database.executemany("INSERT INTO dhcpippool (id, pool_name, framedipaddress, expiry_time) "
                             "VALUES (?, 'local', ?, '2000-01-01 00:00:00')",
                             ((i, str(network.first + i)) for i in range(network.pool)))
    database.close()


def radiusd_conf(site):
    network, home = site.network, site.home
    # Option 82 does not go back by itself, as RFC 3046 section 2.2 wants it.
    options = f"""update control {{
      &DHCP-DHCP-Server-Identifier = {network.server}
      &Pool-Name := "local"
    }}
    update reply {{
      &DHCP-DHCP-Server-Identifier = {network.server}
      &DHCP-IP-Address-Lease-Time = 86400
      &DHCP-Subnet-Mask = {network.subnet.netmask}
      &DHCP-Router-Address = {network.relay}
      &DHCP-Domain-Name-Server = {network.server}
      &DHCP-Domain-Name = "example.net"
      &DHCP-Relay-Circuit-Id = &request:DHCP-Relay-Circuit-Id
      &DHCP-Relay-Remote-Id = &request:DHCP-Relay-Remote-Id
    }}"""
    # One thread and one connection: SQLite takes one writer at a time, and there is one core.
    return f"""prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = {home}
confdir = {home}
modconfdir = {CONFIGURATION}/mods-config
run_dir = {home}
logdir = {home}
pidfile = {home}/pid
log {{
  destination = stdout
}}
thread pool {{
  start_servers = 1
  max_servers = 1
  min_spare_servers = 1
  max_spare_servers = 1
}}
modules {{
  always ok {{
    rcode = ok
  }}
  sql dhcp_sql {{
    dialect = "sqlite"
    driver = "rlm_sql_sqlite"
    sqlite {{
      filename = "{home}/pool.sqlite"
    }}
    radius_db = "radius"
    pool {{
      start = 1
      min = 1
      max = 1
      spare = 0
      uses = 0
      lifetime = 0
      idle_timeout = 0
    }}
  }}
  sqlippool dhcp_sqlippool {{
    sql_module_instance = "dhcp_sql"
    dialect = "sqlite"
    pool_name = "Pool-Name"
    ippool_table = "dhcpippool"
    offer_duration = 60
    lease_duration = "%{{reply:DHCP-IP-Address-Lease-Time}}"
    attribute_name = "DHCP-Your-IP-Address"
    req_attribute_name = "DHCP-Requested-IP-Address"
    pool_key = "%{{%{{DHCP-Client-Identifier}}:-%{{DHCP-Client-Hardware-Address}}}}"
    $INCLUDE {POOL_SQL}/queries.conf
  }}
}}
policy {{
  $INCLUDE {CONFIGURATION}/policy.d/dhcp
}}
server dhcp {{
  listen {{
    type = dhcp
    ipaddr = {network.server}
    src_ipaddr = {network.server}
    port = 67
    broadcast = no
  }}
  dhcp DHCP-Discover {{
    {options}
    dhcp_sqlippool
    ok
  }}
  dhcp DHCP-Request {{
    {options}
    dhcp_sqlippool_request
    ok
  }}
}}
"""
