#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define GAP 2

/* Columns that s takes on a terminal: bytes that do not continue a character. */
static size_t
width_of(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

void
table_cell(struct table *t, const char *fmt, ...)
{
	char cell[256], *p;
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	(void)vsnprintf(cell, sizeof(cell), fmt, ap);
	va_end(ap);
	if (t->column >= TABLE_COLUMNS)
		return;
	for (p = cell; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	if (cell[0] == '\0')
		(void)snprintf(cell, sizeof(cell), "-");
	n = width_of(cell);
	if (n > t->width[t->column])
		t->width[t->column] = n;
	if (t->n_rows > 0 && strcmp(cell, "-") != 0 &&
	    (cell[0] < '0' || cell[0] > '9'))
		t->text[t->column] = 1;
	(void)buf_add(&t->cells, cell, strlen(cell) + 1);
	t->column++;
	if (t->column > t->n_columns)
		t->n_columns = t->column;
}

/* A row's end is an empty cell: real ones never are. */
void
table_end(struct table *t)
{
	(void)buf_addc(&t->cells, '\0');
	t->column = 0;
	t->n_rows++;
}

void
table_put(struct table *t, struct buf *out)
{
	const char *p = buf_head(&t->cells), *end;
	unsigned column = 0;
	size_t n, pad;

	if (!buf_ok(&t->cells) || p == NULL)
		return;
	for (end = p + buf_len(&t->cells); p < end; p += strlen(p) + 1) {
		if (*p == '\0') {
			(void)buf_addc(out, '\n');
			column = 0;
			continue;
		}
		n = width_of(p);
		pad = t->width[column] > n ? t->width[column] - n : 0;
		if (column > 0)
			(void)buf_printf(out, "%*s", GAP, "");
		if (!t->text[column] && t->n_rows > 1)
			(void)buf_printf(out, "%*s%s", (int)pad, "", p);
		else if (p + strlen(p) + 1 < end && p[strlen(p) + 1] == '\0')
			(void)buf_addz(out, p);	/* nothing behind the last */
		else
			(void)buf_printf(out, "%s%*s", p, (int)pad, "");
		column++;
	}
}

void
table_fini(struct table *t)
{
	buf_fini(&t->cells);
	memset(t, 0, sizeof(*t));
}
