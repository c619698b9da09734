#include "jsonw.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

size_t
jsonw_utf8(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t len, i;

	if (n == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	/* C0, C1 and F5 up never occur; the second byte bounds the rest. */
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	len = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	for (i = 1; i < len; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
	    (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
		return 0;
	return len;
}

static void
put_string(struct buf *b, const char *s, size_t n)
{
	static const char from[] = "\"\\\n\r\t", to[] = "\"\\nrt";
	const char *at;
	size_t i, len;

	(void)buf_addc(b, '"');
	for (i = 0; i < n; i += len) {
		unsigned char c = (unsigned char)s[i];

		len = jsonw_utf8(s + i, n - i);
		at = c == '\0' ? NULL : strchr(from, c);
		if (at != NULL)
			(void)buf_printf(b, "\\%c", to[at - from]);
		else if (c < 0x20 || c == 0x7f)
			(void)buf_printf(b, "\\u%04x", c);
		else
			(void)buf_add(b, len == 0 ? "\xef\xbf\xbd" : s + i,
			    len == 0 ? 3 : len);
		if (len == 0)
			len = 1;
	}
	(void)buf_addc(b, '"');
}

static void
begin(struct jsonw *w, const char *key)
{
	if (w->comma)
		(void)buf_addc(w->b, ',');
	if (key != NULL) {
		put_string(w->b, key, strlen(key));
		(void)buf_addc(w->b, ':');
	}
	w->comma = 1;
}

void
jsonw_open(struct jsonw *w, const char *key, char bracket)
{
	begin(w, key);
	(void)buf_addc(w->b, bracket);
	w->comma = 0;
}

void
jsonw_close(struct jsonw *w, char bracket)
{
	(void)buf_addc(w->b, bracket);
	w->comma = 1;
}

void
jsonw_str(struct jsonw *w, const char *key, const char *z)
{
	if (z == NULL)
		jsonw_raw(w, key, "null", 4);
	else
		jsonw_strn(w, key, z, strlen(z));
}

void
jsonw_strn(struct jsonw *w, const char *key, const char *s, size_t n)
{
	begin(w, key);
	put_string(w->b, s, n);
}

void
jsonw_int(struct jsonw *w, const char *key, int64_t n)
{
	begin(w, key);
	(void)buf_printf(w->b, "%" PRId64, n);
}

void
jsonw_uint(struct jsonw *w, const char *key, uint64_t n)
{
	begin(w, key);
	(void)buf_printf(w->b, "%" PRIu64, n);
}

void
jsonw_num(struct jsonw *w, const char *key, double n)
{
	begin(w, key);
	if (isfinite(n))
		(void)buf_printf(w->b, "%.9g", n);
	else
		(void)buf_addz(w->b, "null");
}

void
jsonw_bool(struct jsonw *w, const char *key, int on)
{
	begin(w, key);
	(void)buf_addz(w->b, on ? "true" : "false");
}

void
jsonw_raw(struct jsonw *w, const char *key, const char *json, size_t n)
{
	begin(w, key);
	(void)buf_add(w->b, json, n);
}
