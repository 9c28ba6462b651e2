from __future__ import annotations

import threading
import time

import pytest

from mien_device.latest import Closed, Latest
from tests.waiting import LIMIT_S


def test_the_newest_wins_and_the_others_are_counted():
    slot = Latest[int]()
    for number in range(5):
        slot.put(number)
    assert slot.take() == 4
    assert slot.dropped == 4
    assert slot.take(0.01) is None


def test_take_waits_for_what_comes():
    slot = Latest[str]()
    threading.Timer(0.05, slot.put, ["late"]).start()
    assert slot.take(LIMIT_S) == "late"
    assert slot.dropped == 0


def test_a_nudge_ends_one_wait_without_an_item():
    slot = Latest[int]()
    slot.nudge()
    assert slot.take() is None
    slot.put(1)
    slot.nudge()
    assert slot.take() == 1, "what is there is taken all the same"
    threading.Timer(0.05, slot.put, [2]).start()
    assert slot.take(LIMIT_S) == 2, "a nudge counts once"


def test_close_wakes_a_waiter():
    slot = Latest[int]()
    outcome: list[type[BaseException]] = []

    def wait() -> None:
        try:
            slot.take()
        except Closed:
            outcome.append(Closed)

    waiter = threading.Thread(target=wait)
    waiter.start()
    slot.close()
    waiter.join(LIMIT_S)
    assert outcome == [Closed]


def test_what_lay_there_at_the_end_can_still_be_taken():
    slot = Latest[int]()
    slot.put(1)
    slot.close()
    slot.put(2)
    assert slot.take() == 1
    with pytest.raises(Closed):
        slot.take()


def test_a_slow_consumer_never_sees_an_old_item():
    slot, newest = Latest[int](), [0]

    def produce() -> None:
        for number in range(1, 61):
            slot.put(number)
            newest[0] = number
            time.sleep(0.005)
        slot.close()

    producer = threading.Thread(target=produce)
    producer.start()
    taken = 0
    try:
        while True:
            before = newest[0]
            item = slot.take(LIMIT_S)
            assert item is not None
            assert item >= before
            taken += 1
            time.sleep(0.04)
    except Closed:
        pass
    producer.join(LIMIT_S)
    assert taken + slot.dropped == 60
