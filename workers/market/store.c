#include "store.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

struct store {
	MDB_env *env;
	MDB_txn *txn;		/* for the life of the store */
	MDB_dbi symbol, bars;
	uint64_t hash;
	size_t count;
};

static int
from_mdb(int rc)
{
	return rc == 0 ? 0 : rc > 0 ? -rc : -EIO;
}

/* 1, 0, -errno.  The value is borrowed from the map. */
static int
find(const struct store *s, MDB_dbi dbi, struct skep_str name, MDB_val *val)
{
	MDB_val key = { name.n, (void *)(uintptr_t)name.p };
	int rc;

	/* LMDB takes an empty or a long key for an error. */
	if (name.n == 0 || name.n > RECORD_SYMBOL_MAX)
		return 0;
	rc = mdb_get(s->txn, dbi, &key, val);
	if (rc == MDB_NOTFOUND)
		return 0;
	return rc == 0 ? 1 : from_mdb(rc);
}

static int
open_env(struct store *s, const char *path, unsigned readers)
{
	int rc, n_dead;

	if ((rc = mdb_env_create(&s->env)) != 0 ||
	    (rc = mdb_env_set_maxdbs(s->env, 3)) != 0 ||
	    (rc = mdb_env_set_maxreaders(s->env, readers)) != 0 ||
	    (rc = mdb_env_open(s->env, path,
		MDB_RDONLY | MDB_NOSUBDIR | MDB_NOTLS, 0600)) != 0)
		return rc;
	/* A killed reader's place in the table stays taken until cleared. */
	if ((rc = mdb_reader_check(s->env, &n_dead)) != 0)
		return rc;
	return mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->txn);
}

static int
open_tables(struct store *s)
{
	MDB_stat stat;
	MDB_dbi meta;
	MDB_val val;
	int rc;

	if ((rc = mdb_dbi_open(s->txn, "symbol", 0, &s->symbol)) != 0 ||
	    (rc = mdb_dbi_open(s->txn, "bars", 0, &s->bars)) != 0 ||
	    (rc = mdb_dbi_open(s->txn, "meta", 0, &meta)) != 0 ||
	    (rc = mdb_stat(s->txn, s->symbol, &stat)) != 0)
		return rc;
	s->count = stat.ms_entries;
	rc = find(s, meta, skep_str("hash"), &val);
	if (rc != 1 || val.mv_size != sizeof(s->hash))
		return MDB_CORRUPTED;
	memcpy(&s->hash, val.mv_data, sizeof(s->hash));
	return 0;
}

int
store_open(struct store **out, const char *path, unsigned readers, char *error,
    size_t error_size)
{
	struct store *s;
	int rc;

	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	rc = open_env(s, path, readers);
	if (rc == 0)
		rc = open_tables(s);
	if (rc != 0) {
		(void)snprintf(error, error_size, "%s: %s", path,
		    mdb_strerror(rc));
		store_close(&s);
		return from_mdb(rc);
	}
	*out = s;
	return 0;
}

void
store_close(struct store **sp)
{
	struct store *s = *sp;

	if (s == NULL)
		return;
	if (s->txn != NULL)
		mdb_txn_abort(s->txn);
	mdb_env_close(s->env);
	free(s);
	*sp = NULL;
}

uint64_t
store_hash(const struct store *s)
{
	return s->hash;
}

size_t
store_count(const struct store *s)
{
	return s->count;
}

static int
symbol_read(struct skep_str symbol, const MDB_val *val,
    struct store_symbol *out)
{
	const char *p = val->mv_data;

	if (val->mv_size < sizeof(out->head))
		return -EIO;
	memcpy(&out->head, p, sizeof(out->head));
	p += sizeof(out->head);
	if (val->mv_size != sizeof(out->head) + out->head.name_bytes +
	    out->head.sector_bytes)
		return -EIO;
	out->symbol = symbol;
	out->name = out->head.name_bytes == 0 ? skep_str(NULL) :
	    skep_strn(p, out->head.name_bytes);
	out->sector = out->head.sector_bytes == 0 ? skep_str(NULL) :
	    skep_strn(p + out->head.name_bytes, out->head.sector_bytes);
	return 1;
}

int
store_symbol(const struct store *s, struct skep_str symbol,
    struct store_symbol *out)
{
	MDB_val val;
	int rc;

	rc = find(s, s->symbol, symbol, &val);
	return rc == 1 ? symbol_read(symbol, &val, out) : rc;
}

int
store_each(const struct store *s,
    int (*fn)(void *arg, const struct store_symbol *), void *arg)
{
	struct store_symbol sym;
	MDB_cursor *cursor;
	MDB_val key, val;
	int rc;

	rc = mdb_cursor_open(s->txn, s->symbol, &cursor);
	if (rc != 0)
		return from_mdb(rc);
	while ((rc = mdb_cursor_get(cursor, &key, &val, MDB_NEXT)) == 0) {
		rc = symbol_read(skep_strn(key.mv_data, key.mv_size), &val,
		    &sym);
		if (rc == 1)
			rc = fn(arg, &sym);
		if (rc != 0)
			break;
	}
	mdb_cursor_close(cursor);
	if (rc == MDB_NOTFOUND)
		return 0;
	return rc;
}

int
store_bars(const struct store *s, struct skep_str symbol,
    struct store_bars *out)
{
	MDB_val val;
	int rc;

	rc = find(s, s->bars, symbol, &val);
	if (rc != 1)
		return rc;
	if (val.mv_size % sizeof(struct record_bar) != 0)
		return -EIO;
	out->p = val.mv_data;
	out->n = val.mv_size / sizeof(struct record_bar);
	return 1;
}

void
store_bar(const struct store_bars *bars, size_t i, struct record_bar *out)
{
	memcpy(out, bars->p + i * sizeof(*out), sizeof(*out));
}

size_t
store_bars_from(const struct store_bars *bars, uint32_t date)
{
	size_t low = 0, high = bars->n, mid;
	struct record_bar bar;

	while (low < high) {
		mid = low + (high - low) / 2;
		store_bar(bars, mid, &bar);
		if (bar.date < date)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int
store_bars_close(const struct store_bars *bars, size_t before, size_t *i_out,
    struct record_bar *out)
{
	size_t i;

	for (i = before; i-- > 0;) {
		store_bar(bars, i, out);
		if (out->has & RECORD_HAS_CLOSE) {
			*i_out = i;
			return 1;
		}
	}
	return 0;
}
