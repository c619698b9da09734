/*
 * http_char.h - what a byte may be used for in HTTP (RFC 9110 5.6, RFC 3986),
 * one table look-up a byte.
 */
#ifndef HTTP_CHAR_H
#define HTTP_CHAR_H

#include <stddef.h>
#include <stdint.h>

#define HTTP_CHAR_TOKEN	 0x01 /* tchar: methods, field names */
#define HTTP_CHAR_TARGET 0x02 /* what a request target may hold, '%' included */
#define HTTP_CHAR_HEX	 0x04
#define HTTP_CHAR_HOST	 0x08 /* reg-name, '%' included */
#define HTTP_CHAR_VALUE	 0x10 /* field values: VCHAR, obs-text, SP, HTAB */
#define HTTP_CHAR_DIGIT	 0x20
#define HTTP_CHAR_UPPER	 0x40 /* twice the bit that tells the cases apart */
#define HTTP_CHAR_ID	 0x80 /* what a request id may hold */

extern const uint8_t http_char[256];

static inline int
http_char_is(unsigned char c, uint8_t kind)
{
	return (http_char[c] & kind) != 0;
}

/* The value of a hexadecimal digit; of no use for anything else. */
static inline unsigned
http_char_hex(unsigned char c)
{
	return (c & 0x0f) + (c >= 'A' ? 9u : 0u);
}

/* An ASCII letter in lower case, any other byte as it is. */
static inline char
http_char_lower(char c)
{
	return (char)(c | (http_char[(unsigned char)c] & HTTP_CHAR_UPPER) >> 1);
}

/* Whether n bytes are the lower-case string z (of the same length), in any case. */
int http_char_same(const char *p, const char *z, size_t n);

/* The first byte that no field value may hold: a control character but tab. */
const char *http_char_value_end(const char *p, const char *end);

#endif
