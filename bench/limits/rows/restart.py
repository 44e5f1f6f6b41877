"""From exec to the first ACK with a million active leases: killed in the middle of a load, stopped cleanly, and read from the disk."""
import os
import random
import select
import socket
import statistics
import struct
import time

import figures
import rig

NAME = "restart"
SECONDS = 1.0
PATIENCE = 120
PORT = 67


def init_reboot(xid, mac, address, relay):
    """A DHCPREQUEST of RFC 2131 §4.3.2 INIT-REBOOT, as a relay passes it on."""
    head = struct.pack("!4BIHH4s4s4s4s16s192x", 1, 1, 6, 1, xid, 0, 0, bytes(4), bytes(4), bytes(4), relay, mac)
    client_id = bytes.fromhex("ff00000001000100012c000001") + mac
    options = b"\x63\x82\x53\x63" + b"\x35\x01\x03" + b"\x32\x04" + address + b"\x3d\x13" + client_id + b"\xff"
    return (head + options).ljust(300, b"\0")


def is_ack(reply, xid, address):
    return (len(reply) > 243 and reply[0] == 2 and reply[4:8] == struct.pack("!I", xid) and reply[16:20] == address
            and b"\x35\x01\x05" in reply[240:])


def any_lease(store):
    """MAC and address of some client that has a lease, out of the log of ACKs."""
    with open(store.acks, "rb") as log:
        log.seek(random.randrange(os.path.getsize(store.acks) // 2))
        log.readline()
        _, mac, address, _ = log.readline().decode("ascii").split()
    return bytes.fromhex(mac.replace(":", "")), socket.inet_aton(address)


def first_ack(cable, server, store):
    """Starts the server; seconds until a client that keeps asking, every millisecond, has its answer."""
    mac, address = any_lease(store)
    relay = cable.relays[0].packed
    xid = random.getrandbits(32)
    query = init_reboot(xid, mac, address, relay)
    with cable.load_side.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind((str(cable.relays[0]), PORT))
        start = time.monotonic()
        server.launch()
        while time.monotonic() - start < PATIENCE:
            asking.sendto(query, (str(cable.network.server), PORT))
            if select.select([asking], [], [], 0.001)[0] and is_ack(asking.recv(2048), xid, address):
                return time.monotonic() - start
            if server.process.poll() is not None:
                break
    raise RuntimeError(f"no ACK after the start (status {server.process.poll()}):\n{server.log()[-2000:]}")


def killed_under_load(cable, server, store, seconds):
    """Ends the server's life in mid-renewal; tells how many records it leaves to be replayed."""
    load = cable.begin("renew", "--clients", store.clients, "--from-log", store.acks, "--duration", seconds, "--window", 512, lasts=seconds)
    time.sleep(seconds * 0.8)
    counters = server.metrics()  # of this life, which had nothing to replay: a clean stop was before it
    unfolded = counters["coaxd_journal_records_total"] - counters["coaxd_fold_records_total"]
    server.kill()
    load.kill()  # nothing else runs when the next life begins
    return unfolded


def measure(bench):
    store = bench.store(bench.args.clients)
    after_kill, after_stop, from_disk, replayed = [], [], [], []
    with rig.Rig(bench, store.network) as cable:
        with cable.serving(store.home):
            pass  # leaves a mirror of all leases, as there is one wherever a server has run for a minute
        server = rig.Coaxd(cable, store.home)
        try:
            for _ in range(bench.args.rounds):
                server.launch().wait_until_it_serves()
                replayed.append(killed_under_load(cable, server, store, bench.args.seconds))
                after_kill.append(first_ack(cable, server, store))
                server.wait_until_it_serves()
                server.stop()
                after_stop.append(first_ack(cable, server, store))
                cable.renew(server, store, "--count", 1000)  # and the leases are there
                server.stop()
                rig.forget_cached(store.home)
                from_disk.append(first_ack(cable, server, store))
                server.wait_until_it_serves()
                server.stop()
                rig.say(f"  first ACK after {after_kill[-1]:.2f} s when killed, {after_stop[-1]:.2f} s when stopped, "
                        f"{from_disk[-1]:.2f} s from the disk")
        finally:
            if server.process is not None and server.process.poll() is None:
                server.kill()

    def figure(what, seconds, more=""):
        return figures.at_most(NAME, f"seconds from exec to the first ACK, {store.clients:,} active leases, {what}",
                               statistics.median(seconds), SECONDS,
                               f"{min(seconds):.2f} to {max(seconds):.2f} in {len(seconds)} starts{more}")

    return [figure("after kill -9 under load", after_kill, f"; {statistics.median(replayed):,.0f} records to replay"),
            figure("after a clean stop", after_stop),
            figures.stated(NAME, "the same, with nothing of the store in memory",
                           f"{statistics.median(from_disk):.2f} s ({min(from_disk):.2f} to {max(from_disk):.2f})")]
