"""From a sound file to all that listening tells of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mien_models.errors import ModelError
from mien_models.listening import Analysis, Hearing
from mien_models.listening.cues import CueFinder
from mien_models.listening.excerpts import Excerpts
from mien_models.listening.features import COUNT, VERSION, features
from mien_models.listening.key import chroma, find_key
from mien_models.listening.loudness import LoudnessMeter, TruePeakMeter
from mien_models.listening.predictor import Predictor, most_probable_mood
from mien_models.listening.sound import Sound
from mien_models.listening.tempo import find_tempo, pulse
from mien_models.manifest import MusicManifest, load_music_manifest
from mien_models.shipped import find_model


@dataclass(frozen=True, slots=True)
class Heard(Hearing):
    """And what a model is given."""

    features: npt.NDArray[np.float32]
    """Of each excerpt, (excerpts, n_features)."""


class Listener:
    """A trained model with the ears that it was trained with."""

    def __init__(self, manifest: MusicManifest, predictor: Predictor) -> None:
        self.manifest = manifest
        self.predictor = predictor
        self.version = f"{VERSION}-{manifest.version}-{manifest.file.sha256[:8]}"
        """Of extractor and model together: what another version found out must be found out again."""

    @classmethod
    def open(cls, folder: Path | None = None) -> Listener:
        """The model of a directory; without one, that which comes with mien.

        Raises:
            ModelError: the model is missing, damaged, or made for features of another version.

        """
        directory = folder or find_model("music")
        manifest = load_music_manifest(directory)
        if manifest.features != VERSION:
            raise ModelError(
                f"{directory}: made for features of version {manifest.features}, this mien computes {VERSION}; train it anew"
            )
        path = directory / manifest.file.path
        predictor = Predictor.load(path)
        if len(predictor.weight) != COUNT:
            raise ModelError(
                f"{path}: takes {len(predictor.weight)} features, this mien computes {COUNT}; train it anew"
            )
        return cls(manifest, predictor)

    def listen(self, path: Path) -> Analysis:
        """Listen to a file from its beginning to its end; memory does not grow with its length.

        Raises:
            MusicError: the file is missing, broken or no sound.

        """
        heard = hear(path)
        estimate = self.predictor.estimate(heard.features)
        return Analysis(
            **{field.name: getattr(heard, field.name) for field in fields(Hearing)},
            estimate=estimate,
            mood=most_probable_mood(estimate),
            features=heard.features.mean(axis=0),
        )


def hear(path: Path) -> Heard:
    """All that needs no model. Raises as `Listener.listen` does."""
    with Sound(path) as sound:
        loudness, peak = LoudnessMeter(sound.rate, sound.channels), TruePeakMeter(sound.channels)
        cues, excerpts = CueFinder(sound.rate), Excerpts(sound.rate, sound.promised)
        samples = 0
        for block in sound.blocks():
            samples += len(block)
            for part in (loudness, peak, cues, excerpts):
                part.add(block)
    taken = excerpts.taken()
    cue_in, cue_out = cues.find(loudness.integrated())
    return Heard(
        duration_s=samples / sound.rate,
        loudness_lufs=loudness.integrated(),
        true_peak_dbtp=peak.dbtp(),
        cue_in_s=cue_in,
        cue_out_s=cue_out,
        tempo_bpm=find_tempo(np.mean([pulse(excerpt) for excerpt in taken], axis=0)),
        key=find_key(np.sum([chroma(excerpt).sum(axis=0) for excerpt in taken], axis=0)),
        features=features(taken),
    )
