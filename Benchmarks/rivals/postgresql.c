// PostgreSQL used as a log: a table a topic, COPY of 1,024 events a transaction, synchronous_commit = on.
//
// An append with due times goes out as pipelined INSERTs in one transaction, which rings the following reader with
// NOTIFY from a trigger. Variant `poll`: the reader asks every 200 µs instead, and nothing rings.
#define _GNU_SOURCE
#include "../common/bench.h"

#include <endian.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EVENTS_A_COPY = 1024,
    POLL_NANOSECONDS = 200000,
    /// In COPY's binary format: what it begins with, and a row: number of fields, length and value of each.
    OPENING_BYTES = 19,
    ROW_BYTES = 2 + 4 + 8 + 4 + EVENT_BYTES,
};

struct client {
    PGconn *connection;
    char topic[64];
    uint8_t rows[EVENTS_A_COPY * ROW_BYTES];
};

static PGresult *expect(PGconn *connection, PGresult *result, ExecStatusType status) {
    if (PQresultStatus(result) != status) fail("%s", PQerrorMessage(connection));
    return result;
}

static void execute(PGconn *connection, const char *sql, ExecStatusType status) {
    PQclear(expect(connection, PQexec(connection, sql), status));
}

static PGconn *connect_to(const char *place) {
    PGconn *connection = PQconnectdb(place);
    if (PQstatus(connection) != CONNECTION_OK) fail("%s", PQerrorMessage(connection));
    return connection;
}

static int is_polled(void) { return !strcmp(variant, "poll"); }

static void create(const char *place, const char *topic) {
    PGconn *connection = connect_to(place);
    char sql[512];
    snprintf(sql, sizeof sql, "CREATE TABLE %s (number bigint PRIMARY KEY, body bytea NOT NULL)", topic);
    execute(connection, sql, PGRES_COMMAND_OK);
    if (!strcmp(topic, "latency") && !is_polled()) {
        execute(connection, "CREATE FUNCTION ring() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN PERFORM pg_notify(''latency'', ''''); RETURN NULL; END'", PGRES_COMMAND_OK);
        execute(connection, "CREATE TRIGGER ring AFTER INSERT ON latency EXECUTE FUNCTION ring()", PGRES_COMMAND_OK);
    }
    PQfinish(connection);
}

static struct client *open_client(const char *place, const char *topic) {
    struct client *client = allocate(sizeof *client);
    client->connection = connect_to(place);
    snprintf(client->topic, sizeof client->topic, "%s", topic);
    return client;
}

static void prepare(struct client *client, const char *format) {
    char sql[256];
    snprintf(sql, sizeof sql, format, client->topic);
    PQclear(expect(client->connection, PQprepare(client->connection, "s", sql, 0, NULL), PGRES_COMMAND_OK));
}

static void *open_writer(const char *place, const char *topic) {
    struct client *client = open_client(place, topic);
    prepare(client, "INSERT INTO %s (number, body) VALUES ($1, $2)");
    return client;
}

static void *open_reader(const char *place, const char *topic) {
    struct client *client = open_client(place, topic);
    prepare(client, "SELECT body FROM %s WHERE number >= $1 ORDER BY number");
    return client;
}

// --- Writing -------------------------------------------------------------------------------------------------------

static uint8_t *put_row(uint8_t *cursor, uint64_t number) {
    uint16_t fields = htobe16(2);
    uint32_t key_bytes = htobe32(8), body_bytes = htobe32(EVENT_BYTES);
    uint64_t key = htobe64(number);
    memcpy(cursor, &fields, 2);
    memcpy(cursor + 2, &key_bytes, 4);
    memcpy(cursor + 6, &key, 8);
    memcpy(cursor + 14, &body_bytes, 4);
    make_event(cursor + 18, number, 0);
    return cursor + ROW_BYTES;
}

/// One transaction, by COPY.
static void copy(struct client *client, uint64_t first, uint64_t count) {
    static const char opening[OPENING_BYTES] = "PGCOPY\n\377\r\n";  // the signature's last byte, flags and extension length: zeros
    static const char closing[2] = "\377\377";
    PGconn *connection = client->connection;
    char sql[128];
    uint8_t *cursor = client->rows;
    for (uint64_t i = 0; i < count; i++) cursor = put_row(cursor, first + i);
    snprintf(sql, sizeof sql, "COPY %s FROM STDIN (FORMAT binary)", client->topic);
    execute(connection, sql, PGRES_COPY_IN);
    if (PQputCopyData(connection, opening, sizeof opening) != 1 ||
        PQputCopyData(connection, (const char *)client->rows, (int)(cursor - client->rows)) != 1 ||
        PQputCopyData(connection, closing, sizeof closing) != 1 || PQputCopyEnd(connection, NULL) != 1) {
        fail("%s", PQerrorMessage(connection));
    }
    PQclear(expect(connection, PQgetResult(connection), PGRES_COMMAND_OK));
    if (PQgetResult(connection)) fail("COPY has more than one result");
}

/// One transaction: all statements up to the Sync.
static void insert(struct client *client, uint64_t first, uint64_t count, const uint64_t *due) {
    PGconn *connection = client->connection;
    char event[EVENT_BYTES];
    if (PQenterPipelineMode(connection) != 1) fail("no pipeline mode");
    for (uint64_t i = 0; i < count; i++) {
        uint64_t key = htobe64(first + i);
        make_event(event, first + i, due[i]);
        const char *values[] = {(const char *)&key, event};
        const int lengths[] = {8, EVENT_BYTES}, formats[] = {1, 1};
        if (PQsendQueryPrepared(connection, "s", 2, values, lengths, formats, 1) != 1) {
            fail("%s", PQerrorMessage(connection));
        }
    }
    if (PQpipelineSync(connection) != 1) fail("%s", PQerrorMessage(connection));
    for (uint64_t i = 0; i < count; i++) {
        PQclear(expect(connection, PQgetResult(connection), PGRES_COMMAND_OK));
        if (PQgetResult(connection)) fail("INSERT has more than one result");
    }
    PQclear(expect(connection, PQgetResult(connection), PGRES_PIPELINE_SYNC));
    if (PQexitPipelineMode(connection) != 1) fail("%s", PQerrorMessage(connection));
}

static void append(void *client, uint64_t first, uint64_t count, const uint64_t *due) {
    if (due) {
        insert(client, first, count, due);
        return;
    }
    for (uint64_t done = 0; done < count;) {
        uint64_t part = count - done < EVENTS_A_COPY ? count - done : EVENTS_A_COPY;
        copy(client, first + done, part);
        done += part;
    }
}

// --- Reading -------------------------------------------------------------------------------------------------------

static void read_all(void *opaque, uint64_t events, struct intake *intake) {
    struct client *client = opaque;
    PGconn *connection = client->connection;
    char sql[256], *row;
    snprintf(sql, sizeof sql, "COPY (SELECT body FROM %s ORDER BY number) TO STDOUT (FORMAT binary)", client->topic);
    execute(connection, sql, PGRES_COPY_OUT);
    int bytes, is_first = 1;
    while ((bytes = PQgetCopyData(connection, &row, 0)) > 0) {
        // Before the body: number of fields and length; before the first row the format's opening. The end is no row.
        size_t front = 2 + 4 + (is_first ? OPENING_BYTES : 0);
        if ((size_t)bytes > front) intake_take(intake, row + front, (size_t)bytes - front);
        is_first = 0;
        PQfreemem(row);
    }
    if (bytes != -1) fail("%s", PQerrorMessage(connection));
    PQclear(expect(connection, PQgetResult(connection), PGRES_COMMAND_OK));
    if (intake->next != events) fail("%lu events where %lu were written", intake->next, events);
}

/// Takes what is there.
static void take(struct client *client, struct intake *intake) {
    uint64_t key = htobe64(intake->next);
    const char *values[] = {(const char *)&key};
    const int lengths[] = {8}, formats[] = {1};
    PGresult *result = PQexecPrepared(client->connection, "s", 1, values, lengths, formats, 1);
    expect(client->connection, result, PGRES_TUPLES_OK);
    for (int i = 0; i < PQntuples(result); i++) {
        intake_take(intake, PQgetvalue(result, i, 0), (size_t)PQgetlength(result, i, 0));
    }
    PQclear(result);
}

/// Waits for a notification; several are one.
static void wait_for_ring(PGconn *connection) {
    for (int rung = 0; !rung;) {
        PGnotify *notification;
        while ((notification = PQnotifies(connection))) PQfreemem(notification), rung = 1;
        if (rung) return;
        struct pollfd socket = {PQsocket(connection), POLLIN, 0};
        poll(&socket, 1, -1);
        if (PQconsumeInput(connection) != 1) fail("%s", PQerrorMessage(connection));
    }
}

static void follow(void *opaque, uint64_t events, struct intake *intake) {
    struct client *client = opaque;
    if (!is_polled()) execute(client->connection, "LISTEN latency", PGRES_COMMAND_OK);
    intake_ready(intake);
    for (;;) {
        take(client, intake);
        if (intake->next >= events) return;
        if (is_polled()) sleep_until(now() + POLL_NANOSECONDS);
        else wait_for_ring(client->connection);
    }
}

static void close_client(void *opaque) {
    struct client *client = opaque;
    PQfinish(client->connection);
    free(client);
}

int main(int argc, char **argv) {
    const struct system system = {create, open_writer, open_reader, append, read_all, follow, close_client};
    return bench_main(argc, argv, &system);
}
