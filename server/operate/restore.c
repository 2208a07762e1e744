/* quire restore: a backup becomes the database. */
#include "server/operate/check.h"
#include "server/operate/choices.h"
#include "server/operate/commands.h"
#include "server/operate/copy.h"
#include "server/operate/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct command_form form = {
    .name = "restore",
    .usage =
        "Usage: quire restore [options] BACKUP.db\n"
        "\n"
        "Makes BACKUP.db, which quire backup wrote, the database of a data directory on which no\n"
        "server runs. The backup is looked over first, as by quire verify, and not used when\n"
        "something is wrong with it. The database gets a new epoch, so that clients which have\n"
        "seen later edits than the backup has do not go on from them: they fetch the documents\n"
        "anew, and keep what they have not saved.\n"
        "\n"
        "Options:\n"
        "  --data DIR   data directory; made when missing (QUIRE_DATA, default ./data)\n"
        "  --force      also where a database is: it is kept beside it, under another name\n"
        "  --quiet      no progress\n"
        "  --help       this text\n"
        "\n"
        "Exit status: 0 restored; 1 not, and all is as it was; 2 wrong arguments.\n",
    .choices = CHOICE_DATA | CHOICE_FORCE | CHOICE_QUIET,
    .operand = "BACKUP.db",
    .operands_max = 1,
};

#define STAMP_MAX      32
#define KEPT_NAMES_MAX 100 /* of databases kept in one second */

struct restore {
    const char *data;
    bool force;
    struct watch watch;
    struct checked checked;
    char database[FILES_PATH_MAX]; /* what is to be there */
    char dir[FILES_PATH_MAX];      /* where it is made ready */
    char made[FILES_PATH_MAX];
    char kept[FILES_PATH_MAX]; /* what was there before; "" for nothing */
    int lock;                  /* on that, or -1 */
    char message[MESSAGE_MAX];
};

/* ---- the place ---- */

/* Another restore may have put another file there meanwhile, on which a server may run. */
static bool lock_holds(const struct restore *restore)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat locked, named;
    return fcntl(restore->lock, F_OFD_SETLK, &lock) == 0 && fstat(restore->lock, &locked) == 0 &&
           stat(restore->database, &named) == 0 && locked.st_ino == named.st_ino &&
           locked.st_dev == named.st_dev;
}

/* A server that starts from now on finds the database taken. */
static int lock_database(struct restore *restore)
{
    restore->lock = open(restore->database, O_RDWR | O_CLOEXEC);
    if (restore->lock < 0)
        return message_fail(restore->message, "the database \"%.200s\" cannot be opened: %s",
                            restore->database, strerror(errno));
    if (!lock_holds(restore))
        return message_fail(restore->message, "a server runs on \"%.200s\"; stop it first",
                            restore->data);
    return 0;
}

/* It would be taken for the new database's. */
static int check_beside(struct restore *restore)
{
    const char *beside = files_find_beside(restore->database);
    if (!beside)
        return 0;
    return message_fail(restore->message,
                        "\"%.200s%s\" is there without its database; move it away",
                        restore->database, beside);
}

static int prepare_place(struct restore *restore)
{
    if (mkdir(restore->data, 0700) != 0 && errno != EEXIST)
        return message_fail(restore->message, "the directory \"%.200s\" cannot be made: %s",
                            restore->data, strerror(errno));
    if (!files_join(restore->data, STORE_FILE, restore->database) ||
        !files_join(restore->data, "restore-XXXXXX", restore->dir))
        return message_fail(restore->message, "the directory's name is too long");
    if (!files_exist(restore->database))
        return check_beside(restore);
    if (lock_database(restore) != 0)
        return -1;
    if (restore->force)
        return 0;
    return message_fail(
        restore->message,
        "there is a database in \"%.200s\"; restore into another directory, or with "
        "--force, which keeps it beside",
        restore->data);
}

/* ---- the new database ---- */

/* Opened as a server opens it, and given its new epoch. */
static int renew(struct restore *restore)
{
    struct store *store;
    if (store_open(restore->dir, &store, restore->message, sizeof(restore->message)) != STORE_OK)
        return -1;
    int code = store_renew_epoch(store);
    store_close(store);
    if (code != STORE_OK)
        return message_fail(restore->message, "the database could not be written: %s",
                            store_error_text(code));
    if (files_find_beside(restore->made))
        return message_fail(restore->message, "the database could not be written whole");
    return 0;
}

static int copy_backup(struct restore *restore, struct store *backup)
{
    char whole[FILES_PATH_MAX];
    if (!mkdtemp(restore->dir)) {
        message_fail(restore->message, "nothing can be made in \"%.200s\": %s", restore->data,
                     strerror(errno));
        restore->dir[0] = '\0';
        return -1;
    }
    if (!files_join(restore->dir, STORE_FILE, restore->made) ||
        !files_absolute(restore->made, whole))
        return message_fail(restore->message, "the directory's name is too long");
    if (copy_store(backup, whole, &restore->watch, restore->message) != 0)
        return -1;
    return renew(restore);
}

static int check_backup(struct restore *restore, struct store *backup)
{
    if (check_store(backup, CHECK_EDITS, &restore->watch, &restore->checked, restore->message) != 0)
        return -1;
    if (restore->checked.findings > 0)
        return message_fail(restore->message,
                            "the backup is damaged and has not been used; take another one");
    return 0;
}

static int make_database(struct restore *restore, const char *from)
{
    struct store *backup;
    if (store_inspect(from, &backup, restore->message, sizeof(restore->message)) != STORE_OK)
        return -1;
    int result = check_backup(restore, backup);
    if (result == 0)
        result = copy_backup(restore, backup);
    store_close(backup);
    return result;
}

/* ---- putting it in place ---- */

/* A name for what is kept that nobody has, nor beside it a write-ahead log, which would be taken
 * for its own. */
static int name_kept(struct restore *restore)
{
    char stamp[STAMP_MAX], name[STAMP_MAX + 16], wal[FILES_PATH_MAX + 8];
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(stamp, sizeof(stamp), "before-%Y%m%d-%H%M%S", &utc);
    snprintf(name, sizeof(name), "%s.db", stamp);
    for (int i = 2; i <= KEPT_NAMES_MAX; i++) {
        if (!files_join(restore->data, name, restore->kept))
            return message_fail(restore->message, "the directory's name is too long");
        snprintf(wal, sizeof(wal), "%s-wal", restore->kept);
        if (!files_exist(restore->kept) && !files_exist(wal))
            return 0;
        snprintf(name, sizeof(name), "%s-%d.db", stamp, i);
    }
    return message_fail(restore->message, "too many databases are kept as \"%.200s\" and the like",
                        restore->kept);
}

static int keep(struct restore *restore, const char *suffix)
{
    char from[FILES_PATH_MAX + 8], to[FILES_PATH_MAX + 8];
    snprintf(from, sizeof(from), "%s%s", restore->database, suffix);
    snprintf(to, sizeof(to), "%s%s", restore->kept, suffix);
    if (link(from, to) == 0 || (errno == ENOENT && *suffix))
        return 0;
    return message_fail(restore->message,
                        "the database that is there cannot be kept as \"%.200s\": %s",
                        restore->kept, strerror(errno));
}

/* What is there gets a second name, with its write-ahead log as that is. */
static int keep_old(struct restore *restore)
{
    if (name_kept(restore) != 0 || keep(restore, "") != 0 || keep(restore, "-wal") != 0)
        return -1;
    if (files_sync_dir_of(restore->database) != 0)
        return message_fail(restore->message, "\"%.200s\" cannot be synced: %s", restore->data,
                            strerror(errno));
    return 0;
}

/* Without its write-ahead log what is there would be a database that lacks its last edits; with it,
 * the new one would get what belongs to another. So that is brought into its file before either
 * happens. What nobody can read as a database lacks nothing without. */
static int fold_old(struct restore *restore)
{
    char why[MESSAGE_MAX], wal[FILES_PATH_MAX + 8];
    snprintf(wal, sizeof(wal), "%s-wal", restore->database);
    int code = store_fold(restore->database, why, sizeof(why));
    bool readable = code != STORE_E_CORRUPT && code != STORE_E_FOREIGN;
    if (code != STORE_OK && readable)
        return message_fail(restore->message,
                            "what was there cannot be brought into one file: %s; move it away",
                            why);
    if (!readable && unlink(wal) != 0 && errno != ENOENT)
        return message_fail(restore->message, "\"%.200s\" cannot be removed: %s", wal,
                            strerror(errno));
    if (files_sync_dir_of(restore->database) != 0)
        return message_fail(restore->message, "\"%.200s\" cannot be synced: %s", restore->data,
                            strerror(errno));
    return 0;
}

/* What root has made belongs to whose the directory is: the server runs as that user. */
static int hand_over(struct restore *restore)
{
    struct stat directory;
    if (geteuid() != 0)
        return 0;
    if (stat(restore->data, &directory) == 0 &&
        (directory.st_uid == 0 || lchown(restore->made, directory.st_uid, directory.st_gid) == 0))
        return 0;
    return message_fail(restore->message,
                        "the database cannot be given to the owner of \"%.200s\": %s",
                        restore->data, strerror(errno));
}

/* The new file takes the name in one step, when there is nothing beside that it could be given. */
static int put_in_place(struct restore *restore)
{
    bool replace = restore->lock >= 0;
    if (replace && (keep_old(restore) != 0 || fold_old(restore) != 0))
        return -1;
    if (!replace && files_exist(restore->database))
        return message_fail(restore->message, "a database has been made in \"%.200s\" meanwhile",
                            restore->data);
    if (check_beside(restore) != 0 || hand_over(restore) != 0)
        return -1;
    if (files_place(restore->made, restore->database, replace) == 0)
        return 0;
    return message_fail(restore->message, "the database cannot be put in place: %s",
                        strerror(errno));
}

/* The second name of what still has its first. */
static void let_go_of_kept(struct restore *restore)
{
    char wal[FILES_PATH_MAX + 8], kept_wal[FILES_PATH_MAX + 8];
    if (restore->kept[0] == '\0' || !files_same(restore->kept, restore->database))
        return;
    snprintf(wal, sizeof(wal), "%s-wal", restore->database);
    snprintf(kept_wal, sizeof(kept_wal), "%s-wal", restore->kept);
    if (files_exist(kept_wal) && !files_same(wal, kept_wal) && link(kept_wal, wal) != 0)
        return;
    unlink(kept_wal);
    unlink(restore->kept);
}

static void clean_up(struct restore *restore)
{
    if (restore->made[0] != '\0') {
        char wal[FILES_PATH_MAX + 8];
        snprintf(wal, sizeof(wal), "%s-wal", restore->made);
        unlink(restore->made);
        unlink(wal);
    }
    if (restore->dir[0] != '\0')
        rmdir(restore->dir);
    if (restore->lock >= 0)
        close(restore->lock);
}

static int run(struct restore *restore, const char *from)
{
    if (prepare_place(restore) != 0) {
        restore->dir[0] = '\0';
        return -1;
    }
    if (make_database(restore, from) != 0)
        return -1;
    return put_in_place(restore);
}

int restore_command(int argc, char **argv)
{
    struct choices choices;
    int status = choices_read(&choices, &form, argc, argv);
    if (status >= 0)
        return status;
    struct restore restore = {
        .data = choices.data, .force = choice_given(&choices, CHOICE_FORCE), .lock = -1};
    watch_init(&restore.watch, choice_given(&choices, CHOICE_QUIET));
    int result = run(&restore, choices.operands[0]);
    if (result != 0)
        let_go_of_kept(&restore);
    clean_up(&restore);
    watch_deinit(&restore.watch);
    if (result != 0) {
        fprintf(stderr, "quire restore: %s\n", restore.message);
        return STATUS_FAILED;
    }
    printf("%" PRIu64 " document%s restored into %s\n", restore.checked.documents,
           message_plural(restore.checked.documents), choices.data);
    if (restore.kept[0] != '\0')
        printf("the database that was there is kept as %s\n", restore.kept);
    return STATUS_OK;
}
