/* One kind of value that a format may have. */
#ifndef QUIRE_SCHEMA_RULE_H
#define QUIRE_SCHEMA_RULE_H

#include "quire/ot.h"

enum rule_kind {
    RULE_TRUE,    /* the boolean */
    RULE_LITERAL, /* the string `words` */
    RULE_RANGE,   /* an integer from `least` to `most` */
    RULE_WORD,    /* 1 to `most` of A-Z a-z 0-9 _ and the characters of `words` */
    RULE_TEXT,    /* a string of at most `most` bytes */
    RULE_COLOR,   /* #rgb and longer, a name, rgb(…), rgba(…) */
    RULE_PIXELS,  /* at most five digits: an integer, or a string, which may end in px or % */
    RULE_ADDRESS  /* a URL of at most `most` bytes whose scheme is one of `words` */
};

struct rule {
    enum rule_kind kind;
    int64_t least, most;
    bool relative; /* an address may be one without a scheme */
    const char *words;
};

bool rule_allows(const struct rule *rule, const struct ot_value *value);

#endif
