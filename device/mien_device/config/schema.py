"""Every setting, with its default and what it means. `mien config init` writes this file's words as comments."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from mien_models.labels import Emotion
from mien_models.runtime import Accelerator
from mien_models.validation import Strict

UserPath = Annotated[Path, AfterValidator(lambda path: path.expanduser())]


class CameraConfig(Strict):
    """Where the pictures come from."""

    source: str = "auto"
    """auto (a Pi camera, else the first webcam), picamera2, opencv:0 (a webcam's number or /dev/videoN),
    opencv:rtsp://… (a network camera), replay:PATH (a video, a picture or a folder of them), or demo."""
    width: int = Field(640, ge=160, le=4096)
    height: int = Field(480, ge=120, le=4096)
    fps: float = Field(10.0, ge=1, le=120)
    """Frames a second. Ten are enough for a mood; more only warms the board. A video in place of a camera keeps its own."""
    rotate: Literal[0, 90, 180, 270] = 0
    """Degrees clockwise to turn the picture upright."""
    loop: bool = True
    """Whether a replay begins again at its end."""
    timeout_s: float = Field(5.0, gt=0)
    """A camera that gives no frame for so long is closed and opened again."""

    @field_validator("source")
    @classmethod
    def _is_known(cls, source: str) -> str:
        kind, _, rest = source.partition(":")
        # An address without its scheme would pass for a device, and its password be logged as the device's name.
        is_opencv = kind == "opencv" and (rest.isdecimal() or rest.startswith("/") or "://" in rest)
        if source in {"auto", "picamera2", "demo"} or is_opencv or (kind == "replay" and rest):
            return source
        raise ValueError("must be auto, picamera2, demo, opencv:0, opencv:/dev/videoN, opencv:rtsp://… or replay:PATH")


class FacesConfig(Strict):
    """How faces are found."""

    finder: Literal["auto", "mien", "haar", "yunet"] = "auto"
    """auto takes mien's own finder where one is shipped, else haar (OpenCV 4's). yunet wants `mien models install yunet`."""
    model: str = "faces"
    """For mien's own finder: a shipped one's name (see `mien models`) or the path of a model directory."""
    min_height: int = Field(40, ge=20, le=1000)
    """Faces lower than so many pixels are left out: too few pixels to read a mood from."""
    search_interval_s: float = Field(0.5, ge=0, le=10)
    """The whole picture is searched this often; in between only the surroundings of known faces are."""


class ModelConfig(Strict):
    """The network and what runs it."""

    emotion: str = "emotion"
    """A shipped model's name (see `mien models`) or the path of a model directory."""
    accelerator: Accelerator = Accelerator.AUTO
    """cpu, edgetpu (a Coral, or an error), or auto (a Coral if there is one)."""
    threads: int = Field(1, ge=1, le=16)
    """Threads of the runtime on the processor. One is fastest for networks this small."""


class MoodConfig(Strict):
    """How quickly the mood follows the faces."""

    smoothing_s: float = Field(1.0, gt=0, le=60)
    """Time constant of the exponential average over a face's readings."""
    margin: float = Field(0.1, ge=0, le=0.9)
    """A new mood must be more probable than the present one by this much."""
    dwell_s: float = Field(2.0, ge=0, le=600)
    """A new mood must lead for so long before it is announced."""
    absence_s: float = Field(2.0, ge=0, le=600)
    """After so long without a face the mood is none."""
    heartbeat_s: float = Field(60.0, gt=0, le=3600)
    """The mood is sent again this often even if it did not change."""


class MusicMode(StrEnum):
    """What the music does about the mood."""

    FOLLOW = "follow"
    """Plays what fits the mood."""
    OFF = "off"
    """Plays nothing."""


class MusicConfig(Strict):
    """What is played."""

    player: Literal["auto", "pygame", "null"] = "auto"
    """auto plays where a sound card is found and is silent elsewhere; null never plays."""
    folder: UserPath = Path("/srv/mien/music")
    """Holds one folder a mood (angry, disgust, fear, happy, sad, surprise, neutral) with your music."""
    playlists: dict[Emotion, UserPath] = Field(default_factory=dict)
    """Instead of a mood's folder: another folder, or an M3U playlist. happy = "/srv/music/party.m3u" """
    volume: int = Field(60, ge=0, le=100)
    """Per cent. What was set while running is kept over a restart and wins."""
    mode: MusicMode = MusicMode.FOLLOW
    """follow (plays what fits the mood) or off. What was set while running is kept over a restart and wins."""
    fade_s: float = Field(3.0, ge=0, le=30)
    """Length of the fade from one track to the next."""
    linger_s: float = Field(30.0, ge=0)
    """With nobody in view the music goes on for so long."""


class MqttConfig(Strict):
    """The broker. Its password is never kept in this file: put it into password_file, into the environment variable
    MIEN_MQTT_PASSWORD, or hand it over as the systemd credential mqtt_password.
    """

    host: str = ""
    """Name or address of the broker. Empty: no MQTT, the moods go to the log only."""
    port: int | None = Field(None, ge=1, le=65535, examples=[8883])
    """Not set: 1883, or 8883 with tls; with websockets 80, or 443 with tls."""
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    """Version of MQTT. auto begins with 5 and falls back to 3.1.1 where the broker does not know it."""
    transport: Literal["tcp", "websockets"] = "tcp"
    websocket_path: str = Field("/mqtt", pattern=r"^/[!-~]*$")
    """Where the broker answers, with transport = "websockets"."""
    username: str = ""
    password_file: UserPath | None = Field(None, examples=["/etc/mien/mqtt_password"])
    tls: bool = False
    ca_file: UserPath | None = Field(None, examples=["/etc/mien/ca.crt"])
    """The authority that signed the broker's certificate. Not set: those of the system."""
    client_cert_file: UserPath | None = Field(None, examples=["/etc/mien/client.crt"])
    client_key_file: UserPath | None = Field(None, examples=["/etc/mien/client.key"])
    tls_insecure: bool = False
    """Do not check the broker's name. Only for a test."""
    prefix: str = Field("mien", pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")
    """All topics begin with PREFIX/DEVICE_ID/."""
    device_id: str = Field("", pattern=r"^[a-z0-9-]{0,32}$")
    """Not set: eight hex digits from a salted hash of the machine's id."""
    keepalive_s: int = Field(30, ge=5, le=3600)


class HomeAssistantConfig(Strict):
    """How Home Assistant learns of this device: by one message of its MQTT discovery."""

    discovery: bool = True
    """Whether to send it. false also takes the device out of Home Assistant again."""
    name: str = Field("", max_length=64, examples=["Mien hallway"])
    """What the device is called, and what its entities' ids begin with. Empty: Mien and the device id."""
    prefix: str = Field("homeassistant", pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")
    """The discovery prefix that is set in Home Assistant."""
    status_topic: str = Field("", pattern=r"^[^+#]*$", examples=["homeassistant/status"])
    """Where Home Assistant says that it has started. Empty: PREFIX/status."""
    retain: bool = False
    """Let the broker keep the message. Not needed: it is sent again whenever Home Assistant starts."""


class PrivacyConfig(Strict):
    """What may leave the device besides words and numbers: nothing, unless it is turned on here."""

    snapshot: bool = False
    """Send the camera's picture over MQTT when the mood changes and when the home asks for it. It is never kept or
    written anywhere by mien, but whoever may read the broker's topics sees it."""


class HealthConfig(Strict):
    """Figures for those who watch over many devices."""

    prometheus_port: int | None = Field(None, ge=1, le=65535, examples=[9638])
    """Not set: no endpoint. Set: http://127.0.0.1:PORT/metrics, reachable from this device only."""


class LogConfig(Strict):
    """What goes to standard error, and so to the journal."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Strict):
    """The whole file."""

    version: Literal[1] = 1
    """Version of this file's layout."""
    camera: CameraConfig = CameraConfig()
    faces: FacesConfig = FacesConfig()
    model: ModelConfig = ModelConfig()
    mood: MoodConfig = MoodConfig()
    music: MusicConfig = MusicConfig()
    mqtt: MqttConfig = MqttConfig()
    home_assistant: HomeAssistantConfig = HomeAssistantConfig()
    privacy: PrivacyConfig = PrivacyConfig()
    health: HealthConfig = HealthConfig()
    log: LogConfig = LogConfig()
