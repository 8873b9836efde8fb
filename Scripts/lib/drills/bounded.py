"""Numbers of a script's command line, each with its bounds, as argparse's `type`."""

import argparse
import re

# Seeds are given on to programs that take 64 bits.
MOST_SEEDS = 2**63 - 1


def whole(low, high):
    """A whole number: decimal digits alone."""
    def read(text):
        if not re.fullmatch(r"[0-9]{1,19}", text) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"it takes a whole number from {low} to {high}, not {text[:40]!r}")
        return int(text)
    return read


def number(low, high):
    """A number with or without a fraction."""
    def read(text):
        if not re.fullmatch(r"[0-9]{1,19}(\.[0-9]{1,19})?", text) or not low <= float(text) <= high:
            raise argparse.ArgumentTypeError(f"it takes a number from {low} to {high}, not {text[:40]!r}")
        return float(text)
    return read
