"""The list of all that can be compared."""
import freeradius
import kea
import servers


def contenders(coaxd, ceiling):
    """All, by name, in the order of the table."""
    everyone = [
        servers.Echo(ceiling), servers.NullResponder(ceiling),
        *(servers.Coaxd(coaxd, mode) for mode in servers.Coaxd.PROMISES),
        *(servers.Coaxd(coaxd, mode, "never") for mode in servers.Coaxd.PROMISES),
        kea.Kea(), kea.KeaPostgresql(), kea.KeaMysql(), servers.Dhcpd(), servers.DhcpdDelayedAck(), servers.Dnsmasq(),
        freeradius.Freeradius(),
    ]
    return {server.name: server for server in everyone}


def usual(known):
    """The names of those that are compared unless somebody says otherwise."""
    return [name for name in known if not name.endswith("-alone")]
