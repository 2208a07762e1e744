#include "server/gate/request.h"

#include "server/gate/http.h"
#include "server/gate/visitor.h"

#include <stdio.h>
#include <string.h>

void request_header(struct lws *wsi, enum lws_token_indexes token,
                    char value_out[REQUEST_VALUE_MAX])
{
    int size = lws_hdr_copy(wsi, value_out, REQUEST_VALUE_MAX, token);
    if (size < 0 || memchr(value_out, '\0', (size_t)size) != NULL) {
        value_out[0] = '\0';
    }
}

bool request_header_is(struct lws *wsi, enum lws_token_indexes token, const char *expected)
{
    char value[REQUEST_VALUE_MAX];
    request_header(wsi, token, value);
    return strcmp(value, expected) == 0;
}

/* ---- rules ---- */

/* A length of 0, said once, is none. */
static bool is_without_body(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) <= 0 &&
           (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) <= 0 ||
            request_header_is(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, "0"));
}

/* Two of them come as one with a comma, which is none. */
static bool has_host(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    char value[REQUEST_VALUE_MAX];
    struct span host;
    request_header(wsi, WSI_TOKEN_HOST, value);
    return origin_parse_host((struct span){value, strlen(value)}, &host) == 0;
}

static bool is_for_us(const struct gate *gate, struct lws *wsi)
{
    char value[REQUEST_VALUE_MAX];
    request_header(wsi, WSI_TOKEN_HOST, value);
    return admission_host(&gate->gates->admission, (struct span){value, strlen(value)});
}

static const struct request_rule common[] = {
    {is_without_body,
     {.reason = "body", .status = 400, .text = "A request with a body is not taken."}},
    {has_host, {.reason = "no_host", .status = 400, .text = "A request must name one host."}},
    {is_for_us,
     {.reason = "host",
      .status = 421,
      .text = "This server does not go by that name. Whoever runs it can allow the name "
              "(--allow-host).",
      .option = "allow-host",
      .token = WSI_TOKEN_HOST}},
};
#define WITHOUT_HOSTS 1 /* so many of them do not look at the host */

const struct refusal *request_check(const struct gate *gate, struct lws *wsi,
                                    const struct request_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!rules[i].holds(gate, wsi)) {
            return &rules[i].refusal;
        }
    }
    return NULL;
}

const struct refusal *request_check_common(const struct gate *gate, struct lws *wsi, bool any_host)
{
    size_t count = any_host ? WITHOUT_HOSTS : sizeof(common) / sizeof(common[0]);
    return request_check(gate, wsi, common, count);
}

/* ---- refusing ---- */

/* A host or a site, such as the option could allow. A longer address may hold a password. */
static bool is_place(enum lws_token_indexes token, const char *value)
{
    struct span host, span = {value, strlen(value)};
    struct origin origin;
    return token == WSI_TOKEN_HOST ? origin_parse_host(span, &host) == 0
                                   : origin_parse(span, &origin) == 0;
}

/* A header's value in quotes, if it is a place: such a one has no quotes, spaces or controls. */
static void quote_header(struct lws *wsi, enum lws_token_indexes token,
                         char text_out[REQUEST_VALUE_MAX + 2])
{
    char value[REQUEST_VALUE_MAX];
    request_header(wsi, token, value);
    if (!is_place(token, value)) {
        strcpy(value, strcmp(value, "null") == 0 ? "null" : "?");
    }
    snprintf(text_out, REQUEST_VALUE_MAX + 2, "\"%s\"", value);
}

/* So many lines a second, and then how many there would have been. */
bool request_may_log(struct gate *gate)
{
    uint64_t second = gate_now_ms(gate) / 1000;
    if (second != gate->refusals_second) {
        gate->refusals_second = second;
        gate->refusals_logged = 0;
    }
    if (gate->refusals_logged >= LIMIT_REFUSED_LINES) {
        gate->refusals_untold++;
        return false;
    }
    gate->refusals_logged++;
    return true;
}

static void log_refusal(struct gate *gate, struct lws *wsi, const struct refusal *refusal)
{
    const struct gate_env *env = &gate->gates->env;
    char ip[IP_TEXT_MAX], value[REQUEST_VALUE_MAX + 2], fields[REQUEST_VALUE_MAX + 256];
    if (!request_may_log(gate)) {
        return;
    }
    int size = snprintf(fields, sizeof(fields), "reason=%s status=%u ip=%s", refusal->reason,
                        refusal->status, ip_text(&visitor_of(wsi)->ip, ip));
    if (refusal->option != NULL) {
        quote_header(wsi, refusal->token, value);
        size += snprintf(fields + size, sizeof(fields) - (size_t)size, " value=%s option=%s", value,
                         refusal->option);
    }
    if (gate->refusals_untold > 0) {
        snprintf(fields + size, sizeof(fields) - (size_t)size, " untold=%llu",
                 (unsigned long long)gate->refusals_untold);
        gate->refusals_untold = 0;
    }
    env->log(env->context, HUB_LOG_INFO, "refused", fields);
}

void request_refuse(struct gate *gate, struct lws *wsi, const struct refusal *refusal)
{
    metrics_add(&gate->metrics, METRIC_HANDSHAKES_REFUSED, 1);
    metrics_request_refused(&gate->metrics, refusal->reason);
    log_refusal(gate, wsi, refusal);
    http_refuse(gate, wsi, refusal->status, refusal->header == NULL ? "" : refusal->header,
                refusal->text);
}
