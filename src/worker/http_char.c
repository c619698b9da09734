#include "http_char.h"

#include <string.h>

#define T HTTP_CHAR_TOKEN
#define R HTTP_CHAR_TARGET
#define H HTTP_CHAR_HOST
#define V HTTP_CHAR_VALUE
#define I HTTP_CHAR_ID
#define X HTTP_CHAR_HEX
#define D HTTP_CHAR_DIGIT
#define U HTTP_CHAR_UPPER

const uint8_t http_char[256] = {
	['\t'] = V,
	[' '] = V,
	['!'] = T | R | H | V,
	['"'] = V,
	['#'] = T | V,
	['$'] = T | R | H | V,
	['%'] = T | R | H | V,
	['&'] = T | R | H | V,
	['\''] = T | R | H | V,
	['('] = R | H | V,
	[')'] = R | H | V,
	['*'] = T | R | H | V,
	['+'] = T | R | H | V | I,
	[','] = R | H | V,
	['-'] = T | R | H | V | I,
	['.'] = T | R | H | V | I,
	['/'] = R | V | I,
	['0' ... '9'] = T | R | H | V | I | X | D,
	[':'] = R | V | I,
	[';'] = R | H | V,
	['<'] = V,
	['='] = R | H | V | I,
	['>'] = V,
	['?'] = R | V,
	['@'] = R | V | I,
	['A' ... 'F'] = T | R | H | V | I | X | U,
	['G' ... 'Z'] = T | R | H | V | I | U,
	['['] = V,
	['\\'] = V,
	[']'] = V,
	['^'] = T | V,
	['_'] = T | R | H | V | I,
	['`'] = T | V,
	['a' ... 'f'] = T | R | H | V | I | X,
	['g' ... 'z'] = T | R | H | V | I,
	['{'] = V,
	['|'] = T | V,
	['}'] = V,
	['~'] = T | R | H | V | I,
	[0x80 ... 0xff] = V,
};

int
http_char_same(const char *p, const char *z, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (http_char_lower(p[i]) != z[i])
			return 0;
	return 1;
}

/*
 * The first byte that a value may not hold.  Eight bytes at a time as long as
 * none of them is a control character (below 0x20, or 0x7f), which a borrow
 * tells: it can lie only above a true hit.  From the first one on, a tab
 * mostly, the table judges each byte.
 */
const char *
http_char_value_end(const char *p, const char *end)
{
	const uint64_t ones = 0x0101010101010101u, high = ones << 7;
	uint64_t w, d;

	for (; end - p >= 8; p += 8) {
		memcpy(&w, p, 8);
		d = w ^ (ones * 0x7f);
		if ((((w - ones * 0x20) & ~w) | ((d - ones) & ~d)) & high)
			break;
	}
	while (p < end && http_char_is((uint8_t)*p, HTTP_CHAR_VALUE))
		p++;
	return p;
}
