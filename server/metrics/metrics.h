/*
 * What the server counts. Four tables: metrics of their own, refusals by error code, refused
 * requests by their reason, and closed connections by close code. Each thread that counts has a
 * `struct metrics` that it alone writes; whoever wants to know adds them up. The text is that of
 * Prometheus (version 0.0.4).
 */
#ifndef QUIRE_METRICS_METRICS_H
#define QUIRE_METRICS_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* symbol, type, name, help. A gauge goes up and down. */
#define QUIRE_METRICS(X)                                                                           \
    X(METRIC_CONNECTIONS, "gauge", "quire_connections", "open WebSockets")                         \
    X(METRIC_CONNECTIONS_OPENED, "counter", "quire_connections_opened_total",                      \
      "WebSockets that were opened")                                                               \
    X(METRIC_SOCKETS_REFUSED, "counter", "quire_sockets_refused_total",                            \
      "connections turned away before they said anything")                                         \
    X(METRIC_HANDSHAKES_REFUSED, "counter", "quire_handshakes_refused_total",                      \
      "requests for pages and WebSockets that were refused")                                       \
    X(METRIC_FRAMES_IN, "counter", "quire_frames_received_total", "WebSocket frames of clients")   \
    X(METRIC_BYTES_IN, "counter", "quire_bytes_received_total", "bytes in those")                  \
    X(METRIC_MESSAGES_IN, "counter", "quire_messages_received_total", "messages of clients")       \
    X(METRIC_FRAMES_OUT, "counter", "quire_frames_sent_total", "writes to clients")                \
    X(METRIC_BYTES_OUT, "counter", "quire_bytes_sent_total", "bytes in those")                     \
    X(METRIC_ROOMS, "gauge", "quire_rooms", "documents in memory")                                 \
    X(METRIC_MEMBERS, "gauge", "quire_members", "open channels: who reads which document")         \
    X(METRIC_EDITS, "counter", "quire_edits_total", "edits that are on disk")                      \
    X(METRIC_EDIT_BYTES, "counter", "quire_edit_bytes_total", "bytes of those")                    \
    X(METRIC_CHATS, "counter", "quire_chat_messages_total", "chat messages that are on disk")      \
    X(METRIC_LAGGED, "counter", "quire_readers_lagged_total",                                      \
      "readers that fell so far behind that they were attached anew")                              \
    X(METRIC_DIVERGENCES, "counter", "quire_divergences_total",                                    \
      "documents of clients that differed from the server's")                                      \
    X(METRIC_BAD_LINKS, "counter", "quire_bad_links_total", "share links shown that are none")     \
    X(METRIC_COMMITS, "counter", "quire_commits_total", "transactions of edits and chat messages") \
    X(METRIC_INBOX, "gauge", "quire_inbox_messages", "messages of clients that wait for the hub")  \
    X(METRIC_INBOX_BYTES, "gauge", "quire_inbox_bytes", "bytes of those")                          \
    X(METRIC_MEMORY, "gauge", "quire_memory_bytes", "memory in use, as of the last look")          \
    X(METRIC_MEMORY_STAGE, "gauge", "quire_memory_stage",                                          \
      "0, 1: caches are given up, 2: nobody new is let in, 3: edits wait")                         \
    X(METRIC_LOG_DROPPED, "counter", "quire_log_lines_dropped_total",                              \
      "lines of the log that nobody read in time")

/* Every code of ERROR and CLOSED. Others are counted as "other". */
#define QUIRE_ERROR_CODES(X)                                                                       \
    X("already_open")                                                                              \
    X("bad_base")                                                                                  \
    X("bad_component")                                                                             \
    X("bad_embed")                                                                                 \
    X("bad_format")                                                                                \
    X("bad_id")                                                                                    \
    X("bad_key")                                                                                   \
    X("bad_length")                                                                                \
    X("bad_message")                                                                               \
    X("bad_name")                                                                                  \
    X("bad_role")                                                                                  \
    X("bad_seq")                                                                                   \
    X("bad_text")                                                                                  \
    X("bad_title")                                                                                 \
    X("bad_type")                                                                                  \
    X("bad_utf8")                                                                                  \
    X("bad_value")                                                                                 \
    X("channel_limit")                                                                             \
    X("deleted")                                                                                   \
    X("document_full")                                                                             \
    X("exists")                                                                                    \
    X("forbidden")                                                                                 \
    X("internal")                                                                                  \
    X("not_a_document")                                                                            \
    X("not_canonical")                                                                             \
    X("not_found")                                                                                 \
    X("not_open")                                                                                  \
    X("not_text")                                                                                  \
    X("out_of_memory")                                                                             \
    X("out_of_range")                                                                              \
    X("overloaded")                                                                                \
    X("rate_limited")                                                                              \
    X("seq_conflict")                                                                              \
    X("share_limit")                                                                               \
    X("split_surrogate")                                                                           \
    X("storage_access")                                                                            \
    X("storage_busy")                                                                              \
    X("storage_corrupt")                                                                           \
    X("storage_failed")                                                                            \
    X("storage_foreign")                                                                           \
    X("storage_full")                                                                              \
    X("storage_invalid")                                                                           \
    X("storage_newer")                                                                             \
    X("too_deep")                                                                                  \
    X("too_old")                                                                                   \
    X("trailing_bytes")                                                                            \
    X("truncated")                                                                                 \
    X("unauthorized")                                                                              \
    X("other")

/* Why a request was refused, and "no_request" for who never made one that could be read. */
#define QUIRE_REFUSAL_REASONS(X)                                                                   \
    X("address")                                                                                   \
    X("body")                                                                                      \
    X("host")                                                                                      \
    X("http_version")                                                                              \
    X("key")                                                                                       \
    X("method")                                                                                    \
    X("no_host")                                                                                   \
    X("no_request")                                                                                \
    X("origin")                                                                                    \
    X("path")                                                                                      \
    X("stopping")                                                                                  \
    X("subprotocol")                                                                               \
    X("upgrade")                                                                                   \
    X("websocket_version")                                                                         \
    X("other")

#define METRICS_CODES_MAX  64
#define METRICS_CLOSES_MAX 16

enum metric {
#define METRIC_ENUM(symbol, ...) symbol,
    QUIRE_METRICS(METRIC_ENUM)
#undef METRIC_ENUM
        METRIC_COUNT
};

/* Zero-initialise. */
struct metrics {
    atomic_uint_least64_t values[METRIC_COUNT];
    atomic_uint_least64_t refused[METRICS_CODES_MAX];  /* by error code */
    atomic_uint_least64_t closed[METRICS_CLOSES_MAX];  /* by close code */
    atomic_uint_least64_t requests[METRICS_CODES_MAX]; /* refused ones by reason */
};

/* ---- counting: only the thread that they belong to ---- */

/* UINT64_MAX takes one away. */
static inline void metrics_add(struct metrics *metrics, enum metric metric, uint64_t amount)
{
    atomic_uint_least64_t *value = &metrics->values[metric];
    atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + amount,
                          memory_order_relaxed);
}
/* Something was refused with this code of ERROR or CLOSED. */
void metrics_refused(struct metrics *metrics, const char *code);
/* A request was refused for this reason. */
void metrics_request_refused(struct metrics *metrics, const char *reason);
/* A connection was closed by the server with this WebSocket close code. */
void metrics_closed(struct metrics *metrics, unsigned code);

/* ---- reading: any thread ---- */

static inline uint64_t metrics_get(const struct metrics *metrics, enum metric metric)
{
    return atomic_load_explicit(&metrics->values[metric], memory_order_relaxed);
}
uint64_t metrics_get_refused(const struct metrics *metrics, const char *code);
uint64_t metrics_get_request_refused(const struct metrics *metrics, const char *reason);
uint64_t metrics_get_closed(const struct metrics *metrics, unsigned code);
/* Adds what `part` has to `sum`, which is the caller's own. */
void metrics_sum(struct metrics *sum, const struct metrics *part);

/* Room enough for the text. */
#define METRICS_TEXT_MAX 32768
/* Writes the text, with a NUL behind it, to `out` (METRICS_TEXT_MAX). Returns its size. */
size_t metrics_print(const struct metrics *metrics, char *out);

#endif
