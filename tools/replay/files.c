#include "tools/replay/files.h"

#include "tools/peer/bytes.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void files_deinit(struct files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->list[i].path);
    free(files->list);
    *files = (struct files){0};
}

static bool ends_with(const char *name, size_t size, const char *end)
{
    size_t end_size = strlen(end);
    return size >= end_size && memcmp(name + size - end_size, end, end_size) == 0;
}

/* FORMAT_BY_NAME for a name that tells nothing. */
static enum replay_format format_of_name(const char *path)
{
    size_t size = strlen(path);

    size -= ends_with(path, size, ".gz") ? 3 : 0;
    if (ends_with(path, size, ".jsonl") || ends_with(path, size, ".ndjson"))
        return FORMAT_DELTA;
    if (ends_with(path, size, ".json") || ends_with(path, size, ".edits"))
        return FORMAT_TRACE;
    return FORMAT_BY_NAME;
}

static void add(struct files *files, const char *path, size_t prefix, enum replay_format format)
{
    struct file file = {.path = strdup(path), .format = format};

    bytes_must(file.path == NULL ? OT_E_MEMORY : OT_OK);
    file.name = file.path + prefix;
    files->list = bytes_grow(files->list, &files->capacity, files->count + 1, sizeof *files->list);
    files->list[files->count++] = file;
}

/* A file found in a folder. What is of another format is passed over. */
static void add_found(struct files *files, const char *path, size_t prefix,
                      enum replay_format format)
{
    enum replay_format named = format_of_name(path);

    if (format == FORMAT_CORPUS)
        named = ends_with(path, strlen(path), CASE_SUFFIX) ? FORMAT_BY_NAME : FORMAT_CORPUS;
    if (named != FORMAT_BY_NAME && (format == FORMAT_BY_NAME || format == named))
        add(files, path, prefix, named);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int add_folder(struct files *files, const char *path, enum replay_format format)
{
    char *roots[] = {(char *)path, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    int code = tree == NULL ? -1 : 0;

    for (FTSENT *entry; code == 0 && (entry = fts_read(tree)) != NULL;) {
        bool is_hidden = entry->fts_level > 0 && entry->fts_name[0] == '.';
        if (entry->fts_info == FTS_D && is_hidden)
            fts_set(tree, entry, FTS_SKIP);
        else if (entry->fts_info == FTS_F && !is_hidden)
            add_found(files, entry->fts_path, strlen(path) + (path[strlen(path) - 1] != '/'),
                      format);
        else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) {
            errno = entry->fts_errno;
            code = -1;
        }
    }
    if (tree != NULL)
        fts_close(tree);
    return code;
}

static size_t folder_size(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? (size_t)(slash + 1 - path) : 0;
}

static bool is_folder(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

int files_add(struct files *files, const char *path, enum replay_format format, char *error,
              size_t error_size)
{
    enum replay_format named = format_of_name(path);

    if (is_folder(path)) {
        if (add_folder(files, path, format) == 0)
            return 0;
        snprintf(error, error_size, "cannot be read: %s", strerror(errno));
        return -1;
    }
    /* A file by itself is a trace, unless its name says otherwise. */
    if (format == FORMAT_BY_NAME)
        format = named == FORMAT_BY_NAME ? FORMAT_TRACE : named;
    add(files, path, folder_size(path), format);
    return 0;
}
