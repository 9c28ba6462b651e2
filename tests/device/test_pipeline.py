from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mien_device.camera import Frame
from mien_device.camera.replay import ReplayCamera
from mien_device.camera.scenes import DemoCamera
from mien_device.config import FacesConfig, MoodConfig
from mien_device.faces.haar import HaarFinder
from mien_device.faces.legible import Trouble
from mien_device.pipeline import Observation, Pipeline
from mien_models.labels import Emotion, Mood
from mien_models.preprocess import Box, Image
from mien_models.runner import Answer, Classifier

TINY = Path(__file__).parents[1] / "data/tiny_emotion"
PICTURE = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
SMOOTH = np.tile(np.linspace(0, 255, 640, dtype=np.uint8)[:, np.newaxis], (480, 1, 3))
"""Without any detail."""
HERE = Box(200, 150, 75, 100)


class ScriptedFinder:
    """Has the faces that the test puts into `faces`."""

    name = "scripted"
    sure = 0.0

    def __init__(self, *faces: Box) -> None:
        self.faces = faces

    def find(self, image: Image) -> list[Box]:
        return list(self.faces)

    def find_near(self, image: Image, box: Box) -> Box | None:
        return next((face for face in self.faces if face.iou(box) > 0.3), None)


class ScriptedClassifier:
    """Answers with the emotion that the test puts into `emotion`, and keeps the crops."""

    def __init__(self, emotion: Emotion = Emotion.HAPPY) -> None:
        self.emotion = emotion
        self.readable = 1.0
        self.crops: list[Image] = []

    def read(self, face: Image) -> Answer:
        self.crops.append(face)
        return sure_of(self.emotion, self.readable)


def sure_of(emotion: Emotion, readable: float = 1.0) -> Answer:
    return Answer(np.eye(7, dtype=np.float32)[list(Emotion).index(emotion)], readable)


class Stage:
    """A pipeline with scripted parts and a clock of ten frames a second."""

    def __init__(self, *faces: Box, mood: MoodConfig | None = None) -> None:
        self.finder, self.classifier = ScriptedFinder(*faces), ScriptedClassifier()
        self.pipeline = Pipeline(self.finder, self.classifier, FacesConfig(), mood or MoodConfig())
        self.number = 0

    @property
    def now(self) -> float:
        return self.number * 0.1

    def play(self, seconds: float) -> list[Observation]:
        observations = []
        for _ in range(round(seconds * 10)):
            observations.append(self.pipeline.step(Frame(PICTURE, self.now, self.number)))
            self.number += 1
        return observations


def test_every_other_frame_is_read_mirrored_and_shown_as_it_is():
    stage = Stage(HERE)
    seen = [face.crop for observation in stage.play(0.6) for face in observation.faces]
    assert len(stage.classifier.crops) == len(seen) > 3
    for number, crop in enumerate(stage.classifier.crops):
        np.testing.assert_array_equal(crop, np.fliplr(seen[0]) if number % 2 else seen[0])
    for crop in seen:
        np.testing.assert_array_equal(crop, seen[0])


def test_views_of_those_who_left_are_not_kept():
    stage = Stage(HERE)
    stage.play(0.6)
    assert len(stage.pipeline._views._last) == 1
    stage.finder.faces = ()
    stage.play(MoodConfig().absence_s + 1)
    assert not stage.pipeline._views._last


def test_a_camera_that_was_switched_off_begins_with_the_face_as_it_is():
    stage = Stage(HERE)
    while len(stage.classifier.crops) % 2 == 0:
        stage.play(0.1)
    stage.pipeline.forget(stage.now)
    read = len(stage.classifier.crops)
    stage.play(0.6)
    np.testing.assert_array_equal(stage.classifier.crops[read], stage.classifier.crops[0])


def test_someone_comes_smiles_is_sad_and_goes():
    stage = Stage(HERE)
    smiling = stage.play(3)
    stage.classifier.emotion = Emotion.SAD
    sad = stage.play(5)
    stage.finder.faces = ()
    gone = stage.play(3)
    played = [*smiling, *sad, *gone]
    assert [(o.previous, o.state.mood) for o in played if o.changed] == [
        (Mood.NONE, Mood.HAPPY),
        (Mood.HAPPY, Mood.SAD),
        (Mood.SAD, Mood.NONE),
    ]
    assert next(i for i, o in enumerate(smiling) if o.changed) <= 9
    assert (sum(o.arrived for o in played), sum(o.left for o in played)) == (1, 1)
    assert [o.state.faces for o in played if o.faces_changed] == [1, 0]
    assert gone[-1].faces == ()


def test_a_box_is_cropped_square_and_read_once_a_frame():
    stage = Stage(HERE)
    observations = stage.play(1)
    assert [o.faces_read for o in observations] == [0] + [1] * 9  # the first sighting is not yet a face
    assert len(stage.classifier.crops) == 9
    assert stage.classifier.crops[0].shape == (48, 48)
    assert observations[-1].classify_s > 0
    assert observations[-1].find_s > 0


@pytest.mark.parametrize(
    "box",
    [
        pytest.param(Box(-40, 100, 75, 100), id="cut at the left"),
        pytest.param(Box(600, 100, 75, 100), id="cut at the right"),
        pytest.param(Box(200, 410, 75, 100), id="cut at the bottom"),
        pytest.param(Box(200, 100, 28, 38), id="too small"),
    ],
)
def test_an_illegible_face_is_followed_but_not_read(box: Box):
    stage = Stage(box)
    last = stage.play(2)[-1]
    assert [face.answer for face in last.faces] == [None]
    assert (last.faces_read, last.state.mood, last.state.faces) == (0, Mood.NONE, 1)
    assert stage.classifier.crops == []


def test_a_face_cut_a_little_is_read():
    assert Stage(Box(-15, 100, 75, 100)).play(1)[-1].faces_read == 1


def test_a_hand_before_the_face_changes_nothing():
    stage = Stage(HERE)
    stage.play(2)
    stage.finder.faces = ()
    hidden = stage.play(1)
    assert not any(o.changed or o.left or o.faces_changed for o in hidden)
    assert all(o.faces_read == 0 and len(o.faces) == 1 for o in hidden)
    stage.finder.faces = (HERE,)
    assert not any(o.changed or o.arrived for o in stage.play(1))


def test_two_people_are_two_readings():
    last = Stage(HERE, Box(450, 150, 60, 80)).play(1)[-1]
    assert last.faces_read == 2
    assert last.state.faces == 2
    assert len({face.id for face in last.faces}) == 2


def test_who_is_nearer_counts_more():
    near, far = Box(100, 100, 112, 150), Box(450, 150, 38, 50)
    picture = PICTURE // 2
    picture[:, 400:] += 128

    class ByLight:
        def read(self, face: Image) -> Answer:
            return sure_of(Emotion.SAD if face.mean() > 128 else Emotion.HAPPY)

    pipeline = Pipeline(ScriptedFinder(near, far), ByLight(), FacesConfig(), MoodConfig())
    for number in range(10):
        state = pipeline.step(Frame(picture, number / 10, number)).state
    assert state.mood is Mood.HAPPY
    assert state.probabilities[Emotion.HAPPY] == pytest.approx(0.75, abs=1e-5)


@pytest.mark.parametrize(
    ("picture", "trouble"), [(PICTURE // 128, Trouble.DARK), (SMOOTH, Trouble.BLURRED), (PICTURE, None)]
)
def test_what_cannot_be_read_is_not_guessed(picture, trouble):
    classifier = ScriptedClassifier()
    pipeline = Pipeline(ScriptedFinder(HERE), classifier, FacesConfig(), MoodConfig())
    for number in range(3):
        last = pipeline.step(Frame(np.asarray(picture), number / 10, number))
    (face,) = last.faces
    assert face.trouble is trouble
    assert (face.answer is None) is (trouble is not None)
    assert last.state.faces == 1


def test_what_is_hardly_a_face_says_nothing_of_the_mood():
    stage = Stage(HERE)
    stage.classifier.readable = 0.3
    last = stage.play(3)[-1]
    assert (last.state.mood, last.state.faces, last.faces_read) == (Mood.NONE, 1, 1)


def test_without_frames_the_mood_becomes_none():
    stage = Stage(HERE)
    stage.play(2)
    assert not stage.pipeline.idle(stage.now + 0.5).changed
    gone = stage.pipeline.idle(stage.now + 10)
    assert (gone.previous, gone.state.mood, gone.left, gone.faces) == (Mood.HAPPY, Mood.NONE, 1, ())
    assert not stage.pipeline.idle(stage.now + 11).changed


def test_an_observation_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Stage().play(0.1)[0].left = 3  # type: ignore[misc]


def test_the_demo_goes_through_finder_and_network():
    """The real parts on generated scenes: nobody from second 16, someone from second 21 to 29."""
    camera = DemoCamera()
    pipeline = Pipeline(HaarFinder(), Classifier.open(TINY), FacesConfig(), MoodConfig())
    observations = {n: pipeline.step(Frame(camera.draw(n / 10), n / 10, n)) for n in range(160, 290)}
    assert all(o.state.mood is Mood.NONE and not o.faces for n, o in observations.items() if n < 210)
    present = [o for n, o in observations.items() if n >= 225]
    assert all(o.state.mood is not Mood.NONE and len(o.faces) == 1 for o in present)
    assert sum(o.faces_read for o in present) > 0.9 * len(present)
    assert sum(o.arrived for o in observations.values()) == 1


@pytest.mark.footage
def test_real_person_through_the_real_parts(shared_data):
    """One person at a desk: one mood at a time, read in nearly every frame, and none while frames come."""
    pipeline = Pipeline(HaarFinder(), Classifier.open(TINY), FacesConfig(), MoodConfig())
    camera = ReplayCamera(shared_data / "footage/clips/asl_student.mkv", loop=False, realtime=False)
    observations = []
    while frame := camera.read():
        observations.append(pipeline.step(frame))
    camera.close()
    assert sum(o.faces_read == 1 for o in observations) > 0.85 * len(observations)
    assert sum(o.arrived for o in observations) == 1
    assert sum(o.changed for o in observations) <= 1 + len(observations) / 30 / 2
    assert observations[-1].state.mood is not Mood.NONE


def test_to_forget_is_at_once_and_once() -> None:
    stage = Stage(HERE)
    assert stage.play(3)[-1].state.mood is Mood.HAPPY
    first = stage.pipeline.forget(stage.now)
    assert (first.state.mood, first.state.faces, first.previous) == (Mood.NONE, 0, Mood.HAPPY)
    assert first.changed
    later = stage.pipeline.idle(stage.now + 100)
    assert not later.changed
    assert later.state.since == first.state.since
    stage.number += 2000
    assert stage.play(3)[-1].state.mood is Mood.HAPPY, "and it begins anew"
