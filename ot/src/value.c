#include "value.h"

#include <math.h>
#include <string.h>

#include "utf8.h"

/* What the first byte of an item says. */
struct head {
    enum ot_value_kind kind;
    uint8_t size;     /* bytes of the number or count after the first byte */
    bool is_known;    /* false: no item of a canonical value starts so */
    bool is_negative; /* a signed integer follows */
    uint32_t inlined; /* the count or size, or the bits of the integer, of a one-byte head */
};

static struct head head_of_long(uint8_t byte)
{
    switch (byte) {
    case 0xc0:
        return (struct head){.kind = OT_VALUE_NIL, .is_known = true};
    case 0xc2:
    case 0xc3:
        return (struct head){.kind = OT_VALUE_BOOL, .is_known = true, .inlined = byte & 1};
    case 0xcb:
        return (struct head){.kind = OT_VALUE_DOUBLE, .is_known = true, .size = 8};
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return (struct head){
            .kind = OT_VALUE_INT, .is_known = true, .size = (uint8_t)(1 << (byte - 0xcc))};
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return (struct head){.kind = OT_VALUE_INT,
                             .is_known = true,
                             .is_negative = true,
                             .size = (uint8_t)(1 << (byte - 0xd0))};
    case 0xd9:
    case 0xda:
    case 0xdb:
        return (struct head){
            .kind = OT_VALUE_STRING, .is_known = true, .size = (uint8_t)(1 << (byte - 0xd9))};
    case 0xdc:
    case 0xdd:
        return (struct head){
            .kind = OT_VALUE_ARRAY, .is_known = true, .size = (uint8_t)(2 << (byte - 0xdc))};
    case 0xde:
    case 0xdf:
        return (struct head){
            .kind = OT_VALUE_MAP, .is_known = true, .size = (uint8_t)(2 << (byte - 0xde))};
    default:
        return (struct head){.is_known = false};
    }
}

static struct head head_of(uint8_t byte)
{
    if (byte < 0x80) {
        return (struct head){.kind = OT_VALUE_INT, .is_known = true, .inlined = byte};
    }
    if (byte < 0x90) {
        return (struct head){.kind = OT_VALUE_MAP, .is_known = true, .inlined = byte & 0x0f};
    }
    if (byte < 0xa0) {
        return (struct head){.kind = OT_VALUE_ARRAY, .is_known = true, .inlined = byte & 0x0f};
    }
    if (byte < 0xc0) {
        return (struct head){.kind = OT_VALUE_STRING, .is_known = true, .inlined = byte & 0x1f};
    }
    if (byte >= 0xe0) {
        return (struct head){
            .kind = OT_VALUE_INT, .is_known = true, .is_negative = true, .inlined = byte};
    }
    return head_of_long(byte);
}

static uint64_t big_endian(const uint8_t *at, unsigned size)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < size; i++) {
        number = number << 8 | at[i];
    }
    return number;
}

/* The number after a head: its bits, sign-extended if it is a negative integer. */
static uint64_t head_number(struct head head, const uint8_t *at)
{
    if (head.size == 0) {
        return head.is_negative ? (uint64_t)(int64_t)(int8_t)head.inlined : head.inlined;
    }
    uint64_t number = big_endian(at + 1, head.size);
    if (head.is_negative && head.size < 8) {
        unsigned shift = 64 - 8u * head.size;
        number = (uint64_t)((int64_t)(number << shift) >> shift);
    }
    return number;
}

static double double_of(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* ---- checking ---- */

static int int_check(struct head head, uint64_t number)
{
    if (head.is_negative) {
        int64_t value = (int64_t)number;
        if (head.size == 0) {
            return OT_OK;
        }
        int64_t least = head.size == 1 ? -33 : -1 - ((int64_t)1 << (4 * head.size - 1));
        if (value > least) {
            return OT_E_FORM;
        }
        return value < -VALUE_INT_MAX ? OT_E_VALUE : OT_OK;
    }
    uint64_t least = head.size == 0 ? 0 : head.size == 1 ? 0x80 : (uint64_t)1 << (4 * head.size);
    if (number < least) {
        return OT_E_FORM;
    }
    return number > (uint64_t)VALUE_INT_MAX ? OT_E_VALUE : OT_OK;
}

static int double_check(uint64_t bits)
{
    double number = double_of(bits);
    if (!isfinite(number)) {
        return OT_E_VALUE;
    }
    return value_is_int(number) ? OT_E_FORM : OT_OK;
}

/* Is this size or count written in the fewest bytes? */
static bool count_is_shortest(struct head head, uint64_t count)
{
    switch (head.size) {
    case 0:
        return true;
    case 1:
        return count >= 32;
    case 2:
        return count > (head.kind == OT_VALUE_STRING ? UINT8_MAX : 15);
    default:
        return count > UINT16_MAX;
    }
}

static int string_check(const uint8_t **at, const uint8_t *end, uint64_t size)
{
    const uint8_t *p = *at;
    uint64_t units;
    if (size > (size_t)(end - p)) {
        return OT_E_TRUNCATED;
    }
    if (ot_utf8_check(&p, p + size, UINT64_MAX, &units) != OT_OK) {
        return OT_E_UTF8;
    }
    if (size > 0 && memchr(*at, 0, size) != NULL) {
        return OT_E_VALUE;
    }
    *at = p;
    return OT_OK;
}

/* The text of a key at `at`, which is moved past it; no data if it is no string. */
static struct ot_slice key_take(const uint8_t **at)
{
    struct head head = head_of(**at);
    uint64_t size = head_number(head, *at);
    const uint8_t *text = *at + 1 + head.size;
    if (head.kind != OT_VALUE_STRING) {
        return (struct ot_slice){0};
    }
    *at = text + size;
    return (struct ot_slice){text, size};
}

static int item_check(const uint8_t **at, const uint8_t *end, unsigned depth);

static int key_check(const uint8_t **at, const uint8_t *end, struct ot_slice *last)
{
    static const char reserved[] = "__proto__";
    const uint8_t *start = *at;
    if (start == end) {
        return OT_E_TRUNCATED;
    }
    struct head head = head_of(*start);
    if (!head.is_known || head.kind != OT_VALUE_STRING) {
        return OT_E_KEY;
    }
    int error = item_check(at, end, 0);
    if (error != OT_OK) {
        return error == OT_E_VALUE ? OT_E_KEY : error;
    }
    const uint8_t *p = start;
    struct ot_slice key = key_take(&p);
    *at = start;
    if (key.size == sizeof reserved - 1 && memcmp(key.data, reserved, key.size) == 0) {
        return OT_E_KEY;
    }
    if (last->data != NULL && slice_compare(*last, key) >= 0) {
        return OT_E_FORM;
    }
    *last = key;
    *at = p;
    return OT_OK;
}

static int items_check(const uint8_t **at, const uint8_t *end, struct head head, uint64_t count,
                       unsigned depth)
{
    struct ot_slice last = {0};
    for (uint64_t i = 0; i < count; i++) {
        if (head.kind == OT_VALUE_MAP) {
            int error = key_check(at, end, &last);
            if (error != OT_OK) {
                return error;
            }
        }
        int error = item_check(at, end, depth);
        if (error != OT_OK) {
            return error;
        }
    }
    return OT_OK;
}

/* One item inside `depth` arrays and maps. */
static int item_check(const uint8_t **at, const uint8_t *end, unsigned depth)
{
    const uint8_t *start = *at;
    if (start == end) {
        return OT_E_TRUNCATED;
    }
    struct head head = head_of(*start);
    if (!head.is_known) {
        return OT_E_VALUE;
    }
    if ((size_t)(end - start) < 1u + head.size) {
        return OT_E_TRUNCATED;
    }
    uint64_t number = head_number(head, start);
    const uint8_t *next = start + 1 + head.size;
    int error = OT_OK;
    switch (head.kind) {
    case OT_VALUE_INT:
        error = int_check(head, number);
        break;
    case OT_VALUE_DOUBLE:
        error = double_check(number);
        break;
    case OT_VALUE_STRING:
        error = count_is_shortest(head, number) ? string_check(&next, end, number) : OT_E_FORM;
        break;
    case OT_VALUE_ARRAY:
    case OT_VALUE_MAP:
        if (depth == OT_VALUE_DEPTH_MAX) {
            return OT_E_DEPTH;
        }
        if (!count_is_shortest(head, number)) {
            return OT_E_FORM;
        }
        *at = next;
        return items_check(at, end, head, number, depth + 1);
    default:
        break;
    }
    if (error == OT_OK) {
        *at = next;
    }
    return error;
}

int ot_value_scan(const uint8_t **at, const uint8_t *end)
{
    return item_check(at, end, 0);
}

/* Is the item at `at` a map? Its count, then. */
static bool map_count(const uint8_t *at, const uint8_t *end, uint64_t *count_out)
{
    struct head head = at < end ? head_of(*at) : (struct head){0};
    if (!head.is_known || head.kind != OT_VALUE_MAP || (size_t)(end - at) < 1u + head.size) {
        return false;
    }
    *count_out = head_number(head, at);
    return true;
}

/* The first nil of a checked map, or NULL. */
static const uint8_t *map_find_nil(const uint8_t *at, uint64_t count)
{
    at += 1 + head_of(*at).size;
    for (uint64_t i = 0; i < count; i++) {
        at = ot_value_skip(at);
        if (*at == VALUE_NIL_BYTE) {
            return at;
        }
        at = ot_value_skip(at);
    }
    return NULL;
}

static int map_check(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *start = *at;
    int error = ot_value_scan(at, end);
    if (error == OT_OK && *at != end) {
        error = OT_E_TRAILING;
    }
    uint64_t count;
    if (error == OT_OK && !map_count(start, end, &count)) {
        *at = start;
        error = OT_E_VALUE;
    }
    return error;
}

int ot_attributes_scan(const uint8_t **at, const uint8_t *end, bool is_format)
{
    const uint8_t *start = *at;
    int error = map_check(at, end);
    if (error != OT_OK) {
        return error;
    }
    uint64_t count = 0;
    map_count(start, end, &count);
    const uint8_t *nil = is_format ? map_find_nil(start, count) : NULL;
    if (count == 0 || nil != NULL) {
        *at = count == 0 ? start : nil;
        return OT_E_FORM;
    }
    return OT_OK;
}

int ot_embed_scan(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *start = *at;
    int error = map_check(at, end);
    uint64_t count = 0;
    if (error == OT_OK && (!map_count(start, end, &count) || count != 1)) {
        *at = start;
        error = OT_E_VALUE;
    }
    return error;
}

static int report(int error, const uint8_t *start, const uint8_t *at, struct ot_error *error_out)
{
    if (error != OT_OK && error_out != NULL) {
        *error_out = (struct ot_error){error, (uint64_t)(at - start)};
    }
    return error;
}

int ot_value_check(struct ot_slice value, struct ot_error *error_out)
{
    const uint8_t *at = value.data;
    const uint8_t *end = value.size > 0 ? value.data + value.size : value.data;
    int error = ot_value_scan(&at, end);
    if (error == OT_OK && at != end) {
        error = OT_E_TRAILING;
    }
    return report(error, value.data, at, error_out);
}

int ot_attributes_check(struct ot_slice value, struct ot_error *error_out)
{
    const uint8_t *at = value.data;
    const uint8_t *end = value.size > 0 ? value.data + value.size : value.data;
    return report(ot_attributes_scan(&at, end, false), value.data, at, error_out);
}

int ot_embed_check(struct ot_slice value, struct ot_error *error_out)
{
    const uint8_t *at = value.data;
    const uint8_t *end = value.size > 0 ? value.data + value.size : value.data;
    return report(ot_embed_scan(&at, end), value.data, at, error_out);
}

/* ---- reading ---- */

struct ot_value ot_value_next(struct ot_slice *rest)
{
    struct head head = head_of(*rest->data);
    uint64_t number = head_number(head, rest->data);
    size_t used = 1u + head.size;
    struct ot_value value = {.kind = head.kind};
    switch (head.kind) {
    case OT_VALUE_NIL:
        break;
    case OT_VALUE_BOOL:
        value.boolean = number != 0;
        break;
    case OT_VALUE_INT:
        value.integer = (int64_t)number;
        break;
    case OT_VALUE_DOUBLE:
        value.number = double_of(number);
        break;
    case OT_VALUE_STRING:
        value.string = (struct ot_slice){rest->data + used, number};
        used += number;
        break;
    case OT_VALUE_ARRAY:
    case OT_VALUE_MAP:
        value.count = (uint32_t)number;
        break;
    }
    rest->data += used;
    rest->size -= used;
    return value;
}

const uint8_t *ot_value_skip(const uint8_t *at)
{
    for (uint64_t items = 1; items > 0; items--) {
        struct head head = head_of(*at);
        uint64_t number = head_number(head, at);
        at += 1 + head.size;
        if (head.kind == OT_VALUE_STRING) {
            at += number;
        } else if (head.kind == OT_VALUE_ARRAY) {
            items += number;
        } else if (head.kind == OT_VALUE_MAP) {
            items += 2 * number;
        }
    }
    return at;
}

struct value_pairs ot_value_pairs(struct ot_slice map)
{
    if (map.size == 0) {
        return (struct value_pairs){0};
    }
    struct head head = head_of(*map.data);
    return (struct value_pairs){map.data + 1 + head.size, (uint32_t)head_number(head, map.data)};
}

bool ot_value_pairs_next(struct value_pairs *pairs, struct value_pair *pair_out)
{
    if (pairs->left == 0) {
        return false;
    }
    const uint8_t *key = pairs->at;
    const uint8_t *item = key;
    pair_out->key = key_take(&item);
    const uint8_t *end = ot_value_skip(item);
    pair_out->item = (struct ot_slice){item, (size_t)(end - item)};
    pair_out->both = (struct ot_slice){key, (size_t)(end - key)};
    pairs->at = end;
    pairs->left--;
    return true;
}
