#!/usr/bin/env python3
"""Reads one topic of the event log, from docs/reference/log-format.md alone.

    log_reader.py DIRECTORY [--raw]

DIRECTORY is the folder of one topic. Prints one JSON object a line for every event that is known to be on disk: offset,
sequence, epoch, time of the append, and the event's attributes (with --raw: its bytes in hex instead). Anything that
does not check out ends it with status 1 and a line "FILE: byte N: what" on standard error. Standard library only.
"""
import hashlib
import json
import os
import struct
import sys

SEGMENT_HEADER = 128
FRAME_HEADER = 96
MAXIMUM_FRAME = 1 << 20
INDEX_SPACING = 64 << 10
EVENTS, SEAL, WRITER_OPENED = 0, 1, 2

TABLE = []
for number in range(256):
    for _ in range(8):
        number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
    TABLE.append(number)


def crc32c(*parts):
    crc = 0xFFFFFFFF
    for part in parts:
        for byte in part:
            crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


class Damage(Exception):
    pass


def damaged(path, byte, what):
    raise Damage(f"{os.path.basename(path)}: byte {byte}: {what}")


def read_commit_page(directory):
    path = os.path.join(directory, "commit")
    with open(path, "rb") as file:
        page = file.read()
    if len(page) < 4096:
        damaged(path, len(page), "shorter than a page")
    magic, version, _, committed, epoch, _, topic = struct.unpack_from("<8sIIQII16s", page)
    if magic != b"STAMPCOM":
        damaged(path, 0, "not a commit page")
    if version != 1:
        damaged(path, 8, f"version {version}")
    return committed, epoch, topic


def read_segment_header(path, bytes_):
    if len(bytes_) < SEGMENT_HEADER:
        damaged(path, 0, "shorter than a segment header")
    magic, version, checksum, topic, base, previous_length, created, sequence, previous_hash, reserved = struct.unpack_from(
        "<8sII16sQQqQ32s32s", bytes_)
    if magic != b"STAMPSEG":
        damaged(path, 0, "not a segment file")
    if checksum != crc32c(bytes_[0:12], bytes_[16:128]):
        damaged(path, 12, "header checksum")
    if version != 1:
        damaged(path, 8, f"version {version}")
    if any(reserved):
        damaged(path, 96, "a reserved field in use")
    return topic, base, previous_length, created, sequence, previous_hash


class Frame:
    def __init__(self, path, bytes_, at):
        if len(bytes_) - at < FRAME_HEADER:
            damaged(path, at, "the file ends inside a frame")
        (magic, self.length, header_checksum, payload_checksum, version, self.kind, flags, self.count, self.offset,
         self.epoch, reserved, self.time, self.producer, self.sequence, self.previous_hash) = struct.unpack_from(
            "<4sIIIBBHIQIIqQQ32s", bytes_, at)
        if magic != b"SLF1":
            damaged(path, at, "no frame begins here")
        if header_checksum != crc32c(bytes_[at:at + 8], bytes_[at + 12:at + 96]):
            damaged(path, at, "header checksum")
        if version != 1 or self.kind > 2 or flags or reserved:
            damaged(path, at, f"version {version}, kind {self.kind}, flags {flags}, reserved {reserved}")
        if not FRAME_HEADER <= self.length <= MAXIMUM_FRAME or self.length % 8:
            damaged(path, at, f"length {self.length}")
        if (self.count == 0) != (self.kind != EVENTS) or self.kind != EVENTS and self.length != FRAME_HEADER:
            damaged(path, at, f"kind {self.kind} with {self.count} events in {self.length} bytes")
        if len(bytes_) - at < self.length:
            damaged(path, at, "the file ends inside a frame")
        whole = bytes_[at:at + self.length]
        if payload_checksum != crc32c(whole[FRAME_HEADER:]):
            damaged(path, at, "payload checksum")
        self.hash = hashlib.sha256(whole).digest()
        self.events = []
        cursor = FRAME_HEADER
        for _ in range(self.count):
            if cursor + 4 > self.length:
                damaged(path, at, "an event lies outside its frame")
            (size,) = struct.unpack_from("<I", whole, cursor)
            cursor += 4
            if cursor + size > self.length:
                damaged(path, at, "an event lies outside its frame")
            self.events.append(whole[cursor:cursor + size])
            cursor += size
        if self.length - cursor >= 8 or any(whole[cursor:]):
            damaged(path, at, "bytes after the last event")


def sealed_by_own_checksum(path, magic, minimum):
    """The bytes of a small file whose checksum at byte 12 covers everything else."""
    with open(path, "rb") as file:
        bytes_ = file.read()
    if len(bytes_) < minimum:
        damaged(path, 0, f"{len(bytes_)} bytes")
    if bytes_[:8] != magic:
        damaged(path, 0, "magic")
    if struct.unpack_from("<I", bytes_, 12)[0] != crc32c(bytes_[0:12], bytes_[16:]):
        damaged(path, 12, "checksum")
    if struct.unpack_from("<I", bytes_, 8)[0] != 1:
        damaged(path, 8, "version")
    return bytes_


def read_start(directory, topic):
    """The offset of the first event that the topic keeps."""
    path = os.path.join(directory, "start")
    if not os.path.exists(path):
        return 0
    bytes_ = sealed_by_own_checksum(path, b"STAMPBEG", 48)
    owner, first, reserved = struct.unpack_from("<16sQQ", bytes_, 16)
    if len(bytes_) != 48 or owner != topic or reserved:
        damaged(path, 16, "not this topic's start record")
    return first


def check_index(directory, topic, base, end, seal_hash, frames):
    """An index may be missing, and may be wrong; a writer's is right."""
    path = os.path.join(directory, f"{base:020}.index")
    if not os.path.exists(path):
        return
    bytes_ = sealed_by_own_checksum(path, b"STAMPIDX", 88)
    owner, first, next_, seal, count, reserved = struct.unpack_from("<16sQQ32sII", bytes_, 16)
    if (owner, first, next_, seal, reserved) != (topic, base, end, seal_hash, 0) or len(bytes_) != 88 + 48 * count:
        damaged(path, 16, "not this segment's index")
    expected, last = [], SEGMENT_HEADER
    for offset, at, previous_hash in frames:
        if at >= last + INDEX_SPACING:
            expected.append((offset, at, previous_hash))
            last = at
    found = [struct.unpack_from("<QQ32s", bytes_, 88 + 48 * number) for number in range(count)]
    if found != expected:
        damaged(path, 88, f"{found} where {expected} belong")


def read_topic(directory):
    """Yields (frame, index) for each event below the committed offset."""
    committed, _, topic = read_commit_page(directory)
    base = start = read_start(directory, topic)
    sequence, previous_hash, previous_length, epoch, time = 1, bytes(32), 0, 0, -(1 << 63)
    while base < committed:
        path = os.path.join(directory, f"{base:020}.segment")
        if not os.path.exists(path):
            damaged(path, 0, "the segment is missing")
        with open(path, "rb") as file:
            segment = file.read()
        header = read_segment_header(path, segment)
        if header[0] != topic:
            damaged(path, 16, "of another topic")
        if base == start > 0:
            # What came before was archived: it can only be believed.
            previous_length, sequence, previous_hash = header[2], header[4], header[5]
        if header[1:3] != (base, previous_length) or header[4:] != (sequence, previous_hash):
            damaged(path, 32, "does not continue the segment before it")
        time = max(time, header[3])
        at, offset, frames = SEGMENT_HEADER, base, []
        while offset < committed:
            frame = Frame(path, segment, at)
            if (frame.offset, frame.sequence, frame.previous_hash) != (offset, sequence, previous_hash):
                damaged(path, at, "does not continue the frame before it")
            if frame.epoch < epoch or frame.time < time:
                damaged(path, at, "epoch or time falls")
            if offset + frame.count > committed:
                damaged(path, at, "the frame goes past the committed offset")
            for index in range(frame.count):
                yield frame, index
            if frame.kind == EVENTS:
                frames.append((frame.offset, at, frame.previous_hash))
            at += frame.length
            offset, sequence = offset + frame.count, sequence + frame.count
            previous_hash, epoch, time = frame.hash, frame.epoch, frame.time
            if frame.kind == SEAL:
                check_index(directory, topic, base, offset, frame.hash, frames)
                break
        if offset >= committed:
            return
        base, previous_length = offset, at


def uuid(bytes_):
    text = bytes_.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def decode_event(bytes_):
    version, flags, header, size, time, id_, correlation = struct.unpack_from("<BBHIq16s16s", bytes_)
    if version != 1 or flags & ~7:
        raise ValueError(f"version {version}, flags {flags}")
    if header + size != len(bytes_):
        raise ValueError("lengths")
    event = {"id": uuid(id_), "correlationid": uuid(correlation), "time": time}
    cursor = 48
    for bit, name in ((1, "causationid"), (2, "twinof")):
        if flags & bit:
            event[name] = uuid(bytes_[cursor:cursor + 16])
            cursor += 16
    for name in ("source", "type", "subject") + (("traceparent",) if flags & 4 else ()):
        end = cursor + 1 + bytes_[cursor]
        event[name] = bytes_[cursor + 1:end].decode()
        cursor = end
    if cursor != header:
        raise ValueError("attributes")
    event["data"] = bytes_[header:].decode()
    return event


def main():
    directory = sys.argv[1]
    raw = "--raw" in sys.argv[2:]
    try:
        for frame, index in read_topic(directory):
            line = {"offset": frame.offset + index, "sequence": frame.sequence + index, "epoch": frame.epoch,
                    "appended": frame.time}
            if raw:
                line["bytes"] = frame.events[index].hex()
            else:
                line["event"] = decode_event(frame.events[index])
            sys.stdout.buffer.write(
                json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")
    except Damage as damage:
        sys.stdout.flush()
        print(damage, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
