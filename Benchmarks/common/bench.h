// What the C clients share: the event, the clocks, the scenarios. A client brings a `struct system` and its `main`.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
    EVENT_BYTES = 500,
    /// Most events that are on their way and not acknowledged yet.
    OUTSTANDING = 1024,
};

/// What a reader received: it checks that each event is whole and in its place, and stamps it where asked to.
struct intake {
    /// The number of the event that must come next.
    uint64_t next;
    /// Nanoseconds from when an event was due to its receipt; NULL where nobody asks.
    int64_t *latency;
    /// A pipe that hears one byte once the reader stands ready; -1 where nobody waits.
    int ready;
};

/// Takes one event; ends the process if it is not the one that must come next.
void intake_take(struct intake *intake, const void *event, size_t length);
/// Says that the reader is connected and looks for events.
void intake_ready(struct intake *intake);

/// A log under test. Every function ends the process with one line when something fails.
struct system {
    /// Makes an empty topic; one that is there already is a failure.
    void (*create)(const char *place, const char *topic);
    /// Connects as the topic's only writer, or as a reader.
    void *(*open_writer)(const char *place, const char *topic);
    void *(*open_reader)(const char *place, const char *topic);
    /// Appends events `first ..< first + count` and returns once all are on disk; at most OUTSTANDING on their way.
    /// `due` holds a time for each, or is NULL.
    void (*append)(void *writer, uint64_t first, uint64_t count, const uint64_t *due);
    /// Reads from the topic's first event until `intake->next` is `events`, as fast as it can.
    void (*read)(void *reader, uint64_t events, struct intake *intake);
    /// The same beside a writer, waiting for what is not there yet.
    void (*follow)(void *reader, uint64_t events, struct intake *intake);
    void (*close)(void *client);
};

/// Fills one event: its number, when it was due, filling, its number again.
void make_event(void *event, uint64_t number, uint64_t due);

/// CLOCK_MONOTONIC, in nanoseconds.
uint64_t now(void);
void sleep_until(uint64_t nanoseconds);

/// Ends the process with one line on stderr.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/// malloc that does not fail.
void *allocate(size_t bytes);

/// What `--variant` said; "" without it.
extern const char *variant;

/// Runs the scenario that the command line names.
int bench_main(int argc, char **argv, const struct system *system);
