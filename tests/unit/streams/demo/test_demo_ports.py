"""Ports that are chosen before they are used are still free then."""

import socket
from itertools import islice
from pathlib import Path

import pytest

from streams.demo.ports import HOST, PORTS, free_ports

ANY = Path("/proc/sys/net/ipv4/ip_local_port_range")  # what Linux gives to whoever asks for any


@pytest.mark.skipif(not ANY.exists(), reason="not Linux")
def test_a_port_that_was_chosen_is_given_to_no_connection_meanwhile() -> None:
    lowest, _ = map(int, ANY.read_text().split())
    chosen = list(islice(free_ports(), 100))
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(PORTS)
    assert max(PORTS) < lowest


def test_a_port_on_which_somebody_listens_is_passed_over() -> None:
    taken = next(free_ports())
    with socket.create_server((HOST, taken)):
        assert next(free_ports()) != taken
