"""Customers who change their minds before, during and after their charge."""

import http.client
import queue
import random
import threading
import time

from shop import Shop, Verdict, arguments


def main():
    options = arguments(__doc__, cancellations=0)
    options.cancellations = options.cancellations or options.shoppers // 2
    dice = random.Random(options.seed)
    verdict = Verdict()
    with Shop(options, gateway="--delay-milliseconds 400 --jitter-milliseconds 400") as shop:
        shop.start_sale("--arrival", "5s", "--drain-timeout", "120s")
        asked = cancel_some(shop, dice)
        shop.finish_sale()
        verdict.check(len(asked) == options.cancellations, f"{len(asked)} cancellations acknowledged during the sale",
            options.cancellations)
        said, report = shop.audit()
        verdict.check_audit(said)
        for invariant in report.get("invariants", []):
            for finding in (invariant["violations"] + invariant["waits"])[:3]:
                print(f"      {invariant['id']}. {finding['message']}")
        outcomes(shop, verdict, asked)
    verdict.end()


def cancel_some(shop, dice):
    """Asks for the cancellation of random acknowledged orders, each after a random while; the ids that were heard."""
    work, heard, known, chosen = queue.PriorityQueue(), [], 0, 0
    port = shop.port("CHECKOUT")
    wanted = shop.options.cancellations

    def customer():
        while True:
            due, order = work.get()
            if order is None:
                return
            time.sleep(max(0, due - time.monotonic()))
            if delete(port, order, shop.order_token(order)):
                heard.append(order)

    threads = [threading.Thread(target=customer) for _ in range(32)]
    for thread in threads:
        thread.start()
    while True:
        over = shop.sale.poll() is not None
        orders = shop.acknowledged()
        for place, order in enumerate(orders[known:], known):
            # Sequential sampling: exactly so many, each order with the same chance.
            if dice.random() * (shop.options.shoppers - place) < wanted - chosen:
                chosen += 1
                work.put((time.monotonic() + dice.choice([0, dice.uniform(0, 2), dice.uniform(0, 20)]), order))
        known = len(orders)
        if over or known >= shop.options.shoppers:
            break
        time.sleep(0.05)
    for _ in threads:
        work.put((float("inf"), None))  # after all others
    for thread in threads:
        thread.join()
    return heard


def delete(port, order, token):
    for _ in range(100):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("DELETE", f"/v1/orders/{order}", headers={"Authorization": f"Bearer {token}"})
            status = connection.getresponse().status
            connection.close()
            if status == 202:
                return True
        except OSError:
            pass
        time.sleep(0.1)
    return False


def outcomes(shop, verdict, asked):
    """Where each cancelled order ended: at Order, at Payment, at the gateway and on the shelf."""
    import uuid

    status = {str(uuid.UUID(bytes=row[0])): row[1:] for row in shop.rows("order", "SELECT order_id, status, reason FROM orders")}
    wrong = [order for order in asked if status[order][0] != "cancelled"]
    verdict.check(not wrong, f"each of them is cancelled; not so: {wrong[:3] or 'none'}")
    balance, refunds = {}, {}
    for order, kind, amount in shop.rows("payment-gateway", "SELECT order_id, kind, amount FROM ledger"):
        balance[order] = balance.get(order, 0) + (amount if kind == "capture" else -amount)
        refunds[order] = refunds.get(order, 0) + (kind == "refund")
    paid = [order for order in asked if balance.get(order, 0) != 0]
    verdict.check(not paid, f"no card is charged for one of them; not so: {paid[:3] or 'none'}")
    twice = [order for order, count in refunds.items() if count > 1]
    verdict.check(not twice, f"none was paid back twice; not so: {twice[:3] or 'none'}")
    reasons = {}
    for order in asked:
        reasons[status[order][1]] = reasons.get(status[order][1], 0) + 1
    print(f"      {reasons}, {sum(1 for order in asked if refunds.get(order))} of them paid back")
    reserved = shop.rows("inventory", "SELECT count(*) FROM reservations WHERE state = 'reserved'")[0][0]
    confirmed = sum(1 for row in status.values() if row[0] == "confirmed")
    verdict.check(reserved == confirmed, f"stock is held for {reserved} orders", f"the {confirmed} confirmed ones")


main()
