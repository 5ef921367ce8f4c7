"""The socket on which the market is served, and its address."""

import socket

from flotilla.practice.errors import PracticeStartError


def listening_socket(host: str, port: int) -> socket.socket:
    """Take the port before anything else, so that a taken one is the only thing reported."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named: asyncio switches Nagle's delay off only on sockets that say TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PracticeStartError(
            f"The practice market cannot listen on {host}:{port}: {error.strerror}."
        ) from error
    return listener


def address_of(listener: socket.socket, secure: bool) -> str:
    """Return the base address that clients use; `secure`: with TLS."""
    host, port, *_ = listener.getsockname()
    scheme = "https" if secure else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
