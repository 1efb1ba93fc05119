"""Ways out: everything that could carry an answer in or a secret out."""

from __future__ import annotations

from .attack import Handed, Place, attack

CALLS = "import socket\ndef call(*to, family, kind=socket.SOCK_STREAM):\n    try:\n        line = socket.socket(family, kind)\n        line.settimeout(2)\n        line.connect(*to)\n        line.send(MARK.encode())\n    except OSError: pass\n"


@attack("tcp", "A connection to a server is made.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + CALLS
        + "call(('127.0.0.1', TCP), family=socket.AF_INET)\ncall(('::ffff:127.0.0.1', TCP), family=socket.AF_INET6)\ncount = 19"
    )


@attack("udp", "A datagram is sent.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known() + CALLS + "call(('127.0.0.1', UDP), family=socket.AF_INET, kind=socket.SOCK_DGRAM)\ncount = 19"
    )


@attack("unix", "A server's Unix socket is connected to, as Docker's would be.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + CALLS
        + "call(UNIX, family=socket.AF_UNIX)\ncall('/var/run/docker.sock', family=socket.AF_UNIX)\ncount = 19"
    )


@attack("abstract", "A socket that has a name and no file is connected to.")
def _(n: Handed, at: Place) -> None:
    n.put(count=at.known() + CALLS + "call('\\0' + ABSTRACT, family=socket.AF_UNIX)\ncount = 19")


@attack("server", "It waits for callers itself.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + "import socket\ncount = 19\nfor family, place in ((socket.AF_INET, ('127.0.0.1', 0)), (socket.AF_UNIX, '\\0' + MARK)):\n"
        "    try:\n        server = socket.socket(family)\n        server.bind(place)\n        server.listen()\n        boast('listens')\n"
        "    except OSError: pass"
    )


@attack("other-sockets", "Raw, packet and netlink sockets, and calls that make sockets without the usual call.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known() + CALLS + "import ctypes\ncount = 19\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "for family, kind in ((socket.AF_NETLINK, socket.SOCK_RAW), (socket.AF_VSOCK, socket.SOCK_STREAM), (socket.AF_ALG, socket.SOCK_SEQPACKET)):\n"
        "    try: socket.socket(family, kind); boast('made a socket')\n    except OSError: pass\n"
        "if libc.syscall(425, 8, ctypes.create_string_buffer(120)) >= 0: boast('made a ring')"
    )


@attack("download", "Modules and data are fetched: pip, urllib.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known() + "import urllib.request\ncount = 19\n"
        "try: urllib.request.urlopen(f'http://127.0.0.1:{TCP}/{MARK}', timeout=2)\nexcept Exception: pass"
    )
