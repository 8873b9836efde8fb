// What thread sanitizer cannot see of Synchronization.Mutex on Linux, told to it; preloaded by Scripts/lib/sanitize.
//
// While nobody waits, the mutex is taken and let go by an exchange that is inlined where it is used, and so is seen. Where
// somebody waits, the kernel hands it over (FUTEX_LOCK_PI, futex(2)), called from the standard library, which is not
// instrumented. Without these edges, what a contended mutex guards looks unguarded.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

void __tsan_acquire(void *address);
void __tsan_release(void *address);

static SWIFT void (*real_lock)(uint32_t, SELF void *);
static SWIFT void (*real_unlock)(SELF void *);

// A child that is no Swift program, such as the symbolizer, has them not, and never calls them.
__attribute__((constructor)) static void find(void) {
    real_lock = (SWIFT void (*)(uint32_t, SELF void *))dlsym(RTLD_NEXT, LOCK_SLOW);
    real_unlock = (SWIFT void (*)(SELF void *))dlsym(RTLD_NEXT, UNLOCK_SLOW);
}

static void need(const void *function, const char *name) {
    if (function) return;
    fprintf(stderr, "edges: the standard library has no %s\n", name);
    abort();
}

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK_SLOW);
SWIFT void lock_slow(uint32_t thread, SELF void *mutex) {
    need(real_lock, LOCK_SLOW);
    real_lock(thread, mutex);
    __tsan_acquire(mutex);
}

SWIFT void unlock_slow(SELF void *mutex) __asm__(UNLOCK_SLOW);
SWIFT void unlock_slow(SELF void *mutex) {
    __tsan_release(mutex);
    need(real_unlock, UNLOCK_SLOW);
    real_unlock(mutex);
}
