"""kill -9 of any service, of the gateway and of `stampede dlq retry`, at random moments of a sale."""

import os
import random
import signal
import subprocess
import time

from shop import SERVICES, Shop, Verdict, arguments

TARGETS = [f"{service}-service" for service in SERVICES] + ["payment-gateway", "dlq retry"]


def main():
    options = arguments(__doc__, kills=200)
    dice = random.Random(options.seed)
    verdict = Verdict()
    faults = {"inventory": {"rules": [{"type": "v1.OrderCreated", "share": 0.02, "effect": "throws"}]}}
    with Shop(options, faults=faults) as shop:
        arrival = max(1, options.kills // 4)
        shop.start_sale("--arrival", f"{arrival}s", "--patience", "1200s", "--drain-timeout", "5s")
        shop.wait_until("the first orders", lambda: len(shop.acknowledged()) > 0)
        tally = dict.fromkeys(TARGETS, 0)
        while sum(tally.values()) < options.kills:
            target = dice.choice(TARGETS)
            time.sleep(dice.uniform(0, 0.2))
            if kill(shop, target, dice):
                tally[target] += 1
        print("      killed: " + ", ".join(f"{name} {count} times" for name, count in tally.items()), flush=True)
        shop.finish_sale()
        shop.set_faults("inventory", {})
        for service in SERVICES:
            shop.supervisor("restart", service)
        shop.wait_until("the desk is full", lambda: not waiting(shop), 300)
        shop.stampede("dlq", "retry", "--all", "--service", "inventory", check=False)
        shop.wait_until("each order has its outcome", lambda: settled(shop), 300)
        total, outcomes, seconds = shop.orders()
        verdict.check(total == outcomes, f"{outcomes} orders have an outcome, {seconds:.0f} s after the first",
            f"all {total}")
        acknowledged = len(set(shop.acknowledged()))
        verdict.check(acknowledged <= total, f"each of the {acknowledged} acknowledged orders is among them")
        letters = shop.rows("inventory", "SELECT count(*) FROM dead_letters WHERE state = 'open'")[0][0]
        verdict.check(letters == 0, f"{letters} open dead letters", 0)
        said, report = shop.audit()
        verdict.check_audit(said)
        for invariant in report.get("invariants", []):
            for finding in (invariant["violations"] + invariant["waits"])[:3]:
                print(f"      {invariant['id']}. {finding['message']}")
    verdict.end()


def kill(shop, target, dice):
    """False where it is not up at this moment."""
    if target == "dlq retry":
        process = subprocess.Popen(
            [os.path.join(shop.options.bin, "stampede"), "dlq", "retry", "--all", "--service", "inventory", "--data",
             shop.data], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0, 0.15))
        process.kill()
        process.wait()
        return True
    pid = shop.pid(target)
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    # At once, instead of after the backoff: the next moment shall find it at work.
    shop.supervisor("start", target, check=False)
    return True


def waiting(shop):
    return shop.rows("inventory", "SELECT count(*) FROM parked WHERE next_attempt_at IS NOT NULL")[0][0]


def settled(shop):
    total, outcomes, _ = shop.orders()
    return total == outcomes


main()
