"""Where models come from: a folder, and a real web server with TLS, which may be anybody's."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mien_device.updates import Offer
from mien_device.updates.search import Search
from mien_device.updates.source import at_hand, offer_at, offers_in
from mien_device.updates.versions import is_newer
from mien_models.errors import DataError, MienError, SignatureError
from mien_models.manifest import load_manifest
from mien_models.shipped import find_model
from mien_models.signing import make_key
from tests.device.updates.conftest import Key, model
from tests.device.updates.https import serving
from tests.mosquitto import Authority, require_mosquitto


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    require_mosquitto()  # for openssl
    return Authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture
def site(tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A folder and its address."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    folder = tmp_path / "site"
    folder.mkdir()
    with serving(folder, authority) as address:
        yield folder, address


def test_only_signed_models_in_the_folder_are_offered(key: Key, tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    assert offers_in(drop, (key.public,)) == ([], [])
    model(drop / "good", key)
    shutil.copytree(find_model("emotion"), drop / "unsigned")
    model(drop / "strange", Key(tmp_path / "k", make_key(tmp_path / "k")))
    (drop / "no model").mkdir()
    (drop / "a file").write_text("")
    offers, troubles = offers_in(drop, (key.public,))
    assert [(offer.version, offer.place) for offer in offers] == [("99.1", str(drop / "good"))]
    assert len(troubles) == 2
    assert all("mien-convert sign" in trouble or "updates.keys" in trouble for trouble in troubles)


def test_what_cannot_be_read_is_said_and_costs_nothing(key: Key, tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    (drop / "odd" / "manifest.json").mkdir(parents=True)  # which not even root can read as a file
    model(drop / "good", key)
    offers, (trouble,) = offers_in(drop, (key.public,))
    assert len(offers) == 1
    assert "Is a directory" in trouble


def test_it_is_fetched_whole(key: Key, site: tuple[Path, str]) -> None:
    folder, address = site
    source = model(folder / "emotion", key)
    offer = offer_at(f"{address}/emotion/", (key.public,))
    assert (offer.name, offer.version) == ("emotion", "99.1")
    with at_hand(offer, (key.public,)) as here:
        assert load_manifest(here) == load_manifest(source)
        assert {path.name for path in here.iterdir()} == {
            "manifest.json",
            "manifest.sig",
            load_manifest(source).file.path,
        }
    assert not here.exists()


def test_nothing_is_fetched_before_the_signature_is_good(key: Key, site: tuple[Path, str], tmp_path: Path) -> None:
    folder, address = site
    source = model(folder / "emotion", Key(tmp_path / "k", make_key(tmp_path / "k")))
    next(source.glob("*.tflite")).unlink()  # who asked for it would fail with another error
    offer = Offer("emotion", "99.1", "", f"{address}/emotion")
    for fetch in (lambda: offer_at(offer.place, (key.public,)), lambda: at_hand(offer, (key.public,)).__enter__()):
        with pytest.raises(SignatureError):
            fetch()


def test_a_server_can_do_no_harm(key: Key, site: tuple[Path, str], authority: Authority) -> None:
    folder, address = site
    source = model(folder / "emotion", key)
    bad = {
        "nothing there": (f"{address}/none", "HTTP status 404"),
        "without end": (f"{address}/endless", "more than the"),
        "nobody": ("https://localhost:1/emotion", "Connection refused"),
    }
    for place, words in bad.values():
        with pytest.raises(DataError, match=words):
            offer_at(place, (key.public,))
    (network,) = source.glob("*.tflite")
    with network.open("ab") as file:
        file.write(b"x")
    with (
        pytest.raises(DataError, match="more than the"),
        at_hand(Offer("emotion", "99.1", "", f"{address}/emotion"), (key.public,)),
    ):
        pass
    with (
        serving(folder, authority, away="http://localhost:1/") as elsewhere,
        pytest.raises(DataError, match="not https"),
    ):
        offer_at(f"{elsewhere}/away/emotion", (key.public,))
    with serving(folder, authority, away=f"{address}/") as elsewhere:
        assert offer_at(f"{elsewhere}/away/emotion", (key.public,)).version == "99.1"


def test_a_server_whose_certificate_does_not_count_is_not_asked(
    key: Key, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, address = site
    model(folder / "emotion", key)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    with pytest.raises(DataError, match="certificate verify failed"):
        offer_at(f"{address}/emotion", (key.public,))


def test_the_newest_that_may_come_is_chosen(key: Key, tmp_path: Path, config: object) -> None:
    settings = config()  # type: ignore[operator]
    running = load_manifest(find_model("emotion"))
    search = Search(settings)
    assert search.look(running, (), ask_network=False) is None
    for version in ("99.9", "99.10", "0.0.1", running.version):
        model(settings.folder / version, key, version)
    newest = search.look(running, (), ask_network=False)
    assert newest is not None
    assert newest.version == "99.10"
    second = search.look(running, (newest.sha256,), ask_network=False)
    assert second is not None
    assert second.version == "99.9"  # the one that failed here is not offered again, and none that is older than ours
    model(settings.folder / "own", key, "0.1", name="my-own")
    for folder in ("99.9", "99.10"):
        shutil.rmtree(settings.folder / folder)
    own = search.look(running, (), ask_network=False)
    assert own is not None
    assert own.name == "my-own"  # of another name every version may come


def test_the_network_is_asked_only_when_somebody_asks(
    key: Key, config: object, caplog: pytest.LogCaptureFixture
) -> None:
    search = Search(config(url="https://localhost:1/emotion"))  # type: ignore[operator]
    running = load_manifest(find_model("emotion"))
    assert search.look(running, (), ask_network=False) is None
    assert search.trouble == ""
    assert search.look(running, (), ask_network=True) is None
    assert "Connection refused" in search.trouble


@pytest.mark.parametrize("url", ["http://example.org/m", "file:///etc", "ftp://x/y", "https://x/y?z=1", "https://"])
def test_only_https_is_a_place(url: str, config: object) -> None:
    with pytest.raises(ValueError, match="url"):
        config(url=url)  # type: ignore[operator]


def test_versions() -> None:
    rising = ["nonsense", "0.1", "0.1.1", "0.2rc1", "0.2", "0.10", "1.0-rc", "1.0", "1.0.1", "10"]
    for older, newer in itertools.pairwise(rising):
        assert is_newer(newer, older)
        assert not is_newer(older, newer)
    assert not is_newer("1.0", "1.0.0")


def test_a_model_that_vanishes_is_an_error_of_one_line(key: Key, tmp_path: Path) -> None:
    with pytest.raises(MienError), at_hand(Offer("e", "1", "", "https://localhost:1"), (key.public,)):
        pass
