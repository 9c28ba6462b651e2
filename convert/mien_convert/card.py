"""The model card: what a model is for, how well it does, and where it fails, in a page that travels with it."""

from __future__ import annotations

from mien_convert.package import TABLE_NAME
from mien_models.labels import Head
from mien_models.manifest import Manifest

_HEADS = {
    Head.FER: "seven emotions, the labels of FER2013 (Goodfellow et al. 2013)",
    Head.FERPLUS: "seven emotions and contempt, the majority of ten taggers of FER+ (Barsoum et al. 2016)",
    Head.READABLE: "whether there is a face that people could read, rather than none, a blurred or a cut one",
}

_TEXT = """\
# {name} {version}

Reads the emotion of one face: a grey picture of 48×48 pixels, cut out by `mien_models.preprocess.crop_face`.
Full int8, one face at a time, {kilobytes:.0f} kB (`{file}`).

| output | answers in |
|---|---|
{heads}

**The device answers with `{answer}`.** {why}

## Figures

{measured}

## Data and licence

Trained on: {data}. Weights: {licence}.{data_licence} No face of the data is part of this directory.

## Made with

```
{commands}
```

## Meant for

Choosing music or light by the mood of people who know that it runs, in their own home, on the device, with several
seconds of smoothing. Not meant for judging people: no hiring, policing, health, schooling or advertising. A face shows
an expression; what a person feels may be something else.

## Known limits

* The labels are noisy: people agree with FER2013's on about two faces in three, and with FER+'s more often, not always.
* Rare classes are weak: disgust, fear and contempt have few examples. See the recall of each above.
* {origin}Skin tones, ages, glasses, veils and beards are not evenly among them,
  and no labels exist here to measure the difference. Expect it to be worse where you are unlike its pictures.
* Trained on upright, roughly frontal faces. From the side, masked or in the dark its answer means little.
"""

_FER2013_LICENCE = """\
 The pictures of FER2013 were collected from the web and carry no licence of
their own; the FER+ votes are MIT."""

_FIGURES = """\
Measured on the int8 file through the code that the device runs. Each name begins with the faces that it was measured
on; {judged_on} faces were not learned from, but settings may have been chosen on them, so expect a little less elsewhere.

| figure | value |
|---|---|
{figures}"""

_UNMEASURED = "None were measured. `mien-convert package --run` measures a model on the holdout faces of its run."

_TABLE = """\
What people say (rows) against what the model says (columns) by `{head}`, in per cent of each row:

![Answers of {head}]({file})"""

_WHY = {
    Head.FERPLUS: "It calls calm faces neutral, where the original FER2013 labels invent anger and sadness; "
    "contempt is dropped and the rest renormalised.",
    Head.FER: "It is the only one of emotions that this model has.",
}


def write_card(manifest: Manifest, tables: tuple[str, ...] = ()) -> str:
    """The card's text; `tables` are the files of `tables.draw_tables` beside it."""
    of_fer2013 = any("fer2013" in data.lower() for data in manifest.data)
    return _TEXT.format(
        data_licence=_FER2013_LICENCE if of_fer2013 else "",
        origin="FER2013's faces come from a web search of 2013. "
        if of_fer2013
        else "Its faces are those of its data. ",
        name=manifest.name,
        version=manifest.version,
        file=manifest.file.path,
        kilobytes=manifest.file.bytes / 1000,
        heads="\n".join(f"| `{output.head}` | {_HEADS[output.head]} |" for output in manifest.outputs),
        answer=manifest.answer,
        why=_WHY[manifest.answer],
        measured="\n\n".join([_measured(manifest), *(_table(manifest, file) for file in tables)]),
        data=", ".join(manifest.data),
        licence=manifest.licence,
        commands="\n".join(manifest.commands),
    )


def _measured(manifest: Manifest) -> str:
    if not manifest.metrics:
        return _UNMEASURED
    return _FIGURES.format(
        judged_on=next(iter(manifest.metrics)).partition("_")[0],  # each figure's name begins with it
        figures="\n".join(f"| {key} | {_figure(value)} |" for key, value in manifest.metrics.items()),
    )


def _table(manifest: Manifest, file: str) -> str:
    head = next(output.head for output in manifest.outputs if TABLE_NAME.format(head=output.head) == file)
    return _TABLE.format(head=head, file=file)


def _figure(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() and value > 1 else f"{value:.4f}"
