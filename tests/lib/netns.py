"""Network namespaces without names, so that nothing can be left behind.

A Namespace lives as long as its file descriptor and the processes in it: when this program ends, however it
ends, the kernel takes namespaces and veth pairs away by itself. Entering one changes the calling thread only
(setns(2)); sockets opened and processes started inside stay inside. Needs root (CAP_SYS_ADMIN).
"""
import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import subprocess

_CLONE_NEWNET = 0x40000000
_SETPRIV = "/usr/bin/setpriv"
_SIOCETHTOOL, _ETHTOOL_STXCSUM = 0x8946, 0x17
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _current():
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _write(path, value):
    with open(path, "w", encoding="ascii") as file:
        file.write(value)


class Namespace:
    """One network namespace; `with ns.entered():` moves the calling thread into it for a while."""

    def __init__(self):
        home = _current()
        try:
            _check(_libc.unshare(_CLONE_NEWNET))
            try:
                self._fd = _current()
                # IPv6 neighbour discovery would only add noise to what the tests record.
                for scope in ("all", "default"):
                    path = f"/proc/sys/net/ipv6/conf/{scope}/disable_ipv6"
                    if os.path.exists(path):
                        _write(path, "1")
            finally:
                _check(_libc.setns(home, _CLONE_NEWNET))
        finally:
            os.close(home)
        self.ip("link set lo up")

    @property
    def path(self):
        """A path by which ip(8) and nsenter(1) find the namespace while this object lives."""
        return f"/proc/{os.getpid()}/fd/{self._fd}"

    @contextlib.contextmanager
    def entered(self):
        home = _current()
        try:
            _check(_libc.setns(self._fd, _CLONE_NEWNET))
            try:
                yield self
            finally:
                _check(_libc.setns(home, _CLONE_NEWNET))
        finally:
            os.close(home)

    def ip(self, *lines):
        """Runs ip(8) commands inside, all in one process."""
        with self.entered():
            done = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", text=True,
                                  capture_output=True, timeout=30, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"ip -batch: {done.stderr.strip()}\n" + "\n".join(lines))

    def sysctl(self, name, value):
        with self.entered():
            _write("/proc/sys/" + name.replace(".", "/"), str(value))

    def run(self, argv, **kwargs):
        """subprocess.run inside; bounded in time unless the caller says otherwise."""
        kwargs.setdefault("timeout", 30)
        with self.entered():
            return subprocess.run(argv, check=False, **kwargs)

    def popen(self, argv, **kwargs):
        """Starts a process inside that dies with the calling thread (PR_SET_PDEATHSIG)."""
        with self.entered():
            return subprocess.Popen([_SETPRIV, "--pdeathsig", "KILL", *argv], **kwargs)

    def close(self):
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def veth(near, near_name, near_mac, far, far_name, far_mac):
    """A cable between two namespaces, up at both ends, on which every frame carries its real checksums."""
    near.ip(f"link add {near_name} address {near_mac} type veth "
            f"peer name {far_name} address {far_mac} netns {far.path}",
            f"link set {near_name} up")
    far.ip(f"link set {far_name} up")
    _full_checksums(near, near_name)
    _full_checksums(far, far_name)


def _full_checksums(namespace, name):
    """A veth leaves UDP checksums to hardware that is not there; captured frames must carry real ones to be checked."""
    command = ctypes.create_string_buffer(struct.pack("II", _ETHTOOL_STXCSUM, 0))
    request = struct.pack("16sP16x", name.encode(), ctypes.addressof(command))
    with namespace.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCETHTOOL, request)


def missing(*tools):
    """Why namespace tests cannot run here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    paths = os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/sbin", "/usr/bin"]
    for tool in ("ip", "setpriv", *tools):
        if not any(os.access(os.path.join(p, tool), os.X_OK) for p in paths):
            return f"needs {tool}"
    try:
        Namespace().close()
    except (OSError, RuntimeError) as error:
        return f"cannot make a network namespace: {error}"
    return None
