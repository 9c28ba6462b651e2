"""The least that could do what mien does: OpenCV reads a clip and finds a face, LiteRT reads it, pygame plays a song. Nothing else.

    python minimal.py CLIP SONG

Prints `ready` with its first answer, and goes on until it is killed.
"""

from __future__ import annotations

import os
import sys
import time
from importlib.resources import files
from pathlib import Path

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import cv2
import numpy as np
import pygame.mixer
from ai_edge_litert.interpreter import Interpreter

FPS = 10.0


def main() -> None:
    clip, song = sys.argv[1:]
    network = Interpreter(str(files("mien_models") / "emotion" / "emotion_int8.tflite"), num_threads=1)
    network.allocate_tensors()
    asked, answer = network.get_input_details()[0], network.get_output_details()[0]
    finder = cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"))
    pygame.mixer.init(44_100, -16, 2, 2048)
    pygame.mixer.music.load(song)
    pygame.mixer.music.play(-1)
    video, told = cv2.VideoCapture(clip), False
    while True:
        there, picture = video.read()
        if not there:
            video.set(cv2.CAP_PROP_POS_FRAMES, 0)
            continue
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        for x, y, width, height in finder.detectMultiScale(grey, 1.2, 4):
            face = cv2.resize(grey[y : y + height, x : x + width], (48, 48)).reshape(asked["shape"])
            network.set_tensor(asked["index"], (face.astype(np.int16) - 128).astype(np.int8))
            network.invoke()
            network.get_tensor(answer["index"])
            if not told:
                print("ready", flush=True)
                told = True
        time.sleep(1 / FPS)


if __name__ == "__main__":
    main()
