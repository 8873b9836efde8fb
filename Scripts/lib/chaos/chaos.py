"""A flash sale while everything is killed, stopped and short of disk space."""

import argparse
import json
import os
import signal
import sys

from bounded import MOST_SEEDS, number, whole
from besieged_shop import SIGNALS, BesiegedShop, Interrupted, ignore_signals
from monkey import Monkey
from near_options import Parser
from plan import DISK, KINDS, plan
from recovery import DidNotComeBack
from report import EXIT_CODES, report, text
from small_disk import NoDisk

STRIKING_SHARE = 0.8
# The acquirer takes so long that this many times the orders are under way that a kill needs to count.
UNDER_WAY = 2.5
CALLS_AT_A_TIME = 1024
GATEWAY_MILLISECONDS = (20, 2000)
SECONDS_UNTIL_THE_FIRST_ORDER = 60


def main():
    options = arguments()
    seconds = options.minutes * 60 * STRIKING_SHARE
    if options.plan:
        for strike in plan(options.seed, seconds, options.kinds):
            print(f"{strike.at:7.1f} s  {strike}")
        return 0
    for number in SIGNALS:
        signal.signal(number, interrupt)
    try:
        with BesiegedShop(options, acquirer(options, seconds), CALLS_AT_A_TIME) as shop:
            result = besiege(shop, options, seconds)
            shop.held = result["verdict"] == "VALID"
    except Interrupted as interrupted:
        return 128 + interrupted.number
    return EXIT_CODES[result["verdict"]]


def interrupt(number, _):
    ignore_signals()
    raise Interrupted(number)


def arguments():
    parser = Parser(prog="chaos", description=__doc__)
    parser.add_argument("--bin", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--root", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--private-mounts", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--minutes", type=number(0.1, 600), default=10)
    parser.add_argument("--seed", type=whole(0, MOST_SEEDS), default=1)
    parser.add_argument("--shoppers", type=whole(1, 5_000_000), default=50_000)
    parser.add_argument("--unsettled", type=whole(1, 1_000_000), default=100)
    parser.add_argument("--without", action="append", default=[], choices=KINDS)
    parser.add_argument("--disk", action="store_true")
    parser.add_argument("--data", metavar="DIR")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--plan", action="store_true")
    options = parser.parse_args()
    if options.disk and DISK in options.without:
        parser.error("--disk and --without disk exclude one another")
    if options.data and os.path.exists(options.data) and (not os.path.isdir(options.data) or os.listdir(options.data)):
        parser.error(f"--data: {options.data} is not an empty directory")
    options.kinds = [kind for kind in KINDS if kind not in options.without]
    return options


def acquirer(options, seconds):
    """A gateway that is slow enough for orders to be under way, and fails now and then."""
    least, most = GATEWAY_MILLISECONDS
    delay = int(min(most, max(least, UNDER_WAY * options.unsettled / (options.shoppers / seconds) * 1000)))
    return (f"--delay-milliseconds {delay} --jitter-milliseconds {delay // 2} --max-concurrent-calls {CALLS_AT_A_TIME} "
            f"--decline-rate 0.02 --error-rate 0.01 --lost-answer-rate 0.01 --seed {options.seed}")


def besiege(shop, options, seconds):
    if DISK in options.kinds:
        mount(shop, options)
    shop.up()
    report_file = os.path.join(shop.scratch, "sale.json")
    shop.start_sale(
        "--arrival", f"{seconds:g}s", "--patience", f"{options.minutes * 60 + 120:g}s", "--answer-timeout", "5s",
        "--drain-timeout", "120s", "--seed", str(options.seed), "--json", report_file)
    shop.wait_until("the first order", shop.acknowledged, SECONDS_UNTIL_THE_FIRST_ORDER)
    monkey = Monkey(shop, plan(options.seed, seconds, options.kinds), options.unsettled)
    findings = []
    try:
        monkey.run(seconds)
        monkey.wait_for_the_end()
        said = shop.finish_sale()[1]
        print("\n" + said[max(0, said.find("FLASH SALE")):])  # without its progress
    except DidNotComeBack as error:
        findings.append(str(error))
    result = report(options, monkey, read(report_file), findings)
    print(text(result), flush=True)
    write(result, [os.path.join(shop.scratch, "chaos.json"), options.json])
    return result


def mount(shop, options):
    try:
        shop.mount_disk()
    except NoDisk as obstacle:
        if options.disk:
            sys.exit(f"chaos: no small disk can be mounted: {obstacle}")
        print(f"chaos: no small disk can be mounted ({obstacle}); it goes on without disk", file=sys.stderr)
        options.kinds.remove(DISK)
        options.without.append(f"{DISK} ({obstacle})")


def read(path):
    """The sale's report; empty where there is none."""
    if not os.path.exists(path):
        return {}
    with open(path) as file:
        return json.load(file)


def write(result, paths):
    """A regular file as a whole or not at all; a device or a fifo is written to."""
    for path in filter(None, paths):
        is_plain = (os.path.isfile(path) or not os.path.exists(path)) and not path.startswith(("/dev/", "/proc/"))
        target = os.path.realpath(path)
        with open(f"{target}.{os.getpid()}" if is_plain else path, "w") as file:
            json.dump(result, file, indent=2)
            file.write("\n")
        if is_plain:
            os.replace(file.name, target)


sys.exit(main())
