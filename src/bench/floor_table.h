/*
 * floor_table.h - what a look-up costs without anything that sharing needs: a
 * hash table of one process, in memory that it is given.
 *
 * It pays for the same hash of the key, one bucket line with short tags, and
 * the record with the whole key in it, and for nothing else: no lock, no
 * section, no expiry, no order of stores; a value that is set anew overwrites
 * the old one, which must have its length.
 */
#ifndef BENCH_FLOOR_TABLE_H
#define BENCH_FLOOR_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define FLOOR_KEY 20	/* bytes of every key */

struct floor_table {
	char *mem;
	uint64_t size, used;
	struct floor_line *line;
	uint64_t mask;		/* of first lines */
	uint64_t n_lines, lines_max;
	uint32_t value;		/* bytes of every value */
	unsigned char secret[192];
};

/* Bytes that so many keys need. */
uint64_t floor_table_size(uint64_t keys, uint32_t value);

/* In that many bytes, zeroed, on a page; they stay the caller's.  0, -ENOMEM. */
int floor_table_init(struct floor_table *, void *mem, uint64_t size,
    uint64_t keys, uint32_t value);

/* Where the value is, NULL when absent. */
char *floor_table_find(const struct floor_table *, const void *key);

/* Copied out: 1, 0 absent. */
int floor_table_get(const struct floor_table *, const void *key, void *out);

/* Overwrites, or adds: 0, -ENOMEM. */
int floor_table_set(struct floor_table *, const void *key, const void *val);

#endif
