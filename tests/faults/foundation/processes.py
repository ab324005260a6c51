"""Processes that run our functions, from the campaign's side: called, killed in mid-work, replaced."""

import multiprocessing
import random
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

from tests.faults.foundation.child import Spec, main

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.foundation.preload"])
_START_S, _ANSWER_S = 60.0, 120.0


class Killed(Exception):
    """The process died before it answered."""


class Function:
    """One execution environment at a time; a new one after each kill."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.kills = 0
        self.busy_since: float | None = None
        self._lock = threading.Lock()
        self._usual_s = 0.05
        self._start()

    def call(self, event: Any, *, kill: random.Random | None = None) -> Any:
        """The handler's answer. With ``kill``, SIGKILL at a random moment of about the time it takes.

        Raises :class:`Killed`; what it was working on is then known to nobody.
        """
        with self._lock:
            began = self.busy_since = time.monotonic()
            try:
                self._pipe.send(event)
                if kill is not None and not self._pipe.poll(kill.uniform(0, 1.3 * self._usual_s)):
                    self._kill()
                    raise Killed
                if not self._pipe.poll(_ANSWER_S):
                    raise RuntimeError(f"{self.spec.function} hangs")
                answer = self._pipe.recv()
                self._usual_s = 0.8 * self._usual_s + 0.2 * (time.monotonic() - began)
            finally:
                self.busy_since = None
            return answer

    def kill(self) -> None:
        """SIGKILL between two events."""
        with self._lock:
            self._kill()

    def end(self) -> None:
        """At the campaign's end."""
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def _kill(self) -> None:
        self.kills += 1
        self.end()
        self._start()

    def _start(self) -> None:
        ours, theirs = _CONTEXT.Pipe()
        self._pipe: Connection = ours
        self._process = _CONTEXT.Process(target=main, args=(theirs, self.spec), daemon=True)
        self._process.start()
        theirs.close()
        if not self._pipe.poll(_START_S) or self._pipe.recv() != "ready":
            raise RuntimeError(f"{self.spec.function} does not start: see {self.spec.log}")
