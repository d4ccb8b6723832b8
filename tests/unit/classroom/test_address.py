"""Where students join."""

import socket

import pytest

from rnnviz.classroom import address
from rnnviz.classroom.address import AddressError, bound_socket, check_host, shown_address
from tests.sampling import each_row


@each_row(
    "host",
    ["192.168.4.20", "10.1.2.3", "172.16.0.9", "100.64.3.4", "169.254.1.1", "127.0.0.1", "::1",
     "fd00::7"],
)  # fmt: skip
def test_an_address_of_a_private_network_is_taken(host):
    assert check_host(host, public=False) == host


@each_row("host", ["0.0.0.0", "::", "8.8.8.8", "141.20.1.1", "2a00:1450:4001::1", "224.0.0.1"])
def test_one_that_may_be_reached_from_outside_must_be_meant(host):
    with pytest.raises(AddressError, match="To use it anyway"):
        check_host(host, public=False)
    assert check_host(host, public=True) == host


@each_row("host", ["", "localhost", "192.168.4", "192.168.4.20:8602", "http://10.0.0.1", "a" * 999])
def test_what_is_no_address_is_refused(host):
    with pytest.raises(AddressError, match="is no IP address") as refused:
        check_host(host, public=True)
    assert len(str(refused.value)) < 250


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(AddressError, match="is not an address of this machine"):
        bound_socket("192.0.2.77", None)


def test_a_port_that_is_taken_is_refused_if_it_was_asked_for(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(AddressError, match=f"port {port} is taken"):
            bound_socket("127.0.0.1", port)
        monkeypatch.setattr(address, "PORT", port)
        with bound_socket("127.0.0.1", None) as free:
            assert free.getsockname()[1] not in (0, port)
            assert shown_address(free) == f"127.0.0.1:{free.getsockname()[1]}"


def test_a_port_that_is_forbidden_is_refused(monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(AddressError, match="Port 80 can't be used"):
        bound_socket("127.0.0.1", 80)


def test_of_all_addresses_the_one_that_others_reach_is_shown(monkeypatch):
    monkeypatch.setattr(address, "_own_address", lambda family: "192.168.4.20")
    with socket.create_server(("0.0.0.0", 0)) as bound:
        assert shown_address(bound) == f"192.168.4.20:{bound.getsockname()[1]}"
    monkeypatch.setattr(address, "_own_address", lambda family: "")
    with socket.create_server(("0.0.0.0", 0)) as bound:
        assert shown_address(bound).startswith("0.0.0.0:")
