"""Watches from a thread of its own who is down, for how long, and who stands still for want of disk space."""

import threading
import time
from typing import NamedTuple

from plan import PROCESSES, SERVICES, SUPERVISOR

LIMIT_SECONDS = 60
TURN_SECONDS = 0.05


class DidNotComeBack(Exception):
    """A process that was not ready again within the limit."""


class Fall(NamedTuple):
    first: float  # when it was struck
    last: float  # and when again, before it was back


class Recovery:
    """What fell is back when it answers as ready; the supervisor, when all that fell with it is back."""

    def __init__(self, shop):
        self.shop = shop
        self.down = {}  # who → Fall
        self.returns = {}  # who → seconds until it was back, each time
        self.standing = None  # the services seen standing since the disk is full
        self.lock = threading.Lock()
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def start(self):
        self.thread.start()

    def stop(self):
        self.is_over.set()
        self.thread.join()

    def fell(self, names):
        now = time.monotonic()
        with self.lock:
            for name in names:
                self.down[name] = Fall(self.down[name].first if name in self.down else now, now)

    def check(self):
        now = time.monotonic()
        with self.lock:
            late = [name for name, fall in self.down.items() if now - fall.last > LIMIT_SECONDS]
        if late:
            raise DidNotComeBack(f"not ready {LIMIT_SECONDS} s after a kill: {', '.join(late)}")

    def watch(self):
        while not self.is_over.wait(TURN_SECONDS):
            for name in PROCESSES + [SUPERVISOR]:
                fall = self.down.get(name)
                if fall and self.is_back(name, fall):
                    self.rose(name, fall)
            if self.standing is not None:
                self.look_who_stands()

    def is_back(self, name, fall):
        if name != SUPERVISOR:
            return self.shop.is_ready(name)
        with self.lock:
            return all(other not in self.down or self.down[other].first > fall.last for other in PROCESSES)

    def rose(self, name, fall):
        with self.lock:
            if self.down[name] is fall:  # not struck again while it answered
                self.returns.setdefault(name, []).append(time.monotonic() - fall.first)
                del self.down[name]

    # Who stands while the disk is full.

    def watch_standing(self):
        self.standing = set()

    def stop_watching_standing(self):
        """Whether anybody stood."""
        felt, self.standing = bool(self.standing), None
        return felt

    def look_who_stands(self):
        for service in SERVICES:
            stands = self.shop.stands(service)
            if self.standing is None:
                return
            if stands:
                self.standing.add(service)
