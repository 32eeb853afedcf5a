"""Notices attempts to reach something that is not this machine (PEP 578, Python >= 3.8)."""
import sys

LOCAL_NAMES = frozenset(["", "localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback",
                         "0.0.0.0", "::", "::1", "<broadcast>"])


class Watch:
    """`attempts` grows by one at each attempt; `tell`, if given, is called at the first."""

    def __init__(self, tell=None):
        self.attempts = 0
        self._tell = tell
        self._own_name = None
        if hasattr(sys, "addaudithook"):
            sys.addaudithook(self._hook)

    def _hook(self, event, args):
        if event[:7] != "socket.":
            return
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            address = args[1]
            if isinstance(address, tuple) and address and not self._is_local(address[0]):
                self._count()
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            if not self._is_local(args[0]):
                self._count()

    def _count(self):
        self.attempts += 1
        if self.attempts == 1 and self._tell is not None:
            self._tell()

    def _is_local(self, host):
        if isinstance(host, (bytes, bytearray)):
            host = bytes(host).decode("ascii", "replace")
        if not isinstance(host, str):
            return True
        if host in LOCAL_NAMES or host.startswith("127."):
            return True
        if self._own_name is None:
            self._own_name = _host_name()
        return host == self._own_name


class NotWatched:
    """Sees nothing, costs nothing."""
    attempts = 0


def _host_name():
    import os

    return os.uname()[1]
