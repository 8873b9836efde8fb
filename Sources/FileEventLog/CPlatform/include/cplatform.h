// The few lines that Swift cannot say: CRC-32C by instruction, futex, and atomics on mapped memory.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "trapwatch.h"

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), continuing from `crc`; start with 0.
uint32_t stampede_crc32c(uint32_t crc, const void *bytes, size_t count);

/// Wakes every process that waits on the word. Does nothing where there is no futex.
void stampede_futex_wake(uint32_t *word);

enum { stampede_futex_maximum = 128 };

/// Sleeps until one of the words is no longer what was expected, or is woken, or the time is over.
/// Returns 0 when woken or changed, 1 on time-out, -1 where the system has no futex_waitv: poll instead.
int stampede_futex_wait(const uint32_t *const *words, const uint32_t *expected, size_t count, uint64_t nanoseconds);

uint32_t stampede_load32(const uint32_t *word);
uint64_t stampede_load64(const uint64_t *word);
void stampede_store32(uint32_t *word, uint32_t value);
void stampede_store64(uint64_t *word, uint64_t value);
void stampede_increment32(uint32_t *word);
