/*
 * complain.c - why a command did not do what it was told: lines on standard
 * error, or with --json one document on standard output.
 */
#include <stdarg.h>
#include <stdio.h>

#include "jsonw.h"
#include "skepctl.h"

static struct {
	int json;
	struct buf said;	/* with json: to be printed by complain_end() */
} now;

void
complain_as_json(void)
{
	now.json = 1;
}

void
skepctl_complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (now.json) {
		if (buf_len(&now.said) > 0)
			(void)buf_addz(&now.said, "; ");
		(void)buf_vprintf(&now.said, fmt, ap);
	} else {
		(void)fputs("skepctl: ", stderr);
		(void)vfprintf(stderr, fmt, ap);
		(void)fputc('\n', stderr);
	}
	va_end(ap);
}

int
complain_end(int status)
{
	struct buf out = BUF_INIT;
	struct jsonw w = JSONW(&out);

	if (buf_len(&now.said) > 0) {
		jsonw_open(&w, NULL, '{');
		jsonw_strn(&w, "error", buf_head(&now.said),
		    buf_len(&now.said));
		jsonw_int(&w, "code", status);
		jsonw_close(&w, '}');
		(void)printf("%s\n", buf_str(&out) == NULL ? "{}" :
		    buf_head(&out));
	}
	buf_fini(&out);
	buf_fini(&now.said);
	return status;
}
