"""1 % of what inventory reads cannot be handled: five kinds of poison, and what becomes of all other orders."""

import base64
import json
import os
import statistics
import time
import uuid

from shop import Shop, Verdict, arguments

KINDS = ["undecodable", "unknown-version", "broken-rule", "TestFault", "trap"]


def injected(path, each):
    """Writes three kinds that an operator hands to the owner of the topic, raw; the ids of those that have one."""
    ids = []
    with open(path, "w") as file:
        for number in range(each):
            garbage = base64.b64encode(f"no event {number}".encode()).decode()
            print(json.dumps({"base64": garbage}), file=file)
            for kind, data in [
                ("v9.OrderCreated", {"of": "the future"}),
                ("v1.OrderCreated", order_of_nothing()),
            ]:
                identity = time_ordered()
                ids.append(identity)
                print(json.dumps({
                    "specversion": "1.0", "id": identity, "source": "/stampede/order", "type": kind,
                    "subject": time_ordered(), "time": "2026-01-01T00:00:00.000000Z",
                    "datacontenttype": "application/json", "correlationid": identity, "data": data,
                }), file=file)
    return ids


def time_ordered():
    """A UUIDv7 of this millisecond."""
    milliseconds = int(time.time() * 1000)
    value = milliseconds << 80 | 0x7000 << 64 | 1 << 63 | uuid.uuid4().int & ((1 << 62) - 1)
    return str(uuid.UUID(int=value))


def order_of_nothing():
    return {
        "customerID": "c", "email": "a@example.test", "cardToken": "tok_visa", "idempotencyKey": time_ordered(),
        "bodyHash": "00", "total": {"amount": 1, "currency": "GBP"},
        "lines": [{"productID": "P-0001", "quantity": 0, "unitPrice": 1}],
    }


def sale(options, poisoned, verdict=None):
    """The seconds until all orders without poison have their outcome; with a verdict, also what becomes of the rest."""
    share = 0.002
    each = int(options.shoppers * share)
    rules = {"rules": [
        {"type": "v1.OrderCreated", "share": share, "effect": "throws"},
        {"type": "v1.OrderCreated", "share": share, "effect": "traps"},
    ]}
    faults = {"order": {}, "inventory": rules} if poisoned else {}
    with Shop(options, faults=faults, name="poisoned" if poisoned else "plain") as shop:
        if poisoned:
            raw = os.path.join(shop.scratch, "raw.jsonl")
            ids = injected(raw, each)
        shop.start_sale("--drain-timeout", "30s")
        if poisoned:
            shop.wait_until("the first orders", lambda: len(shop.acknowledged()) > 0)
            shop.stampede("inject", "--service", "order", raw)
        shop.finish_sale()
        shop.wait_until("all others have an outcome", lambda: others_settled(shop), 300)
        seconds = shop.orders()[2]
        if verdict:
            shop.wait_until("nothing waits for another attempt", lambda: not waiting(shop), 600)
            after_the_sale(shop, verdict, each, ids)
        return seconds


def others_settled(shop):
    """Whether each order has an outcome, but for those that inventory holds up."""
    if shop.orders()[0] < shop.options.shoppers:
        return False
    held = {row[0] for row in shop.rows(
        "inventory", "SELECT subject FROM parked UNION SELECT subject FROM dead_letters WHERE state = 'open'")}
    pending = shop.rows("order", "SELECT order_id FROM orders WHERE status = 'pending'")
    return all(str(uuid.UUID(bytes=row[0])) in held for row in pending)


def waiting(shop):
    return shop.rows("inventory", "SELECT count(*) FROM parked WHERE next_attempt_at IS NOT NULL")[0][0]


def after_the_sale(shop, verdict, each, ids):
    total = shop.options.shoppers
    poison = shop.rows("inventory", "SELECT count(*) FROM dead_letters WHERE state = 'open'")[0][0]
    groups = json.loads(shop.stampede("dlq", "list", "--service", "inventory", "--json").stdout)["groups"]
    kinds = sorted(group["signature"].split(":")[0] for group in groups)
    verdict.check(kinds == sorted(KINDS), f"groups of dead letters at inventory: {', '.join(kinds)}",
        f"one per kind: {', '.join(sorted(KINDS))}")
    # By id, not by kind: the faults of the test may have struck one of them first.
    rows = shop.rows("inventory", "SELECT event_id, error_kind FROM dead_letters")
    dead = {str(uuid.UUID(bytes=row[0])) for row in rows}
    undecodable = sum(row[1] == "undecodable" for row in rows)
    verdict.check(
        dead.issuperset(ids) and undecodable == each,
        f"each of the {each} events injected of a kind is there, once: {len(dead.intersection(ids))} by id, "
        f"{undecodable} undecodable")
    print(f"      {poison} letters")
    verdict.check(
        restarts(shop) == 0,
        f"inventory began anew by itself after each trap; the supervisor had to start it {restarts(shop)} times")
    before, report = shop.audit()
    explained = sum(invariant.get("explainedTotal", 0) for invariant in report.get("invariants", []))
    verdict.check_audit(before, f" with the poison as dead letters, {explained} findings explained")
    if before != "VALID":
        print_report(report)
    shop.set_faults("inventory", {})
    shop.supervisor("restart", "inventory")
    shop.stampede("dlq", "retry", "--all", check=False)  # what can never be handled stays, and it says so
    shop.wait_until("each order has its outcome", lambda: shop.orders()[:2] == (total, total))
    verdict.check(True, f"after the cause was removed and all were retried, {total} of {total} orders have an outcome")
    after, report = shop.audit()
    verdict.check_audit(after, " afterwards")
    if after != "VALID":
        print_report(report)


def print_report(report):
    for invariant in report.get("invariants", []):
        for finding in (invariant["violations"] + invariant["waits"])[:3]:
            print(f"      {invariant['id']}. {finding['message']} {finding.get('file', '')} {finding.get('offset', '')}")


def restarts(shop):
    with open(f"{shop.data}/run/supervisor.state") as file:
        return int(next(line.split()[3] for line in file if line.startswith("inventory-service")))


def main():
    options = arguments(__doc__, pairs=1)
    verdict = Verdict()
    ratios = []
    for pair in range(options.pairs):
        plain = sale(options, False)
        poisoned = sale(options, True, verdict if pair == options.pairs - 1 else None)
        ratios.append(poisoned / plain)
        print(f"      pair {pair + 1}: others settled after {poisoned:.1f} s, without poison {plain:.1f} s: "
              f"{ratios[-1]:.2f}", flush=True)
    print(f"      median of {options.pairs}: {statistics.median(ratios):.2f} times the time without poison")
    verdict.end()


main()
