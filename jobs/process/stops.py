"""Signals that end a run: within seconds, whatever it is doing, and with nothing half done left behind."""

import os
import signal
import threading
import time
from types import FrameType

from data.unfinished import remove_unfinished

_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
# A run of the model or a write that is under way gets so long to end by itself.
_SECONDS = 3.0


class Stopped(SystemExit):
    """A signal asked for the end; the exit status is the shell's for it."""


def listen() -> None:
    """From now on a signal raises in the main thread, as unfinished outputs go on that way; later ones are not heard.

    A library may be in the middle of something long when the signal comes: Python raises nothing until that returns,
    so a thread of its own ends the process if that takes too long. A signal that was ignored before (nohup) stays so.
    """
    heard = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]

    def stop(number: int, frame: FrameType | None) -> None:
        for each in heard:
            signal.signal(each, lambda number, frame: None)
        raise KeyboardInterrupt if number == signal.SIGINT else Stopped(128 + number)

    for number in heard:
        signal.signal(number, stop)
    # The C level writes the number of each signal here at once, whatever the main thread does.
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_end_in_time, args=(reading,), daemon=True).start()


def _end_in_time(reading: int) -> None:
    number = 0
    while number not in _ENDING:
        number = os.read(reading, 1)[0]
    time.sleep(_SECONDS)
    remove_unfinished()
    os._exit(128 + number)
