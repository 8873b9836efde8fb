"""A thousand clients that mean ill, of ten kinds, while honest shoppers order; then 100,000 requests that are none, and
10,000 connections that ask nothing."""

import asyncio
import json
import multiprocessing
import os
import re
import resource
import socket
import time
import urllib.request

import attackers
from shop import Shop, Verdict, arguments

AIM = 2.0  # times the p99 without
RATE = 100  # orders a second of honest shoppers
WARM_UP = 20_000  # bad requests before memory is looked at
FLAT_MEGABYTES = 8  # what memory may differ by over all others
PRODUCT = {"productId": "P-0001", "name": "Tea", "price": {"amount": 1999, "currency": "GBP"}}


def main():
    options = arguments(__doc__, hostile=1000, seconds=15, pairs=4, bad=100_000, idle=10_000)
    verdict = Verdict()
    with Shop(options) as shop:
        put(shop, shop.base + 1, "/admin/products", {"products": [PRODUCT]})
        put(shop, shop.base + 2, "/admin/stock", {"key": "first", "stock": [{"productId": "P-0001", "available": 10**9}]})
        pid = shop.pid("order-service")
        honest(shop.base, 5, "warm", [])
        latencies(options, shop, verdict)
        memory(options, shop, pid, verdict)
        idle(options, shop, verdict)
        verdict.check(shop.pid("order-service") == pid, "order-service is the same process")
        said, _ = shop.audit()
        verdict.check_audit(said)
    verdict.end()


def put(shop, port, path, body):
    with open(os.path.join(shop.data, "operator.token")) as file:
        token = file.read().strip()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data=json.dumps(body).encode(), method="PUT",
        headers={"Content-Type": "application/json", "Authorization": "Bearer " + token})
    urllib.request.urlopen(request, timeout=10).read()


# Honest shoppers


def latencies(options, shop, verdict):
    """Both arms in turn, each first as often: whatever the machine does, it does to both."""
    found = {"without": [], "with": []}
    answers, refused = {}, 0
    for pair in range(options.pairs):
        for arm in ["without", "with"] if pair % 2 == 0 else ["with", "without"]:
            attack = Attackers(shop.base, options.hostile, options.seed + pair) if arm == "with" else None
            if attack:
                time.sleep(3)  # until all of them are at it
            refused += honest(shop.base, options.seconds, f"{arm}-{pair}", found[arm])
            if attack:
                for status, count in attack.stop().items():
                    answers[status] = answers.get(status, 0) + count
            print(f"      {arm:8} p50 {at(found[arm], 0.5):.1f} ms, p99 {at(found[arm], 0.99):.1f} ms so far", flush=True)
    ratio = at(found["with"], 0.99) / at(found["without"], 0.99)
    print(f"      {options.hostile} hostile clients were answered: "
          + " ".join(f"{status}: {count}" for status, count in sorted(answers.items())))
    verdict.check(refused == 0, f"{refused} of {sum(map(len, found.values()))} honest orders were not accepted", 0)
    verdict.check(all(status < 500 or status == 503 for status in answers), "answers to hostile clients are listed above",
        "no 5xx but 503")
    verdict.check(
        ratio <= AIM, f"p99 of honest shoppers with {options.hostile} hostile clients {at(found['with'], 0.99):.1f} ms, "
        f"without {at(found['without'], 0.99):.1f} ms: {ratio:.2f} times", f"at most {AIM} times")


def at(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def honest(port, seconds, name, found):
    """Orders at a steady rate, each over a connection of its own; milliseconds from when each was due. How many failed."""
    return asyncio.run(shoppers(port, seconds, name, found))


async def shoppers(port, seconds, name, found):
    begin = asyncio.get_running_loop().time() + 0.1
    refused = 0

    async def one(number):
        nonlocal refused
        due = begin + number / RATE
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(attackers.order(f"{name}-{number}").replace(b"\r\nHost", b"\r\nConnection: close\r\nHost", 1))
            answer = await asyncio.wait_for(reader.read(), 60)
            writer.close()
        except (OSError, asyncio.TimeoutError):
            answer = b""
        found.append(1000 * (asyncio.get_running_loop().time() - due))
        refused += not answer.startswith(b"HTTP/1.1 202 ")

    await asyncio.gather(*(one(number) for number in range(seconds * RATE)))
    return refused


class Attackers:
    """Hostile clients in a process of their own, which dies with us."""

    def __init__(self, port, clients, seed):
        self.end, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=attack, args=(other, port, clients, seed), daemon=True)
        self.process.start()

    def stop(self):
        self.end.send("stop")
        answers = self.end.recv()
        self.process.join()
        return answers


def attack(end, port, clients, seed):
    os.nice(19)  # they stand for other machines: what they compute is not to be taken from the shop

    async def run():
        stop = asyncio.get_running_loop().run_in_executor(None, end.recv)
        return await attackers.Attack(port, clients, seed).run(stop)

    end.send(asyncio.run(run()))


# Memory


def memory(options, shop, pid, verdict):
    asyncio.run(bad_requests(shop.base, WARM_UP))
    before = megabytes(pid)
    begin = time.monotonic()
    answers = asyncio.run(bad_requests(shop.base, options.bad))
    seconds, after = time.monotonic() - begin, megabytes(pid)
    told = " ".join(f"{status}: {count}" for status, count in sorted(answers.items()))
    print(f"      {sum(answers.values())} answers to {options.bad} bad requests in {seconds:.0f} s: {told}")
    verdict.check(
        all(400 <= status < 500 for status in answers) and sum(answers.values()) >= options.bad * 0.99,
        "each was refused, with 4xx")
    verdict.check(
        after - before <= FLAT_MEGABYTES,
        f"memory of order-service {before:.1f} MB before and {after:.1f} MB after; at most {FLAT_MEGABYTES} MB more")


async def bad_requests(port, count):
    """Over 32 connections at a time, of which those that go on are used again."""
    bench = attackers.Attack(port, 0, 0)
    requests = iter(range(count))

    async def client():
        reader = writer = None
        for number in requests:
            kept = number % 4 != 0
            choices = attackers.KEPT if kept else attackers.ENDING
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(choices[number // 4 % len(choices)])
                head = await reader.readuntil(b"\r\n\r\n")
                bench.heard(head)
                await reader.readexactly(int(re.search(rb"(?i)content-length: (\d+)", head).group(1)))
            except (OSError, asyncio.IncompleteReadError):
                kept = False
            if not kept:
                writer.close()
                writer = None
        if writer:
            writer.close()

    await asyncio.gather(*(client() for _ in range(32)))
    return bench.answers


def idle(options, shop, verdict):
    """As many connections as the checkout holds; who orders is let in all the same."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    connections = [socket.create_connection(("127.0.0.1", shop.base)) for _ in range(options.idle)]
    found = []
    refused = honest(shop.base, 5, "idle", found)
    for connection in connections:
        connection.close()
    verdict.check(
        refused == 0, f"beside {options.idle} idle connections each of {len(found)} honest orders was accepted, {refused} not; "
        f"the slowest after {max(found) / 1000:.1f} s")


def megabytes(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1)) / 1024


if __name__ == "__main__":
    main()
