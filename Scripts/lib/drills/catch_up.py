"""How fast each consumer catches up: all are paused while the orders are placed, then go on, alone and one after the other."""

import json
import random
import socket
import sys
import threading
import time
import uuid

from shop import SERVICES, Shop, Verdict, arguments

LEAST = 15_000
PRODUCTS, CONNECTIONS = 100, 64


def main():
    options = arguments(__doc__, shoppers=200_000)
    verdict = Verdict()
    with Shop(options, gateway="--delay-milliseconds 1 --jitter-milliseconds 0") as shop:
        for service in SERVICES:
            shop.stampede("pause", service)
        stock(shop)
        place(shop, options.shoppers)
        for service in ["inventory", "payment", "order", "notification", "analytics"]:
            alone(shop, service, verdict)
    verdict.end()


def stock(shop):
    products = [f"P-{number}" for number in range(PRODUCTS)]
    price = {"amount": 1999, "currency": "GBP"}
    token = shop.operator_token()
    put(shop.port("ORDER_ADMIN"), token, "/admin/products", {
        "products": [{"productId": product, "name": product, "price": price} for product in products]})
    put(shop.port("INVENTORY_ADMIN"), token, "/admin/stock", {
        "key": "catch-up", "stock": [{"productId": product, "available": 100_000_000} for product in products]})


def put(port, token, path, value):
    body = json.dumps(value).encode()
    status = exchange(socket.create_connection(("127.0.0.1", port)), request("PUT", path, body, f"Authorization: Bearer {token}"))
    if status != 200:
        sys.exit(f"PUT {path} was answered {status}")


def place(shop, count):
    """Places orders over a few connections, without waiting for their outcome, which nobody works on."""
    begin, rest, lock = time.monotonic(), iter(range(count)), threading.Lock()
    failures = []

    def work(number):
        choice = random.Random(shop.options.seed * CONNECTIONS + number)
        connection = socket.create_connection(("127.0.0.1", shop.port("CHECKOUT")))
        while not failures:
            with lock:
                order = next(rest, None)
            if order is None:
                return
            lines = [{"productId": f"P-{product}", "quantity": choice.randint(1, 3)}
                     for product in choice.sample(range(PRODUCTS), choice.randint(1, 3))]
            body = json.dumps({
                "customerId": f"c-{order}", "email": f"c{order}@example.test", "currency": "GBP",
                "cardToken": "tok_visa", "lines": lines}).encode()
            status = exchange(connection, request(
                "POST", "/v1/orders", body, f"Idempotency-Key: {uuid.UUID(int=choice.getrandbits(128))}"))
            if status == 503:
                time.sleep(1)
            elif status != 202:
                failures.append(status)

    threads = [threading.Thread(target=work, args=[number]) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        sys.exit(f"an order was answered {failures[0]}")
    seconds = time.monotonic() - begin
    print(f"      {shop.orders()[0]:,} orders placed in {seconds:.0f} s, {count / seconds:,.0f} a second", flush=True)


def request(method, path, body, header):
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n{header}\r\n"
    return head.encode() + b"\r\n" + body


def exchange(connection, request):
    """The status of the answer."""
    connection.sendall(request)
    answer = b""
    while True:
        head, found, body = answer.partition(b"\r\n\r\n")
        if found:
            lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
            if len(body) >= int(lengths[0] if lengths else 0):
                return int(head[9:12])
        more = connection.recv(65536)
        if not more:
            sys.exit("a connection was cut")
        answer += more


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
    course = [(begin, before)]  # when it had read how far
    while True:
        time.sleep(0.2)
        now = position(shop, service)
        if now != course[-1][1]:
            course.append((time.monotonic(), now))
        elif now >= end(shop, service) and time.monotonic() - course[-1][0] > 1:
            break
    seconds = course[-1][0] - begin
    events = course[-1][1] - before
    verdict.check(
        events / seconds >= LEAST,
        f"{service}: {events:,} events in {seconds:.1f} s, {events / seconds:,.0f} a second; "
        f"{fade(course)}; peak memory {peak(shop, service)} MB", f"at least {LEAST:,} a second")
    if service == "payment":
        shop.wait_until("all calls are made", lambda: not shop.rows(
            "payment", "SELECT 1 FROM intents WHERE state = 'open' LIMIT 1"), 1200)
        print(f"      all calls made {time.monotonic() - begin:.0f} s after it went on; peak memory {peak(shop, service)} MB")
    if service == "notification":
        shop.wait_until("all mails are written", lambda: not shop.rows(
            "notification", "SELECT 1 FROM intents WHERE state = 'open' LIMIT 1"), 1200)
        print(f"      all mails written {time.monotonic() - begin:.0f} s after it went on; peak memory {peak(shop, service)} MB")
    shop.stampede("pause", service)


def fade(course):
    """What the rate at the end, with all the rows there are by then, is of the rate at the beginning."""
    if len(course) < 20:
        return "too short to compare its end with its beginning"
    events = course[-1][1] - course[0][1]

    def seconds(share):
        return next(when for when, read in course if read - course[0][1] >= share * events) - course[0][0]

    return f"the last fifth at {seconds(0.2) / (seconds(1) - seconds(0.8)):.0%} of the first fifth's rate"


def peak(shop, service):
    with open(f"/proc/{shop.pid(service + '-service')}/status") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM"))


main()
