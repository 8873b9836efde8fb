#define _GNU_SOURCE
#include "cplatform.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

// --- CRC-32C -----------------------------------------------------------------------------------------------------

static uint32_t table[256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void fill_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
        table[i] = crc;
    }
}

static uint32_t crc_by_table(uint32_t crc, const uint8_t *bytes, size_t count) {
    pthread_once(&table_once, fill_table);
    while (count--) crc = crc >> 8 ^ table[(crc ^ *bytes++) & 255];
    return crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

// One crc32 instruction takes three cycles and a new one can begin in each, so three parts of a block are computed side by
// side and joined: the checksum of a part followed by n zero bytes is a linear function of its own, kept as a table.
enum { LONG_PART = 4096, SHORT_PART = 256 };
static uint32_t long_shift[4][256], short_shift[4][256];
static pthread_once_t shifts_once = PTHREAD_ONCE_INIT;

static void fill_shift(uint32_t shift[4][256], size_t zeros) {
    for (int byte = 0; byte < 4; byte++) {
        for (int bit = 0; bit < 8; bit++) {
            uint32_t crc = 1u << (8 * byte + bit);
            for (size_t i = 0; i < zeros; i++) crc = crc >> 8 ^ table[crc & 255];
            // Every value with this bit as its highest: the same value without it is there already.
            for (uint32_t low = 0; low < 1u << bit; low++) shift[byte][1u << bit | low] = shift[byte][low] ^ crc;
        }
    }
}

static void fill_shifts(void) {
    pthread_once(&table_once, fill_table);
    fill_shift(long_shift, LONG_PART);
    fill_shift(short_shift, SHORT_PART);
}

static uint32_t shifted(uint32_t shift[4][256], uint32_t crc) {
    return shift[0][crc & 255] ^ shift[1][crc >> 8 & 255] ^ shift[2][crc >> 16 & 255] ^ shift[3][crc >> 24];
}

static uint64_t word_at(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    return word;
}

__attribute__((target("sse4.2"))) static uint32_t crc_of_three(
    uint32_t crc, const uint8_t *bytes, size_t part, uint32_t shift[4][256]) {
    uint64_t first = crc, second = 0, third = 0;
    for (size_t i = 0; i < part; i += 8) {
        first = _mm_crc32_u64(first, word_at(bytes + i));
        second = _mm_crc32_u64(second, word_at(bytes + part + i));
        third = _mm_crc32_u64(third, word_at(bytes + 2 * part + i));
    }
    return shifted(shift, shifted(shift, (uint32_t)first) ^ (uint32_t)second) ^ (uint32_t)third;
}

__attribute__((target("sse4.2"))) static uint32_t crc_by_instruction(uint32_t crc, const uint8_t *bytes, size_t count) {
    if (count >= 3 * SHORT_PART) pthread_once(&shifts_once, fill_shifts);
    for (; count >= 3 * LONG_PART; bytes += 3 * LONG_PART, count -= 3 * LONG_PART)
        crc = crc_of_three(crc, bytes, LONG_PART, long_shift);
    for (; count >= 3 * SHORT_PART; bytes += 3 * SHORT_PART, count -= 3 * SHORT_PART)
        crc = crc_of_three(crc, bytes, SHORT_PART, short_shift);
    uint64_t wide = crc;
    for (; count >= 8; bytes += 8, count -= 8) wide = _mm_crc32_u64(wide, word_at(bytes));
    crc = (uint32_t)wide;
    while (count--) crc = _mm_crc32_u8(crc, *bytes++);
    return crc;
}
#endif

uint32_t stampede_crc32c(uint32_t crc, const void *bytes, size_t count) {
    crc = ~crc;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return ~crc_by_instruction(crc, bytes, count);
#endif
    return ~crc_by_table(crc, bytes, count);
}

// --- Futex -------------------------------------------------------------------------------------------------------

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449  // Linux 5.16
#endif

struct waiter {  // struct futex_waitv of linux/futex.h, which older headers lack
    uint64_t value;
    uint64_t address;
    uint32_t flags;
    uint32_t reserved;
};

void stampede_futex_wake(uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0); }

int stampede_futex_wait(const uint32_t *const *words, const uint32_t *expected, size_t count, uint64_t nanoseconds) {
    struct waiter waiters[stampede_futex_maximum];
    if (count > stampede_futex_maximum) return -1;
    for (size_t i = 0; i < count; i++) {
        waiters[i] = (struct waiter){expected[i], (uint64_t)(uintptr_t)words[i], 2 /* FUTEX2_SIZE_U32, shared */, 0};
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t total = (uint64_t)until.tv_nsec + nanoseconds;
    until.tv_sec += (time_t)(total / 1000000000u);
    until.tv_nsec = (long)(total % 1000000000u);
    long result = syscall(SYS_futex_waitv, waiters, (unsigned)count, 0, &until, CLOCK_MONOTONIC);
    if (result >= 0 || errno == EAGAIN || errno == EINTR) return 0;
    if (errno == ETIMEDOUT) return 1;
    return -1;
}
#else
void stampede_futex_wake(uint32_t *word) { (void)word; }

int stampede_futex_wait(const uint32_t *const *words, const uint32_t *expected, size_t count, uint64_t nanoseconds) {
    (void)words, (void)expected, (void)count, (void)nanoseconds;
    return -1;
}
#endif

// --- Atomics on mapped memory ------------------------------------------------------------------------------------

uint32_t stampede_load32(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
uint64_t stampede_load64(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
void stampede_store32(uint32_t *word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
void stampede_store64(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
void stampede_increment32(uint32_t *word) { __atomic_add_fetch(word, 1, __ATOMIC_ACQ_REL); }
