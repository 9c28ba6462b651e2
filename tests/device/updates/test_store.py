"""Models on the disk: only signed and whole ones, one that answers at every moment, and the way back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mien_device.updates import Phase
from mien_device.updates.store import FILE, STARTS, Store
from mien_models.errors import DataError, ManifestError, MienError, SignatureError
from mien_models.runner import Classifier
from mien_models.shipped import find_model
from mien_models.signing import SIGNATURE_NAME, make_key, sign
from tests.device.updates.conftest import Key, model, unlike
from tests.killed import killed_at_each_step

SHIPPED = find_model("emotion")


@pytest.fixture
def store(tmp_path: Path, key: Key) -> Store:
    return Store(tmp_path / "models", (key.public,))


def again(store: Store, key: Key) -> Store:
    """As the next start finds it."""
    return Store(store.path("x").parent, (key.public,))


def test_without_an_update_the_shipped_model_answers_and_nothing_is_written(store: Store, tmp_path: Path) -> None:
    assert store.begin() == SHIPPED
    store.end()
    assert not (tmp_path / "models").exists()


def test_from_the_shadow_to_the_answer(store: Store, key: Key, tmp_path: Path) -> None:
    name, manifest = store.install(model(tmp_path / "new", key))
    assert manifest.version == "99.1"
    assert Classifier.open(store.path(name)).manifest == manifest
    assert sorted(path.name for path in store.path(name).iterdir()) == sorted(
        ["manifest.json", SIGNATURE_NAME, manifest.file.path]
    )  # what is not signed does not come along
    store.try_out(name)
    assert again(store, key).begin() == SHIPPED
    store.switch()
    assert again(store, key).begin() == store.path(name)
    store.settle("fine")
    after = again(store, key)
    assert (after.begin(), after.record.phase, after.record.last) == (store.path(name), Phase.IDLE, "fine")


def test_what_is_not_signed_is_not_installed(store: Store, key: Key, tmp_path: Path) -> None:
    stranger = Key(tmp_path / "stranger", make_key(tmp_path / "stranger"))
    exchanged = model(tmp_path / "exchanged", key)
    exchanged_file = next(exchanged.glob("*.tflite"))
    exchanged_file.write_bytes(exchanged_file.read_bytes()[:-1] + b"x")
    larger = model(tmp_path / "larger", key)
    with next(larger.glob("*.tflite")).open("ab") as file:
        file.write(b"more")
    edited = model(tmp_path / "edited", key)
    (edited / "manifest.json").write_text((edited / "manifest.json").read_text() + " ")
    unsigned = model(tmp_path / "unsigned", key)
    (unsigned / SIGNATURE_NAME).unlink()
    finder = Path(shutil.copytree(find_model("faces"), tmp_path / "finder"))
    sign(finder, key.file)
    bad: dict[Path, type[MienError]] = {
        model(tmp_path / "strange", stranger): SignatureError,
        exchanged: ManifestError,
        larger: ManifestError,
        edited: SignatureError,
        unsigned: DataError,
        finder: ManifestError,
        model(tmp_path / "odd", key, version="../../../etc"): ManifestError,
        tmp_path / "missing": DataError,
    }
    for source, error in bad.items():
        with pytest.raises(error):
            store.install(source)
        assert list((tmp_path / "models").iterdir()) == [], source


@pytest.mark.parametrize("phase", [Phase.SHADOW, Phase.PROBATION])
def test_a_model_that_mien_does_not_survive_is_taken_back(phase: Phase, store: Store, key: Key, tmp_path: Path) -> None:
    name, _ = store.install(model(tmp_path / "new", key))
    store.try_out(name)
    if phase is Phase.PROBATION:
        store.switch()
    expected = SHIPPED if phase is Phase.SHADOW else store.path(name)
    for _ in range(STARTS - 1):
        store = again(store, key)
        assert store.begin() == expected
        assert store.record.phase is phase
    store = again(store, key)
    assert store.begin() == SHIPPED
    assert store.record.phase is Phase.IDLE
    assert store.record.last == f"emotion-99.1 was taken back: mien came to a bad end {STARTS} times with it"
    assert len(store.record.rejected) == 1
    assert not store.path(name).exists()


def test_proper_ends_are_not_counted(store: Store, key: Key, tmp_path: Path) -> None:
    name, _ = store.install(model(tmp_path / "new", key))
    store.try_out(name)
    store.switch()
    for _ in range(3 * STARTS):
        store.end()
        store = again(store, key)
        assert store.begin() == store.path(name)


def test_back_is_the_model_of_before_and_not_just_any(store: Store, key: Key, tmp_path: Path) -> None:
    first, _ = store.install(model(tmp_path / "first", key, "99.1"))
    store.try_out(first)
    store.switch()
    store.settle("")
    second, _ = store.install(unlike(tmp_path / "second", key))
    store.try_out(second)
    store.switch()
    assert again(store, key).begin() == store.path(second)
    store.give_up("it is worse")
    assert again(store, key).begin() == store.path(first)


def test_an_installed_model_that_is_damaged_or_no_longer_trusted_is_never_opened(
    store: Store, key: Key, tmp_path: Path
) -> None:
    def installed() -> Path:
        name, _ = store.install(tmp_path / "new")
        store.try_out(name)
        store.switch()
        store.settle("")
        return store.path(name)

    model(tmp_path / "new", key)
    installed()
    assert Store(tmp_path / "models", (make_key(tmp_path / "other"),)).begin() == SHIPPED
    store = again(store, key)
    (network,) = installed().glob("*.tflite")
    content = bytearray(network.read_bytes())
    content[1000] ^= 1
    network.write_bytes(content)
    damaged = again(store, key)
    assert damaged.begin() == SHIPPED
    assert "damaged or exchanged" in damaged.record.last


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"current": "../../etc"}', b'{"current": "gone-1"}', b"\xff" * 99]
)
def test_a_record_that_is_damaged_leads_to_the_shipped_model(content: bytes, store: Store, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / FILE).write_bytes(content)
    assert Store(tmp_path / "models", ()).begin() == SHIPPED


def test_killed_at_any_step_a_whole_model_answers(key: Key, tmp_path: Path, in_memory: Path) -> None:
    """From the drop to the answer: at every moment the old model answers or the new one, and both are whole."""
    new = model(tmp_path / "new", key)
    folder = in_memory / "models"
    expected = json.loads((new / "manifest.json").read_text())["file"]["sha256"]
    old = json.loads((SHIPPED / "manifest.json").read_text())["file"]["sha256"]

    def update() -> None:
        store = Store(folder, (key.public,))
        store.begin()
        name, _ = store.install(new)
        store.try_out(name)
        store.switch()
        store.settle("")

    seen, steps = set(), 0
    for number in killed_at_each_step(update, lambda: shutil.rmtree(folder, ignore_errors=True)):
        steps = number
        store = Store(folder, (key.public,))
        classifier = Classifier.open(store.begin())  # raises for anything half-written
        seen.add((store.record.phase, classifier.manifest.version))
        assert classifier.manifest.file.sha256 in {expected, old}
        left = {path.name for path in folder.glob("*")} if folder.exists() else set()
        assert not any(name.startswith(".new-") for name in left), left
        store.end()
    assert steps > 15
    assert {phase for phase, _ in seen} == {Phase.IDLE, Phase.SHADOW, Phase.PROBATION}
    assert seen >= {(Phase.SHADOW, store_version(SHIPPED)), (Phase.PROBATION, "99.1"), (Phase.IDLE, "99.1")}


def store_version(directory: Path) -> str:
    return str(json.loads((directory / "manifest.json").read_text())["version"])


def test_a_disk_that_is_full_leaves_the_old_model(
    store: Store, key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mien_device.updates import store as module

    source = model(tmp_path / "new", key)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "somewhere")

    monkeypatch.setattr(module, "_copy_file", full)
    with pytest.raises(DataError, match="No space left"):
        store.install(source)
    assert again(store, key).begin() == SHIPPED
