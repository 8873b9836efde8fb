// NATS JetStream used as a log: a stream in files, `sync_interval: always` (the server's setting).
//
// Variants: `batch` (default), atomic batches of 1,000, of which the server acknowledges the commit; `each`, asynchronous
// publishing with at most 1,024 on their way. An append with due times goes out as with `each`, which is faster for few
// events. Readers are ordered consumers: pushed to, without acknowledgements.
#define _GNU_SOURCE
#include "../common/bench.h"

#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    /// The server's limit for an atomic batch.
    EVENTS_A_BATCH = 1000,
    TIMEOUT_MILLISECONDS = 60000,
};

struct client {
    natsConnection *connection;
    jsCtx *stream;
    natsSubscription *subscription;
    char topic[64];
    uint64_t batches;
};

static void check(natsStatus status, const char *what) {
    if (status != NATS_OK) fail("%s: %s", what, natsStatus_GetText(status));
}

/// The server answered in JSON; an error is in a field of that name.
static void check_answer(natsMsg *answer, const char *what) {
    if (memmem(natsMsg_GetData(answer), (size_t)natsMsg_GetDataLength(answer), "\"error\"", 7)) {
        fail("%s: %.*s", what, natsMsg_GetDataLength(answer), natsMsg_GetData(answer));
    }
    natsMsg_Destroy(answer);
}

static int is_batched(void) { return strcmp(variant, "each") != 0; }

static void on_failed_publish(jsCtx *stream, jsPubAckErr *error, void *closure) {
    (void)stream, (void)closure;
    fail("publish: %s", error->ErrText ? error->ErrText : natsStatus_GetText(error->Err));
}

static struct client *open_client(const char *place, const char *topic) {
    struct client *client = allocate(sizeof *client);
    *client = (struct client){0};
    snprintf(client->topic, sizeof client->topic, "%s", topic);
    check(natsConnection_ConnectTo(&client->connection, place), "connect");
    jsOptions options;
    jsOptions_Init(&options);
    options.PublishAsync.MaxPending = OUTSTANDING;
    options.PublishAsync.StallWait = TIMEOUT_MILLISECONDS;
    options.PublishAsync.ErrHandler = on_failed_publish;
    check(natsConnection_JetStream(&client->stream, client->connection, &options), "JetStream");
    return client;
}

static void close_client(void *opaque) {
    struct client *client = opaque;
    natsSubscription_Destroy(client->subscription);
    jsCtx_Destroy(client->stream);
    natsConnection_Destroy(client->connection);
    free(client);
}

static void create(const char *place, const char *topic) {
    struct client *client = open_client(place, topic);
    char subject[128], json[512];
    natsMsg *answer;
    snprintf(subject, sizeof subject, "$JS.API.STREAM.CREATE.%s", topic);
    snprintf(json, sizeof json, "{\"name\":\"%s\",\"subjects\":[\"%s\"],\"storage\":\"file\",\"retention\":\"limits\","
        "\"num_replicas\":1,\"max_msgs\":-1,\"max_bytes\":-1,\"max_age\":0,\"max_consumers\":-1%s}",
        topic, topic, is_batched() ? ",\"allow_atomic\":true" : "");
    check(natsConnection_RequestString(&answer, client->connection, subject, json, TIMEOUT_MILLISECONDS), "create");
    check_answer(answer, "create");
    close_client(client);
}

static void *open_any(const char *place, const char *topic) { return open_client(place, topic); }

// --- Writing -------------------------------------------------------------------------------------------------------

/// Waits for the acknowledgement; nothing is held back to be sent with what comes next.
static void publish_one(struct client *client, uint64_t number, uint64_t due) {
    uint8_t event[EVENT_BYTES];
    make_event(event, number, due);
    check(js_Publish(NULL, client->stream, client->topic, event, EVENT_BYTES, NULL, NULL), "publish");
}

static void publish_each(struct client *client, uint64_t first, uint64_t count, const uint64_t *due) {
    uint8_t event[EVENT_BYTES];
    for (uint64_t i = 0; i < count; i++) {
        make_event(event, first + i, due ? due[i] : 0);
        check(js_PublishAsync(client->stream, client->topic, event, EVENT_BYTES, NULL), "publish");
    }
    // Else the library holds the last ones back for up to a millisecond.
    check(natsConnection_Flush(client->connection), "flush");
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MaxWait = TIMEOUT_MILLISECONDS;
    check(js_PublishAsyncComplete(client->stream, &options), "acknowledgements");
}

/// All or nothing: the headers name the batch and the place in it, and the last message asks for the acknowledgement.
static void publish_batch(struct client *client, uint64_t first, uint64_t count) {
    uint8_t event[EVENT_BYTES];
    char batch[64], place[32];
    snprintf(batch, sizeof batch, "%d-%lu", getpid(), client->batches++);
    for (uint64_t i = 0; i < count; i++) {
        natsMsg *message, *answer;
        make_event(event, first + i, 0);
        snprintf(place, sizeof place, "%lu", i + 1);
        check(natsMsg_Create(&message, client->topic, NULL, (const char *)event, EVENT_BYTES), "message");
        check(natsMsgHeader_Set(message, "Nats-Batch-Id", batch), "header");
        check(natsMsgHeader_Set(message, "Nats-Batch-Sequence", place), "header");
        if (i < count - 1) {
            check(natsConnection_PublishMsg(client->connection, message), "publish");
        } else {
            check(natsMsgHeader_Set(message, "Nats-Batch-Commit", "1"), "header");
            check(natsConnection_RequestMsg(&answer, client->connection, message, TIMEOUT_MILLISECONDS), "commit");
            check_answer(answer, "commit");
        }
        natsMsg_Destroy(message);
    }
}

static void append(void *client, uint64_t first, uint64_t count, const uint64_t *due) {
    if (count == 1) {
        publish_one(client, first, due ? due[0] : 0);
        return;
    }
    if (due || !is_batched()) {
        publish_each(client, first, count, due);
        return;
    }
    for (uint64_t done = 0; done < count;) {
        uint64_t part = count - done < EVENTS_A_BATCH ? count - done : EVENTS_A_BATCH;
        publish_batch(client, first + done, part);
        done += part;
    }
}

// --- Reading -------------------------------------------------------------------------------------------------------

static void read_all(void *opaque, uint64_t events, struct intake *intake) {
    struct client *client = opaque;
    jsSubOptions options;
    jsSubOptions_Init(&options);
    options.Ordered = true;
    check(js_SubscribeSync(&client->subscription, client->stream, client->topic, NULL, &options, NULL), "subscribe");
    check(natsSubscription_SetPendingLimits(client->subscription, -1, -1), "limits");
    intake_ready(intake);
    while (intake->next < events) {
        natsMsg *message;
        check(natsSubscription_NextMsg(&message, client->subscription, TIMEOUT_MILLISECONDS), "next message");
        intake_take(intake, natsMsg_GetData(message), (size_t)natsMsg_GetDataLength(message));
        natsMsg_Destroy(message);
    }
}

int main(int argc, char **argv) {
    const struct system system = {create, open_any, open_any, append, read_all, read_all, close_client};
    return bench_main(argc, argv, &system);
}
