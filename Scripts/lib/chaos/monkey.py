"""Carries out the plan: strikes when it is time and the victim is up, and takes back what is to be taken back."""

import signal
import sqlite3
import time

from plan import DISK, KILL, STOP, SUPERVISOR, VICTIMS
from recovery import Recovery

TURN_SECONDS = 0.02
REFILL_SECONDS = 0.1
SECONDS_TO_DIE = 5


class Monkey:
    def __init__(self, shop, strikes, least_unsettled):
        self.shop = shop
        self.strikes = list(reversed(strikes))  # the next one last
        self.least_unsettled = least_unsettled
        self.recovery = Recovery(shop)
        self.struck = {victim: {"killed": 0, "counted": 0, "stopped": 0} for victim in VICTIMS}
        self.disk = {"full": 0, "felt": 0, "seconds": 0.0}
        self.takebacks = []  # when, and what is to be done then
        self.full_since = None
        self.next_refill = 0.0

    def run(self, seconds):
        """Strikes for so long; afterwards nothing is stopped and nothing is full."""
        begin = time.monotonic()
        self.recovery.start()
        try:
            while (now := time.monotonic()) < begin + seconds and self.shop.sale.poll() is None:
                self.take_back(now)
                self.shop.keep_supervised()
                self.recovery.check()
                if self.strikes and begin + self.strikes[-1].at <= now:
                    self.strike(now - begin)
                self.keep_full(now)
                time.sleep(TURN_SECONDS)
        finally:
            self.take_back(float("inf"))

    def wait_for_the_end(self):
        """Strikes no more, and keeps the shop up until the sale is over and all that was struck has come back."""
        while self.shop.sale.poll() is None or self.recovery.down:
            self.shop.keep_supervised()
            self.recovery.check()
            time.sleep(TURN_SECONDS)
        self.recovery.stop()

    # Strikes: each answers what is to be said of it, or None where it is not possible yet.

    def strike(self, passed):
        strike = self.strikes[-1]
        remark = {KILL: self.kill, STOP: self.stop, DISK: self.fill}[strike.kind](strike)
        if remark is not None:
            self.strikes.pop()
            print(f"{passed:7.1f} s  {strike}{remark}", flush=True)

    def kill(self, strike):
        unsettled = self.unsettled()
        victims = VICTIMS if strike.victim == SUPERVISOR else [strike.victim]
        processes = {victim: self.shop.process(victim) for victim in victims}
        target = processes[strike.victim]
        if not target:
            return None
        target.send(signal.SIGKILL)
        for process in filter(None, processes.values()):
            process.await_end(SECONDS_TO_DIE)
            process.close()
        self.recovery.fell(victims)
        counts = unsettled is not None and unsettled >= self.least_unsettled
        self.struck[strike.victim]["killed"] += 1
        self.struck[strike.victim]["counted"] += counts
        known = "unknown how many" if unsettled is None else f"{unsettled:,}"
        return f", {known} unsettled" + ("" if counts else ": does not count")

    def stop(self, strike):
        process = self.shop.process(strike.victim)
        if not process:
            return None
        process.send(signal.SIGSTOP)
        self.struck[strike.victim]["stopped"] += 1
        self.take_back_in(strike.hold, lambda: self.go_on(process))
        return ""

    def fill(self, strike):
        if self.full_since is not None:
            return None
        self.shop.disk.fill()
        self.full_since = time.monotonic()
        self.recovery.watch_standing()
        self.take_back_in(strike.hold, self.free)
        return ""

    # Taking back.

    def take_back_in(self, seconds, action):
        self.takebacks.append((time.monotonic() + seconds, action))

    def take_back(self, now):
        due = [entry for entry in self.takebacks if entry[0] <= now]
        for entry in due:
            self.takebacks.remove(entry)
            entry[1]()

    @staticmethod
    def go_on(process):
        process.send(signal.SIGCONT)
        process.close()

    def keep_full(self, now):
        """What is deleted or cut off meanwhile is not left to anybody."""
        if self.full_since is not None and now >= self.next_refill:
            self.shop.disk.fill()
            self.next_refill = now + REFILL_SECONDS

    def free(self):
        self.shop.disk.free()
        self.disk["full"] += 1
        self.disk["felt"] += self.recovery.stop_watching_standing()
        self.disk["seconds"] += time.monotonic() - self.full_since
        self.full_since = None

    def unsettled(self):
        """Orders that are accepted and have no outcome, as Order's database holds them, whether its owner lives or not.

        Nothing is accepted before its row is there, and an outcome changes the row in the transaction that decides it.
        None where the database cannot be read at this moment.
        """
        try:
            return self.shop.rows("order", "SELECT count(*) FROM orders WHERE status = 'pending'")[0][0]
        except sqlite3.Error:
            return None
