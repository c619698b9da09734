#include "http_query.h"

#include <errno.h>

#include "http_char.h"

/* The next part that is not empty; 0 at the end. */
static int
part_next(struct skep_str *rest, struct skep_str *part)
{
	const char *end = rest->p + rest->n, *p = rest->p, *q;

	while (p < end && *p == '&')
		p++;
	if (p == end)
		return 0;
	q = memchr(p, '&', (size_t)(end - p));
	if (q == NULL)
		q = end;
	*part = skep_strn(p, (size_t)(q - p));
	*rest = skep_strn(q, (size_t)(end - q));
	return 1;
}

int
http_query_count(struct skep_str query)
{
	struct skep_str part;
	int n = 0;

	if (query.n == 0)
		return 0;
	while (part_next(&query, &part))
		n++;
	return n;
}

static struct skep_str
decode(struct skep_str s, char **room)
{
	char *out = *room, *p = out;
	size_t i;

	if (s.n == 0 || memchr(s.p, '%', s.n) == NULL)
		return s;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '%' && s.n - i > 2) {
			*p++ = (char)(http_char_hex((uint8_t)s.p[i + 1]) << 4 |
			    http_char_hex((uint8_t)s.p[i + 2]));
			i += 2;
		} else {
			*p++ = s.p[i];
		}
	}
	*room = p;
	return skep_strn(out, (size_t)(p - out));
}

int
http_query_split(struct skep_str query, struct http_pair *pair, char *room)
{
	struct skep_str part, name, value;
	const char *eq;

	if (room == NULL)
		return -EINVAL;
	if (query.n == 0)
		return 0;
	for (; part_next(&query, &part); pair++) {
		eq = memchr(part.p, '=', part.n);
		name = part;
		value = skep_strn(part.p + part.n, 0);
		if (eq != NULL) {
			name.n = (size_t)(eq - part.p);
			value = skep_strn(eq + 1, part.n - name.n - 1);
		}
		pair->name = decode(name, &room);
		pair->value = decode(value, &room);
	}
	return 0;
}
