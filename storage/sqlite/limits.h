/*
 * The bounds of the SQLite store, beyond those that store.h gives. None of them is part of the
 * format: a database written under other bounds reads the same, but for SNAPSHOT_PART_BYTES, and
 * SEGMENT_EDITS_MAX, which may only grow.
 */
#ifndef QUIRE_SQLITE_LIMITS_H
#define QUIRE_SQLITE_LIMITS_H

#define SEGMENT_EDITS_MAX  512   /* edits of a segment */
#define SEGMENT_BYTES_MAX  65536 /* bytes of a segment that has more than one edit */
#define SEGMENT_OPEN_EDITS 256   /* a document's last segment with fewer edits and ... */
#define SEGMENT_OPEN_BYTES 32768 /* ... fewer bytes than this is filled up */

#define SNAPSHOT_PART_BYTES 65536 /* bytes of a stored snapshot's part */

/* A slice of settling or purging does this much work, so that it takes a millisecond or two. */
#define SLICE_WORK_MAX      512  /* of the units below */
#define WORK_OF_EDIT        1    /* an edit moved from the log to a segment */
#define WORK_OF_PART        64   /* a snapshot's part or a segment written or removed */
#define WORK_OF_ROW         1    /* a chat message or client's row removed */
#define SLICE_TRIM_ROWS_MAX 1024 /* log rows removed in a slice besides */

/* The log is what is read when the store opens; a longer one is shortened before more is added. */
#define LOG_ROWS_MAX  1048576   /* rows */
#define LOG_BYTES_MAX 268435456 /* bytes of operations */

#define TAIL_KEPT_MAX 67108864 /* bytes of unsettled edits that are kept in memory besides */

#define DELETE_ROWS_MAX 8192 /* log rows of a deleted document that are emptied at once */

#define WAL_MAX_PAGES  4096 /* a write that finds the write-ahead log this long checkpoints it */
#define WAL_IDLE_PART  8    /* and store_idle, when it has grown by this part of that */
#define WAL_KEEP_BYTES 33554432 /* its file is cut to this when it begins anew */
#define CACHE_KIB      32768    /* SQLite's page cache */

#define BACKUP_SLICE_PAGES 64  /* pages that a slice of a copy takes */
#define BACKUP_CACHE_KIB   512 /* of the copy's own page cache, written out by its last slice */
#define BACKUP_SPARE_BYTES 16777216 /* left free on the disk of a copy */

#define BUSY_WAIT_MS      250       /* for another process to close the database */
#define VALUE_BYTES_MAX   134217728 /* of any one value or row in SQLite */
#define PATTERN_BYTES_MAX 100       /* of a pattern; the schema has one of 19 */

#endif
