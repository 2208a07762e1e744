/* What every request must be, and how one that is not is refused. */
#ifndef QUIRE_GATE_REQUEST_H
#define QUIRE_GATE_REQUEST_H

#include "server/gate/loop.h"

/* All of it is fixed: nothing of a request is ever repeated to whoever made it. */
struct refusal {
    const char *reason; /* for the log and the counters */
    unsigned status;
    const char *header; /* a further header line, or "" */
    const char *text;
    const char *option;           /* that would allow it, or NULL */
    enum lws_token_indexes token; /* the header that is to blame; with `option` only */
};

/* Headers that are longer count as missing. */
#define REQUEST_VALUE_MAX 256

/* Copies a header's value, of several with commas between; "" when absent, too long, or with a zero
 * byte in it. */
void request_header(struct lws *wsi, enum lws_token_indexes token,
                    char value_out[REQUEST_VALUE_MAX]);
bool request_header_is(struct lws *wsi, enum lws_token_indexes token, const char *expected);

/* A rule and what breaking it leads to. */
struct request_rule {
    bool (*holds)(const struct gate *gate, struct lws *wsi);
    struct refusal refusal;
};

/* The first rule that does not hold, or NULL. */
const struct refusal *request_check(const struct gate *gate, struct lws *wsi,
                                    const struct request_rule *rules, size_t count);

/* What holds for all of them, whatever they ask for. `any_host`: of the health pages, which
 * machines ask for by whatever name they know. */
const struct refusal *request_check_common(const struct gate *gate, struct lws *wsi, bool any_host);

/* Counts, logs and answers; the connection is to be closed then. */
void request_refuse(struct gate *gate, struct lws *wsi, const struct refusal *refusal);

/* Whether one more line may be logged about what somebody outside does wrong. */
bool request_may_log(struct gate *gate);

#endif
