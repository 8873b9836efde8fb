#pragma once
// SQLite on the simulated disk: a VFS (sqlite.org/vfs.html) that passes every call on to whoever installed it.
//
// A VFS belongs to one simulated process, its host. Calls return SQLite's result codes.

#include <stdint.h>

struct simulated_vfs_calls {
    // A file of the host's, retained until `close`; NULL with a result code in `result`. `name` is NULL for a temporary file.
    void *(*open)(intptr_t host, const char *name, int flags, int *result);
    void (*close)(void *file);
    int (*read)(void *file, void *buffer, int count, int64_t offset);
    int (*write)(void *file, const void *bytes, int count, int64_t offset);
    int (*truncate)(void *file, int64_t length);
    int (*sync)(void *file);
    int (*size)(void *file, int64_t *length);
    int (*remove)(intptr_t host, const char *name, int sync_directory);
    int (*exists)(intptr_t host, const char *name);
    uint64_t (*random)(intptr_t host);
    // Microseconds since 1970.
    int64_t (*now)(intptr_t host);
};

// Once a program, before anything else.
void simulated_vfs_install(struct simulated_vfs_calls calls);

// A VFS for a host; its name goes into `file:/path?vfs=NAME`. NULL where too many are in use.
const char *simulated_vfs_acquire(intptr_t host);

// Gives it back. Connections that are still open answer with I/O errors from then on.
void simulated_vfs_release(const char *name);
