"""The manifest: what a model directory holds, how its tensors are fed and read, and where it comes from.

A model directory is `manifest.json` with the files that it names beside it. Reading is strict: an unknown or missing
key, a file of another size or hash is an error, because a model that is fed wrongly answers with confident nonsense.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final, Literal, TypeVar, get_args

from pydantic import Field, ValidationError, field_validator, model_validator

from mien_models.errors import ManifestError
from mien_models.files import write_atomically
from mien_models.labels import HEAD_LABELS, LABEL_SETS, Emotion, Head
from mien_models.validation import Strict, explain

MANIFEST_NAME = "manifest.json"
SCHEMA: Final = 1
NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]*$"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ModelFile(Strict):
    """A file of the model directory."""

    path: str
    """Name of the file, beside the manifest."""
    bytes: int = Field(ge=1)
    sha256: Sha256

    @field_validator("path")
    @classmethod
    def _is_beside(cls, path: str) -> str:
        if PurePosixPath(path).name != path or path in {"", ".."} or "\0" in path:
            raise ValueError("must be a bare file name")
        return path

    @classmethod
    def of(cls, path: Path) -> ModelFile:
        content = path.read_bytes()
        return cls(path=path.name, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


class Tensor(Strict):
    """A quantised tensor: real value = scale × (integer − zero point) (LiteRT 8-bit quantisation specification)."""

    name: str
    """The tensor's name in the file. Outputs are told apart by it, never by position."""
    shape: tuple[int, ...]
    dtype: Literal["int8", "uint8"]
    scale: float = Field(gt=0)
    zero_point: int = Field(ge=-128, le=255)


class Output(Tensor):
    """One head's probabilities."""

    head: Head
    labels: tuple[str, ...]

    @model_validator(mode="after")
    def _fits_its_head(self) -> Output:
        known = HEAD_LABELS[self.head]
        if self.labels != known:
            raise ValueError(f"the labels of head {self.head} must be, in this order: {' '.join(known)}")
        if self.shape != (1, len(known)):
            raise ValueError(f"the shape for {len(known)} labels must be (1, {len(known)}), not {self.shape}")
        return self


class Described(Strict):
    """What the manifest of every kind of model says."""

    schema_version: Literal[1] = SCHEMA
    name: str = Field(pattern=NAME_PATTERN)
    version: str
    kind: str
    file: ModelFile
    licence: str
    data: tuple[str, ...]
    """What it was trained on."""
    commands: tuple[str, ...]
    """The commands that made it, in order."""
    metrics: dict[str, float]
    """Figures measured on the file through the device's runner; each key says on what."""


class Network(Described):
    """What the manifest of every int8 network says."""

    input: Tensor


class Manifest(Network):
    """The manifest of an emotion model.

    Its input is fed with grey 48×48 faces of `preprocess.crop_face`, pixel values 0…255 quantised by the tensor's own scale.
    """

    kind: Literal["emotion"]
    outputs: tuple[Output, ...] = Field(min_length=1)
    answer: Head
    """The head that the device answers with."""
    reads: tuple[Emotion, ...] = ()
    """The prototype faces that it reads as what they show: the self-test asks for these again at every start."""

    @model_validator(mode="after")
    def _has_one_output_a_head(self) -> Manifest:
        heads = [output.head for output in self.outputs]
        if len(set(heads)) < len(heads):
            raise ValueError(f"two outputs have the same head ({', '.join(heads)})")
        if self.answer not in LABEL_SETS:
            raise ValueError(f"'answer' is {self.answer}, which is no emotion; it must be {' or '.join(LABEL_SETS)}")
        if self.answer not in heads:
            raise ValueError(f"'answer' is {self.answer}, but no output has this head")
        return self

    def output(self, head: Head) -> Output | None:
        return next((output for output in self.outputs if output.head is head), None)


class FinderLevel(Strict):
    """One of a face finder's grids of cells (rows, columns), over the picture that it is fed."""

    stride: int = Field(ge=1)
    """Distance of the cells in pixels of the input."""
    base: float = Field(gt=0)
    """Height in those pixels of the faces that it is there for: the unit of its answers (`cells.decode`)."""
    score: Tensor
    """(1, rows, columns, 1): the logit of there being a face."""
    shape: Tensor
    """(1, rows, columns, 14): where its box and its five landmarks are."""

    @model_validator(mode="after")
    def _has_one_grid(self) -> FinderLevel:
        rows = self.score.shape[:3]
        if len(rows) != 3 or rows[0] != 1 or self.score.shape[3:] != (1,) or self.shape.shape != (*rows, 14):
            raise ValueError(
                f"the shapes must be (1, rows, columns, 1) and (1, rows, columns, 14), not {self.score.shape} and {self.shape.shape}"
            )
        return self


class FinderManifest(Network):
    """The manifest of a face finder. Its input (1, height, width, 1) is fed with grey pictures of `finder.letterbox`."""

    kind: Literal["faces"]
    levels: tuple[FinderLevel, ...] = Field(min_length=1)
    even_light: bool = False
    """Whether its pictures are fed in even light (`preprocess.even_light`), as it was trained."""
    start: float = Field(gt=0, lt=1)
    """The score from which something is a face."""
    hold: float = Field(gt=0, lt=1)
    """The score from which a face is still there, where one was a moment ago."""
    finds: tuple[Emotion, ...] = ()
    """The prototype faces that it finds in a plain picture: the self-test asks for these again at every start."""

    @model_validator(mode="after")
    def _fits_its_input(self) -> FinderManifest:
        if len(self.input.shape) != 4 or self.input.shape[0] != 1 or self.input.shape[3] != 1:
            raise ValueError(f"'input.shape' must be (1, height, width, 1), not {self.input.shape}")
        for level in self.levels:
            grid = tuple(-(-side // level.stride) for side in self.input.shape[1:3])
            if level.score.shape[1:3] != grid:
                raise ValueError(f"the grid of stride {level.stride} must be {grid}, not {level.score.shape[1:3]}")
        if self.hold > self.start:
            raise ValueError(f"'hold' is {self.hold}, above 'start' ({self.start})")
        return self


class MusicManifest(Described):
    """The manifest of a model that listens to music: its file is a .npz, read by `listening.predictor.Predictor`."""

    kind: Literal["music"]
    features: int = Field(ge=1)
    """The version of `listening.features` that it was trained on, and takes."""


Kind = TypeVar("Kind", bound=Described)
_DOES = {"emotion": "reads faces", "faces": "finds faces", "music": "listens to songs"}


def load_manifest(directory: Path) -> Manifest:
    """Read the manifest of an emotion model and check it against the files there.

    Raises:
        ManifestError: the manifest is missing, malformed, of another kind, or a file differs from it.

    """
    return _load(directory, Manifest)


def load_finder_manifest(directory: Path) -> FinderManifest:
    """The same of a face finder."""
    return _load(directory, FinderManifest)


def load_music_manifest(directory: Path) -> MusicManifest:
    """The same of a model that listens."""
    return _load(directory, MusicManifest)


def load_any_manifest(directory: Path) -> Manifest | FinderManifest | MusicManifest:
    """The same of a model of any kind."""
    match read_kind(directory):
        case "faces":
            return _load(directory, FinderManifest)
        case "music":
            return _load(directory, MusicManifest)
        case _:
            return _load(directory, Manifest)


def read_kind(directory: Path) -> str:
    """What kind of model it is, read without looking at anything else; "" where the manifest does not tell."""
    try:
        content: Any = json.loads((directory / MANIFEST_NAME).read_bytes())
    except (OSError, ValueError, RecursionError):
        return ""
    return str(content.get("kind", "")) if isinstance(content, dict) else ""


def _load(directory: Path, model: type[Kind]) -> Kind:
    path = directory / MANIFEST_NAME
    try:
        manifest = model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ManifestError(f"{path}: no such file; a model is a directory made by `mien-convert quantize`") from None
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        kind, (wanted,) = read_kind(directory), get_args(model.model_fields["kind"].annotation)
        if kind in _DOES and kind != wanted:
            raise ManifestError(
                f"{path}: 'kind' is {kind}: a model that {_DOES[kind]}, where one is wanted that {_DOES[wanted]} ({wanted}); "
                "`mien models DIRECTORY` says what a model is"
            ) from None
        raise ManifestError(f"{path}: {'; '.join(explain(error, model))}") from None
    _check_file(directory, manifest.file)
    return manifest


def _check_file(directory: Path, expected: ModelFile) -> None:
    path = directory / expected.path
    try:
        actual = ModelFile.of(path)
    except FileNotFoundError:
        raise ManifestError(
            f"{path}: the model file that the manifest names is missing; copy the whole directory again"
        ) from None
    except (OSError, ValidationError) as error:
        raise ManifestError(f"{path}: cannot be read or is empty; copy the model directory again") from error
    if actual != expected:
        raise ManifestError(
            f"{path}: damaged or exchanged ({_fingerprint(actual)}, the manifest says {_fingerprint(expected)}); "
            "copy the model directory again or convert it anew"
        )


def _fingerprint(file: ModelFile) -> str:
    return f"{file.bytes} bytes with sha256 {file.sha256[:12]}…"


def save_manifest(manifest: Described, directory: Path) -> None:
    """Write the manifest whole or not at all."""
    text = json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False)
    write_atomically(directory / MANIFEST_NAME, f"{text}\n".encode())
