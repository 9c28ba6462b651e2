"""The model directory: weights, card and, last of all, the manifest."""

from __future__ import annotations

import io
from dataclasses import asdict
from pathlib import Path

import numpy as np

from mien_models.listening.features import VERSION
from mien_models.listening.predictor import Predictor
from mien_models.manifest import ModelFile, MusicManifest, load_music_manifest, save_manifest
from mien_training import runs

WEIGHTS = "music.npz"
CARD = "CARD.md"

_CARD = """\
# {name} {version}

Hears how pleasant (valence) and how lively (arousal) a song is, -1…1 each, from the {inputs} features that mien computes of each excerpt of
its sound, and says how sure it is. A Gaussian process over {songs} songs of {excerpts} excerpts in plain numpy, {kilobytes:.0f} kB
(`{file}`).

0 is a song that moves people to all nine emotions of GEMS equally; a deviation is as large as the errors on unheard artists were.

## Figures

Five folds, no artist on both sides, everything chosen inside the training songs of each fold; mean over {seeds} ways to deal out the
artists. What the weights in this directory say of the {songs} songs themselves is better and means nothing.

| figure | value |
|---|---|
{figures}

`r2` is the share of the variance between songs that is explained; 0 is what always answering the mean would reach.
`listeners_agreement` is the most that could be: so far halves of the same listeners agree. `unheard_genre`: each genre judged by a
model of the others. `within_sd` and `within_90` are the shares of songs inside the stated deviation (.68 were honest) and inside
the interval that is to hold nine in ten.

## Data and licence

Trained on: {data}. Please cite A. Aljanaki, F. Wiering, R. C. Veltkamp, "Studying emotion induced by music through a crowdsourcing
game", Information Processing & Management 52 (2016). The audio is Magnatune's; none of it is in this directory. Weights: {licence}.

## Made with

```
{commands}
```

## Meant for

Choosing music for people at home. A song's mood is what many people felt, not a fact about the song, and not what its owner feels: a
correction by the user counts more than this model.

## Known limits

* Valence is weak: most of what is pleasant or sad in a song is not in these features, or not in the sound at all.
* It knows excerpts of {songs} songs from one label: classical, electronic, pop, rock. On a genre that it has not heard it is worse
  (`unheard_genre` above).
* It hears no words. A sad text to a merry tune is a merry song to it.
* Labels are what players of an online game felt within a minute of unknown music.
"""


def pack(
    model: Predictor, metrics: dict[str, float], command: str, data: str, version: str, seeds: int, out: Path
) -> Path:
    """Write the model directory `out` and return it.

    Raises:
        ConfigError: it cannot be made.
        DataError: a file cannot be written.

    """
    runs.make_folder(out)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **asdict(model))
    runs.write_bytes(out / WEIGHTS, buffer.getvalue())
    manifest = MusicManifest(
        name="music",
        version=version,
        kind="music",
        file=ModelFile.of(out / WEIGHTS),
        licence="Apache-2.0",
        data=(data,),
        commands=(command,),
        metrics=metrics,
        features=VERSION,
    )
    runs.write_bytes(out / CARD, _card(manifest, model, seeds).encode())
    save_manifest(manifest, out)
    load_music_manifest(out)
    return out


def _card(manifest: MusicManifest, model: Predictor, seeds: int) -> str:
    songs, excerpts, inputs = model.songs.shape
    return _CARD.format(
        name=manifest.name,
        version=manifest.version,
        inputs=inputs,
        songs=songs,
        excerpts=excerpts,
        seeds=seeds,
        kilobytes=manifest.file.bytes / 1e3,
        file=manifest.file.path,
        figures="\n".join(f"| {name} | {value:.4g} |" for name, value in manifest.metrics.items()),
        data=", ".join(manifest.data),
        licence=manifest.licence,
        commands="\n".join(manifest.commands),
    )
