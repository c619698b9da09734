/* ctl_reply.c - what is answered on the control socket, written and read. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "jsonw.h"

#define ERR_MAX	 4096

void
ctl_ok(struct buf *out, int json, const char *body, size_t n)
{
	if (!json) {
		(void)buf_printf(out, "OK %zu\n", n);
		(void)buf_add(out, body, n);
		return;
	}
	(void)buf_addz(out, "{\"ok\":true,\"data\":");
	(void)buf_add(out, n == 0 ? "null" : body, n == 0 ? 4 : n);
	(void)buf_addz(out, "}\n");
}

void
ctl_more(struct buf *out, int json, const char *body, size_t n)
{
	if (!json) {
		(void)buf_printf(out, "MORE %zu\n", n);
		(void)buf_add(out, body, n);
		return;
	}
	(void)buf_addz(out, "{\"more\":");
	(void)buf_add(out, body, n);
	(void)buf_addz(out, "}\n");
}

void
ctl_err(struct buf *out, int json, int code, const char *fmt, ...)
{
	struct jsonw w = JSONW(out);
	char text[1024], *p;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (json) {
		jsonw_open(&w, NULL, '{');
		jsonw_bool(&w, "ok", 0);
		jsonw_int(&w, "code", code);
		jsonw_str(&w, "error", text);
		jsonw_close(&w, '}');
		(void)buf_addc(out, '\n');
		return;
	}
	/* An error is one line, whatever was put into it. */
	for (p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	(void)buf_printf(out, "ERR %d %s\n", code, text);
}

/* A number of at most 9 digits up to end; -1. */
static long
number(const char *p, const char *end)
{
	long n = 0;

	if (p == end || end - p > 9)
		return -1;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return -1;
		n = n * 10 + (*p - '0');
	}
	return n;
}

static int
parse_err(const char *p, const char *nl, struct ctl_reply *out)
{
	const char *space = memchr(p, ' ', (size_t)(nl - p));
	long code = number(p, space == NULL ? nl : space);

	if (code < 0 || code > 255)
		return -EPROTO;
	out->kind = CTL_REPLY_ERR;
	out->code = (int)code;
	out->body = space == NULL ? nl : space + 1;
	out->n = (size_t)(nl - out->body);
	out->used = 0;	/* the line alone */
	return 1;
}

int
ctl_reply_parse(const char *p, size_t n, struct ctl_reply *out)
{
	const char *nl = memchr(p, '\n', n);
	size_t head, skip;
	long len;

	memset(out, 0, sizeof(*out));
	if (nl == NULL)
		return n > ERR_MAX ? -EPROTO : 0;
	head = (size_t)(nl - p) + 1;
	if (head > 4 && memcmp(p, "ERR ", 4) == 0) {
		if (parse_err(p + 4, nl, out) < 0)
			return -EPROTO;
		out->used = head;
		return 1;
	}
	if (head > 3 && memcmp(p, "OK ", 3) == 0)
		out->kind = CTL_REPLY_OK;
	else if (head > 5 && memcmp(p, "MORE ", 5) == 0)
		out->kind = CTL_REPLY_MORE;
	else
		return -EPROTO;
	skip = out->kind == CTL_REPLY_OK ? 3 : 5;
	len = number(p + skip, nl);
	if (len < 0)
		return -EPROTO;
	if (n - head < (size_t)len)
		return 0;
	out->body = p + head;
	out->n = (size_t)len;
	out->used = head + (size_t)len;
	return 1;
}
