"""How fast each consumer catches up: all are paused while the orders are placed, then go on, alone and one after the other."""

import time

from shop import SERVICES, Shop, Verdict, arguments

LEAST = 15_000


def main():
    options = arguments(__doc__, shoppers=200_000)
    verdict = Verdict()
    with Shop(options, gateway="--delay-milliseconds 1 --jitter-milliseconds 0") as shop:
        for service in SERVICES:
            shop.stampede("pause", service)
        shop.start_sale("--arrival", f"{max(1, options.shoppers // 2000)}s", "--patience", "600s", "--drain-timeout", "1s")
        shop.wait_until("all orders are placed", lambda: shop.orders()[0] >= options.shoppers, 1200)
        shop.sale.terminate()
        shop.sale.wait()
        for service in ["inventory", "payment", "order", "notification", "analytics"]:
            alone(shop, service, verdict)
    verdict.end()


def position(shop, service):
    return shop.rows(service, "SELECT coalesce(sum(next_offset), 0) FROM consumer_positions")[0][0]


def end(shop, service):
    """Events in the topics that it reads."""
    topics = [row[0] for row in shop.rows(service, "SELECT topic FROM consumer_positions")]
    ends = 0
    for owner in SERVICES:
        for topic, made in shop.rows(owner, "SELECT topic, next_sequence - 1 FROM outbox_topics"):
            if topic in topics:
                ends += made
    return ends


def alone(shop, service, verdict):
    before = position(shop, service)
    begin = time.monotonic()
    shop.stampede("resume", service)
    last, changed = before, begin
    while True:
        time.sleep(0.2)
        now = position(shop, service)
        if now != last:
            last, changed = now, time.monotonic()
        if now >= end(shop, service) and time.monotonic() - changed > 1:
            break
    seconds = changed - begin
    events = last - before
    verdict.check(
        events / seconds >= LEAST,
        f"{service}: {events:,} events in {seconds:.1f} s, {events / seconds:,.0f} a second; "
        f"peak memory {peak(shop, service)} MB")
    if service == "payment":
        shop.wait_until("all calls are made", lambda: not shop.rows(
            "payment", "SELECT 1 FROM intents WHERE state = 'open' LIMIT 1"), 1200)
        print(f"      all calls made {time.monotonic() - begin:.0f} s after it went on; peak memory {peak(shop, service)} MB")
    if service == "notification":
        shop.wait_until("all mails are written", lambda: not shop.rows(
            "notification", "SELECT 1 FROM intents WHERE state = 'open' LIMIT 1"), 1200)
        print(f"      all mails written {time.monotonic() - begin:.0f} s after it went on; peak memory {peak(shop, service)} MB")
    shop.stampede("pause", service)


def peak(shop, service):
    with open(f"/proc/{shop.pid(service + '-service')}/status") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM"))


main()
