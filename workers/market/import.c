#include "import.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lmdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "catalog.h"

#define LOCK_POLL_MS 10

static int SKEP_PRINTF(3, 4)
fail(struct import *im, int rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(im->error, sizeof(im->error), fmt, ap);
	va_end(ap);
	return rc;
}

static int SKEP_PRINTF(3, 4)
path_make(char *path, struct import *im, const char *fmt, ...)
{
	char name[PATH_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	(void)vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	n = snprintf(path, PATH_MAX, "%s/%s", im->state_dir, name);
	if (n < 0 || n >= PATH_MAX)
		return fail(im, -ENAMETOOLONG, "state_dir is too long");
	return 0;
}

/* Wait our turn.  The lock is the kernel's and ends with its holder. */
static int
lock_take(struct import *im, int *fd_out)
{
	const struct timespec nap = { 0, LOCK_POLL_MS * 1000000L };
	char path[PATH_MAX];
	int fd, rc, i;

	rc = path_make(path, im, "market.lock");
	if (rc < 0)
		return rc;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(im, -errno, "%s: %s", path, strerror(errno));
	for (i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		rc = -errno;
		if ((rc == -EWOULDBLOCK || rc == -EINTR) &&
		    i < IMPORT_WAIT_S * 1000 / LOCK_POLL_MS) {
			if (i == 0)
				im->say(im->arg, "market import waits for "
				    "another process's");
			(void)nanosleep(&nap, NULL);	/* early is fine */
			continue;
		}
		(void)close(fd);
		return fail(im, rc, "%s: %s", path, strerror(-rc));
	}
	*fd_out = fd;
	return 0;
}

static int
from_mdb(int rc)
{
	return rc == 0 ? 0 : rc > 0 ? -rc : -EIO;
}

static int
put_symbol(MDB_txn *txn, MDB_dbi dbi, const struct catalog_entry *e)
{
	MDB_val key = { strlen(e->symbol), (void *)(uintptr_t)e->symbol };
	MDB_val val = { sizeof(e->head) + e->name.n + e->sector.n, NULL };
	char *to;
	int rc;

	rc = mdb_put(txn, dbi, &key, &val, MDB_RESERVE | MDB_APPEND);
	if (rc != 0)
		return rc;
	to = val.mv_data;
	memcpy(to, &e->head, sizeof(e->head));
	to += sizeof(e->head);
	if (e->name.n > 0)
		memcpy(to, e->name.p, e->name.n);
	if (e->sector.n > 0)
		memcpy(to + e->name.n, e->sector.p, e->sector.n);
	return 0;
}

static int
put_bars(MDB_txn *txn, MDB_dbi dbi, const struct catalog_entry *e)
{
	MDB_val key = { strlen(e->symbol), (void *)(uintptr_t)e->symbol };
	MDB_val val = { e->head.n_bars * sizeof(*e->bars), e->bars };

	if (e->head.n_bars == 0)
		return 0;
	return mdb_put(txn, dbi, &key, &val, MDB_APPEND);
}

static int
put_all(MDB_txn *txn, const struct catalog *cat, uint64_t hash)
{
	MDB_val key = { 4, (void *)(uintptr_t)"hash" };
	MDB_val val = { sizeof(hash), &hash };
	MDB_dbi symbol, bars, meta;
	size_t i;
	int rc;

	if ((rc = mdb_dbi_open(txn, "symbol", MDB_CREATE, &symbol)) != 0 ||
	    (rc = mdb_dbi_open(txn, "bars", MDB_CREATE, &bars)) != 0 ||
	    (rc = mdb_dbi_open(txn, "meta", MDB_CREATE, &meta)) != 0)
		return rc;
	for (i = 0; i < cat->n; i++)
		if ((rc = put_symbol(txn, symbol, &cat->entry[i])) != 0 ||
		    (rc = put_bars(txn, bars, &cat->entry[i])) != 0)
			return rc;
	return mdb_put(txn, meta, &key, &val, 0);
}

/* One transaction: the file holds all or nothing, and is synced with it. */
static int
store_write(const char *path, const struct catalog *cat, uint64_t hash)
{
	size_t bytes = cat->n_bars * sizeof(struct record_bar) +
	    cat->n * (4096 + sizeof(struct record_symbol));
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	int rc;

	if ((rc = mdb_env_create(&env)) != 0 ||
	    (rc = mdb_env_set_maxdbs(env, 3)) != 0 ||
	    (rc = mdb_env_set_mapsize(env, (bytes + (8 << 20)) / 4096 * 4096)) != 0 ||
	    (rc = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0600)) != 0 ||
	    (rc = mdb_txn_begin(env, NULL, 0, &txn)) != 0)
		goto out;
	rc = put_all(txn, cat, hash);
	if (rc != 0)
		mdb_txn_abort(txn);
	else
		rc = mdb_txn_commit(txn);
out:
	mdb_env_close(env);
	return from_mdb(rc);
}

/*
 * What LMDB calls an I/O error is also a write that came to its end early, as
 * the last one before a file system or quota is full.  The next one tells: add
 * to the file, which is of no use any more.  -EIO when it takes all that.
 */
static int
why_short(const char *path)
{
	static const char more[64 << 10];
	int fd, i, rc = -EIO;

	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -EIO;
	for (i = 0; i < 4 && rc == -EIO; i++)
		if (write(fd, more, sizeof(more)) < 0)
			rc = -errno;
	(void)close(fd);	/* it is removed next */
	return rc;
}

/* The new name is on the disk only with its directory. */
static int
sync_dir(const char *dir)
{
	int fd, rc = 0;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		rc = -errno;
	(void)close(fd);	/* only synced */
	return rc;
}

static void
told(void *arg, const char *file, size_t rows)
{
	struct import *im = arg;
	char line[200];

	(void)snprintf(line, sizeof(line), "market import file=%s rows=%zu",
	    file, rows);
	im->say(im->arg, line);
}

static int
make(struct import *im, struct source *src)
{
	char tmp[PATH_MAX], line[200];
	struct catalog cat;
	int rc;

	rc = catalog_read(&cat, src, told, im);
	if (rc < 0) {
		fail(im, rc, "%s/%s", im->data_dir, cat.error);
		goto out;
	}
	rc = path_make(tmp, im, "market-%016" PRIx64 ".mdb.new", src->hash);
	if (rc < 0)
		goto out;
	/* A rest of an import that was killed; we hold the lock. */
	(void)unlink(tmp);
	rc = store_write(tmp, &cat, src->hash);
	if (rc == -EIO)
		rc = why_short(tmp);
	if (rc == 0 && rename(tmp, im->path) < 0)
		rc = -errno;
	if (rc == 0)
		rc = sync_dir(im->state_dir);
	if (rc < 0) {
		(void)unlink(tmp);	/* the next one would do it, too */
		fail(im, rc, "%s: %s", im->path, strerror(-rc));
		goto out;
	}
	im->made = 1;
	(void)snprintf(line, sizeof(line),
	    "market import done symbols=%zu rows=%zu", cat.n, cat.n_bars);
	im->say(im->arg, line);
out:
	catalog_fini(&cat);
	return rc;
}

/* Remove one file of the state directory, if it is a store nobody holds. */
static void
tidy_one(struct import *im, const char *name)
{
	size_t n = strlen(name), stem = strlen("market-") + 16;
	char path[PATH_MAX], lock[PATH_MAX];
	int fd;

	if (strncmp(name, "market-", 7) != 0 || n < stem ||
	    (strcmp(name + stem, ".mdb") != 0 &&
		strcmp(name + stem, ".mdb.new") != 0))
		return;
	if (path_make(path, im, "%s", name) < 0 ||
	    path_make(lock, im, "%s-lock", name) < 0 ||
	    strcmp(path, im->path) == 0)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		(void)unlink(path);	/* a file too many does no harm */
		(void)unlink(lock);
	}
	(void)close(fd);
}

static void
tidy(struct import *im)
{
	struct dirent *d;
	DIR *dir;

	dir = opendir(im->state_dir);
	if (dir == NULL)
		return;
	while ((d = readdir(dir)) != NULL)
		tidy_one(im, d->d_name);
	(void)closedir(dir);
}

/* With the lock held nobody tidies between finding the store and holding it. */
static int
ensure_locked(struct import *im, struct source *src)
{
	int rc;

	rc = path_make(im->path, im, "market-%016" PRIx64 ".mdb", src->hash);
	if (rc < 0)
		return rc;
	if (access(im->path, F_OK) < 0) {
		rc = make(im, src);
		if (rc < 0)
			return rc;
	}
	im->hold = open(im->path, O_RDONLY | O_CLOEXEC);
	if (im->hold < 0 || flock(im->hold, LOCK_SH | LOCK_NB) < 0)
		return fail(im, -errno, "%s: %s", im->path, strerror(errno));
	tidy(im);
	return 0;
}

int
import_ensure(struct import *im)
{
	struct source src;
	int rc, lock = -1;

	im->hold = -1;
	im->made = 0;
	im->error[0] = '\0';
	rc = source_open(&src, im->data_dir);
	if (rc < 0) {
		fail(im, rc, "%s", src.error);
		goto out;
	}
	rc = lock_take(im, &lock);
	if (rc < 0)
		goto out;
	rc = ensure_locked(im, &src);
	if (rc < 0 && im->hold >= 0) {
		(void)close(im->hold);
		im->hold = -1;
	}
out:
	if (lock >= 0)
		(void)close(lock);	/* which gives the lock back */
	source_close(&src);
	return rc;
}
