/* The market service's readers: CSV, numbers, dates, and back to text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "date.h"
#include "dbl.h"
#include "fuzz.h"
#include "number.h"

static void
need(int yes, const char *what)
{
	if (!yes) {
		fprintf(stderr, "broken: %s\n", what);
		abort();
	}
}

/* What was read as a number or a date reads the same when it is written. */
static void
there_and_back(struct skep_str s)
{
	char text[DBL_TEXT];
	uint32_t date;
	uint64_t n;
	double x, y;
	size_t len;

	if (number_parse(s, &x) == 0) {
		len = dbl_text(x, text);
		need(len == strlen(text) && len < DBL_TEXT, "length");
		need(number_parse(skep_strn(text, len), &y) == 0 && x == y,
		    "number");
	}
	if (number_parse_uint(s, 1000, &n) == 0)
		need(n <= 1000, "range");
	if (date_parse(s, &date) == 0) {
		date_text(date, text);
		need(strlen(text) == s.n && memcmp(text, s.p, s.n) == 0,
		    "date");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	char *text = malloc(n + 1), *end = text + n;
	struct csv c;
	unsigned i, line = 0;
	int rc;

	need(text != NULL, "memory");
	if (n > 0)
		memcpy(text, in, n);
	csv_init(&c, "f", text, n);
	rc = csv_header(&c, "a,b");
	while (rc == 0 && (rc = csv_next(&c)) == 1) {
		need(c.n_fields == 2, "fields");
		need(c.line > line, "line");
		line = c.line;
		for (i = 0; i < c.n_fields; i++) {
			need(c.field[i].p >= text &&
			    c.field[i].p + c.field[i].n <= end, "bounds");
			there_and_back(c.field[i]);
		}
		rc = 0;
		if (c.at == c.end)
			break;
	}
	need(rc == 0 || strncmp(c.error, "f:", 2) == 0, "error");
	free(text);
	return 0;
}
