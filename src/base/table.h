/*
 * table.h - rows of words as aligned columns.
 *
 *	struct table t = TABLE_INIT;
 *	table_cell(&t, "%s", "WORKER"); table_cell(&t, "%s", "PID"); table_end(&t);
 *	table_cell(&t, "%s", name); table_cell(&t, "%d", pid); table_end(&t);
 *	table_put(&t, &out);
 *	table_fini(&t);
 *
 * A column whose cells below the first row all begin with a digit is set to the
 * right.  Failures for want of memory are sticky: table_put() then adds nothing.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stddef.h>

#include "buf.h"

#define TABLE_COLUMNS 24

struct table {
	struct buf cells;	/* each ended by NUL; a row by an empty marker */
	unsigned n_columns, column;
	size_t n_rows;
	size_t width[TABLE_COLUMNS];
	int text[TABLE_COLUMNS];	/* some cell is no number */
};

#define TABLE_INIT { BUF_INIT, 0, 0, 0, { 0 }, { 0 } }

void table_cell(struct table *, const char *fmt, ...) BUF_PRINTF(2, 3);
void table_end(struct table *);
void table_put(struct table *, struct buf *out);
void table_fini(struct table *);

#endif
