"""The commands of `mien`: what they print, and the exit code for each kind of trouble."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import psutil
import pytest

from mien_device.__main__ import main
from mien_models.shipped import find_model
from tests.listener import Listener
from tests.mosquitto import USER, Mosquitto, require_mosquitto

TINY = Path(__file__).parents[1] / "data" / "tiny_emotion"


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MIEN_STATE_DIR", "MIEN_CACHE_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("MIEN_CONFIG", raising=False)
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")


def config(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "mien.toml"
    path.write_text(text, encoding="utf-8")
    return ["--config", str(path)]


def fails(arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends with `code` and one line on standard error that holds `words`."""
    assert main(arguments) == code
    lines = capsys.readouterr().err.strip().splitlines()
    errors = [line for line in lines if line.startswith("mien: error: ")]
    assert len(errors) == 1
    assert words in errors[0]


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    text = capsys.readouterr().out
    assert "mien demo" in text
    assert "mien check" in text


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["run", "--seconds", "-1"],
        ["run", "--seconds", "nan"],
        ["demo", "--port", "99999"],
        ["discovery"],
        ["discovery", "purge", "--device", "../x"],
    ],
)
def test_misuse_is_two(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)


def test_config_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "new" / "mien.toml"
    assert main(["config", "init", "--out", str(target)]) == 0
    assert main(["config", "check", "--config", str(target)]) == 0
    fails(["config", "init", "--out", str(target)], 3, "exists already", capsys)
    assert main(["config", "show", "--config", str(target), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["camera"]["source"] == "auto"


def test_show_prints_no_password_of_a_camera(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = config(tmp_path, '[camera]\nsource = "opencv:rtsp://me:hunter2@door/one?key=hunter2"\n')
    for more in ([], ["--json"]):
        assert main(["config", "show", *settings, *more]) == 0
        text = capsys.readouterr().out
        assert "opencv:rtsp://door" in text
        assert "hunter2" not in text


def test_check_sees_settings_that_do_not_fit_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = config(tmp_path, '[mqtt]\nhost = "localhost"\nca_file = "/ca.pem"\n')
    fails(["config", "check", *settings], 3, "'mqtt.ca_file' is set but 'mqtt.tls' is not", capsys)
    assert main(["config", "check", "--json", *settings]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert "mqtt.ca_file" in found["error"]


def test_discovery_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = config(tmp_path, '[mqtt]\ndevice_id = "hall"\n[home_assistant]\nname = "Mien hallway"\n')
    assert main(["discovery", "show", *named]) == 0
    text = capsys.readouterr().out
    assert "Mien hallway (mien_hall), on homeassistant/device/mien_hall/config:" in text
    assert "  switch  Camera" in text
    assert "left out here, because it is not there, not configured, or only in the service: restart, snapshot" in text
    assert main(["discovery", "show", "--json", *named]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["topic"] == "homeassistant/device/mien_hall/config"
    assert shown["payload"]["cmps"]["camera"]["cmd_t"] == "mien/hall/camera/set"


def test_purge_wants_a_broker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fails(["discovery", "purge", *config(tmp_path, "")], 3, "'mqtt.host' is not set", capsys)


def test_purge_clears_what_the_broker_keeps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What Home Assistant makes of it is seen in tests/home_assistant/."""
    require_mosquitto()
    (tmp_path / "broker").mkdir()
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as home:
        for topic in ("mien/old/availability", "mien/old/mood/state", "mien/other/availability"):
            home.publish(topic, "offline", retain=True)
        named = config(tmp_path, f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n')
        assert main(["discovery", "purge", "--device", "old", "--json", *named]) == 0
        assert json.loads(capsys.readouterr().out) == {
            "device": "old",
            "cleared": ["homeassistant/device/mien_old/config", "mien/old/availability", "mien/old/mood/state"],
        }
        with Listener(broker.port) as late:
            late.wait_for("mien/other/availability")
            time.sleep(0.2)
            assert late.topics() == ["mien/other/availability"]
        home.publish("mien/old/availability", "online", retain=True)
        fails(["discovery", "purge", "--device", "old", *named], 10, "stop it first", capsys)


def test_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", str(TINY), "--json"]) == 0
    (described,) = json.loads(capsys.readouterr().out)
    assert described["kind"] == "emotion"
    assert main(["models"]) == 0
    assert "emotion" in capsys.readouterr().out


class TestTrouble:
    """One line with the remedy, and the exit code of the table."""

    def test_unknown_key(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        fails(["run", *config(tmp_path, "[camera]\nsorce = 1\n")], 3, "did you mean 'source'", capsys)

    def test_unknown_camera(self, capsys: pytest.CaptureFixture[str]) -> None:
        fails(["run", "--camera", "webcam"], 3, "--camera: 'source'", capsys)

    def test_unknown_camera_of_the_demo(self, capsys: pytest.CaptureFixture[str]) -> None:
        fails(["demo", "--camera", "rtsp://me:hunter2@door", "--seconds", "1"], 3, "must be auto", capsys)
        assert "hunter2" not in capsys.readouterr().err

    def test_missing_model(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        fails(["run", *config(tmp_path, '[model]\nemotion = "/none"\n')], 4, "neither a model directory nor", capsys)

    def test_exchanged_model(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        broken = tmp_path / "model"
        shutil.copytree(find_model("emotion"), broken)
        file = next(broken.glob("*.tflite"))
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
        fails(["run", *config(tmp_path, f'[model]\nemotion = "{broken}"\n')], 4, "sha256", capsys)

    def test_model_of_another_shape(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        broken = tmp_path / "model"
        shutil.copytree(TINY, broken)
        manifest = json.loads((broken / "manifest.json").read_text())
        manifest["input"]["shape"] = [1, 64, 64, 1]
        (broken / "manifest.json").write_text(json.dumps(manifest))
        fails(["run", *config(tmp_path, f'[model]\nemotion = "{broken}"\n')], 4, "manifest", capsys)

    def test_unreadable_video(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        video = tmp_path / "party.mp4"
        video.write_bytes(b"not a video")
        fails(["run", "--camera", f"replay:{video}"], 5, "party.mp4", capsys)

    def test_missing_video(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        fails(["run", "--camera", f"replay:{tmp_path / 'none.mp4'}"], 5, "none.mp4", capsys)

    def test_missing_ca(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        text = '[camera]\nsource = "demo"\n[mqtt]\nhost = "localhost"\ntls = true\nca_file = "/none.pem"\n'
        fails(["run", *config(tmp_path, text)], 3, "mqtt.ca_file", capsys)
        still_open = {Path(file.path).name for file in psutil.Process().open_files()}
        assert "library.sqlite3" not in still_open


class TestCheck:
    def test_everything_is_reported(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code = main(["check", "--json", *config(tmp_path, '[camera]\nsource = "demo"\n')])
        found = {finding["subject"]: finding for finding in json.loads(capsys.readouterr().out)}
        assert code == 0
        assert {"camera", "runtime", "model", "faces", "accelerator", "sound", "music", "broker"} <= set(found)
        assert found["broker"]["grade"] == "note"
        assert not (tmp_path / "MIEN_STATE_DIR").exists(), "a check leaves no trace"

    def test_mistakes_in_the_configuration_are_json_too(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["check", "--json", *config(tmp_path, "[camera]\nsorce = 1\n")]) == 3
        (finding,) = json.loads(capsys.readouterr().out)
        assert (finding["subject"], finding["grade"]) == ("configuration", "mend")
        assert "camera.sorce" in finding["found"]

    def test_the_first_thing_to_mend_decides_the_exit_code(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        text = '[camera]\nsource = "replay:/none.mp4"\n[model]\naccelerator = "edgetpu"\n[mqtt]\nhost = "127.0.0.1"\nport = 1\n'
        assert main(["check", *config(tmp_path, text)]) == 5
        report = capsys.readouterr().out
        assert report.count("mend") >= 3
        assert "none.mp4" in report
        assert "Edge TPU" in report

    def test_a_broker_that_refuses_the_password(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        require_mosquitto()
        monkeypatch.setenv("MIEN_MQTT_PASSWORD", "wrong horse")
        with Mosquitto(tmp_path, password=True) as broker:
            text = f'[camera]\nsource = "demo"\n[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\nusername = "{USER}"\n'
            assert main(["check", *config(tmp_path, text)]) == 7
        (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("mend")]
        assert "password" in line
        assert "wrong horse" not in line
