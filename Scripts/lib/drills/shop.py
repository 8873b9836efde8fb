"""A shop of one's own: starts it, asks it, stops it. What the drills share."""

import argparse
import base64
import hashlib
import hmac
import json
import os
import random
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid

from bounded import MOST_SEEDS, whole
from near_options import Parser

SERVICES = ["order", "inventory", "payment", "notification", "analytics"]


# What may be left out altogether; of all else a drill needs at least one.
OPTIONAL = {"cancellations", "down", "bad", "idle"}


def arguments(description, shoppers=20_000, **more):
    parser = Parser(description=description, add_help=True)
    parser.add_argument("--bin", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--root", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--shoppers", type=whole(1, 5_000_000), default=shoppers)
    parser.add_argument("--seed", type=whole(0, MOST_SEEDS), default=1)
    parser.add_argument("--keep", metavar="DIR")
    for name, value in more.items():
        parser.add_argument(
            "--" + name, type=whole(0 if name in OPTIONAL else 1, 1_000_000), default=value)
    return parser.parse_args()


class Shop:
    """A run in a directory of its own, on ports of its own, gone when the block ends."""

    SCRATCH = "stampede-drill-"
    BUSY_SECONDS = 10  # how long a read waits for a database that is locked

    def __init__(self, options, gateway="", faults=None, name="shop", environment=None):
        self.options = options
        self.environment = {"STAMPEDE_GATEWAY_ARGUMENTS": gateway, **(environment or {})}
        self.scratch = tempfile.mkdtemp(prefix=self.SCRATCH)
        self.data = os.path.join(options.keep or self.scratch, name)
        self.faults = {}
        for service, rules in (faults or {}).items():
            self.faults[service] = os.path.join(self.scratch, service + "-faults.json")
            self.set_faults(service, rules)
        self.base = free_port_base()
        self.sale = None
        self.orders_heard, self.journal_ends = [], {}

    def set_faults(self, service, rules):
        with open(self.faults[service], "w") as file:
            json.dump(rules, file)

    def __enter__(self):
        shutil.rmtree(self.data, ignore_errors=True)
        self.up()
        return self

    def __exit__(self, *_):
        self.stop_sale()
        self.down()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def up(self):
        command = ["up", "--port-base", str(self.base)]
        for service, path in self.faults.items():
            command += ["--test-faults", f"{service}={path}"]
        self.supervisor(*command, environment=self.environment)

    def down(self):
        self.supervisor("down", check=False)

    # What a person would type.

    def supervisor(self, *words, check=True, environment=None):
        command = [os.path.join(self.options.root, "Scripts/supervisor"), *words, "--data", self.data]
        if words[0] == "up":
            command += ["--bin", self.options.bin]
        return self.run(command, check, environment)

    def stampede(self, *words, check=True):
        return self.run([os.path.join(self.options.bin, "stampede"), *words, "--data", self.data], check)

    def run(self, command, check=True, environment=None):
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **(environment or {})})
        if check and done.returncode != 0:
            sys.exit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def start_sale(self, *more):
        """A flash sale beside us, which dies with us; `finish_sale` waits for it."""
        command = [
            "setpriv", "--pdeathsig", "TERM", os.path.join(self.options.bin, "flash-sale"), "run", "--data", self.data,
            "--shoppers", str(self.options.shoppers), "--stock", "all", *more,
        ]
        self.sale_text = open(os.path.join(self.scratch, "sale.txt"), "w+")
        self.sale = subprocess.Popen(command, stdout=self.sale_text, stderr=subprocess.STDOUT)

    def stop_sale(self):
        if self.sale and self.sale.poll() is None:
            self.sale.terminate()
            self.sale.wait()

    def finish_sale(self):
        status = self.sale.wait()
        self.sale_text.seek(0)
        return status, self.sale_text.read()

    def audit(self):
        """The verdict once nothing is in flight any more, and the report."""
        for _ in range(60):
            done = self.stampede("audit", "--json", check=False)
            report = json.loads(done.stdout or "{}")
            if report.get("verdict") != "UNKNOWN":
                break
            time.sleep(1)
        return report.get("verdict", done.stderr), report

    # What a person would look at.

    def rows(self, service, sql, *parameters):
        path = f"{self.data}/db/{service}/{service}.db"
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=self.BUSY_SECONDS)
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            connection.close()

    def orders(self):
        """How many there are, how many have an outcome, and the seconds from the first order to the last outcome."""
        total, settled, first, last = self.rows(
            "order",
            """SELECT count(*), count(CASE WHEN status <> 'pending' THEN 1 END), min(created_at),
                max(CASE WHEN status <> 'pending' THEN updated_at END) FROM orders""",
        )[0]
        return total, settled, ((last or 0) - (first or 0)) / 1e6

    def wait_until(self, what, condition, seconds=120):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                sys.exit(f"\nIt did not hold. Missed:\n- {what} within {seconds} s")
            time.sleep(0.1)

    def pid(self, program):
        try:
            with open(f"{self.data}/run/{program}.pid") as file:
                return int(file.read())
        except (OSError, ValueError):
            return None

    def port(self, name):
        with open(f"{self.data}/run/environment") as file:
            return int(re.search(rf"^STAMPEDE_{name}_PORT=(\d+)$", file.read(), re.M).group(1))

    def operator_token(self):
        with open(f"{self.data}/operator.token") as file:
            return file.read().strip()

    def order_token(self, order):
        """What the order's 202 gave: made with the key, as only who may read it can."""
        with open(f"{self.data}/db/order/order-token.key", "rb") as file:
            code = hmac.digest(file.read(), uuid.UUID(order).bytes, hashlib.sha256)
        return base64.urlsafe_b64encode(code).rstrip(b"=").decode()

    def acknowledged(self):
        """Ids of the orders that shoppers hold a 202 for, so far, in the order of the journals' growth."""
        directory = f"{self.data}/sale"
        for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
            if not name.startswith("acknowledged-"):
                continue
            with open(os.path.join(directory, name), "rb") as file:
                file.seek(self.journal_ends.get(name, 0))
                text = file.read()
            whole = text[: text.rfind(b"\n") + 1]
            self.journal_ends[name] = self.journal_ends.get(name, 0) + len(whole)
            self.orders_heard += [json.loads(line)["order"] for line in whole.splitlines()]
        return self.orders_heard


def cpu_seconds(shop):
    """User and system time of the five services."""
    ticks = 0
    for service in SERVICES:
        with open(f"/proc/{shop.pid(service + '-service')}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def free_port_base():
    """The first of 100 ports of which those that a shop takes are free."""
    while True:
        base = random.randrange(20_000, 32_000, 100)
        try:
            for port in [base, *range(base + 1, base + 6), base + 90]:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue


class Verdict:
    """Prints each thing that was to hold, and ends with those that did not and the exit code."""

    def __init__(self):
        self.missed = []

    @property
    def held(self):
        return not self.missed

    def check(self, holds, text, aim=None):
        """`text` is what was seen; `aim` is what it was to be, if the text alone does not say it."""
        line = f"{text}; aim: {aim}" if aim is not None else text
        if not holds:
            self.missed.append(line)
        print(f"{'ok  ' if holds else 'FAIL'}  {line}", flush=True)

    def check_audit(self, said, when=""):
        self.check(said == "VALID", f"audit{when}: {said}", "VALID")

    def end(self):
        print("\nIt held." if self.held else "\nIt did not hold. Missed:\n" + "\n".join(f"- {line}" for line in self.missed))
        sys.exit(0 if self.held else 1)
