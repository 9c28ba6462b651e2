"""Who may come in, under which name, and what another site can make a browser do."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien_device.__main__ import main
from mien_device.config import PageConfig
from mien_device.config.load import read_token
from mien_device.page.access import Access, comes_from_elsewhere
from mien_models.errors import ConfigError

TOKEN = "0123456789abcdef"
ALONE = Access.of(PageConfig(), None)
OPEN = Access.of(PageConfig(host="0.0.0.0", names=("Mien.Home.arpa",)), TOKEN)
HERE = {"host": "127.0.0.1:8780"}


@pytest.mark.parametrize("host", ["127.0.0.1:8780", "localhost:8780", "localhost", "[::1]:8780", "LOCALHOST."])
def test_the_device_knows_its_own_name(host: str) -> None:
    assert ALONE.knows(host)
    assert OPEN.knows(host)


@pytest.mark.parametrize("host", ["192.168.1.20:8780", "mien.home.arpa", "[fe80::1]", f"{socket.gethostname()}.local"])
def test_other_names_are_for_a_page_that_others_may_see(host: str) -> None:
    assert OPEN.knows(host)
    assert not ALONE.knows(host)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8780", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "localhost/x", "[", "a b",
     "127.0.0.1:99999999", "localhost.evil.example", "x?localhost", "\x00"],
)  # fmt: skip
def test_a_name_of_somebody_else_is_not_ours(host: str) -> None:
    assert not ALONE.knows(host)
    assert not OPEN.knows(host)


@given(st.text())
def test_any_text_is_a_name_or_none(host: str) -> None:
    ALONE.knows(host)
    OPEN.knows(host)


def test_this_device_is_let_in_and_others_by_the_token() -> None:
    for access in (ALONE, OPEN):
        assert access.lets_in("127.0.0.1", HERE, None)
        assert access.lets_in("::ffff:127.0.0.1", HERE, None)
        assert not access.lets_in("192.168.1.7", HERE, None)
        assert not access.lets_in("192.168.1.7", HERE | {"authorization": "Bearer "}, "")
    assert OPEN.lets_in("192.168.1.7", HERE | {"authorization": f"Bearer {TOKEN}"}, None)
    assert OPEN.lets_in("192.168.1.7", HERE, OPEN.pass_)
    assert not OPEN.lets_in("192.168.1.7", HERE, TOKEN), "the cookie is not the token"
    assert not OPEN.lets_in("192.168.1.7", HERE | {"authorization": f"Basic {TOKEN}"}, None)


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "via"])
def test_what_a_proxy_passes_on_does_not_come_from_this_device(header: str) -> None:
    assert not ALONE.lets_in("127.0.0.1", HERE | {header: "203.0.113.9"}, None)
    assert not OPEN.lets_in("127.0.0.1", HERE | {header: "127.0.0.1"}, None)


@pytest.mark.parametrize(
    ("method", "headers", "elsewhere"),
    [
        ("POST", {}, False),
        ("POST", {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8780"}, False),
        ("POST", {"origin": "http://evil.example"}, True),
        ("POST", {"origin": "null"}, True),
        ("POST", {"origin": "http://127.0.0.1:9000"}, True),
        *(
            ("POST", {"origin": origin}, True)
            for origin in ("", "http://[", "http://[::1", "//", "http://a]b/", "\x00")
        ),
        ("POST", {"sec-fetch-site": "cross-site"}, True),
        ("POST", {"sec-fetch-site": "same-site"}, True),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}, True),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, True),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, False),
        ("GET", {"sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, False),
    ],
)
def test_what_another_site_asks_for_is_known(method: str, headers: dict[str, str], elsewhere: bool) -> None:
    assert comes_from_elsewhere(method, HERE | headers) is elsewhere


@pytest.mark.parametrize(
    ("config", "token", "words"),
    [
        (PageConfig(host="0.0.0.0"), None, "page.token_file"),
        (PageConfig(host="192.168.1.2"), None, "wants a token"),
        (PageConfig(host="::"), None, "wants a token"),
        (PageConfig(host="0.0.0.0"), "short", "16 plain signs"),
        (PageConfig(host="0.0.0.0"), "ä" * 20, "16 plain signs"),
        (PageConfig(host="1.2.3"), TOKEN, "not an IP address"),
    ],
)
def test_settings_that_would_let_anybody_in_are_a_mistake(config: PageConfig, token: str | None, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Access.of(config, token)


def test_the_token_comes_from_its_file_the_environment_or_systemd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MIEN_PAGE_TOKEN", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "token"
    config = PageConfig(token_file=file)
    assert read_token(PageConfig()) is None
    with pytest.raises(ConfigError, match=r"page\.token_file"):
        read_token(config)
    file.write_text(f"{TOKEN}\n")
    assert read_token(config) == TOKEN
    monkeypatch.setenv("MIEN_PAGE_TOKEN", "from the environment")
    assert read_token(config) == "from the environment"
    (tmp_path / "page_token").write_text("from systemd\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_token(config) == "from systemd"


def test_the_check_of_the_configuration_names_a_page_without_a_token(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MIEN_PAGE_TOKEN", raising=False)
    file = tmp_path / "mien.toml"
    file.write_text('[page]\nhost = "0.0.0.0"\n')
    assert main(["config", "check", "--config", str(file)]) == ConfigError.exit_code
    assert "wants a token" in capsys.readouterr().err
    file.write_text('[page]\nhost = "0.0.0.0"\nenabled = false\n')
    assert main(["config", "check", "--config", str(file)]) == 0
