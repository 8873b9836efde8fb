"""What strikes when, and whom: all of it follows from the seed."""

import random
from dataclasses import dataclass

SUPERVISOR = "supervisor"
SERVICES = ["order-service", "inventory-service", "payment-service", "notification-service", "analytics-service"]
PROCESSES = SERVICES + ["payment-gateway"]
VICTIMS = PROCESSES + [SUPERVISOR]
KILL, STOP, DISK = KINDS = ["kill", "stop", "disk"]

# Seconds between two strikes of a kind, on average; in a short run fewer, so that each kind has its turn.
MEAN_GAP = {KILL: 1.5, STOP: 8, DISK: 20}
LEAST_OF_A_KIND = 4
# How long a process stays stopped, and a disk full.
HOLD = {STOP: (1.0, 4.0), DISK: (1.0, 3.0)}


@dataclass(frozen=True)
class Strike:
    at: float  # seconds after the first accepted order
    kind: str
    victim: str  # empty for the disk
    hold: float  # seconds until it is taken back; a kill is not

    def __str__(self):
        if self.kind == KILL:
            return f"kill  {self.victim}"
        return f"{self.kind}  {self.victim or 'full'} for {self.hold:.1f} s"


def plan(seed, seconds, kinds):
    """The strikes of a run, by time. Each kind has dice of its own: leaving one out changes nothing of the others."""
    strikes = [strike for kind in kinds for strike in of_kind(kind, seed, seconds)]
    return sorted(strikes, key=lambda strike: (strike.at, strike.kind))


def of_kind(kind, seed, seconds):
    dice = random.Random(f"{kind} {seed}")
    gap = min(MEAN_GAP[kind], seconds / LEAST_OF_A_KIND)
    at = dice.uniform(0, gap)
    victims = []
    while at < seconds:
        victims = victims or dice.sample(VICTIMS, len(VICTIMS))  # everybody's turn comes before anybody's second
        victim = victims.pop() if kind != DISK else ""
        yield Strike(at, kind, victim, dice.uniform(*HOLD[kind]) if kind in HOLD else 0)
        at += dice.uniform(0.5, 1.5) * gap
