"""One TOML file, read once; nothing else reads files or the environment for settings."""

from mien_device.config.schema import (
    CameraConfig,
    Config,
    FacesConfig,
    ModelConfig,
    MoodConfig,
    MqttConfig,
    MusicConfig,
)

__all__ = ["CameraConfig", "Config", "FacesConfig", "ModelConfig", "MoodConfig", "MqttConfig", "MusicConfig"]
