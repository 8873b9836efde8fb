"""Clients as a shop meets them when somebody means it ill: each kind a coroutine that begins again for ever."""

import asyncio
import itertools
import json
import random
import re
import struct
import socket

ORDER = {"customerId": "c-1", "email": "ann@example.test", "currency": "GBP", "cardToken": "tok_visa",
         "lines": [{"productId": "P-0001", "quantity": 1}]}
PAUSE = 1.0  # seconds between two things that a client does


def post(body, *fields, key="k", length=None):
    lines = ["POST /v1/orders HTTP/1.1", "Host: localhost", "Content-Type: application/json", f"Idempotency-Key: {key}",
             *fields]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def order(key, quantity=1):
    body = json.dumps({**ORDER, "lines": [{"productId": "P-0001", "quantity": quantity}]}).encode()
    return post(body, key=key, length=len(body))


# What no server should take. The first ones leave the connection to go on, after the others it ends.

KEPT = [post(body, key=f"bad{number}", length=len(body)) for number, body in enumerate([
    b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 20_000, b'{"lines":[' + b"0," * 20_000 + b"0]}",
    json.dumps({**ORDER, "lines": [{"productId": "P-none", "quantity": 1}]}).encode(),
    json.dumps({**ORDER, "currency": "EUR"}).encode(), json.dumps({**ORDER, "email": "nobody"}).encode(),
    json.dumps(ORDER).replace('"quantity": 1', '"quantity": 1e999').encode(),
    json.dumps(ORDER).replace('"quantity": 1', '"quantity": -9223372036854775808').encode()])] + [
    b"GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", b"PATCH /v1/orders HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /v1/products HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET /v1/orders/019af000-0000-7000-8000-000000000000 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /v1/orders/019af000-0000-7000-8000-000000000000?wait=9e9s HTTP/1.1\r\nHost: localhost\r\n\r\n"]
ENDING = [
    post(b"{}", "Transfer-Encoding: chunked", length=2), post(b"hello", "Content-Length: 6", length=5), post(b"", length=-1),
    post(b"zz\r\n{}\r\n", "Transfer-Encoding: chunked"), post(b"", "Transfer-Encoding: gzip, chunked"),
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"HELLO\r\n\r\n", b"\x00" * 500, b"GET /\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 60_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 300 + b"\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"]


class Attack:
    """So many clients of all kinds, in turn, until it is stopped; counts what they were answered."""

    def __init__(self, port, clients, seed):
        self.port, self.clients, self.dice = port, clients, random.Random(seed)
        self.answers = {}
        self.is_over = False

    async def run(self, stop):
        kinds = itertools.cycle([self.slow_head, self.slow_body, self.idle, self.noise, self.refused, self.large, self.reset,
                                 self.deaf, self.same_key, self.half_closed])
        tasks = [asyncio.create_task(self.again(next(kinds))) for _ in range(self.clients)]
        await stop
        self.is_over = True  # wait_for can swallow a cancellation
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return self.answers

    async def again(self, kind):
        await asyncio.sleep(self.dice.random() * PAUSE)
        while not self.is_over:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(PAUSE)
                continue
            try:
                await kind(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                pass  # the server may hang up on such a client
            finally:
                writer.transport.abort()
            await asyncio.sleep(PAUSE)

    def heard(self, answer):
        for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer):
            self.answers[int(status)] = self.answers.get(int(status), 0) + 1

    async def listen(self, reader, seconds=PAUSE):
        """What comes within a moment, or until the server closes."""
        try:
            self.heard(await asyncio.wait_for(reader.read(65536), seconds))
        except asyncio.TimeoutError:
            pass

    async def drip(self, reader, writer, begin, more):
        writer.write(begin)
        while not (reader.at_eof() or self.is_over):
            writer.write(more)
            await self.listen(reader)

    async def slow_head(self, reader, writer):
        await self.drip(reader, writer, b"GET /v1/products HTTP/1.1\r\nHost: localhost\r\nX: ", b"x")

    async def slow_body(self, reader, writer):
        await self.drip(reader, writer, post(b"{", length=50_000), b" ")

    async def idle(self, reader, writer):
        await reader.read()

    async def noise(self, reader, writer):
        writer.write(self.dice.randbytes(self.dice.randrange(1, 3000)))
        await self.listen(reader)

    async def refused(self, reader, writer):
        writer.write(self.dice.choice(KEPT + ENDING))
        await self.listen(reader)

    async def large(self, reader, writer):
        writer.write(post(b"[" * 100_000, length=100_000))
        await self.listen(reader)

    async def reset(self, reader, writer):
        request = order("r")
        writer.write(request[:self.dice.randrange(1, len(request))])
        await asyncio.sleep(PAUSE)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async def deaf(self, reader, writer):
        """Asks and asks, and takes no answer."""
        reader._transport.pause_reading()
        writer.write(b"GET /v1/products HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
        await asyncio.sleep(30 * PAUSE)

    async def same_key(self, reader, writer):
        writer.write(order("same", self.dice.randrange(1, 5)))
        await self.listen(reader)

    async def half_closed(self, reader, writer):
        writer.write(post(b"{", length=100))
        writer.write_eof()
        await self.listen(reader)
