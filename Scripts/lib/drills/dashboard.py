"""What watching costs: the same sale with the dashboard open and without, and how old what it shows is."""

import http.client
import json
import statistics
import threading
import time
from datetime import datetime

from shop import Shop, Verdict, arguments, cpu_seconds

AIM = 1.05  # with watchers over without
LIMIT_MILLISECONDS = 220  # between two snapshots, at the median: docs/dashboard.md says the same
EVENTS_AN_ORDER = 5


class Watcher(threading.Thread):
    """Reads the page's stream as a browser does, and notes when each snapshot came and what it said."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.gaps, self.ages, self.behind = [], [], []
        self.stopped = False

    def run(self):
        self.connection.request("GET", "/events", headers={"Accept": "text/event-stream"})
        answer = self.connection.getresponse()
        kind, last = "", None
        while not self.stopped:
            line = answer.readline()
            if not line:
                return
            if line.startswith(b"event:"):
                kind = line[6:].strip()
            elif line.startswith(b"data:") and kind == b"snapshot":
                last = self.note(json.loads(line[5:]), last)

    def note(self, snapshot, last):
        now = time.time()
        if snapshot["funnel"]["placed"] and not snapshot["isCaughtUp"]:
            # While the sale goes on.
            self.ages.append((now - datetime.fromisoformat(snapshot["at"].replace("Z", "+00:00")).timestamp()) * 1e3)
            self.behind.append(max(row["seconds"] or 0 for row in snapshot["lag"] if row["service"] == "analytics"))
            if last:
                self.gaps.append((now - last) * 1e3)
        return now

    def stop(self):
        self.stopped = True
        self.join(5)


def sale(options, watchers):
    """Microseconds of CPU an order, seconds to the last outcome, the watchers, events a second."""
    with Shop(options, name="watched" if watchers else "alone") as shop:
        threads = [Watcher(shop.port("ANALYTICS_ADMIN")) for _ in range(watchers)]
        for thread in threads:
            thread.start()
        before = cpu_seconds(shop)
        shop.start_sale("--seed", str(options.seed), "--arrival", f"{options.shoppers / options.rate:.3f}s")
        status, text = shop.finish_sale()
        if status != 0:
            raise SystemExit(f"the sale ended with {status}:\n{text[-2000:]}")
        spent = cpu_seconds(shop) - before
        for thread in threads:
            thread.stop()
        seconds = shop.orders()[2]
        return spent * 1e6 / options.shoppers, seconds, threads, options.shoppers * EVENTS_AN_ORDER / seconds


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main():
    options = arguments(__doc__, shoppers=20_000, pairs=3, rate=1_000, watchers=4)
    verdict = Verdict()
    costs, lengths, gaps, ages, behind = [], [], [], [], []
    for pair in range(options.pairs):
        arms = [options.watchers, 0] if pair % 2 else [0, options.watchers]
        runs = {watchers: sale(options, watchers) for watchers in arms}
        (alone, alone_seconds, _, rate), (watched, watched_seconds, threads, _) = runs[0], runs[options.watchers]
        costs.append(watched / alone)
        lengths.append(watched_seconds / alone_seconds)
        for thread in threads:
            gaps, ages, behind = gaps + thread.gaps, ages + thread.ages, behind + thread.behind
        print(
            f"      pair {pair + 1}: {watched:.0f} µs of CPU an order with {options.watchers} who watch, {alone:.0f} without; "
            f"{watched_seconds:.1f} s and {alone_seconds:.1f} s; {rate:,.0f} events a second", flush=True)
    cost, length = statistics.median(costs), statistics.median(lengths)
    verdict.check(cost <= AIM, f"CPU an order: {cost:.3f} times ({min(costs):.3f} to {max(costs):.3f})", f"at most {AIM} times")
    verdict.check(
        length <= AIM, f"until all is settled: {length:.3f} times ({min(lengths):.3f} to {max(lengths):.3f})",
        f"at most {AIM} times")
    median = statistics.median(gaps)
    verdict.check(
        median <= LIMIT_MILLISECONDS,
        f"between two snapshots p50 {median:.0f} ms, p99 {percentile(gaps, 0.99):.0f} ms",
        f"p50 at most {LIMIT_MILLISECONDS} ms")
    print(
        f"      a snapshot is p50 {statistics.median(ages):.0f} ms, p99 {percentile(ages, 0.99):.0f} ms old when it comes; "
        f"Analytics has read up to p50 {statistics.median(behind) * 1e3:.0f} ms, p99 {percentile(behind, 0.99) * 1e3:.0f} ms before")
    verdict.end()


main()
