/*
 * csv.h - a strict reader of comma separated values (RFC 4180).
 *
 *	struct csv c;
 *
 *	csv_init(&c, "closes-daily.csv", text, n);
 *	rc = csv_header(&c, "symbol,date,close");
 *	while (rc == 0 && (rc = csv_next(&c)) == 1)
 *		... c.field[0], csv_number(&c, 2, &close) ...; rc = 0
 *
 * Lines end in LF or CR LF; each must have as many fields as the header.
 * Refused: an empty line, a quote within an unquoted field or text behind a
 * closing one, CR alone, NUL, bytes that are not UTF-8.  After -EINVAL c.error
 * says "name:line: reason".
 */
#ifndef MARKET_CSV_H
#define MARKET_CSV_H

#include <skep/types.h>

#define CSV_FIELDS 32	/* the widest of our files has 14 */

struct csv {
	const char *name;
	char *at, *end;
	unsigned line;		/* of the row in field[], from 1 */
	unsigned next_line;
	unsigned n_header;	/* fields in the header; 0 before it is read */
	unsigned n_fields;
	struct skep_str field[CSV_FIELDS];	/* borrowed from the text */
	char error[200];
};

/* text is changed by reading (quotes are undone in place) and stays the caller's. */
void csv_init(struct csv *, const char *name, char *text, size_t n);

/* The first row, which must be these names.  0, or -EINVAL. */
int csv_header(struct csv *, const char *names);

/* The next row, in field[].  1, 0 at the end, -EINVAL. */
int csv_next(struct csv *);

/* Field i as a decimal number.  1, 0 when it is empty, -EINVAL. */
int csv_number(struct csv *, unsigned i, double *out);

/* Refuse the present row for a reason of the caller's.  Returns -EINVAL. */
int csv_refuse(struct csv *, const char *fmt, ...) SKEP_PRINTF(2, 3);

#endif
