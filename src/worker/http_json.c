#include "http_json.h"

#include <string.h>

/*
 * Bytes of the well-formed UTF-8 sequence at p (RFC 3629: neither overlong nor
 * a surrogate nor beyond U+10FFFF), 0 when there is none.
 */
static size_t
utf8_len(const unsigned char *p, size_t n)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t len, i;

	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		lo = 0xa0;
	else if (p[0] == 0xed)
		hi = 0x9f;
	else if (p[0] == 0xf0)
		lo = 0x90;
	else if (p[0] == 0xf4)
		hi = 0x8f;
	if (n < len || p[1] < lo || p[1] > hi)
		return 0;
	for (i = 2; i < len; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return len;
}

static char *
escape(char *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	*out++ = '\\';
	if (c == '"' || c == '\\') {
		*out++ = (char)c;
		return out;
	}
	memcpy(out, "u00", 3);
	out[3] = digits[c >> 4];
	out[4] = digits[c & 15];
	return out + 5;
}

size_t
http_json_error(char *out, const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	char *o = out;
	size_t i = 0, len;

	memcpy(o, "{\"error\": \"", 11);
	o += 11;
	while (i < n) {
		if (p[i] < 0x20 || p[i] == '"' || p[i] == '\\' ||
		    p[i] == 0x7f) {
			o = escape(o, p[i++]);
		} else if (p[i] < 0x80) {
			*o++ = (char)p[i++];
		} else if ((len = utf8_len(p + i, n - i)) > 0) {
			memcpy(o, p + i, len);
			o += len;
			i += len;
		} else {
			memcpy(o, "\\ufffd", 6);
			o += 6;
			i++;
		}
	}
	memcpy(o, "\"}\n", 3);
	return (size_t)(o + 3 - out);
}
