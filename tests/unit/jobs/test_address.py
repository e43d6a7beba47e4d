"""Where webhooks may go."""

import asyncio
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.address import AddressRefused, NameUnknown, is_public, resolve

LOCAL = (ip_network("127.0.0.0/8"),)


def answering(monkeypatch, *addresses: str) -> None:
    """A name server that knows one answer."""

    async def getaddrinfo(host, port, **_):
        return [(2, 1, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    ],
)  # fmt: skip
async def test_private_and_local_addresses_are_refused(monkeypatch, address: str) -> None:
    assert not is_public(ip_address(address))
    answering(monkeypatch, address)
    with pytest.raises(AddressRefused, match="VIGIL_WEBHOOK_ALLOW"):
        await resolve("https://example.com/")


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
async def test_public_addresses_are_allowed(monkeypatch, address: str) -> None:
    answering(monkeypatch, address)
    target = await resolve("https://example.com:8443/hooks?a=1")
    assert target.host_header == "example.com:8443"
    assert target.pinned_url.endswith(":8443/hooks?a=1")
    assert target.address in target.pinned_url
    assert "example.com" not in target.pinned_url


async def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch) -> None:
    answering(monkeypatch, "93.184.216.34", "10.0.0.1")
    with pytest.raises(AddressRefused):
        await resolve("https://example.com/")


async def test_what_the_operator_allows_may_be_private_and_plain(monkeypatch) -> None:
    assert (await resolve("http://127.0.0.1:9/x", LOCAL)).pinned_url == "http://127.0.0.1:9/x"
    answering(monkeypatch, "93.184.216.34")
    with pytest.raises(AddressRefused, match="https"):
        await resolve("http://example.com/", LOCAL)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "ftp://example.com/", "https://", "https://user:pass@example.com/", "https://example.com/#x",
        "https://example.com:99999/", "https://exa mple.com/", "https://example.com/\r\nX: y", "file:///etc/passwd",
        "https://" + "a" * 3000, "https://żółw.pl/",
    ],
)  # fmt: skip
async def test_what_is_no_url_for_a_webhook_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        await resolve(url)


@pytest.mark.parametrize(
    "url", ["https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://localhost/"]
)
async def test_other_spellings_of_loopback_do_not_help(url: str) -> None:
    with pytest.raises((AddressRefused, NameUnknown)):
        await resolve(url)


@given(st.ip_addresses())
def test_every_address_has_an_answer(address) -> None:
    assert is_public(address) in (True, False)
    if address.is_private and address.version == 4:
        assert not is_public(address) or address.is_global
