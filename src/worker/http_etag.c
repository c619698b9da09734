#include "http_etag.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static char *
hex64(char *p, uint64_t v)
{
	static const char digits[] = "0123456789abcdef";
	int shift;

	for (shift = 60; shift >= 0; shift -= 4)
		*p++ = digits[v >> shift & 15];
	return p;
}

void
http_etag_make(char tag[HTTP_ETAG_LEN], const void *body, size_t n)
{
	XXH128_hash_t h = XXH3_128bits(body, n);
	char *p = tag;

	*p++ = '"';
	p = hex64(p, h.high64);
	p = hex64(p, h.low64);
	*p = '"';
}

/*
 * The end of the entity-tag at p ([W/] " etagc* "), NULL when there is none.
 * *opaque_out is where its quote is.
 */
static const char *
tag_end(const char *p, const char *end, const char **opaque_out)
{
	if (end - p >= 2 && p[0] == 'W' && p[1] == '/')
		p += 2;
	if (p == end || *p != '"')
		return NULL;
	*opaque_out = p++;
	while (p < end && *p != '"') {
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return NULL;
		p++;
	}
	return p == end ? NULL : p + 1;
}

enum comparison { STRONG, WEAK };

/* tag is without W/. */
static int
listed(const char *list, size_t list_n, const char *tag, size_t tag_n,
    enum comparison how)
{
	const char *p = list, *end = list + list_n, *opaque, *stop;

	if (list_n == 1 && *list == '*')
		return 1;
	while (p < end) {
		if (*p == ',' || *p == ' ' || *p == '\t') {
			p++;
			continue;
		}
		stop = tag_end(p, end, &opaque);
		if (stop == NULL)
			return 0;
		if ((size_t)(stop - opaque) == tag_n &&
		    (how == WEAK || opaque == p) &&
		    memcmp(opaque, tag, tag_n) == 0)
			return 1;
		for (p = stop; p < end && (*p == ' ' || *p == '\t'); p++)
			;
		if (p < end && *p != ',')
			return 0;
	}
	return 0;
}

int
http_etag_listed(const char *list, size_t list_n, const char *tag, size_t tag_n)
{
	if (tag_n > 2 && tag[0] == 'W' && tag[1] == '/')
		return listed(list, list_n, tag + 2, tag_n - 2, WEAK);
	return listed(list, list_n, tag, tag_n, WEAK);
}

int
http_etag_listed_strong(const char *list, size_t list_n, const char *tag,
    size_t tag_n)
{
	/* One that is weak itself is in no list, as no opaque tag begins so. */
	return listed(list, list_n, tag, tag_n, STRONG);
}
