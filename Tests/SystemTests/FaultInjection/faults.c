// Breaks the disk under one program, from outside, or sets its clock: LD_PRELOAD=faults.so PROGRAM …
//
// Every call that changes what is on disk below some directories is counted, over all threads and all restarts of the
// program, and at the Nth call of one sort one fault fires, once. Each hook makes its system call by itself, so that the
// count is that of the kernel; Tests/SystemTests hold it against strace's.
//
//   STAMPEDE_FAULT_BELOW   the directories, absolute, separated by ':'; a call elsewhere is none of our business
//   STAMPEDE_FAULT_PAGE    a file of 4096 bytes that whoever runs the program reads and writes, too: see `struct page`
//   STAMPEDE_FAULT_CALL    write, roll, fdatasync, fsync, sync, rename or mmap: see `enum call`
//   STAMPEDE_FAULT_AT      N, from 1
//   STAMPEDE_FAULT_EFFECT  EIO, ENOSPC, KILL or STOP (signals go to the whole process)
//   STAMPEDE_FAULT_HOW     before: the call does nothing; after: it is done, then the fault;
//                          half: the first half of the bytes is written, then the fault (writes only, else: before)
//   STAMPEDE_FAULT_FORGET  what the disk only pretends to do, separated by ',': file-sync, directory-sync (both below the
//                          directories, once the page says that calls are counted), locks (flock, anywhere and always)
//
// Without STAMPEDE_FAULT_PAGE nothing is counted and nothing fires. The wall clock is ahead by as many seconds as the page
// says, at every moment; the monotonic clocks are left alone.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// What is counted, and where a fault can fire. One system call may be of several sorts.
enum call {
    WRITE,      // write, pwrite, posix_fallocate: whatever takes space
    ROLL,       // of these and open and rename: what makes a new segment and seals the old one
    FDATASYNC,
    FSYNC,
    SYNC,       // fdatasync and fsync
    RENAME,
    MMAP,       // of a file, shared
    CALLS
};
static const char *const call_names[CALLS] = {"write", "roll", "fdatasync", "fsync", "sync", "rename", "mmap"};

enum { PLACES = 8, PAGE_BYTES = 4096 };

// The page that the test maps, too. Little-endian, as it lies in memory.
struct page {
    _Atomic uint32_t armed;                    // calls are counted while this is not 0
    _Atomic uint32_t fired;                    // 1 once the fault has fired
    _Atomic uint64_t counted[CALLS];           // all places together
    _Atomic uint64_t counted_at[CALLS][PLACES]; // the same for each of the directories
    _Atomic int64_t clock_ahead;               // seconds
};
_Static_assert(sizeof(struct page) <= PAGE_BYTES, "the page is too small");

static struct page *page;
static char places[PLACES][PATH_MAX];
static int place_count;
static int fault_call = -1;
static uint64_t fault_at;
static enum { NONE, FAIL_EIO, FAIL_ENOSPC, KILL, STOP } effect;
static enum { BEFORE, HALF, AFTER } how;
static bool forget_file_sync, forget_directory_sync, forget_locks;

// A write that was cut in half: what is left of it gets no space either.
static _Thread_local int short_of_space = -1;
// The folder in which this thread is making a segment, with its '/'.
static _Thread_local char rolling[PATH_MAX];

static const char making[] = ".segment-being-made", segment[] = ".segment";

static void give_up(const char *what) {
    static const char prefix[] = "faults.so: bad ";
    syscall(SYS_write, 2, prefix, sizeof prefix - 1);
    syscall(SYS_write, 2, what, strlen(what));
    syscall(SYS_write, 2, "\n", 1);
    _exit(2);
}

static int choice(const char *variable, const char *const *names, int count, int fallback) {
    const char *value = getenv(variable);
    if (value == NULL || *value == 0) return fallback;
    for (int index = 0; index < count; index++)
        if (strcmp(value, names[index]) == 0) return index;
    give_up(variable);
    return fallback;
}

static void read_places(void) {
    const char *rest = getenv("STAMPEDE_FAULT_BELOW");
    while (rest != NULL && *rest != 0) {
        size_t length = strcspn(rest, ":");
        if (place_count == PLACES || length == 0 || length >= PATH_MAX) give_up("STAMPEDE_FAULT_BELOW");
        memcpy(places[place_count], rest, length);
        places[place_count++][length] = 0;
        rest += length + (rest[length] == ':');
    }
}

__attribute__((constructor)) static void begin(void) {
    static const char *const effects[] = {"", "EIO", "ENOSPC", "KILL", "STOP"};
    static const char *const hows[] = {"before", "half", "after"};
    read_places();
    const char *forget = getenv("STAMPEDE_FAULT_FORGET");
    if (forget != NULL) {
        forget_file_sync = strstr(forget, "file-sync") != NULL;
        forget_directory_sync = strstr(forget, "directory-sync") != NULL;
        forget_locks = strstr(forget, "locks") != NULL;
    }
    const char *path = getenv("STAMPEDE_FAULT_PAGE");
    if (path == NULL) return;
    fault_call = choice("STAMPEDE_FAULT_CALL", call_names, CALLS, -1);
    effect = choice("STAMPEDE_FAULT_EFFECT", effects, 5, NONE);
    how = choice("STAMPEDE_FAULT_HOW", hows, 3, BEFORE);
    const char *at = getenv("STAMPEDE_FAULT_AT");
    fault_at = at == NULL ? 0 : strtoull(at, NULL, 10);
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    if (fd < 0) give_up("STAMPEDE_FAULT_PAGE");
    void *address = (void *)syscall(SYS_mmap, NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (address == MAP_FAILED) give_up("STAMPEDE_FAULT_PAGE");
    syscall(SYS_close, fd);
    page = address;
}

// ---- Where a call goes

// The place that a path is in, or -1.
static int place_of(const char *path) {
    for (int index = 0; index < place_count; index++) {
        size_t length = strlen(places[index]);
        if (strncmp(path, places[index], length) == 0 && (path[length] == '/' || path[length] == 0)) return index;
    }
    return -1;
}

// The place of an open file, or -1; its path goes to `path`, of PATH_MAX bytes.
static int place_of_file(int fd, char *path) {
    if (place_count == 0) return -1;
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    if (length <= 0) return -1;
    path[length] = 0;
    return place_of(path);
}

static bool is_directory(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool ends_with(const char *path, const char *end) {
    size_t length = strlen(path), tail = strlen(end);
    return length >= tail && strcmp(path + length - tail, end) == 0;
}

// Whether the file is the segment being made, or the one that is sealed for it.
static bool belongs_to_roll(const char *path) {
    if (ends_with(path, making)) return true;
    size_t folder = strlen(rolling);
    return folder > 0 && strncmp(path, rolling, folder) == 0 && ends_with(path, segment);
}

// ---- Counting and firing

static void note(const char *name, const char *path) {
    static const char *const effects[] = {"", "EIO", "ENOSPC", "KILL", "STOP"};
    static const char *const hows[] = {"before", "half", "after"};
    char file[PATH_MAX + 8], line[PATH_MAX + 200];
    snprintf(file, sizeof file, "%s.fired", getenv("STAMPEDE_FAULT_PAGE"));
    int length = snprintf(line, sizeof line, "%s at %s %llu, %s %s(%s), process %d\n", effects[effect],
        call_names[fault_call], (unsigned long long)fault_at, hows[how], name, path, (int)getpid());
    int fd = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    syscall(SYS_write, fd, line, length);
    syscall(SYS_close, fd);
}

static void count(enum call call, int place, bool *fires) {
    uint64_t number = atomic_fetch_add(&page->counted[call], 1) + 1;
    atomic_fetch_add(&page->counted_at[call][place], 1);
    uint32_t unfired = 0;
    if ((int)call == fault_call && number == fault_at && effect != NONE &&
        atomic_compare_exchange_strong(&page->fired, &unfired, 1))
        *fires = true;
}

static bool is_armed(void) { return page != NULL && atomic_load(&page->armed) != 0; }

// Counts a call under each of its sorts (a mask); true where the fault fires at it.
static bool fires_at(unsigned sorts, int place, const char *name, const char *path) {
    if (!is_armed()) return false;
    bool fires = false;
    for (int call = 0; call < CALLS; call++)
        if (sorts & 1u << call) count(call, place, &fires);
    if (fires) note(name, path);
    return fires;
}

// The error that the call ends with; for a signal none, once the process lives again.
static int strike(void) {
    switch (effect) {
    case FAIL_EIO: return EIO;
    case FAIL_ENOSPC: return ENOSPC;
    case KILL: syscall(SYS_kill, getpid(), SIGKILL); for (;;) pause();
    // To this thread: it must not do the call while another one takes the signal for all.
    case STOP: syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), SIGSTOP); return 0;
    default: return 0;
    }
}

// For calls that are done or not: the fault around them. `CALL` is an expression with the kernel's answer.
#define AROUND(FIRES, CALL)                                                       \
    do {                                                                          \
        bool struck = (FIRES);                                                    \
        int error = struck && how != AFTER ? strike() : 0;                        \
        long answer = error ? (errno = error, -1) : (CALL);                       \
        if (struck && how == AFTER && answer >= 0 && (error = strike()) != 0) {   \
            errno = error;                                                        \
            answer = -1;                                                          \
        }                                                                         \
        return answer;                                                            \
    } while (0)

// ---- The hooks

static long put(int fd, const void *bytes, size_t size, off_t offset) {
    return offset < 0 ? syscall(SYS_write, fd, bytes, size) : syscall(SYS_pwrite64, fd, bytes, size, offset);
}

static ssize_t write_to(const char *name, int fd, const void *bytes, size_t size, off_t offset) {
    char path[PATH_MAX];
    int place = place_of_file(fd, path);
    if (place < 0) return put(fd, bytes, size, offset);
    unsigned sorts = 1u << WRITE | (belongs_to_roll(path) ? 1u << ROLL : 0);
    bool fires = fires_at(sorts, place, name, path);
    if (!fires && short_of_space == fd) {
        short_of_space = -1;
        errno = ENOSPC;
        return -1;
    }
    short_of_space = -1;
    if (!fires || how != HALF || size < 2) AROUND(fires, put(fd, bytes, size, offset));
    long written = put(fd, bytes, size / 2, offset);
    int error = strike();
    if (error == 0) return written;
    if (error == ENOSPC && written > 0) {
        short_of_space = fd; // as the kernel does: first what fits, then the error
        return written;
    }
    errno = error;
    return -1;
}

ssize_t write(int fd, const void *bytes, size_t size) { return write_to("write", fd, bytes, size, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
    return write_to("pwrite", fd, bytes, size, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
    return write_to("pwrite", fd, bytes, size, offset);
}

int posix_fallocate(int fd, off_t offset, off_t size) {
    char path[PATH_MAX];
    int place = place_of_file(fd, path);
    bool fires = false;
    if (place >= 0) {
        unsigned sorts = 1u << WRITE | (belongs_to_roll(path) ? 1u << ROLL : 0);
        fires = fires_at(sorts, place, "posix_fallocate", path);
    }
    int error = fires && how != AFTER ? strike() : 0;
    if (error == 0 && syscall(SYS_fallocate, fd, 0, offset, size) != 0) return errno;
    if (fires && how == AFTER) error = strike();
    return error;
}
int posix_fallocate64(int fd, off64_t offset, off64_t size) { return posix_fallocate(fd, offset, size); }

static int sync_file(const char *name, unsigned sort, long number, int fd) {
    char path[PATH_MAX];
    int place = place_of_file(fd, path);
    if (place < 0) return syscall(number, fd);
    bool forgotten = (is_directory(fd) ? forget_directory_sync : forget_file_sync) && is_armed();
    AROUND(fires_at(1u << sort | 1u << SYNC, place, name, path), forgotten ? 0 : syscall(number, fd));
}

int fdatasync(int fd) { return sync_file("fdatasync", FDATASYNC, SYS_fdatasync, fd); }
int fsync(int fd) { return sync_file("fsync", FSYNC, SYS_fsync, fd); }

static int rename_file(const char *from, const char *to) {
    int place = place_of(to);
    if (place < 0) return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    unsigned sorts = 1u << RENAME | (ends_with(from, making) ? 1u << ROLL : 0);
    AROUND(fires_at(sorts, place, "rename", to), syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int rename(const char *from, const char *to) {
    int result = rename_file(from, to);
    if (result == 0) rolling[0] = 0;
    return result;
}

int unlink(const char *path) {
    if (ends_with(path, making)) rolling[0] = 0;
    return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static int open_file(const char *path, int flags, mode_t mode) {
    int place = flags & O_CREAT && ends_with(path, making) ? place_of(path) : -1;
    if (place < 0) return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    AROUND(fires_at(1u << ROLL, place, "open", path), syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    int fd = open_file(path, flags, mode);
    const char *end = strrchr(path, '/');
    if (fd >= 0 && flags & O_CREAT && ends_with(path, making) && end != NULL) {
        memcpy(rolling, path, end - path + 1);
        rolling[end - path + 1] = 0;
    }
    return fd;
}

static void *map_file(void *address, size_t size, int protection, int flags, int fd, off_t offset) {
    char path[PATH_MAX];
    int place = fd >= 0 && (flags & MAP_TYPE) == MAP_SHARED ? place_of_file(fd, path) : -1;
    bool fires = place >= 0 && fires_at(1u << MMAP, place, "mmap", path);
    int error = fires && how != AFTER ? strike() : 0;
    void *mapped = MAP_FAILED;
    if (error == 0) mapped = (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
    if (fires && how == AFTER) error = strike();
    if (error != 0) {
        errno = error;
        return MAP_FAILED;
    }
    return mapped;
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset) {
    return map_file(address, size, protection, flags, fd, offset);
}
void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset) {
    return map_file(address, size, protection, flags, fd, offset);
}

int flock(int fd, int operation) {
    if (forget_locks) return 0;
    return syscall(SYS_flock, fd, operation);
}

// ---- The clock

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    bool is_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    if (result == 0 && is_wall && page != NULL) time->tv_sec += atomic_load(&page->clock_ahead);
    return result;
}

int gettimeofday(struct timeval *restrict value, void *restrict zone) {
    (void)zone;
    struct timespec time;
    if (clock_gettime(CLOCK_REALTIME, &time) != 0) return -1;
    *value = (struct timeval){.tv_sec = time.tv_sec, .tv_usec = time.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *result) {
    struct timespec time;
    if (clock_gettime(CLOCK_REALTIME, &time) != 0) return -1;
    if (result != NULL) *result = time.tv_sec;
    return time.tv_sec;
}
