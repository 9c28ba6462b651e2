"""Every setting, with its default and what it means. `mien config init` writes this file's words as comments."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from mien_models.errors import SignatureError
from mien_models.files import user_path
from mien_models.labels import Emotion
from mien_models.runtime import Accelerator
from mien_models.signing import check_key
from mien_models.validation import Strict

UserPath = Annotated[Path, AfterValidator(user_path)]


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
    """auto takes mien's own finder; haar is OpenCV 4's, much weaker. yunet wants `mien models install yunet`."""
    model: str = "faces"
    """For mien's own finder: a shipped one's name (see `mien models`) or the path of a model directory."""
    min_height: int = Field(40, ge=20, le=1000)
    """Faces lower than so many pixels are left out: too few pixels to read a mood from."""
    search_interval_s: float = Field(0.5, ge=0, le=10)
    """The whole picture is searched this often; in between only the surroundings of known faces are."""


class ModelConfig(Strict):
    """The network and what runs it."""

    emotion: str = Field("emotion", min_length=1)
    """A shipped model's name (see `mien models`) or the path of a model directory."""
    accelerator: Accelerator = Accelerator.AUTO
    """cpu, edgetpu (a Coral; while it does not answer the processor does its work, and the home is told), or auto (a Coral if there is
    one)."""
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
    LIFT = "lift"
    """Begins at the mood and leads to bright music."""
    CALM = "calm"
    """Begins at the mood and leads to calm music."""
    ENERGISE = "energise"
    """Begins at the mood and leads to lively music."""
    VENT = "vent"
    """Goes along with a dark mood: lively where it is agitated, quiet where it is not."""
    SHUFFLE = "shuffle"
    """Plays by chance, whatever the mood."""
    OFF = "off"
    """Plays nothing."""


class MusicConfig(Strict):
    """What is played."""

    player: Literal["auto", "pygame", "wav", "null"] = "auto"
    """auto and pygame play on a sound card (pygame calls it an error where none is found); wav records what would be
    heard; null keeps time in silence."""
    device: str = Field("", examples=["USB Audio"])
    """With auto and pygame: the output's name or a part of it, of those that `mien check` lists; empty is the default one.
    With wav: the file to write."""
    folder: UserPath = Path("/srv/mien/music")
    """Holds one folder a mood (angry, disgust, fear, happy, sad, surprise, neutral) with your music."""
    playlists: dict[Emotion, UserPath] = Field(default_factory=dict)
    """Instead of a mood's folder: another folder, or an M3U playlist. happy = "/srv/music/party.m3u" """
    volume: int = Field(60, ge=0, le=100)
    """Per cent. What was set while running is kept over a restart and wins."""
    mode: MusicMode = MusicMode.FOLLOW
    """follow (plays what fits the mood), lift, calm, energise (begin there and lead on), vent (goes along with a dark
    mood), shuffle (by chance) or off. What was set while running is kept over a restart and wins."""
    choose: Literal["auto", "folders", "library"] = "auto"
    """folders takes songs from the moods' folders; library from all that `mien library scan` has listened to; auto from
    the folders where there is music in them, else from the library."""
    cut_after_s: float = Field(45.0, ge=0, le=3600)
    """With the library: a song is cut short for another mood only after that has lasted for so long, and at most every
    five minutes. 0: never. With folders a new mood fades to its music at once."""
    fade_s: float = Field(3.0, ge=0, le=30)
    """Length of the fade from one track to the next. 0: they follow each other without gap and fade, as the tracks of an
    album always do."""
    resume: bool = True
    """After a restart go on where the music was, if it still fits the mood."""
    linger_s: float = Field(30.0, ge=0)
    """With nobody in view the music goes on for so long."""

    @model_validator(mode="after")
    def _knows_its_file(self) -> Self:
        if self.player == "wav" and not self.device:
            raise ValueError('player = "wav" wants the file to write as device')
        return self


class LibraryConfig(Strict):
    """Which songs mien knows, by `mien library scan` and `mien library watch`."""

    folders: tuple[UserPath, ...] = Field((), examples=[["/srv/mien/music", "/media/usb"]])
    """Where they lie, with all folders below. Empty: music.folder."""
    rescan_minutes: float = Field(60.0, ge=1, le=10_080)
    """`mien library watch` looks at everything so often, for changes that nobody told it of: network shares tell none."""


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

    @field_validator("host")
    @classmethod
    def _is_host(cls, host: str) -> str:
        # Not shown in the error: an address may hold a password.
        name, colon, port = host.rpartition(":")
        # An IPv6 address has more colons than one, and no brackets: those are there to tell a port from it.
        has_port = colon and port.isdecimal() and ":" not in name
        if has_port or any(sign in host for sign in "/@["):
            raise ValueError(
                "must be the broker's name or address alone, such as broker.local; the port goes into mqtt.port, TLS "
                'into mqtt.tls, a user into mqtt.username, and ws:// is transport = "websockets"'
            )
        try:
            host.encode("idna")
        except UnicodeError:
            raise ValueError("is not a host name or address") from None
        return host


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


class PageConfig(Strict):
    """The local page, at http://127.0.0.1:8780/ for this device's own browser. See docs/page.md."""

    enabled: bool = True
    """Whether there is one."""
    host: str = Field("127.0.0.1", pattern=r"^[0-9A-Fa-f.:]+$")
    """The address that is listened on. 127.0.0.1: nobody but this device can reach the page. Another one, such as 0.0.0.0 for
    all of its addresses, wants a token."""
    port: int = Field(8780, ge=0, le=65535)
    """0: any that is free; the log says which."""
    token_file: UserPath | None = Field(None, examples=["/etc/mien/page_token"])
    """A file with the word that other devices must know: 16 signs or more, such as `openssl rand -hex 16` gives. It may also
    come as the environment variable MIEN_PAGE_TOKEN or as the systemd credential page_token. This device itself is not asked."""
    names: tuple[str, ...] = Field((), examples=[["mien.home.arpa"]])
    """Names under which other devices reach this one, besides its host name, with and without .local, and its addresses.
    Requests for other names are refused: a page in the internet may give its own name our address."""
    live: bool = False
    """Let those who may see the page see through the camera: its picture as it is taken, with what mien finds in it. Nothing of
    it is kept. Every page says so while somebody looks."""


class HistoryConfig(Strict):
    """What the page's History shows: for every minute how long which mood was seen, and the songs that played. It stays on this
    device; no picture and nothing that says who somebody is belongs to it. See docs/page.md.
    """

    enabled: bool = True
    """Whether anything is noted. What was before stays until it is erased on the page, or too old. Without the page nothing is."""
    days: int = Field(30, ge=1, le=366)
    """What is older is forgotten."""


class UpdatesConfig(Strict):
    """New emotion models: only those that a key of yours signed, tried beside the old one, taken back if they fail."""

    keys: tuple[str, ...] = Field((), examples=[["mien-key-1:…"]])
    """Public keys, as `mien-convert key` prints them, whose models may come to this device. Empty: none may."""
    folder: UserPath = Path("/srv/mien/updates")
    """A model directory that is put here, or below, is offered as an update."""
    url: str = Field("", pattern=r"^(https://[^\s?#]+)?$", examples=["https://example.org/models/emotion"])
    """Address of a model directory. Asked only when the home says check or install. Empty: the network is never asked."""
    automatic: bool = False
    """Begin with what lies in the folder without being asked."""
    shadow_minutes: float = Field(60.0, gt=0, le=10_080)
    """So long the new model runs beside the old one on the faces in view, and as long the other way round once it answers."""
    shadow_faces: int = Field(200, ge=1, le=1_000_000)
    """And on so many faces at least."""
    agreement: int = Field(70, ge=0, le=100)
    """Per cent of these faces that both must read alike, or the new model goes."""

    @field_validator("keys")
    @classmethod
    def _are_keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        for key in keys:
            try:
                check_key(key)
            except SignatureError as error:
                raise ValueError(str(error)) from None
        return keys


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
    library: LibraryConfig = LibraryConfig()
    mqtt: MqttConfig = MqttConfig()
    home_assistant: HomeAssistantConfig = HomeAssistantConfig()
    privacy: PrivacyConfig = PrivacyConfig()
    page: PageConfig = PageConfig()
    history: HistoryConfig = HistoryConfig()
    updates: UpdatesConfig = UpdatesConfig()
    health: HealthConfig = HealthConfig()
    log: LogConfig = LogConfig()
