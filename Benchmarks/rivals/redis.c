// Redis Streams used as a log: XADD with appendfsync always (the server's setting).
//
// Variants: `transaction` (default), MULTI, 1,024 XADD, EXEC, which the server syncs once; `pipeline`, plain XADD with at
// most 1,024 on their way, which it syncs once for what one read of the socket brought. Readers use XREAD.
#define _GNU_SOURCE
#include "../common/bench.h"

#include <hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EVENTS_A_READ = 1024,
};

struct client {
    redisContext *connection;
    char topic[64];
    /// The last id that was read.
    char last[64];
};

static redisContext *connect_to(const char *place) {
    char host[64];
    int port;
    if (sscanf(place, "%63[^:]:%d", host, &port) != 2) fail("the place is HOST:PORT, not '%s'", place);
    redisContext *connection = redisConnect(host, port);
    if (!connection || connection->err) fail("cannot connect to %s", place);
    return connection;
}

/// The next reply, which must be no error.
static redisReply *receive(redisContext *connection) {
    redisReply *reply = NULL;
    if (redisGetReply(connection, (void **)&reply) != REDIS_OK) fail("%s", connection->errstr);
    if (reply->type == REDIS_REPLY_ERROR) fail("%s", reply->str);
    return reply;
}

static void create(const char *place, const char *topic) {
    redisContext *connection = connect_to(place);
    redisAppendCommand(connection, "EXISTS %s", topic);
    redisReply *reply = receive(connection);
    if (reply->integer != 0) fail("the stream %s is there already", topic);
    freeReplyObject(reply);
    redisFree(connection);
}

static void *open_client(const char *place, const char *topic) {
    struct client *client = allocate(sizeof *client);
    *client = (struct client){.connection = connect_to(place), .last = "0"};
    snprintf(client->topic, sizeof client->topic, "%s", topic);
    return client;
}

// --- Writing -------------------------------------------------------------------------------------------------------

static void add(struct client *client, uint64_t number, uint64_t due) {
    uint8_t event[EVENT_BYTES];
    make_event(event, number, due);
    const char *words[] = {"XADD", client->topic, "*", "b", (const char *)event};
    const size_t lengths[] = {4, strlen(client->topic), 1, 1, EVENT_BYTES};
    redisAppendCommandArgv(client->connection, 5, words, lengths);
}

static void append_pipeline(struct client *client, uint64_t first, uint64_t count, const uint64_t *due) {
    uint64_t sent = 0;
    for (uint64_t acknowledged = 0; acknowledged < count; acknowledged++) {
        for (; sent < count && sent - acknowledged < OUTSTANDING; sent++) {
            add(client, first + sent, due ? due[sent] : 0);
        }
        freeReplyObject(receive(client->connection));
    }
}

static void append_transaction(struct client *client, uint64_t first, uint64_t count, const uint64_t *due) {
    redisAppendCommand(client->connection, "MULTI");
    for (uint64_t i = 0; i < count; i++) add(client, first + i, due ? due[i] : 0);
    redisAppendCommand(client->connection, "EXEC");
    for (uint64_t i = 0; i < count + 1; i++) freeReplyObject(receive(client->connection));
    redisReply *reply = receive(client->connection);
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != count) fail("EXEC did not add %lu events", count);
    for (uint64_t i = 0; i < count; i++) {
        if (reply->element[i]->type == REDIS_REPLY_ERROR) fail("%s", reply->element[i]->str);
    }
    freeReplyObject(reply);
}

static void append(void *client, uint64_t first, uint64_t count, const uint64_t *due) {
    if (!strcmp(variant, "pipeline") || count == 1) {
        append_pipeline(client, first, count, due);
        return;
    }
    for (uint64_t done = 0; done < count;) {
        uint64_t part = count - done < OUTSTANDING ? count - done : OUTSTANDING;
        append_transaction(client, first + done, part, due ? due + done : NULL);
        done += part;
    }
}

// --- Reading -------------------------------------------------------------------------------------------------------

/// Takes the events of one XREAD: [[stream, [[id, [field, value]], …]]].
static void take(struct client *client, redisReply *reply, struct intake *intake) {
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1) fail("no events where some were written");
    redisReply *entries = reply->element[0]->element[1];
    for (size_t i = 0; i < entries->elements; i++) {
        redisReply *id = entries->element[i]->element[0], *body = entries->element[i]->element[1]->element[1];
        intake_take(intake, body->str, body->len);
        snprintf(client->last, sizeof client->last, "%s", id->str);
    }
    freeReplyObject(reply);
}

static void read_all(void *opaque, uint64_t events, struct intake *intake) {
    struct client *client = opaque;
    while (intake->next < events) {
        redisAppendCommand(client->connection, "XREAD COUNT %d STREAMS %s %s", EVENTS_A_READ, client->topic,
                           client->last);
        take(client, receive(client->connection), intake);
    }
}

static void follow(void *opaque, uint64_t events, struct intake *intake) {
    struct client *client = opaque;
    intake_ready(intake);
    while (intake->next < events) {
        redisAppendCommand(client->connection, "XREAD COUNT %d BLOCK 0 STREAMS %s %s", EVENTS_A_READ, client->topic,
                           client->last);
        take(client, receive(client->connection), intake);
    }
}

static void close_client(void *opaque) {
    struct client *client = opaque;
    redisFree(client->connection);
    free(client);
}

int main(int argc, char **argv) {
    const struct system system = {create, open_client, open_client, append, read_all, follow, close_client};
    return bench_main(argc, argv, &system);
}
