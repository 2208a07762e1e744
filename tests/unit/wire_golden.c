#include "wire_golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const struct wire_golden wire_golden[] = {
    /* the worked examples of docs/protocol.md */
    {"97 01 c0 a3 41 6e 6e a7 23 32 32 36 36 63 63 c0 c0 a2 6d 65",
     "hello ref=nil ch=0 token=nil name='Ann' color='#2266cc' client=nil key=nil agent='me'",
     "SssUBs"},
    {"97 03 01 00 a4 6e 6f 74 65 c0 c0 c0",
     "open ref=1 ch=0 id='note' epoch=nil version=nil chat=nil", "ucsUUU"},
    {"95 05 00 01 00 c4 03 02 09 61", "edit ref=1 ch=0 seq=1 base=0 op=020961 inserts=1", "cuub"},
    /* others */
    {"97 01 a2 746b a1 78 a7 23 61 42 63 44 65 46 cf 001fffffffffffff c4 02 0102 a0",
     "hello ref=nil ch=0 token='tk' name='x' color='#aBcDeF' client=9007199254740991 key=0102 "
     "agent=''",
     "SssUBs"},
    {"92 02 cd 0100", "ping ref=nil ch=0 n=256", "u"},
    {"97 03 cc c8 7f a3 612d5f 05 ce 00010000 07",
     "open ref=200 ch=127 id='a-_' epoch=5 version=65536 chat=7", "ucsUUU"},
    {"92 04 7f", "close ref=nil ch=127", "c"},
    {"95 05 05 cd 7fff ce 7fffffff c4 04 04 08 09 62",
     "edit ref=32767 ch=5 seq=32767 base=2147483647 op=04080962 inserts=1", "cuub"},
    {"97 06 00 05 02 09 c3 a1 64",
     "cursor ref=nil ch=0 version=5 anchor=2 head=9 typing=1 data='d'", "cuUUtS"},
    {"97 06 01 00 c0 c0 c2 c0",
     "cursor ref=nil ch=1 version=0 anchor=nil head=nil typing=0 data=nil", "cuUUtS"},
    {"95 07 01 02 03 a4 f09f9880", "chat ref=1 ch=2 nonce=3 text='\U0001f600'", "ucus"},
    {"95 08 01 02 0a 64", "chats ref=1 ch=2 before=10 limit=100", "ucuu"},
    {"95 09 01 14 c0 c0", "list ref=1 ch=0 limit=20 before_ms=nil before_key=nil", "uuUU"},
    {"95 09 00 00 cf 0000018bcfe56800 2a",
     "list ref=0 ch=0 limit=0 before_ms=1700000000000 before_key=42", "uuUU"},
    {"95 0a 01 01 a1 54 c0", "create ref=1 ch=0 type=1 title='T' id=nil", "uusS"},
    {"95 0a 01 02 a0 a1 78", "create ref=1 ch=0 type=2 title='' id='x'", "uusS"},
    {"94 0b 01 a1 78 a1 54", "rename ref=1 ch=0 id='x' title='T'", "uss"},
    {"93 0c 01 a1 78", "delete ref=1 ch=0 id='x'", "us"},
    {"93 0d a1 4e a7 23 30 30 30 30 30 30", "profile ref=nil ch=0 name='N' color='#000000'", "ss"},
    {"94 0e 03 09 ce ffffffff", "diverged ref=nil ch=3 version=9 hash=4294967295", "cuu"},
    {"93 0f 01 a2 746b", "token ref=1 ch=0 token='tk'", "us"},
    {"98 03 01 00 a1 78 c0 c0 c0 a2 6c6b",
     "open ref=1 ch=0 id='x' epoch=nil version=nil chat=nil link='lk'", "ucsUUUS"},
    {"98 03 01 00 a1 78 01 02 03 c0", "open ref=1 ch=0 id='x' epoch=1 version=2 chat=3", "ucsUUUS"},
    {"93 10 01 a1 78", "members ref=1 ch=0 id='x'", "us"},
    {"95 11 01 a1 78 a1 73 a1 72", "member ref=1 ch=0 id='x' subject='s' role='r'", "ussS"},
    {"95 11 01 a1 78 a1 73 c0", "member ref=1 ch=0 id='x' subject='s' role=nil", "ussS"},
    {"93 12 01 a1 78", "links ref=1 ch=0 id='x'", "us"},
    {"96 13 01 a1 78 a1 72 a1 6c 05", "link ref=1 ch=0 id='x' role='r' label='l' expires_ms=5",
     "usssU"},
    {"96 13 01 a1 78 a1 72 a0 c0", "link ref=1 ch=0 id='x' role='r' label='' expires_ms=nil",
     "usssU"},
    {"94 14 01 a1 78 07", "unlink ref=1 ch=0 id='x' number=7", "usu"},
    /* at their limits */
    {"93 0c 01 d9 40 78*64",
     "delete ref=1 ch=0 id='xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'",
     "us"},
};
const size_t wire_golden_count = sizeof wire_golden / sizeof *wire_golden;

struct ot_slice wire_copy(struct ot_slice bytes)
{
    uint8_t *exact = malloc(bytes.size == 0 ? 1 : bytes.size);
    assert_non_null(exact);
    if (bytes.size > 0) {
        memcpy(exact, bytes.data, bytes.size);
    }
    return (struct ot_slice){exact, bytes.size};
}

void wire_drop(struct ot_slice bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

struct ot_slice wire_hex(const char *digits)
{
    struct ot_buf buf = {0};
    while (*digits != '\0') {
        if (*digits == ' ') {
            digits++;
        } else if (*digits == '*') {
            char *end;
            for (unsigned long n = strtoul(digits + 1, &end, 10); n > 1; n--) {
                uint8_t byte = buf.data[buf.size - 1];
                assert_int_equal(ot_buf_append(&buf, &byte, 1), OT_OK);
            }
            digits = end;
        } else {
            char pair[3] = {digits[0], digits[1], '\0'};
            uint8_t byte = (uint8_t)strtoul(pair, NULL, 16);
            assert_int_equal(ot_buf_append(&buf, &byte, 1), OT_OK);
            digits += 2;
        }
    }
    struct ot_slice bytes = wire_copy(ot_buf_slice(&buf));
    ot_buf_deinit(&buf);
    return bytes;
}
