"""The list of all that can be compared."""
import freeradius
import kea
import servers


def contenders(coaxd, ceiling):
    """All, by name, in the order of the table."""
    everyone = [
        servers.Echo(ceiling), servers.NullResponder(ceiling), servers.NullTrains(ceiling),
        *(servers.Coaxd(coaxd, mode) for mode in servers.Coaxd.PROMISES),
        *(servers.Coaxd(coaxd, mode, "never") for mode in servers.Coaxd.PROMISES),
        *(servers.Coaxd(coaxd, mode, "never", "asio") for mode in ("durable", "memory")),
        kea.Kea(), kea.KeaPostgresql(), kea.KeaMysql(), servers.Dhcpd(), servers.DhcpdDelayedAck(), servers.Dnsmasq(),
        freeradius.Freeradius(),
    ]
    return {server.name: server for server in everyone}


def usual(known, trains):
    """The names of those that are compared unless somebody says otherwise: where queries come in trains, coaxd sends its replies so,
    as it does by itself on a network card; where they do not, nobody does. Its
    fallback for kernels without io_uring is compared when somebody asks for it."""
    coaxd = [name for name in known if name.startswith("coaxd-")]
    left_out = {name for name in coaxd if name.endswith("-asio")}
    if trains == "always":
        left_out |= {name for name in coaxd if name.endswith("-alone")}
    else:
        left_out |= {name for name in coaxd if not name.endswith("-alone")} | {"null-trains"}
    return [name for name in known if name not in left_out]
