"""Where students join: an address of this machine in the network of the room."""

from __future__ import annotations

import errno
import ipaddress
import socket
from contextlib import closing

#: The port if none is asked for; if it is taken, any that is free.
PORT = 8602
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressError(ValueError):
    """Why students can't join at an address, as a sentence."""


def check_host(host: str, public: bool) -> str:
    """The address as it is written in a URL's host, without brackets; raises AddressError.

    An address that the internet may reach, or the wildcard address, must be ``public``.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise AddressError(
            f"{host[:60]!r} is no IP address. Give this machine's address on the local network, "
            f"such as 192.168.4.20.{_own()}"
        ) from None
    if not public and (address.is_global or address.is_unspecified or address.is_multicast):
        reach = "is the wildcard address" if address.is_unspecified else "is not a local address"
        raise AddressError(f"{address} {reach}. To use it anyway, add --public.")
    return str(address)


def bound_socket(host: str, port: int | None) -> socket.socket:
    """A socket that is bound to an address and a port (None: PORT, or a free one).

    Raises AddressError.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for wanted in [port] if port else [PORT, 0]:
        try:
            return socket.create_server((host, wanted), family=family, backlog=512)
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE:
                raise AddressError(_refused(host, wanted, problem)) from None
    raise AddressError(f"--port: port {port} is taken at {host}. Give another, or none.")


def shown_address(bound: socket.socket) -> str:
    """What students type, without http://."""
    host, port = bound.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = _own_address(bound.family) or host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _refused(host: str, port: int, problem: OSError) -> str:
    if problem.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine.{_own()}"
    return f"Port {port} can't be used at {host}: {problem.strerror}."


def _own() -> str:
    address = _own_address(socket.AF_INET)
    return f" It has {address}." if address else ""


def _own_address(family: int) -> str:
    """The address from which this machine reaches others; "" without a network."""
    # A datagram socket that is connected sends nothing. Both are reserved for documentation.
    afar = "2001:db8::1" if family == socket.AF_INET6 else "192.0.2.1"
    try:
        with closing(socket.socket(family, socket.SOCK_DGRAM)) as probe:
            probe.connect((afar, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return ""
