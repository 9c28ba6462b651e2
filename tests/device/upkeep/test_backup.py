"""Backups: what is in them and what is not, and that a restore does all of it or nothing."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import stat
import struct
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mien_device.__main__ import main
from mien_device.config import Config
from mien_device.history.store import History
from mien_device.library.database import FILE
from mien_device.library.store import Library
from mien_device.upkeep.archive import LIMITS, read_archive
from mien_device.upkeep.backup import credential_files
from mien_device.upkeep.inuse import alone, in_use, is_in_use
from mien_device.upkeep.restore import finish, finish_interrupted, restore
from mien_models.errors import DataError, InUseError
from tests.device.library.audio import write_sound
from tests.device.upkeep.conftest import SECRETS, Home, make_home
from tests.disks import SmallDisk
from tests.end_to_end.device import Device
from tests.killed import killed_at_each_step
from tests.needs import give_up
from tests.waiting import wait_until


def everything(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def backup(home: Home, target: Path, *more: str) -> Path:
    assert main(["backup", str(target), *home.arguments(), *more]) == 0
    return target


def test_what_is_saved_comes_back(home: Home, other: Home, tmp_path: Path) -> None:
    saved = backup(home, tmp_path / "b.zip", "--with-credentials")
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    before = home.content()
    home.config.write_text("version = 1\n")
    (home.state / "state.json").write_text("{}")
    with Library.open(home.state) as library:
        library.uncorrect(library.songs()[0].id)
    for name in ("client.key", "page_token"):
        (home.config.parent / name).unlink()
    history = History(home.state)
    history.erase()
    history.close()
    assert main(["restore", str(saved), *home.arguments()]) == 0
    assert home.content() == before
    assert (home.config.parent / "client.key").read_text() == "Sec-private-key\n"
    assert (home.config.parent / "page_token").read_text() == "Sec-token-of-the-page\n"
    assert stat.S_IMODE((home.config.parent / "client.key").stat().st_mode) == 0o600
    assert sorted(path.name for path in home.state.iterdir() if path.is_dir()) == []

    # On another device: what it had is replaced, what the backup does not hold stays.
    (other.state / "more").write_text("stays")
    assert main(["restore", str(saved), *other.arguments()]) == 0
    assert other.content() == before
    assert (other.state / "more").exists()


def test_a_backup_may_hold_every_credential_there_is() -> None:
    assert {name for name, _ in credential_files(Config())} <= LIMITS.keys()


def test_a_library_that_is_being_written_is_saved_whole(home: Home, tmp_path: Path) -> None:
    with Library.open(home.state) as writer:  # what it wrote last lies in the -wal file only
        for number in range(5):
            writer.like(writer.songs()[0].id, True, at=float(number))
        saved = backup(home, tmp_path / "b.zip")
    with zipfile.ZipFile(saved) as archive:
        archive.extract(FILE, tmp_path / "x")
    with closing(sqlite3.connect(tmp_path / "x" / FILE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM liking").fetchone() == (5,)


def test_no_secret_is_saved_unless_asked_for(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = backup(home, tmp_path / "b.zip")
    text = everything(saved)
    assert [secret for secret in SECRETS if secret in text] == []
    assert "Sec-path" not in text
    assert "old camera" in text  # comments stay
    capsys.readouterr()
    assert main(["restore", str(saved), *home.arguments()]) == 0
    assert "complete camera.source" in capsys.readouterr().out
    assert (home.config.parent / "mqtt_password").read_text() == "Sec-password\n"  # as it was
    text = everything(backup(home, tmp_path / "b.zip", "--with-credentials"))
    assert "Sec-password" in text


def test_a_password_that_cannot_be_cut_out_is_not_saved(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.config.write_text('[camera]\nsource = "opencv:rtsp\\u003a//v:Sec-camera@door/1"\n')
    assert main(["backup", str(tmp_path / "b.zip"), *home.arguments()]) == 3
    assert "--with-credentials" in capsys.readouterr().err
    assert not (tmp_path / "b.zip").exists()


def test_credentials_never_go_just_anywhere(home: Home, other: Home, tmp_path: Path) -> None:
    """What is in a backup may name any place of the machine that it is restored on."""
    outside = tmp_path / "outside"
    outside.write_text("Sec-password\n")
    home.config.write_text(f'[mqtt]\nhost = "b"\npassword_file = "{outside}"\n')
    saved = backup(home, tmp_path / "b.zip", "--with-credentials")
    outside.write_text("precious\n")
    done = restore(saved, other.config, other.state)
    assert outside.read_text() == "precious\n"
    assert (other.config.parent / "mqtt_password").read_text() == "Sec-password\n"
    assert any(str(outside) in note for note in done.notes)


def test_while_mien_runs_it_is_saved_but_not_restored(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "device"
    folder.mkdir()
    with Device(folder, '[camera]\nsource = "demo"\n[music]\nplayer = "null"\n', home=home.state.parent) as device:
        wait_until(lambda: "mien_device.daemon: player" in device.log, lambda: device.log)
        saved = backup(home, tmp_path / "b.zip")
        capsys.readouterr()
        assert main(["restore", str(saved), *home.arguments()]) == 5
        assert "mien is running; stop it first" in capsys.readouterr().err
        device.process.kill()
        device.process.wait()
    assert main(["restore", str(saved), *home.arguments()]) == 0


def test_while_a_scan_runs_nothing_is_restored(home: Home, tmp_path: Path) -> None:
    saved = backup(home, tmp_path / "b.zip")
    with Library.open(home.state) as library, library.scanning(), pytest.raises(DataError, match="mien is running"):
        restore(saved, home.config, home.state)


def test_where_the_configuration_finds_no_room_nothing_is_restored(home: Home, other: Home, tmp_path: Path) -> None:
    saved = backup(home, tmp_path / "b.zip", "--with-credentials")
    with SmallDisk(tmp_path / "disk", 1 << 20) as disk:
        config = shutil.copyfile(other.config, disk.folder / "mien.toml")
        disk.fill()
        before = Home(config, other.state).content()
        with pytest.raises(DataError, match="No space left"):
            restore(saved, config, other.state)
        finish(other.state)
        assert Home(config, other.state).content() == before
        assert {path.name for path in disk.folder.iterdir()} == {"mien.toml", "ballast"}
    assert not (other.state / "restore.part").exists()


def test_a_folder_where_a_file_belongs_is_said_before_anything_is_changed(
    home: Home, other: Home, tmp_path: Path
) -> None:
    saved = backup(home, tmp_path / "b.zip", "--with-credentials")
    (other.config.parent / "client.crt").unlink()
    (other.config.parent / "client.crt").mkdir()
    before = other.content()
    with pytest.raises(DataError, match=r"client\.crt: is a folder where a file belongs"):
        restore(saved, other.config, other.state)
    finish(other.state)
    assert other.content() == before
    assert not [path.name for path in other.config.parent.iterdir() if "restored" in path.name]


def test_killed_at_any_step_it_is_all_or_nothing(home: Home, in_memory: Path) -> None:
    """The state folder: what lies elsewhere is put there at once, but the start of the daemon may not write there."""
    saved = backup(home, in_memory / "b.zip", "--with-credentials")
    new = home.content()
    place = in_memory / "place"
    make_home(in_memory / "template", volume=5, seed=1)
    target = Home(place / "etc" / "mien.toml", place / "state")
    seen = set()

    def prepare() -> None:
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(in_memory / "template", place)

    prepare()
    old = target.content()
    steps = 0
    for number in killed_at_each_step(lambda: restore(saved, target.config, target.state), prepare):
        steps = number
        finish(target.state)
        now = target.content()
        config = now.pop("config")
        assert config in {old["config"], new["config"]}
        which = next(
            name
            for name, whole in (("old", old), ("new", new))
            if now == {k: v for k, v in whole.items() if k != "config"}
        )
        if which == "old":
            assert config == old["config"]
        seen.add((which, config == new["config"]))
    assert ("old", False) in seen
    assert ("new", True) in seen
    assert steps > 20
    assert now | {"config": config} == new
    assert main(["restore", str(saved), *target.arguments()]) == 0  # and what was left does not stand in the way


def test_root_restores_for_the_user_whose_folder_it_is(home: Home, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        give_up("only root can restore for somebody else")
    saved = backup(home, tmp_path / "b.zip", "--with-credentials")
    shutil.rmtree(home.config.parent)
    for path in (home.state, *home.state.iterdir()):
        os.chown(path, 12345, 12346)
    assert main(["restore", str(saved), *home.arguments()]) == 0
    owners = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in home.state.iterdir()}
    assert set(owners.values()) == {(12345, 12346)}, owners
    assert stat.S_IMODE(home.config.parent.stat().st_mode) == 0o755
    # The configuration stays root's, and the service may read it, not write it; the password is the service's alone.
    config, key = home.config.stat(), (home.config.parent / "client.key").stat()
    assert (config.st_uid, config.st_gid, stat.S_IMODE(config.st_mode)) == (0, 12346, 0o640)
    assert (key.st_uid, stat.S_IMODE(key.st_mode)) == (12345, 0o600)


def test_the_daemon_finishes_what_was_cut_off(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    whole = home.state / "restore"
    whole.mkdir()
    (whole / "state.json").write_text('{"volume": 1}')
    with in_use(home.state):
        finish_interrupted(home.state)
    assert json.loads((home.state / "state.json").read_text()) == {"volume": 1}
    assert "was finished" in caplog.text
    assert not whole.exists()


def test_a_second_daemon_is_refused_and_one_who_only_asks_is_no_daemon(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien_device.upkeep.inuse.PATIENCE_S", 0.1)
    assert not is_in_use(home.state)
    with in_use(home.state):
        assert is_in_use(home.state)
        with (
            pytest.raises(InUseError, match="another mien runs with this state folder; stop it first"),
            in_use(home.state),
        ):
            pass
    with in_use(home.state):
        pass
    with alone(home.state), pytest.raises(InUseError), in_use(home.state):
        pass


def rewritten(source: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    with zipfile.ZipFile(source) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target


def listed(archive: dict[str, bytes], /, **more: object) -> None:
    archive["backup.json"] = json.dumps(json.loads(archive["backup.json"]) | more).encode()


def add_to_listing(files: dict[str, bytes], name: str, content: bytes) -> None:
    import hashlib

    entry = {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    known = [saved for saved in json.loads(files["backup.json"])["files"] if saved["name"] != name]
    files[name] = content
    listed(files, files=[*known, entry])


def newer_library(files: dict[str, bytes], folder: Path) -> None:
    path = folder / "newer"
    path.write_bytes(files[FILE])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
    add_to_listing(files, FILE, path.read_bytes())


def torn_library(files: dict[str, bytes]) -> None:
    content = bytearray(files[FILE])
    content[5000:9000] = bytes(4000)
    add_to_listing(files, FILE, bytes(content))


BAD: dict[str, tuple[Callable[[dict[str, bytes]], None], str]] = {
    "traversal": (lambda files: add_to_listing(files, "../../etc/passwd", b"x"), "does not belong there"),
    "absolute": (lambda files: add_to_listing(files, "/etc/passwd", b"x"), "does not belong there"),
    "stranger": (lambda files: add_to_listing(files, "evil.so", b"x"), "does not belong there"),
    "no listing": (lambda files: files.pop("backup.json") and None, "no backup.json"),
    "not listed": (lambda files: listed(files, files=[]), "lists other files"),
    "newer": (lambda files: listed(files, version=2, surprise=True), "made by a newer mien"),
    "nonsense": (lambda files: listed(files, mien=None), "'mien'"),
    "exchanged": (lambda files: files.update({"state.json": b'{"camera": true}'}), "is not what was saved"),
    "bad settings": (lambda files: add_to_listing(files, "mien.toml", b"[musik]\n"), "did you mean 'music'"),
    "bad state": (lambda files: add_to_listing(files, "state.json", b"[" * 100_000), "state.json: damaged"),
    "torn library": (torn_library, "library.sqlite3: "),
    "no library": (lambda files: add_to_listing(files, FILE, b"hello" * 100), "library"),
    "no history": (lambda files: add_to_listing(files, "history.sqlite3", b"hello" * 100), "history.sqlite3: damaged"),
    "large state": (lambda files: add_to_listing(files, "state.json", b" " * (2 << 20)), "larger than it may be"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_archives_change_nothing(name: str, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change, words = BAD[name]
    bad = rewritten(backup(home, tmp_path / "b.zip"), tmp_path / "bad.zip", change)
    refused(bad, words, home, capsys)


def refused(bad: Path, words: str, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    before, names = home.content(), set(home.state.iterdir())
    capsys.readouterr()
    assert main(["restore", str(bad), *home.arguments()]) == 5
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("mien: error: ")
    assert words in line
    assert home.content() == before
    assert {path.name for path in home.state.iterdir()} - {path.name for path in names} <= {"mien.lock", "library.lock"}


def test_a_library_of_tomorrow_changes_nothing(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = rewritten(
        backup(home, tmp_path / "b.zip"), tmp_path / "bad.zip", lambda files: newer_library(files, tmp_path)
    )
    refused(bad, "update mien", home, capsys)


def test_parts_of_an_archive_and_no_archives_change_nothing(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = backup(home, tmp_path / "b.zip").read_bytes()
    bad = tmp_path / "bad.zip"
    for content in (b"", b"hello", whole[: len(whole) // 2], whole[:-1], whole[10:], whole + b"x", os.urandom(2000)):
        bad.write_bytes(content)
        refused(bad, "damaged, or no backup", home, capsys)
    for place in range(60, len(whole) - 60, len(whole) // 20):
        broken = bytearray(whole)
        broken[place] ^= 0xFF
        bad.write_bytes(broken)
        if main(["restore", str(bad), *home.arguments()]) == 0:  # a bit that means nothing, such as a file's date
            continue
        capsys.readouterr()
        refused(bad, "nothing was changed", home, capsys)
    refused(tmp_path / "missing.zip", "No such file", home, capsys)


def test_whatever_byte_of_its_directory_is_wrong_it_is_a_damaged_backup(home: Home, tmp_path: Path) -> None:
    whole = backup(home, tmp_path / "b.zip").read_bytes()
    bad = tmp_path / "bad.zip"
    refusals = 0
    directory = whole.find(b"PK\1\2")
    for place in range(directory, directory + 64):  # all of its first entry
        for bit in (0x01, 0xFF):
            broken = bytearray(whole)
            broken[place] ^= bit
            bad.write_bytes(broken)
            (folder := tmp_path / f"{place}-{bit}").mkdir()
            try:
                read_archive(bad, folder)
            except DataError:
                refusals += 1
            shutil.rmtree(folder)
    assert refusals > 50


def test_bombs_are_not_unpacked(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = backup(home, tmp_path / "b.zip")
    # A member that is far larger than it says: the listing is believed, and no more is ever unpacked.
    bomb = rewritten(saved, tmp_path / "bomb.zip", lambda files: files.update({"state.json": bytes(64 << 20)}))
    content = bytearray(bomb.read_bytes())
    for signature, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        place = content.find(b"state.json", 0 if signature == b"PK\3\4" else content.find(signature))
        header = content.rfind(signature, 0, place)
        struct.pack_into("<L", content, header + at, 30)
    bomb.write_bytes(content)
    refused(bomb, "nothing was changed", home, capsys)
    # A million members: refused by the archive's own end, before a record is made of each.
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(1000):
            archive.writestr(f"{number}", b"")
    bomb.write_bytes(many.getvalue())
    refused(bomb, "more in it than a backup has", home, capsys)


def test_what_cannot_be_written_is_said_and_nothing_left(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", str(tmp_path / "no" / "folder" / "b.zip"), *home.arguments()]) == 5
    assert "No such file or directory" in capsys.readouterr().err
    assert not any(path.name.startswith(".") for path in tmp_path.iterdir())


def test_answers_for_programs(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    backup(home, tmp_path / "b.zip", "--json")
    made = json.loads(capsys.readouterr().out)
    assert {saved["name"] for saved in made["files"]} == {
        "mien.toml",
        "state.json",
        "discovery.json",
        "device-id",
        "history.sqlite3",
        FILE,
    }
    assert made["shortened"]
    write_sound(tmp_path / "unused.wav")
    assert main(["restore", str(tmp_path / "b.zip"), *home.arguments(), "--json"]) == 0
    assert str(home.config) in json.loads(capsys.readouterr().out)["restored"]
