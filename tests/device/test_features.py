"""What this very device can do."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien_device.config import Config
from mien_device.features import updates_wanted
from mien_models.signing import make_key


@pytest.mark.parametrize(("emotion", "wanted"), [("emotion", True), ("emotion-nano", False), ("/srv/mine", False)])
def test_a_model_that_somebody_chose_is_never_exchanged(emotion: str, wanted: bool, tmp_path: Path) -> None:
    """An update of the usual model must not answer in the place of another one."""
    key = make_key(tmp_path / "secret.key")
    config = Config.model_validate({"model": {"emotion": emotion}, "updates": {"keys": [key]}})
    assert updates_wanted(config) is wanted
    assert not updates_wanted(Config.model_validate({"model": {"emotion": emotion}}))
