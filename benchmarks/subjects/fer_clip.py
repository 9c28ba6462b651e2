"""What a user would write with PyPI `fer` today. Runs in an environment of its own; prints one JSON object."""

import json
import os
import sys
import time
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# Field 22 of /proc/self/stat is when the process began, in ticks since the machine's start (proc(5)).
TICKS = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
SPENT = time.clock_gettime(time.CLOCK_BOOTTIME) - TICKS / os.sysconf("SC_CLK_TCK")
STARTED = time.monotonic() - SPENT

import cv2  # noqa: E402
from fer.fer import FER  # noqa: E402

detector = FER(mtcnn=sys.argv[2] == "mtcnn")
clip = cv2.VideoCapture(sys.argv[1])
frames = answered = 0
first = begun = None
while True:
    there, image = clip.read()
    if not there:
        break
    found = detector.detect_emotions(image)
    if begun is None:
        begun = time.monotonic()  # the first frame warms up and is not timed
        frames = -1
    frames += 1
    answered += bool(found)
    if found and first is None:
        first = time.monotonic() - STARTED
seconds = time.monotonic() - begun
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")).split()[1]
print(
    json.dumps(
        {
            "frames_per_s": frames / seconds,
            "peak_mib": int(peak) / 1024,
            "first_answer_s": first,
            "answered": answered / (frames + 1),
        }
    )
)
