/*
 * A file system for SQLite that fails on demand: it passes everything on to the real one, and
 * - fails the n-th call of the chosen kinds, once or from then on;
 * - holds only so many bytes;
 * - loses power: of what was written since a file's last sync, a random part is undone, in sectors,
 *   and nothing reaches the disk any more.
 */
#ifndef QUIRE_TESTS_VFS_H
#define QUIRE_TESTS_VFS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/rng.h"

enum vfs_kind {
    VFS_READ = 1,
    VFS_WRITE = 2,
    VFS_SYNC = 4,
    VFS_TRUNCATE = 8,
    VFS_OPEN = 16,
    VFS_DELETE = 32,
    VFS_ALL = 63,
    VFS_CHANGES = VFS_WRITE | VFS_SYNC | VFS_TRUNCATE | VFS_DELETE,
};

struct vfs_file;

struct vfs {
    sqlite3_vfs base;
    sqlite3_vfs *real;

    unsigned kinds;  /* the calls that count: their bits */
    long fail_at;    /* the call that fails, counted from 1; 0: none */
    bool stays;      /* and all after it */
    long calls;      /* so far */
    int failures;    /* so far */
    struct rng *cut; /* not NULL: what fails is that power is lost, by this chance */

    int64_t room; /* bytes that files may still grow by; negative: no bound */
    bool dead;    /* the process was killed, or power was lost */
    struct vfs_file *files;
};

/* Becomes SQLite's default file system. */
void vfs_install(struct vfs *vfs);
void vfs_remove(struct vfs *vfs);
/* Begins to count calls of these kinds anew, to fail the one of this number. */
void vfs_fail(struct vfs *vfs, unsigned kinds, long fail_at, bool stays);
/* No more failures, and power is back. */
void vfs_heal(struct vfs *vfs);
/* As if the process were killed: from now on nothing reaches the disk. */
void vfs_kill(struct vfs *vfs);
void vfs_cut_power(struct vfs *vfs, struct rng *rng);

#endif
