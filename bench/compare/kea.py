"""Kea, on each of its lease databases. Its figure and that of its database stand together: both run on the server's core."""
import json

import databases
from servers import SYNCED, WRITTEN, Server, version_of, write


class Kea(Server):
    """On a file of its own (memfile)."""
    name, program, package = "kea-memfile", "/usr/sbin/kea-dhcp4", "kea-dhcp4-server"
    promise, durability = WRITTEN, "written to a file, not synced"

    def version(self):
        return "Kea " + version_of([self.program, "-v"])

    def lease_database(self, site):
        return {"type": "memfile", "persist": True, "name": f"{site.home}/leases.csv"}

    def environment(self, site):
        return [f"KEA_PIDFILE_DIR={site.home}", f"KEA_LOCKFILE_DIR={site.home}"]

    def prepare(self, site):
        network = site.network
        option = lambda name, value: {"name": name, "data": str(value)}
        config = {"Dhcp4": {
            "interfaces-config": {"interfaces": [site.interface], "dhcp-socket-type": "udp"},
            "lease-database": self.lease_database(site),
            "valid-lifetime": 86400,
            "authoritative": True,
            "multi-threading": {"enable-multi-threading": False},  # one core each
            "subnet4": [{
                "id": 1,
                "subnet": str(network.subnet),
                "pools": [{"pool": f"{network.first} - {network.last}"}],
                "option-data": [option("routers", network.relay), option("domain-name-servers", network.server),
                                option("domain-name", "example.net")],
            }],
            "loggers": [{"name": "kea-dhcp4", "severity": "ERROR", "output_options": [{"output": "stderr"}]}],
        }}
        write(f"{site.home}/kea.json", json.dumps(config, indent=1))
        return ["env", *self.environment(site), self.program, "-c", f"{site.home}/kea.json"]


class KeaOnDatabase(Kea):
    """On a private instance of a database server, which syncs each commit as it does by itself."""
    database = type = schema = ""
    promise = SYNCED

    @property
    def needs(self):
        return (self.schema, *self.database.needs)

    def version(self):
        return f"{super().version()} + {self.database.version()}"

    def lease_database(self, site):
        socket = self.database.start(site, self.schema)
        return {"type": self.type, "name": databases.NAME, "user": databases.NAME, "password": "", "host": socket}


class KeaPostgresql(KeaOnDatabase):
    name, type, database = "kea-postgresql", "postgresql", databases.Postgresql()
    package, schema = "kea-admin, postgresql", "/usr/share/kea/scripts/pgsql/dhcpdb_create.pgsql"
    durability = "PostgreSQL commit before each ACK"


class KeaMysql(KeaOnDatabase):
    name, type, database = "kea-mysql", "mysql", databases.Mariadb()
    package, schema = "kea-admin, mariadb-server-core", "/usr/share/kea/scripts/mysql/dhcpdb_create.mysql"
    durability = "MariaDB commit before each ACK"

    def lease_database(self, site):
        return super().lease_database(site) | {"host": "localhost"}

    def environment(self, site):
        # The client library's way to name a socket; Kea has none.
        return [*super().environment(site), f"MYSQL_UNIX_PORT={self.database.socket(site)}"]
