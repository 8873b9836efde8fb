"""What metrics, traces and logs cost at their defaults: the same sale with everything on and scraped, and with all off.

Scraped as often as Fixtures/prometheus/prometheus.yml says.
"""

import os
import statistics
import threading
import urllib.request

from shop import SERVICES, Shop, Verdict, arguments, cpu_seconds

OFF = {
    "STAMPEDE_METRICS": "off", "STAMPEDE_TRACE_FILE_BYTES": "0", "STAMPEDE_TRACE_COLLECTOR": "",
    "STAMPEDE_LOG_LEVEL": "critical",
}
AIM = 1.05
SCRAPE_SECONDS = 5


def sale(options, name, environment, scrapes):
    """Microseconds of the services' CPU a settled order."""
    with Shop(options, name=name, environment=environment) as shop:
        stop = threading.Event()
        scraper = threading.Thread(target=scrape, args=(shop, stop)) if scrapes else None
        before = cpu_seconds(shop)
        if scraper:
            scraper.start()
        shop.start_sale("--seed", str(options.seed))
        shop.finish_sale()
        shop.wait_until("each order has its outcome", lambda: shop.orders()[:2] == (options.shoppers,) * 2)
        shop.wait_until("everybody has heard of it", lambda: heard(shop) == options.shoppers)
        spent = cpu_seconds(shop) - before
        stop.set()
        if scraper:
            scraper.join()
        return spent * 1e6 / options.shoppers


def heard(shop):
    """Customers who were told, as Analytics counts them: the last step of an order."""
    sql = "SELECT coalesce(sum(events), 0) FROM event_counts WHERE type = 'v1.NotificationSent'"
    return shop.rows("analytics", sql)[0][0]


def scrape(shop, stop):
    while not stop.wait(SCRAPE_SECONDS):
        for service in SERVICES:
            port = shop.port(f"{service.upper()}_ADMIN")
            urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read()


def main():
    options = arguments(__doc__, shoppers=10_000, pairs=4)
    verdict = Verdict()
    ratios = []
    for pair in range(options.pairs):
        arms = [("on", {}, True), ("off", OFF, False)]
        if pair % 2 == 1:
            arms.reverse()  # whatever the first of two gains or loses, each arm is first as often
        spent = {name: sale(options, name, environment, scrapes) for name, environment, scrapes in arms}
        ratios.append(spent["on"] / spent["off"])
        print(
            f"      pair {pair + 1}: {spent['on']:.0f} µs of CPU an order with telemetry, {spent['off']:.0f} µs without: "
            f"{ratios[-1]:.3f}", flush=True)
    median = statistics.median(ratios)
    verdict.check(
        median <= AIM,
        f"median of {options.pairs} pairs {median:.3f}, from {min(ratios):.3f} to {max(ratios):.3f}",
        f"at most {AIM}")
    verdict.end()


main()
