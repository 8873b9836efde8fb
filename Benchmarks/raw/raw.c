// The limit: what is left of an event log when only the system calls and the checksum are.
//
// A topic is a folder of files; an append is `pwrite` of one frame (96 bytes of header, events of 4 + 500 bytes, padding
// to 8) and `fdatasync`; nothing is hashed, recovered, indexed or fenced. Variants:
//   preallocated  files of 16 MiB, reserved in full with posix_fallocate; the next one when a frame does not fit (default)
//   growing       the same, files not reserved
//   zeroed        the same, files written with zeros and synced when the topic is made, which is not counted
//   mmap          read: the file is mapped and not copied
#define _GNU_SOURCE
#include "../common/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <nmmintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    SEGMENT_BYTES = 16 << 20,
    HEADER_BYTES = 96,
    FRAME_BYTES = 1 << 20,
    READ_BYTES = 256 << 10,
    /// Beside a writer: little is there at a time, so little is read at a time.
    FOLLOW_BYTES = 4 << 10,
    PAGE_BYTES = 4096,
    /// Files that `zeroed` makes in advance.
    ZEROED_FILES = 8,
};

static const uint32_t MAGIC = 0x31574152;  // "RAW1"

struct header {
    uint32_t magic, length;
    /// CRC-32C of what follows, up to the frame's length.
    uint32_t checksum, events;
    uint8_t zeros[HEADER_BYTES - 16];
};

/// Shared by writer and reader.
struct page {
    uint32_t wake;
    uint64_t committed;
};

static int is(const char *word) { return !strcmp(variant, word); }

__attribute__((target("sse4.2"))) static uint32_t crc32c(const uint8_t *bytes, size_t count) {
    uint64_t crc = 0xFFFFFFFF, word;
    for (; count >= 8; bytes += 8, count -= 8) memcpy(&word, bytes, 8), crc = _mm_crc32_u64(crc, word);
    while (count--) crc = _mm_crc32_u8((uint32_t)crc, *bytes++);
    return ~(uint32_t)crc;
}

// --- Files ---------------------------------------------------------------------------------------------------------

static int open_file(const char *directory, unsigned index, int flags) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%06u.raw", directory, index);
    return open(path, flags | O_CLOEXEC, 0640);
}

static void sync_directory(const char *directory) {
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY);
    if (descriptor < 0 || fsync(descriptor)) fail("cannot sync %s: %s", directory, strerror(errno));
    close(descriptor);
}

static int make_file(const char *directory, unsigned index) {
    int descriptor = open_file(directory, index, O_RDWR | O_CREAT | O_EXCL);
    if (descriptor < 0) fail("cannot make a file in %s: %s", directory, strerror(errno));
    if (!is("growing") && posix_fallocate(descriptor, 0, SEGMENT_BYTES)) fail("no space in %s", directory);
    // Page by page: one large write would leave large folios in the page cache, which make each small sync slower.
    static const uint8_t zeros[PAGE_BYTES];
    for (off_t at = 0; is("zeroed") && at < SEGMENT_BYTES; at += PAGE_BYTES) {
        if (pwrite(descriptor, zeros, PAGE_BYTES, at) != PAGE_BYTES) fail("no space in %s", directory);
    }
    if (fdatasync(descriptor)) fail("cannot sync in %s: %s", directory, strerror(errno));
    sync_directory(directory);
    return descriptor;
}

static struct page *map_page(const char *directory) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/page", directory);
    int descriptor = open(path, O_RDWR | O_CREAT, 0640);
    if (descriptor < 0 || ftruncate(descriptor, PAGE_BYTES)) fail("cannot make %s: %s", path, strerror(errno));
    struct page *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (page == MAP_FAILED) fail("cannot map %s", path);
    close(descriptor);
    return page;
}

static void create(const char *place, const char *topic) {
    char directory[PATH_MAX];
    snprintf(directory, sizeof directory, "%s/%s", place, topic);
    if (mkdir(directory, 0750)) fail("cannot make %s: %s", directory, strerror(errno));
    for (unsigned i = 0; i < (is("zeroed") ? ZEROED_FILES : 1); i++) close(make_file(directory, i));
}

// --- Writing -------------------------------------------------------------------------------------------------------

struct writer {
    char directory[PATH_MAX];
    unsigned index;
    int descriptor;
    uint64_t position;
    struct page *page;
    uint8_t *frame;
};

static void *open_writer(const char *place, const char *topic) {
    struct writer *writer = allocate(sizeof *writer);
    *writer = (struct writer){.frame = allocate(FRAME_BYTES)};
    snprintf(writer->directory, sizeof writer->directory, "%s/%s", place, topic);
    writer->descriptor = open_file(writer->directory, 0, O_RDWR);
    if (writer->descriptor < 0) fail("no topic %s", topic);
    writer->page = map_page(writer->directory);
    return writer;
}

static void roll(struct writer *writer) {
    close(writer->descriptor);
    writer->index++;
    writer->position = 0;
    writer->descriptor = open_file(writer->directory, writer->index, O_RDWR);
    if (writer->descriptor < 0) writer->descriptor = make_file(writer->directory, writer->index);
}

static void append_frame(struct writer *writer, uint64_t first, uint64_t count, const uint64_t *due) {
    uint8_t *cursor = writer->frame + HEADER_BYTES;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t length = EVENT_BYTES;
        memcpy(cursor, &length, 4);
        make_event(cursor + 4, first + i, due ? due[i] : 0);
        cursor += 4 + EVENT_BYTES;
    }
    while ((cursor - writer->frame) % 8) *cursor++ = 0;
    struct header header = {MAGIC, (uint32_t)(cursor - writer->frame), 0, (uint32_t)count, {0}};
    memcpy(writer->frame, &header, sizeof header);
    header.checksum = crc32c(writer->frame + 12, header.length - 12);
    memcpy(writer->frame, &header, sizeof header);

    if (writer->position + header.length > SEGMENT_BYTES) roll(writer);
    if (pwrite(writer->descriptor, writer->frame, header.length, (off_t)writer->position) != header.length) {
        fail("cannot write in %s: %s", writer->directory, strerror(errno));
    }
    if (fdatasync(writer->descriptor)) fail("cannot sync in %s: %s", writer->directory, strerror(errno));
    writer->position += header.length;
    __atomic_store_n(&writer->page->committed, first + count, __ATOMIC_RELEASE);
    __atomic_add_fetch(&writer->page->wake, 1, __ATOMIC_ACQ_REL);
    syscall(SYS_futex, &writer->page->wake, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void append(void *client, uint64_t first, uint64_t count, const uint64_t *due) {
    for (uint64_t done = 0; done < count;) {
        uint64_t part = count - done < OUTSTANDING ? count - done : OUTSTANDING;
        append_frame(client, first + done, part, due ? due + done : NULL);
        done += part;
    }
}

// --- Reading -------------------------------------------------------------------------------------------------------

struct reader {
    char directory[PATH_MAX];
    unsigned index;
    int descriptor;
    /// Where the next frame begins in the file.
    uint64_t position;
    /// What was read from `position` on: `have` bytes at `bytes`.
    const uint8_t *bytes;
    size_t have, block;
    uint8_t *buffer;
    uint8_t *mapping;
    size_t mapped;
    struct page *page;
};

static void enter(struct reader *reader, unsigned index) {
    struct stat status;
    reader->index = index;
    reader->position = reader->have = 0;
    reader->descriptor = open_file(reader->directory, index, O_RDONLY);
    if (reader->descriptor < 0 || fstat(reader->descriptor, &status)) fail("no file %u", index);
    if (!is("mmap")) return;
    reader->mapped = (size_t)status.st_size;
    reader->mapping = mmap(NULL, reader->mapped, PROT_READ, MAP_SHARED, reader->descriptor, 0);
    if (reader->mapping == MAP_FAILED) fail("cannot map file %u", index);
    madvise(reader->mapping, reader->mapped, MADV_SEQUENTIAL);
    reader->bytes = reader->mapping;
    reader->have = reader->mapped;
}

static void leave(struct reader *reader) {
    if (reader->mapping) munmap(reader->mapping, reader->mapped);
    reader->mapping = NULL;
    close(reader->descriptor);
}

static void *open_reader(const char *place, const char *topic) {
    struct reader *reader = allocate(sizeof *reader);
    *reader = (struct reader){.buffer = allocate(FRAME_BYTES + READ_BYTES), .block = READ_BYTES};
    snprintf(reader->directory, sizeof reader->directory, "%s/%s", place, topic);
    reader->page = map_page(reader->directory);
    enter(reader, 0);
    return reader;
}

/// Whether `count` bytes are there from the reader's place on; reads a block more where they are not.
static int has(struct reader *reader, size_t count) {
    if (reader->have >= count) return 1;
    if (reader->mapping) return 0;
    memmove(reader->buffer, reader->bytes, reader->have);
    reader->bytes = reader->buffer;
    while (reader->have < count) {
        size_t missing = count - reader->have, block = missing > reader->block ? missing : reader->block;
        ssize_t got = pread(reader->descriptor, reader->buffer + reader->have, block,
                            (off_t)(reader->position + reader->have));
        if (got < 0) fail("cannot read: %s", strerror(errno));
        if (got == 0) return 0;
        reader->have += (size_t)got;
    }
    return 1;
}

/// Takes one frame, from the next file where this one has no more. The page says that there is one.
static void read_frame(struct reader *reader, struct intake *intake) {
    struct header header = {0};
    for (;;) {
        if (has(reader, HEADER_BYTES)) memcpy(&header, reader->bytes, sizeof header);
        if (header.magic == MAGIC) break;
        leave(reader);
        enter(reader, reader->index + 1);
    }
    if (!has(reader, header.length) || crc32c(reader->bytes + 12, header.length - 12) != header.checksum) {
        fail("file %u is damaged at byte %lu", reader->index, reader->position);
    }
    const uint8_t *cursor = reader->bytes + HEADER_BYTES;
    for (uint32_t i = 0; i < header.events; i++) {
        uint32_t length;
        memcpy(&length, cursor, 4);
        intake_take(intake, cursor + 4, length);
        cursor += 4 + length;
    }
    reader->bytes += header.length;
    reader->have -= header.length;
    reader->position += header.length;
}

static void read_all(void *client, uint64_t events, struct intake *intake) {
    struct reader *reader = client;
    if (__atomic_load_n(&reader->page->committed, __ATOMIC_ACQUIRE) < events) fail("fewer events than asked for");
    while (intake->next < events) read_frame(reader, intake);
}

static void follow(void *client, uint64_t events, struct intake *intake) {
    struct reader *reader = client;
    reader->block = FOLLOW_BYTES;
    intake_ready(intake);
    while (intake->next < events) {
        uint32_t word = __atomic_load_n(&reader->page->wake, __ATOMIC_ACQUIRE);
        uint64_t committed = __atomic_load_n(&reader->page->committed, __ATOMIC_ACQUIRE);
        if (committed == intake->next) {
            syscall(SYS_futex, &reader->page->wake, FUTEX_WAIT, word, NULL, NULL, 0);
            continue;
        }
        // Read anew: what stood behind the last frame was not committed then.
        reader->have = 0;
        while (intake->next < committed) read_frame(reader, intake);
    }
}

static void close_nothing(void *client) { (void)client; }

int main(int argc, char **argv) {
    const struct system system = {create, open_writer, open_reader, append, read_all, follow, close_nothing};
    return bench_main(argc, argv, &system);
}
