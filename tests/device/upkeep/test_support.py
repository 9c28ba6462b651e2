"""The bundle for a report: what is in it, and that no secret is, wherever somebody put one."""

from __future__ import annotations

import base64
import json
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien_device.__main__ import main
from mien_device.upkeep.secrets import Scrubber
from tests.device.upkeep.conftest import Home

JOURNAL = """\
#!/bin/sh
cat <<END
2026-11-21T12:00:00 mien[1]: INFO mood happy
2026-11-21T12:00:01 mien[1]: cannot open rtsp://viewer:Sec-camera@door.local:554/live/Sec-path?key=Sec-query
2026-11-21T12:00:02 mien[1]: another password=Sec-logged and token: "Sec-token-logged"
2026-11-21T12:00:03 mien[1]: user Sec-user with Sec-password, $PLANTED
END
"""
PLANTED = {
    "MIEN_MQTT_PASSWORD": "Sec-environment",
    "HOMEASSISTANT_TOKEN": "Sec-other-token",
    "AWS_SECRET_ACCESS_KEY": "Sec-aws",
}


@pytest.fixture
def planted(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Secrets in the environment, in credentials, and in the journal that stands in for the machine's."""
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PLANTED", " ".join(PLANTED.values()))
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "mqtt_password").write_text("Sec-credential\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "journalctl").write_text(JOURNAL)
    (programs / "journalctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    return home


def bundle(home: Home, target: Path) -> dict[str, str]:
    assert main(["support", str(target), *home.arguments()]) == 0
    with zipfile.ZipFile(target) as archive:
        return {name: archive.read(name).decode("utf-8") for name in archive.namelist()}


def test_what_is_in_it(planted: Home, tmp_path: Path) -> None:
    planted.config.write_text('[camera]\nsource = "demo"\n[music]\nplayer = "null"\n')
    texts = bundle(planted, tmp_path / "s.zip")
    assert set(texts) == {"versions.json", "config.toml", "check.json", "health.json", "journal.txt"}
    assert json.loads(texts["versions.json"])["packages"]["numpy"]
    assert {"camera", "model", "state folder"} <= {finding["subject"] for finding in json.loads(texts["check.json"])}
    health = json.loads(texts["health.json"])
    assert not health["running"]
    assert health["folders"]["state"]["files"]["state.json"] > 0
    assert "mood happy" in texts["journal.txt"]
    assert 'source = "demo"' in texts["config.toml"]


def test_no_secret_is_in_it_wherever_it_was(planted: Home, tmp_path: Path) -> None:
    texts = bundle(planted, tmp_path / "s.zip")
    raw = (tmp_path / "s.zip").read_bytes()
    for name, text in texts.items():
        assert "Sec-" not in text, name
        assert "Sec-" not in name
    assert b"Sec-" not in raw
    # It would not be a report if nothing was left.
    assert "door.local" in texts["config.toml"]
    assert "mood happy" in texts["journal.txt"]
    assert (tmp_path / "s.zip").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "settings",
    [
        '[mqtt]\nhost = "b"\npassword = "Sec-typed-here"\n',
        '[mqtt]\nhost = "mqtt://me:Sec-typed-here@b"\n',
        '[camera]\nsource = "rtsp://me:Sec-typed-here@door/1"\n',
        "[mqtt]\npassword = Sec-typed-here\n",
    ],
)
def test_a_configuration_with_mistakes_is_told_without_its_secrets(
    settings: str, planted: Home, tmp_path: Path
) -> None:
    planted.config.write_text(settings)
    texts = bundle(planted, tmp_path / "s.zip")
    assert "config-error.txt" in texts
    # Without its line nothing says that the name in the journal is a user's.
    assert "Sec-" not in "".join(texts.values()).replace("Sec-user", "")
    assert json.loads(texts["check.json"])[0]["subject"] == "configuration"


def test_no_picture_is_in_it(planted: Home, tmp_path: Path) -> None:
    planted.config.write_text('[camera]\nsource = "demo"\n[music]\nplayer = "null"\n[privacy]\nsnapshot = true\n')
    (planted.state / "snapshot.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    texts = bundle(planted, tmp_path / "s.zip")
    assert all(name.rpartition(".")[2] in {"json", "toml", "txt"} for name in texts)
    whole = "".join(texts.values())
    for picture in (b"\xff\xd8\xff", b"\x89PNG", b"GIF8"):
        assert base64.b64encode(picture).decode()[:4] not in whole
        assert picture.decode("latin-1") not in whole


def test_without_a_journal_there_is_none(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "journal.txt" not in bundle(home, tmp_path / "s.zip")


@given(
    secret=st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Zs"]), min_size=3, max_size=20),
    before=st.text(max_size=9),
)
def test_a_known_secret_never_stays(secret: str, before: str) -> None:
    assert secret not in Scrubber([secret])(f"{before}{secret} rtsp://u:{secret}@h/").replace("(hidden)", "")


def test_what_is_no_secret_stays() -> None:
    text = "see https://example.org/docs; password_file is set, the keyboard too; monkey = 3"
    assert Scrubber(["hunter2"])(text) == text
