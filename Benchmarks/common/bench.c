#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    WRITERS = 4,
    /// Between two events of the scenario `latency`.
    PACE_NANOSECONDS = 1000000,
    /// From the consumer's readiness to the first event.
    LEAD_NANOSECONDS = 100000000,
    /// A scenario that takes longer hangs.
    LIMIT_SECONDS = 300,
};

const char *variant = "";
static const char *program = "bench";

// --- Small things --------------------------------------------------------------------------------------------------

_Noreturn void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void *allocate(size_t bytes) {
    void *memory = malloc(bytes);
    if (!memory) fail("no memory for %zu bytes", bytes);
    return memory;
}

static uint64_t nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t now(void) { return nanoseconds(CLOCK_MONOTONIC); }

void sleep_until(uint64_t until) {
    struct timespec time = {(time_t)(until / 1000000000u), (long)(until % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) {}
}

static void result(const char *scenario, const char *metric, double value) {
    printf("RESULT\t%s\t%s\t%.3f\n", scenario, metric, value);
    fflush(stdout);
}

static void read_whole(int descriptor, void *buffer, size_t count) {
    if (read(descriptor, buffer, count) != (ssize_t)count) fail("a process of this scenario ended early");
}

static void write_whole(int descriptor, const void *buffer, size_t count) {
    if (write(descriptor, buffer, count) != (ssize_t)count) fail("a process of this scenario ended early");
}

// --- Events --------------------------------------------------------------------------------------------------------

void make_event(void *event, uint64_t number, uint64_t due) {
    static uint8_t filling[EVENT_BYTES];
    if (!filling[EVENT_BYTES / 2]) {
        uint64_t random = 88172645463325252u;  // xorshift64: bytes that do not compress
        for (size_t i = 0; i < EVENT_BYTES; i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            filling[i] = (uint8_t)(random | 1);
        }
    }
    uint8_t *bytes = event;
    memcpy(bytes, filling, EVENT_BYTES);
    memcpy(bytes, &number, 8);
    memcpy(bytes + 8, &due, 8);
    memcpy(bytes + EVENT_BYTES - 8, &number, 8);
}

void intake_take(struct intake *intake, const void *event, size_t length) {
    uint64_t first, last, due;
    if (length != EVENT_BYTES) fail("an event of %zu bytes where number %lu belongs", length, intake->next);
    memcpy(&first, event, 8);
    memcpy(&due, (const uint8_t *)event + 8, 8);
    memcpy(&last, (const uint8_t *)event + EVENT_BYTES - 8, 8);
    if (first != intake->next || last != first) fail("event %lu where number %lu belongs", first, intake->next);
    if (intake->latency) intake->latency[intake->next] = (int64_t)(now() - due);
    intake->next++;
}

void intake_ready(struct intake *intake) {
    if (intake->ready >= 0) write_whole(intake->ready, "r", 1);
    intake->ready = -1;
}

// --- Measuring -----------------------------------------------------------------------------------------------------

/// The wall clock and this process's CPU time, user and system, since `meter_start`.
struct meter {
    uint64_t wall, cpu;
};

static struct meter meter_start(void) { return (struct meter){now(), nanoseconds(CLOCK_PROCESS_CPUTIME_ID)}; }

static void report_rate(const char *scenario, struct meter start, uint64_t events) {
    uint64_t wall = now() - start.wall, cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - start.cpu;
    result(scenario, "events/s", (double)events * 1e9 / (double)wall);
    result(scenario, "client_cpu_us/event", (double)cpu / 1e3 / (double)events);
}

static int ascending(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

/// Nearest rank: the smallest value that `percent` of all do not exceed.
static double percentile(const int64_t *sorted, uint64_t count, unsigned percent) {
    uint64_t rank = (count * percent + 99) / 100;
    return (double)sorted[rank ? rank - 1 : 0] / 1e3;
}

static void report_percentiles(const char *scenario, int64_t *values, uint64_t count) {
    qsort(values, count, sizeof *values, ascending);
    result(scenario, "p50_us", percentile(values, count, 50));
    result(scenario, "p99_us", percentile(values, count, 99));
    result(scenario, "max_us", percentile(values, count, 100));
}

// --- Scenarios -----------------------------------------------------------------------------------------------------

/// fork; the child ends with its parent, and after the limit.
static pid_t start_process(void) {
    pid_t parent = getpid(), child = fork();
    if (child < 0) fail("fork failed");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) exit(1);
        alarm(LIMIT_SECONDS);
    }
    return child;
}

static void expect_success(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) fail("a process of this scenario failed");
}

/// In a process of its own, so that no connection and no thread of a library is there at the next fork.
static void create_apart(const struct system *system, const char *place, const char *topic) {
    pid_t child = start_process();
    if (child == 0) {
        system->create(place, topic);
        exit(0);
    }
    expect_success(child);
}

static void run_append(const struct system *system, const char *place, uint64_t events) {
    create_apart(system, place, "append");
    void *writer = system->open_writer(place, "append");
    struct meter start = meter_start();
    system->append(writer, 0, events, NULL);
    report_rate("a.append", start, events);
    system->close(writer);
}

/// What a writer of `append4` tells.
struct share {
    uint64_t start, end, cpu;
};

static void append_share(const struct system *system, const char *place, int index, uint64_t events, int ready, int go,
                         int done) {
    char topic[32], byte;
    snprintf(topic, sizeof topic, "append4_%d", index);
    system->create(place, topic);
    void *writer = system->open_writer(place, topic);
    write_whole(ready, "r", 1);
    read_whole(go, &byte, 1);
    struct meter start = meter_start();
    system->append(writer, 0, events, NULL);
    struct share share = {start.wall, now(), nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - start.cpu};
    write_whole(done, &share, sizeof share);
    system->close(writer);
}

static void run_append4(const struct system *system, const char *place, uint64_t events) {
    int ready[2], go[2], done[2];
    pid_t children[WRITERS];
    if (pipe(ready) || pipe(go) || pipe(done)) fail("no pipe");
    for (int i = 0; i < WRITERS; i++) {
        children[i] = start_process();
        if (children[i] == 0) {
            append_share(system, place, i, events / WRITERS, ready[1], go[0], done[1]);
            exit(0);
        }
    }
    close(ready[1]), close(done[1]);
    char byte;
    for (int i = 0; i < WRITERS; i++) read_whole(ready[0], &byte, 1);
    write_whole(go[1], "gggg", WRITERS);
    struct share all = {UINT64_MAX, 0, 0};
    for (int i = 0; i < WRITERS; i++) {
        struct share one;
        read_whole(done[0], &one, sizeof one);
        if (one.start < all.start) all.start = one.start;
        if (one.end > all.end) all.end = one.end;
        all.cpu += one.cpu;
    }
    for (int i = 0; i < WRITERS; i++) expect_success(children[i]);
    double count = (double)(events / WRITERS * WRITERS);
    result("b.append4", "events/s", count * 1e9 / (double)(all.end - all.start));
    result("b.append4", "client_cpu_us/event", (double)all.cpu / 1e3 / count);
}

static void run_read(const struct system *system, const char *place, uint64_t events) {
    void *reader = system->open_reader(place, "append");
    struct intake intake = {0, NULL, -1};
    struct meter start = meter_start();
    system->read(reader, events, &intake);
    report_rate("c.read", start, events);
    system->close(reader);
}

/// Open loop: each event has its time, and whatever is due when the append before returned goes out together.
static void append_when_due(const struct system *system, void *writer, uint64_t events) {
    uint64_t *due = allocate(events * sizeof *due), start = now() + LEAD_NANOSECONDS, count;
    for (uint64_t i = 0; i < events; i++) due[i] = start + i * PACE_NANOSECONDS;
    for (uint64_t next = 0; next < events; next += count) {
        sleep_until(due[next]);
        uint64_t time = now();
        for (count = 1; next + count < events && count < OUTSTANDING && due[next + count] <= time;) count++;
        system->append(writer, next, count, due + next);
    }
    free(due);
}

static void run_latency(const struct system *system, const char *place, uint64_t events) {
    create_apart(system, place, "latency");
    int64_t *latency = mmap(NULL, events * sizeof *latency, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int ready[2];
    if (latency == MAP_FAILED || pipe(ready)) fail("no shared memory");
    pid_t consumer = start_process();
    if (consumer == 0) {
        struct intake intake = {0, latency, ready[1]};
        void *reader = system->open_reader(place, "latency");
        system->follow(reader, events, &intake);
        system->close(reader);
        exit(0);
    }
    close(ready[1]);
    char byte;
    read_whole(ready[0], &byte, 1);
    void *writer = system->open_writer(place, "latency");
    append_when_due(system, writer, events);
    expect_success(consumer);
    system->close(writer);
    report_percentiles("d.latency", latency, events);
}

/// Durable appends of `size` events, one after the other.
static void run_batch(const struct system *system, const char *place, uint64_t size, uint64_t events) {
    char topic[40], scenario[40];
    snprintf(topic, sizeof topic, "batch_%lu", size);
    snprintf(scenario, sizeof scenario, "e.batch.%lu", size);
    create_apart(system, place, topic);
    void *writer = system->open_writer(place, topic);
    uint64_t appends = events / size;
    int64_t *took = allocate(appends * sizeof *took);
    struct meter start = meter_start();
    for (uint64_t i = 0; i < appends; i++) {
        uint64_t begin = now();
        system->append(writer, i * size, size, NULL);
        took[i] = (int64_t)(now() - begin);
    }
    report_rate(scenario, start, appends * size);
    report_percentiles(scenario, took, appends);
    free(took);
    system->close(writer);
}

// --- Command line --------------------------------------------------------------------------------------------------

static _Noreturn void misuse(const char *what) {
    fprintf(stderr, "%s: %s; usage: %s append|append4|read|latency PLACE | batch N PLACE, then [--events N] "
        "[--variant WORD]\n", program, what, program);
    exit(2);
}

static uint64_t number(const char *text) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno || *end || *text < '0' || *text > '9' || value < 1 || value > 1000000000) {
        misuse("a number from 1 to 1000000000 belongs here");
    }
    return value;
}

int bench_main(int argc, char **argv, const struct system *system) {
    program = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    uint64_t events = 0, size = 0;
    const char *words[3] = {"", "", ""};
    int count = 0;
    for (int i = 1; i < argc; i++) {
        int is_option = !strncmp(argv[i], "--", 2);
        if (is_option && i + 1 == argc) misuse("an option needs a value");
        if (!strcmp(argv[i], "--events")) events = number(argv[++i]);
        else if (!strcmp(argv[i], "--variant")) variant = argv[++i];
        else if (is_option || count == 3) misuse("one word too many, or an unknown option");
        else words[count++] = argv[i];
    }
    int is_batch = !strcmp(words[0], "batch");
    if (count != (is_batch ? 3 : 2)) misuse("a scenario and a place belong here");
    if (is_batch) size = number(words[1]);
    if (size > OUTSTANDING) misuse("a batch has at most 1024 events");
    const char *place = words[count - 1];

    // A sleep ends when it should and not up to 50 µs later.
    prctl(PR_SET_TIMERSLACK, 1);
    alarm(LIMIT_SECONDS);
    uint64_t most = events ? events : 200000;
    if (is_batch) run_batch(system, place, size, events >= size ? events : size * 3000 < most ? size * 3000 : most);
    else if (!strcmp(words[0], "append")) run_append(system, place, most);
    else if (!strcmp(words[0], "append4")) run_append4(system, place, most);
    else if (!strcmp(words[0], "read")) run_read(system, place, most);
    else if (!strcmp(words[0], "latency")) run_latency(system, place, events ? events : 5000);
    else misuse("there is no such scenario");
    return 0;
}
