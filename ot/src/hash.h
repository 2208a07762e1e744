/* SipHash-1-3: a hash whose collisions nobody can make who does not know the key. */
#ifndef OT_HASH_H
#define OT_HASH_H

#include "quire/ot.h"

uint32_t ot_hash_bytes(uint64_t key, struct ot_slice bytes);

#endif
