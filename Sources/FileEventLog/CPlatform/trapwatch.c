#define _GNU_SOURCE
#include "trapwatch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif
#if defined SYS_close_range  // Linux 5.11
#define CLOSES_FILES_IN_EXECVE
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u
#endif
#endif

// --- The page ----------------------------------------------------------------------------------------------------

// Layout, in the machine's byte order. Mark and evidence each lie within one sector, so a power cut tears neither.
struct page {
    char magic[8];  // "STAMPTRY"
    uint32_t version;
    uint32_t zero;
    char rest_of_head[496];
    // 512: the mark.
    struct {
        char topic[stampede_trap_topic_bytes];
        uint64_t offset;
        uint32_t armed;
        char rest[436];
    } mark;
    // 1024: the evidence; signal 0 where there is none.
    struct stampede_trap_evidence evidence;
    uint64_t check;  // FNV-1a of the evidence
};
_Static_assert(__builtin_offsetof(struct page, mark) == 512, "the mark begins a sector");
_Static_assert(__builtin_offsetof(struct page, evidence) == 1024, "the evidence begins a sector");
_Static_assert(sizeof(struct page) <= stampede_trap_page_bytes, "the page has room");

static const char page_magic[8] = {'S', 'T', 'A', 'M', 'P', 'T', 'R', 'Y'};
enum { page_version = 1 };

// Fowler/Noll/Vo, 64 bits. Not the log's CRC-32C: its tables are filled under a lock, which a signal handler must not take.
static uint64_t check_of(const struct stampede_trap_evidence *evidence) {
    const unsigned char *bytes = (const unsigned char *)evidence;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < sizeof *evidence; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

void stampede_trap_fill(void *bytes) {
    struct page *page = bytes;
    memset(bytes, 0, stampede_trap_page_bytes);
    memcpy(page->magic, page_magic, sizeof page_magic);
    page->version = page_version;
}

int stampede_trap_is_page(const void *bytes) {
    const struct page *page = bytes;
    return memcmp(page->magic, page_magic, sizeof page_magic) == 0 && page->version == page_version && page->zero == 0;
}

int stampede_trap_read(const void *bytes, struct stampede_trap_evidence *evidence) {
    const struct page *page = bytes;
    *evidence = page->evidence;
    return evidence->signal > 0 && evidence->topic[stampede_trap_topic_bytes - 1] == 0 &&
           page->check == check_of(evidence);
}

void stampede_trap_write(void *bytes, const struct stampede_trap_evidence *evidence) {
    struct page *page = bytes;
    page->evidence = *evidence;
    page->check = check_of(evidence);
}

void stampede_trap_clear(void *bytes) {
    struct page *page = bytes;
    page->evidence.signal = 0;
}

// --- The mark ----------------------------------------------------------------------------------------------------

static struct page *watched;
static char process_name[64];
/// The program and its arguments, to start it again; no arguments where it shall end.
static char program_path[4096];
static char *const *program_arguments;
static volatile sig_atomic_t is_stopping;
/// Whether this thread is the one whose event the mark names. Read by the handler on the same thread.
static _Thread_local volatile sig_atomic_t is_trying;
static _Thread_local int has_handler_stack;

enum { handler_stack_bytes = 64 << 10 };

/// Without a stack of its own the handler could not run where the thread's stack has overflowed. Kept for the thread's life.
static void give_handler_stack(void) {
    stack_t old;
    has_handler_stack = 1;
    if (sigaltstack(NULL, &old) == 0 && !(old.ss_flags & SS_DISABLE)) return;
    void *memory =
        mmap(NULL, handler_stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;  // an overflow then ends the process as it does without a watch
    stack_t stack = {.ss_sp = memory, .ss_flags = 0, .ss_size = handler_stack_bytes};
    sigaltstack(&stack, NULL);
}

void stampede_trap_trying(void *bytes, const char *topic, size_t topic_bytes, uint64_t offset) {
    struct page *page = bytes;
    if (!has_handler_stack) give_handler_stack();
    if (topic_bytes >= stampede_trap_topic_bytes) topic_bytes = stampede_trap_topic_bytes - 1;
    // Disarmed meanwhile: half a mark names the wrong event. The handler runs on this very thread, so that the compiler
    // keeps the order is enough.
    page->mark.armed = 0;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (memcmp(page->mark.topic, topic, topic_bytes) != 0 || page->mark.topic[topic_bytes] != 0) {
        memset(page->mark.topic, 0, sizeof page->mark.topic);
        memcpy(page->mark.topic, topic, topic_bytes);
    }
    page->mark.offset = offset;
    is_trying = 1;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    page->mark.armed = 1;
}

void stampede_trap_idle(void *bytes) {
    struct page *page = bytes;
    page->mark.armed = 0;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    is_trying = 0;
}

// --- The handler: only what signal-safety(7) allows --------------------------------------------------------------

static const struct {
    int number;
    const char *name;
} signals[] = {{SIGILL, "SIGILL"}, {SIGTRAP, "SIGTRAP"}, {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},
               {SIGFPE, "SIGFPE"}, {SIGABRT, "SIGABRT"}, {SIGSYS, "SIGSYS"}};
enum { signal_count = sizeof signals / sizeof signals[0] };
static struct sigaction formers[signal_count];

struct line {
    char text[256];
    size_t count;
};

static void put(struct line *line, const char *text) {
    while (*text && line->count < sizeof line->text) line->text[line->count++] = *text++;
}

static void put_number(struct line *line, uint64_t number) {
    char digits[21], *first = digits + sizeof digits - 1;
    *first = 0;
    do *--first = (char)('0' + number % 10);
    while (number /= 10);
    put(line, first);
}

static void say(int which, const struct stampede_trap_evidence *evidence, int starts_again) {
    struct line line = {.count = 0};
    put(&line, process_name);
    put(&line, ": signal ");
    put_number(&line, (uint64_t)evidence->signal);
    put(&line, " (");
    put(&line, signals[which].name);
    put(&line, ") while handling ");
    put(&line, evidence->topic);
    put(&line, " offset ");
    put_number(&line, evidence->offset);
    if (starts_again) {
        put(&line, "; marked, the program starts again\n");
    } else {
        put(&line, "; marked, the process ends with exit code ");
        put_number(&line, stampede_trap_exit_code);
        put(&line, "\n");
    }
    ssize_t written = write(STDERR_FILENO, line.text, line.count);
    (void)written;  // there is nobody left to tell
}

#ifdef __linux__
/// The signal that this process gets when its parent dies; the kernel keeps it with the first thread only.
static int parent_death_signal;

__attribute__((constructor)) static void remember_parent_death_signal(void) {
    prctl(PR_GET_PDEATHSIG, &parent_death_signal);
}
#endif

/// From the moment that the program is bound to begin anew, or to end.
static volatile sig_atomic_t is_starting_again;

#ifdef CLOSES_FILES_IN_EXECVE
static int is_watched(int signal) {
    for (int i = 0; i < signal_count; i++) {
        if (signals[i].number == signal) return 1;
    }
    return 0;
}
#endif

/// Becomes the program anew: same process, same arguments. Returns where that cannot be.
///
/// What a process keeps over execve(2) is given back with it: open files that do not close by themselves (a port in use
/// would be refused to the new program), signals ignored or blocked (SIGTERM would be lost). What it would not keep is
/// set again: the supervisor counts on no service outliving it. The files close in execve(2), not before: the other
/// threads run on until then, and one that waits for events on a closed file would trap in its turn.
static void start_again(void) {
#ifdef CLOSES_FILES_IN_EXECVE
    if (syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) != 0) return;
    struct sigaction standard;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    sigemptyset(&standard.sa_mask);
    is_starting_again = 1;
    for (int signal = 1; signal < NSIG; signal++) {
        if (!is_watched(signal)) sigaction(signal, &standard, NULL);  // execve(2) itself forgets handlers
    }
    pthread_sigmask(SIG_SETMASK, &standard.sa_mask, NULL);
    prctl(PR_SET_PDEATHSIG, parent_death_signal);
    execve(program_path, program_arguments, environ);
#endif
}

/// Whether the process did this to itself: the kernel on its behalf, or itself as abort() does. A signal from outside says
/// nothing about the event, and neither does a mapped file that cannot be read: that is the disk's fault.
static int is_own(int signal, const siginfo_t *info) {
    if (signal == SIGBUS && info->si_code > 0) return info->si_code == BUS_ADRALN;
    if (info->si_code > 0) return 1;
    int is_sent = info->si_code == SI_USER;
#ifdef SI_TKILL
    is_sent = is_sent || info->si_code == SI_TKILL;
#endif
    return is_sent && info->si_pid == getpid();
}

/// Whether returning from the handler runs the instruction again that raised the signal.
static int raises_again(int signal, const siginfo_t *info) {
    return info->si_code > 0 && (signal == SIGILL || signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE);
}

static void on_signal(int signal, siginfo_t *info, void *context) {
    (void)context;
    while (is_starting_again) pause();  // another thread's trap must not end the process that is about to begin anew
    int error = errno, which = 0;
    while (which < signal_count - 1 && signals[which].number != signal) which++;
    struct page *page = watched;
    if (page && is_trying && page->mark.armed && is_own(signal, info)) {
        struct stampede_trap_evidence evidence;
        struct timespec now = {0, 0};
        clock_gettime(CLOCK_REALTIME, &now);
        memset(&evidence, 0, sizeof evidence);
        memcpy(evidence.topic, page->mark.topic, sizeof evidence.topic - 1);
        evidence.offset = page->mark.offset;
        evidence.signal = signal;
        evidence.code = info->si_code;
        evidence.stamp = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
        stampede_trap_write(page, &evidence);
        page->mark.armed = 0;
        int starts_again = program_arguments != NULL && !is_stopping;
        say(which, &evidence, starts_again);
        if (starts_again) start_again();
        _exit(stampede_trap_exit_code);
    }
    // None of ours: whatever would have happened without the watch.
    sigaction(signal, &formers[which], NULL);
    errno = error;
    if (!raises_again(signal, info)) raise(signal);  // delivered when this handler returns
}

void stampede_trap_stopping(void) {
    is_stopping = 1;
}

void stampede_trap_watch(void *bytes, const char *process, char *const *arguments) {
    int is_first = watched == NULL;
#ifdef CLOSES_FILES_IN_EXECVE
    ssize_t length = readlink("/proc/self/exe", program_path, sizeof program_path - 1);
    if (length > 0) program_arguments = arguments;
#else
    (void)arguments;
#endif
    strncpy(process_name, process, sizeof process_name - 1);
    watched = bytes;
    if (!is_first) return;
    for (int i = 0; i < signal_count; i++) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_sigaction = on_signal;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigemptyset(&action.sa_mask);
        sigaction(signals[i].number, &action, &formers[i]);
    }
}
