#include "answer.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEAD_MAX 65536

static long
bad(const char **why_out, const char *why)
{
	*why_out = why;
	return -EBADMSG;
}

static int
is_status_line(const char *p, size_t n)
{
	return n >= 13 && memcmp(p, "HTTP/1.1 ", 9) == 0 &&
	    isdigit((unsigned char)p[9]) && isdigit((unsigned char)p[10]) &&
	    isdigit((unsigned char)p[11]) && p[12] == ' ';
}

/* The line's value if it is the field, its length in *len_out. */
static const char *
field_value(const char *line, const char *end, const char *name, size_t *len_out)
{
	size_t n = strlen(name);

	if ((size_t)(end - line) <= n || strncasecmp(line, name, n) != 0 ||
	    line[n] != ':')
		return NULL;
	for (line += n + 1; line < end && (*line == ' ' || *line == '\t');)
		line++;
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*len_out = (size_t)(end - line);
	return line;
}

struct facts {
	long length;		/* -1: not said */
	int n_lengths, close;
};

static const char *
read_field(const char *line, const char *end, struct facts *f)
{
	const char *colon = memchr(line, ':', (size_t)(end - line)), *v;
	size_t n;

	if (colon == NULL || colon == line)
		return "a field without a name";
	for (const char *p = line; p < colon; p++)
		if (!isgraph((unsigned char)*p))
			return "a field name with a blank or control byte";
	if ((v = field_value(line, end, "Content-Length", &n)) != NULL) {
		f->n_lengths++;
		f->length = 0;
		if (n == 0 || n > 12)
			return "a bad Content-Length";
		for (; n > 0; n--, v++) {
			if (!isdigit((unsigned char)*v))
				return "a bad Content-Length";
			f->length = f->length * 10 + (*v - '0');
		}
	}
	if (field_value(line, end, "Transfer-Encoding", &n) != NULL)
		return "a Transfer-Encoding";
	if ((v = field_value(line, end, "Connection", &n)) != NULL && n == 5 &&
	    strncasecmp(v, "close", 5) == 0)
		f->close = 1;
	return NULL;
}

static const char *
read_head(const char *head, const char *end, struct facts *f)
{
	const char *line = memchr(head, '\n', (size_t)(end - head));
	const char *why = NULL;

	if (line != NULL && line[-1] != '\r')
		return "a status line that does not end in CR LF";
	while (line != NULL && ++line < end && why == NULL) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));

		if (eol == NULL)
			eol = end;
		if (eol == line || eol[-1] != '\r')
			return "a line that does not end in CR LF";
		why = read_field(line, eol - 1, f);
		line = eol;
	}
	if (why == NULL && f->n_lengths > 1)
		why = "two Content-Lengths";
	return why;
}

long
answer_parse(const char *bytes, size_t n, struct answer *out,
    const char **why_out)
{
	struct facts f = { .length = -1 };
	const char *end = memmem(bytes, n, "\r\n\r\n", 4), *why;

	if (n > 0 && memcmp(bytes, "HTTP/1.1 ", n < 9 ? n : 9) != 0)
		return bad(why_out, "no status line");
	if (end == NULL)
		return n > HEAD_MAX ? bad(why_out, "a head without an end") : 0;
	if (!is_status_line(bytes, (size_t)(end - bytes)))
		return bad(why_out, "a bad status line");
	why = read_head(bytes, end + 2, &f);
	if (why != NULL)
		return bad(why_out, why);
	*out = (struct answer){ .status = atoi(bytes + 9), .head = bytes,
		.head_len = (size_t)(end - bytes) + 4, .close = f.close };
	if (out->status == 204 || out->status == 304 || out->status < 200)
		f.length = 0;
	if (f.length < 0)
		return bad(why_out, "no Content-Length");
	out->body = bytes + out->head_len;
	out->body_len = (size_t)f.length;
	if (n - out->head_len < out->body_len)
		return 0;
	return (long)(out->head_len + out->body_len);
}

void
answer_field(const struct answer *a, const char *name, char *out, size_t size)
{
	const char *end = a->head + a->head_len;
	const char *line = memchr(a->head, '\n', a->head_len);

	*out = '\0';
	while (line != NULL && ++line < end) {
		const char *eol = memchr(line, '\n', (size_t)(end - line)), *v;
		size_t n;

		if (eol == NULL)
			return;
		v = eol == line ? NULL : field_value(line, eol - 1, name, &n);
		if (v != NULL) {
			if (n >= size)
				n = size - 1;
			memcpy(out, v, n);
			out[n] = '\0';
			return;
		}
		line = eol;
	}
}
