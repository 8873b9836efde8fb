"""An acquirer that declines, fails, loses its answers, is slow, and is down for 20 s in the middle of a sale."""

import time

from shop import Shop, Verdict, arguments

FAULTS = ("--decline-rate 0.05 --error-rate 0.05 --lost-answer-rate 0.05 --delay-milliseconds 1000 "
          "--jitter-milliseconds 1000")


def main():
    options = arguments(__doc__, shoppers=5000, down=20)
    verdict = Verdict()
    with Shop(options, gateway=FAULTS) as shop:
        shop.start_sale("--drain-timeout", "600s")
        shop.wait_until("a tenth of the outcomes", lambda: shop.orders()[1] > options.shoppers / 10)
        shop.supervisor("stop", "gateway")
        shop.wait_until("the breaker", lambda: "breaker open" in shop.stampede("status").stdout, 30)
        verdict.check(True, "with the gateway down, status shows the breaker open")
        time.sleep(options.down)
        failed = shop.rows("payment", "SELECT count(*) FROM payments WHERE failure_reason IS NOT NULL "
                           "AND failure_reason <> 'declined'")[0][0]
        verdict.check(failed == 0, f"{failed} payments failed that time would have healed", 0)
        shop.supervisor("start", "gateway")
        status, text = shop.finish_sale()
        verdict.check(status == 0, f"the sale's verdict after {shop.orders()[2]:.1f} s: exit code {status}", "0, VALID")
        if status != 0:
            print(text)
        money(shop, verdict)
    verdict.end()


def money(shop, verdict):
    """Captured less refunded, in the ledger and by the orders that are confirmed."""
    ledger = shop.rows("payment-gateway", "SELECT coalesce(sum(CASE kind WHEN 'capture' THEN amount WHEN 'refund' THEN "
                       "-amount END), 0), count(CASE kind WHEN 'capture' THEN 1 END) FROM ledger")[0]
    orders = shop.rows(
        "order", "SELECT coalesce(sum(total_amount), 0), count(*) FROM orders WHERE status = 'confirmed'")[0]
    total = shop.orders()[0]
    verdict.check(ledger[0] == orders[0], f"captured less refunded {ledger[0]}, confirmed {orders[0]}, in minor units", "equal")
    print(f"      {total} orders: {orders[1]} confirmed, {total - orders[1]} not; {ledger[1]} captures")


if __name__ == "__main__":
    main()
