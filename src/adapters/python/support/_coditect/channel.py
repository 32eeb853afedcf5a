"""Messages to and from the host: one JSON object a line, over one inherited socket."""
import fcntl
import json
import os

INHERITED_FD = 3
FRAME_BYTES_MAX = 1 << 20
TEXT_MAX = 2048
HIGH_FD = 400  # out of the way of tests that close or reuse low descriptors


def text(value, limit=TEXT_MAX):
    """`value` as text that UTF-8 can carry, its middle left out beyond `limit` characters."""
    try:
        value = str(value)
        value.encode("utf-8")
    except UnicodeError:
        value = value.encode("utf-8", "backslashreplace").decode("utf-8")
    except BaseException:  # a hostile __str__: only its type is told
        value = "<%s>" % type(value).__name__
    if len(value) > limit:
        half = (limit - 5) // 2
        value = value[:half] + " ... " + value[-half:]
    return value


def high_descriptor(fd):
    """A copy of `fd` above the low numbers, closed on exec; `fd` itself is closed."""
    try:
        copy = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH_FD)
    except (OSError, ValueError):  # fewer descriptors are allowed
        copy = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return copy


class Channel:
    """The link of one process: a forked copy is mute, so that a test that forks reports once."""

    def __init__(self, fd=INHERITED_FD, frame_bytes_max=FRAME_BYTES_MAX):
        self._fd = high_descriptor(fd)
        self._frame_bytes_max = frame_bytes_max
        self._pid = os.getpid()
        self._buffer = b""

    def close(self):
        os.close(self._fd)

    def send(self, message):
        if os.getpid() != self._pid:
            return
        data = json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"
        if len(data) > self._frame_bytes_max:
            dropped = "a message of %d bytes was dropped" % len(data)
            return self.send({"t": "warning", "text": dropped})
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view):]

    def receive(self):
        """The next message, or None when the host has closed the channel."""
        while b"\n" not in self._buffer:
            more = os.read(self._fd, 1 << 16)
            if not more:
                return None
            self._buffer += more
        line, self._buffer = self._buffer.split(b"\n", 1)
        return json.loads(line.decode("utf-8"))
