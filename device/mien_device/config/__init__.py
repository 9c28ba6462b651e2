"""One TOML file, read at the start and on SIGHUP; nothing else reads files or the environment for settings."""

from mien_device.config.schema import (
    CameraConfig,
    Config,
    FacesConfig,
    HistoryConfig,
    HomeAssistantConfig,
    LibraryConfig,
    ModelConfig,
    MoodConfig,
    MqttConfig,
    MusicConfig,
    MusicMode,
    PageConfig,
)

__all__ = [
    "CameraConfig",
    "Config",
    "FacesConfig",
    "HistoryConfig",
    "HomeAssistantConfig",
    "LibraryConfig",
    "ModelConfig",
    "MoodConfig",
    "MqttConfig",
    "MusicConfig",
    "MusicMode",
    "PageConfig",
]
