/*
 * What `quire replay` is given: files, and folders of files, each of one format.
 */
#ifndef QUIRE_REPLAY_FILES_H
#define QUIRE_REPLAY_FILES_H

#include <stddef.h>

enum replay_format {
    FORMAT_BY_NAME, /* .jsonl, .ndjson: lines; .json, .edits: a trace; nothing else */
    FORMAT_TRACE,   /* an editing trace */
    FORMAT_DELTA,   /* lines of Delta JSON */
    FORMAT_CORPUS   /* any bytes */
};

/* What a minimised case is called, after the file it is from. Not read as part of a corpus. */
#define CASE_SUFFIX ".case.jsonl"

struct file {
    char *path;
    const char *name; /* how it is told of: the path below the folder that was named */
    enum replay_format format;
};

struct files {
    struct file *list;
    size_t count, capacity;
};

void files_deinit(struct files *files);
/* Adds the file, or those in the folder and all folders in it, in the order of their names. 0, or
 * -1 and a sentence. */
int files_add(struct files *files, const char *path, enum replay_format format, char *error,
              size_t error_size);

#endif
