// A page of shared memory on which a signal handler leaves word of what killed the process.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { stampede_trap_topic_bytes = 64, stampede_trap_page_bytes = 4096, stampede_trap_exit_code = 76 };

/// What was at hand when the process died of a signal of its own.
struct stampede_trap_evidence {
    char topic[stampede_trap_topic_bytes];  // ends with a NUL
    uint64_t offset;
    int32_t signal;
    int32_t code;   // si_code
    int64_t stamp;  // CLOCK_REALTIME, nanoseconds
};

/// A new page: all of its 4,096 bytes.
void stampede_trap_fill(void *page);

/// Whether the bytes are a page of this version.
int stampede_trap_is_page(const void *page);

/// Reads the evidence. Returns 1, or 0 where there is none or its checksum is wrong.
int stampede_trap_read(const void *page, struct stampede_trap_evidence *evidence);

/// Writes evidence, as the signal handler does.
void stampede_trap_write(void *page, const struct stampede_trap_evidence *evidence);

/// Removes the evidence.
void stampede_trap_clear(void *page);

/// Installs the handlers for the signals a program sends itself when it goes wrong; the page must stay mapped for good.
/// `process` is what the process calls itself on stderr. With `arguments` (as main got them, kept for good) the program
/// starts again in the same process, on Linux; with NULL, or where it cannot, the process ends with
/// `stampede_trap_exit_code`.
void stampede_trap_watch(void *page, const char *process, char *const *arguments);

/// The program is to stop: a trap now ends it.
void stampede_trap_stopping(void);

/// The event that this thread handles from now on. The first call of a thread gives it a stack for the handler.
void stampede_trap_trying(void *page, const char *topic, size_t topic_bytes, uint64_t offset);

/// This thread handles no event.
void stampede_trap_idle(void *page);
