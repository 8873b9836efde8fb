#include "simulated_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

// Files of a VFS: the host's file, and the shared memory of its one connection.
//
// One connection a database, as in the services, so the memory need not be shared and its locks need not lock.
enum { shm_regions = 16, name_length = 32, most_vfs = 4096, path_length = 512 };

struct handle {
    sqlite3_file base;
    void *file;
    void *shm[shm_regions];
};

static struct simulated_vfs_calls calls;

static intptr_t host_of(sqlite3_vfs *vfs) { return (intptr_t)vfs->pAppData; }

static int x_shm_unmap(sqlite3_file *base, int delete) {
    (void)delete;
    struct handle *handle = (struct handle *)base;
    for (int region = 0; region < shm_regions; region++) {
        free(handle->shm[region]);
        handle->shm[region] = NULL;
    }
    return SQLITE_OK;
}

static int x_close(sqlite3_file *base) {
    struct handle *handle = (struct handle *)base;
    x_shm_unmap(base, 0);
    calls.close(handle->file);
    return SQLITE_OK;
}

static int x_read(sqlite3_file *base, void *buffer, int count, sqlite3_int64 offset) {
    return calls.read(((struct handle *)base)->file, buffer, count, offset);
}

static int x_write(sqlite3_file *base, const void *bytes, int count, sqlite3_int64 offset) {
    return calls.write(((struct handle *)base)->file, bytes, count, offset);
}

static int x_truncate(sqlite3_file *base, sqlite3_int64 length) {
    return calls.truncate(((struct handle *)base)->file, length);
}

static int x_sync(sqlite3_file *base, int flags) {
    (void)flags;
    return calls.sync(((struct handle *)base)->file);
}

static int x_file_size(sqlite3_file *base, sqlite3_int64 *length) {
    int64_t size = 0;
    int result = calls.size(((struct handle *)base)->file, &size);
    *length = size;
    return result;
}

static int x_lock(sqlite3_file *base, int level) {
    (void)base, (void)level;
    return SQLITE_OK;
}

static int x_check_reserved_lock(sqlite3_file *base, int *reserved) {
    (void)base;
    *reserved = 0;
    return SQLITE_OK;
}

static int x_file_control(sqlite3_file *base, int operation, void *argument) {
    (void)base, (void)operation, (void)argument;
    return SQLITE_NOTFOUND;
}

// As SQLite's own VFS says of a POSIX file system.
static int x_sector_size(sqlite3_file *base) {
    (void)base;
    return 4096;
}

static int x_device_characteristics(sqlite3_file *base) {
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int x_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **memory) {
    struct handle *handle = (struct handle *)base;
    *memory = NULL;
    if (region >= shm_regions) return SQLITE_IOERR_SHMMAP;
    if (!handle->shm[region] && extend) {
        handle->shm[region] = calloc(1, (size_t)size);
        if (!handle->shm[region]) return SQLITE_NOMEM;
    }
    *memory = handle->shm[region];
    return SQLITE_OK;
}

static int x_shm_lock(sqlite3_file *base, int offset, int count, int flags) {
    (void)base, (void)offset, (void)count, (void)flags;
    return SQLITE_OK;
}

static void x_shm_barrier(sqlite3_file *base) { (void)base; }

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_file_size,
    .xLock = x_lock,
    .xUnlock = x_lock,
    .xCheckReservedLock = x_check_reserved_lock,
    .xFileControl = x_file_control,
    .xSectorSize = x_sector_size,
    .xDeviceCharacteristics = x_device_characteristics,
    .xShmMap = x_shm_map,
    .xShmLock = x_shm_lock,
    .xShmBarrier = x_shm_barrier,
    .xShmUnmap = x_shm_unmap,
};

static int x_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out_flags) {
    struct handle *handle = (struct handle *)base;
    memset(handle, 0, sizeof *handle);
    int result = SQLITE_CANTOPEN;
    handle->file = calls.open(host_of(vfs), name, flags, &result);
    if (!handle->file) return result;
    handle->base.pMethods = &methods;
    if (out_flags) *out_flags = flags;
    return SQLITE_OK;
}

static int x_delete(sqlite3_vfs *vfs, const char *name, int sync_directory) {
    return calls.remove(host_of(vfs), name, sync_directory);
}

static int x_access(sqlite3_vfs *vfs, const char *name, int flags, int *result) {
    (void)flags;
    *result = calls.exists(host_of(vfs), name);
    return SQLITE_OK;
}

static int x_full_pathname(sqlite3_vfs *vfs, const char *name, int length, char *path) {
    (void)vfs;
    sqlite3_snprintf(length, path, "%s", name);
    return SQLITE_OK;
}

static int x_randomness(sqlite3_vfs *vfs, int count, char *bytes) {
    for (int index = 0; index < count; index++) bytes[index] = (char)calls.random(host_of(vfs));
    return count;
}

static int x_sleep(sqlite3_vfs *vfs, int microseconds) {
    (void)vfs;
    return microseconds;
}

// Milliseconds of the Julian day on which 1970 began.
static const sqlite3_int64 julian_1970 = 210866760000000LL;

static int x_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *time) {
    *time = julian_1970 + calls.now(host_of(vfs)) / 1000;
    return SQLITE_OK;
}

static int x_current_time(sqlite3_vfs *vfs, double *time) {
    sqlite3_int64 milliseconds = 0;
    x_current_time_int64(vfs, &milliseconds);
    *time = (double)milliseconds / 86400000.0;
    return SQLITE_OK;
}

static int x_get_last_error(sqlite3_vfs *vfs, int length, char *text) {
    (void)vfs, (void)length, (void)text;
    return 0;
}

// MARK: - One VFS a host: made when first needed, never freed, used again

struct slot {
    sqlite3_vfs vfs;
    char name[name_length];
    int in_use;
};

static struct slot *slots[most_vfs];
static int slot_count;
static pthread_mutex_t slots_mutex = PTHREAD_MUTEX_INITIALIZER;

// Nobody asks how much memory SQLite has: counting it takes a mutex at each allocation. Too late, and without harm, where
// SQLite was used before.
void simulated_vfs_install(struct simulated_vfs_calls installed) {
    calls = installed;
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static struct slot *make_slot(void) {
    if (slot_count == most_vfs) return NULL;
    struct slot *slot = calloc(1, sizeof *slot);
    if (!slot) return NULL;
    sqlite3_snprintf(name_length, slot->name, "simulated-%d", slot_count);
    slot->vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = sizeof(struct handle),
        .mxPathname = path_length,
        .zName = slot->name,
        .xOpen = x_open,
        .xDelete = x_delete,
        .xAccess = x_access,
        .xFullPathname = x_full_pathname,
        .xRandomness = x_randomness,
        .xSleep = x_sleep,
        .xCurrentTime = x_current_time,
        .xGetLastError = x_get_last_error,
        .xCurrentTimeInt64 = x_current_time_int64,
    };
    if (sqlite3_vfs_register(&slot->vfs, 0) != SQLITE_OK) {
        free(slot);
        return NULL;
    }
    slots[slot_count++] = slot;
    return slot;
}

const char *simulated_vfs_acquire(intptr_t host) {
    pthread_mutex_lock(&slots_mutex);
    struct slot *found = NULL;
    for (int index = 0; index < slot_count && !found; index++)
        if (!slots[index]->in_use) found = slots[index];
    if (!found) found = make_slot();
    if (found) {
        found->in_use = 1;
        found->vfs.pAppData = (void *)host;
    }
    pthread_mutex_unlock(&slots_mutex);
    return found ? found->name : NULL;
}

void simulated_vfs_release(const char *name) {
    pthread_mutex_lock(&slots_mutex);
    for (int index = 0; index < slot_count; index++)
        if (slots[index]->name == name) slots[index]->in_use = 0;
    pthread_mutex_unlock(&slots_mutex);
}
