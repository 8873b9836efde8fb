// SQLite used as a log: a database file a topic, WAL, synchronous=FULL, 256 events a commit.
//
// The following reader asks for the next events every 200 µs: SQLite wakes nobody.
#define _GNU_SOURCE
#include "../common/bench.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    EVENTS_A_COMMIT = 256,
    POLL_NANOSECONDS = 200000,
};

struct client {
    sqlite3 *database;
    sqlite3_stmt *begin, *insert, *commit, *select;
};

static void check(int code, sqlite3 *database, const char *what) {
    if (code != SQLITE_OK && code != SQLITE_DONE) fail("%s: %s", what, sqlite3_errmsg(database));
}

static void execute(sqlite3 *database, const char *sql) {
    check(sqlite3_exec(database, sql, NULL, NULL, NULL), database, sql);
}

static sqlite3 *open_database(const char *place, const char *topic) {
    char path[PATH_MAX];
    sqlite3 *database;
    snprintf(path, sizeof path, "%s/%s.sqlite", place, topic);
    if (sqlite3_open(path, &database) != SQLITE_OK) fail("cannot open %s", path);
    sqlite3_busy_timeout(database, 10000);
    execute(database, "PRAGMA journal_mode = WAL");
    execute(database, "PRAGMA synchronous = FULL");
    return database;
}

static sqlite3_stmt *prepare(sqlite3 *database, const char *sql) {
    sqlite3_stmt *statement;
    check(sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL), database, sql);
    return statement;
}

static void step(struct client *client, sqlite3_stmt *statement) {
    check(sqlite3_step(statement), client->database, sqlite3_sql(statement));
    sqlite3_reset(statement);
}

static void create(const char *place, const char *topic) {
    sqlite3 *database = open_database(place, topic);
    execute(database, "CREATE TABLE log (number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT");
    sqlite3_close(database);
}

static void *open_client(const char *place, const char *topic) {
    struct client *client = allocate(sizeof *client);
    sqlite3 *database = open_database(place, topic);
    *client = (struct client){
        .database = database,
        .begin = prepare(database, "BEGIN IMMEDIATE"),
        .insert = prepare(database, "INSERT INTO log (number, body) VALUES (?, ?)"),
        .commit = prepare(database, "COMMIT"),
        .select = prepare(database, "SELECT body FROM log WHERE number >= ? ORDER BY number"),
    };
    return client;
}

static void append(void *opaque, uint64_t first, uint64_t count, const uint64_t *due) {
    struct client *client = opaque;
    uint8_t event[EVENT_BYTES];
    for (uint64_t i = 0; i < count; i++) {
        if (i % EVENTS_A_COMMIT == 0) step(client, client->begin);
        make_event(event, first + i, due ? due[i] : 0);
        sqlite3_bind_int64(client->insert, 1, (sqlite3_int64)(first + i));
        sqlite3_bind_blob(client->insert, 2, event, EVENT_BYTES, SQLITE_STATIC);
        step(client, client->insert);
        if (i % EVENTS_A_COMMIT == EVENTS_A_COMMIT - 1 || i == count - 1) step(client, client->commit);
    }
}

/// Takes what is there.
static void take(struct client *client, struct intake *intake) {
    sqlite3_bind_int64(client->select, 1, (sqlite3_int64)intake->next);
    int code;
    while ((code = sqlite3_step(client->select)) == SQLITE_ROW) {
        intake_take(intake, sqlite3_column_blob(client->select, 0), (size_t)sqlite3_column_bytes(client->select, 0));
    }
    check(code, client->database, "select");
    sqlite3_reset(client->select);
}

static void read_all(void *client, uint64_t events, struct intake *intake) {
    take(client, intake);
    if (intake->next != events) fail("%lu events where %lu were written", intake->next, events);
}

static void follow(void *client, uint64_t events, struct intake *intake) {
    intake_ready(intake);
    for (;;) {
        take(client, intake);
        if (intake->next >= events) return;
        sleep_until(now() + POLL_NANOSECONDS);
    }
}

static void close_client(void *opaque) {
    struct client *client = opaque;
    sqlite3_stmt *statements[] = {client->begin, client->insert, client->commit, client->select};
    for (int i = 0; i < 4; i++) sqlite3_finalize(statements[i]);
    sqlite3_close(client->database);
    free(client);
}

int main(int argc, char **argv) {
    const struct system system = {create, open_client, open_client, append, read_all, follow, close_client};
    return bench_main(argc, argv, &system);
}
