"""For the person who sets mien up: a `Workshop`. Nothing here writes a file, least of all the configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError

from mien_device.checks import Finding, Grade, check_all, check_sound, check_upright, to_mend
from mien_device.config import Config
from mien_device.config.schema import MqttConfig
from mien_device.home.once import try_connect
from mien_device.library.database import FILE
from mien_device.library.store import Library
from mien_device.music.playlist import Playlists
from mien_device.page import Json, Outcome, Reply
from mien_device.page.feed import Feed
from mien_device.showing.framing import Framing, as_record
from mien_device.showing.nearby import look_around
from mien_models.errors import BrokerError, CameraError, ConfigError, MissingDependencyError, MusicError
from mien_models.labels import Emotion
from mien_models.validation import explain

TRY_S = 5.0
"""So long a broker may take to answer."""


class Setup:
    """Used by any thread."""

    def __init__(self, config: Config, load: Callable[[], Config], feed: Feed, folder: Path) -> None:
        """Prepare it.

        Args:
            config: the settings with which mien runs.
            load: reads them again: what a person changes is checked before mien is started with it.
            feed: what is known of the parts that the daemon has in its hands.
            folder: of the library.

        """
        self._config, self._load, self._feed, self._folder = config, load, feed, folder
        self.framing_seen = Framing()
        """For the vision thread."""

    def checks(self) -> Reply:
        """What `mien check` finds. Camera, Coral and sound card are in the daemon's hands, which says how they are."""
        own = {"camera": self._camera, "accelerator": self._accelerator, "sound": self._sound}
        findings = check_all(self._load, own)
        return Reply(Outcome.DONE, {"findings": [asdict(finding) for finding in findings]})

    def framing(self) -> Reply:
        """Where faces lie in the camera's picture."""
        sight = self.framing_seen.look()
        if sight is not None:
            return Reply(Outcome.DONE, as_record(sight, self._config.faces.min_height))
        words = self._ailing("camera") or "The camera gives no picture yet."
        if self._is_off:
            words = "The camera is switched off."
        return Reply(Outcome.DONE, {"advice": words, "good": False, "faces": []})

    def music(self) -> Reply:
        """Folders and library."""
        config = self._config.music
        playlists = Playlists(config, may_be_empty=True)
        counts = {str(emotion): len(playlists.tracks(emotion)) for emotion in Emotion}
        songs = None
        try:
            if (self._folder / FILE).exists():
                with Library.open(self._folder) as library:
                    heard = [song.estimate is not None for song in library.songs()]
                songs = {"all": len(heard), "heard": sum(heard)}
        except MusicError as error:
            return Reply(Outcome.UNSAVED, {}, str(error))
        return Reply(
            Outcome.DONE,
            {
                "folder": str(config.folder),
                "folders": counts,
                "library": songs,
                "choose": config.choose,
                "problems": list(playlists.problems),
            },
        )

    def nearby(self) -> Reply:
        """Who announces itself."""
        try:
            return Reply(Outcome.DONE, {"found": [asdict(neighbour) for neighbour in look_around()]})
        except MissingDependencyError as error:
            return Reply(Outcome.REFUSED, {}, str(error))
        except OSError as error:
            return Reply(Outcome.REFUSED, {}, f"nobody can be asked: {error.strerror or error}; check the network")

    def try_broker(self, host: str, port: int, *, tls: bool, username: str, password: str) -> Reply:
        """Connect once, with the certificates of the configuration."""
        wanted: dict[str, Json] = {"host": host, "tls": tls, "username": username} | ({"port": port} if port else {})
        certificates = ("ca_file", "client_cert_file", "client_key_file")
        more = {name: getattr(self._config.mqtt, name) for name in certificates} if tls else {}
        try:
            config = MqttConfig.model_validate(wanted | more)
            try_connect(config, password or None, TRY_S)
        except ValidationError as error:
            return Reply(Outcome.REFUSED, {}, "; ".join(explain(error, MqttConfig)))
        except (BrokerError, ConfigError) as error:  # it was tried, and that is what was found
            return Reply(Outcome.DONE, {"trouble": str(error)})
        return Reply(Outcome.DONE, {"lines": lines_for(wanted, has_password=bool(password))})

    def _camera(self, config: Config) -> list[Finding]:
        if self._is_off:
            return [Finding("camera", Grade.NOTE, "switched off", "switch it on, above")]
        if (trouble := self._ailing("camera")) is not None:
            return [to_mend("camera", trouble, code=CameraError.exit_code)]
        frame = self.framing_seen.frame()
        if frame is None:
            return [Finding("camera", Grade.NOTE, "no picture came just now", "check again in a moment")]
        height, width = frame.image.shape[:2]
        name = self._info("camera")
        return [Finding("camera", Grade.OK, f"{name}, {width}x{height}, gives pictures"), *check_upright(config, frame)]

    def _accelerator(self, config: Config) -> list[Finding]:
        name = self._info("accelerator")
        return self._in_hand("accelerator", "processor" if name == "cpu" else name)

    def _sound(self, config: Config) -> list[Finding]:
        if config.music.player in {"null", "wav"}:  # no card is asked for
            return check_sound(config)
        return self._in_hand("sound", self._info("player"))

    def _in_hand(self, part: str, name: str) -> list[Finding]:
        trouble = self._ailing(part)
        return [Finding(part, Grade.OK, name) if trouble is None else Finding(part, Grade.NOTE, trouble)]

    @property
    def _is_off(self) -> bool:
        return bool(self._told("camera/state") == "OFF")

    def _ailing(self, part: str) -> str | None:
        return ((self._told("health/state") or {}).get("reasons") or {}).get(part)

    def _info(self, key: str) -> str:
        return str((self._told("info") or {}).get(key, "unknown"))

    def _told(self, topic: str) -> Json:
        return self._feed.state["topics"].get(topic, {}).get("value")


def lines_for(wanted: dict[str, Json], *, has_password: bool) -> str:
    """The section of the configuration, TOML; the password belongs into a file of its own."""
    # JSON's strings, numbers and booleans are TOML's as well (toml.io/en/v1.0.0), but for the sign DEL, which cannot come here.
    lines = [
        f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in wanted.items() if value or key == "host"
    ]
    if has_password:
        lines.append('password_file = "/etc/mien/mqtt_password"')
    return "\n".join(["[mqtt]", *lines, ""])
