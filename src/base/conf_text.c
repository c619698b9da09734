/*
 * conf_text.c - from files to words.
 *
 * libconfuse knows the grammar of sections and lists, but not where a value
 * stood, and it takes unset variables, unknown escapes and stray bytes in
 * silence; an unterminated string or a failed include even spoils its next
 * parse.  So words are made here, strictly, and it gets them one a line, values
 * as their number in the table: whatever it then says or builds leads back to a
 * file and a line.
 */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "conf_int.h"
#include "fdio.h"

#define FILE_MAX   (1 << 20)
#define SECRET_MAX (64 << 10)
#define DEPTH_MAX  8
#define TOKS_MAX   100000

/* Where the next word stands, to tell values from names. */
enum place { AT_NAME, AT_VALUE, AT_LIST };

struct lex {
	struct conf *conf;
	struct conf_report *rep;
	struct conf_text *out;
	const char *const *env;
	enum place place;
	int depth;	/* of includes */
	int open, open_line;	/* sections that have begun, and where the last one did */
	/* of the file being read */
	const char *file;
	const char *p, *end;
	int line;
};

static int read_text(struct lex *, const char *file, const char *text,
    size_t n);

static int
fail(struct lex *l, const char *what)
{
	conf_error(l->rep, "%s:%d: %s", l->file, l->line, what);
	return -EINVAL;
}

static int
add(struct lex *l, enum conf_tok_kind kind, const char *text, int secret)
{
	struct conf_text *t = l->out;
	struct conf_tok *tok;

	if (t->n >= TOKS_MAX)
		return fail(l, "too much text");
	t->toks = conf_grow(l->conf, t->toks, t->n, sizeof(*tok));
	if (t->toks == NULL)
		return -ENOMEM;
	tok = &t->toks[t->n];
	tok->kind = kind;
	tok->secret = secret;
	tok->used = 0;
	tok->line = l->line;
	tok->file = l->file;
	tok->text = text;
	switch (kind) {
	case CONF_TOK_NAME:
		(void)buf_printf(&t->out, "'%s'\n", text);
		break;
	case CONF_TOK_VALUE:
	case CONF_TOK_EMPTY:
		(void)buf_printf(&t->out, "'%zu'\n", t->n);
		break;
	case CONF_TOK_OTHER:
		(void)buf_printf(&t->out, "%s\n", text);
		break;
	}
	t->n++;
	return buf_ok(&t->out) && text != NULL ? 0 : -ENOMEM;
}

/* Over spaces and comments.  0, -EINVAL. */
static int
skip(struct lex *l)
{
	while (l->p < l->end) {
		const char *p = l->p;

		if (*p == '\n') {
			l->line++;
			l->p++;
		} else if (*p == ' ' || *p == '\t' || *p == '\r') {
			l->p++;
		} else if (*p == '#' || (*p == '/' && p[1] == '/')) {
			while (l->p < l->end && *l->p != '\n')
				l->p++;
		} else if (*p == '/' && p[1] == '*') {
			for (l->p += 2;; l->p++) {
				if (l->p >= l->end)
					return fail(l, "comment without end");
				if (*l->p == '\n')
					l->line++;
				if (*l->p == '*' && l->p[1] == '/')
					break;
			}
			l->p += 2;
		} else {
			break;
		}
	}
	return 0;
}

static const char *
env_get(const struct lex *l, const char *name, size_t n)
{
	const char *const *e;

	for (e = l->env; e != NULL && *e != NULL; e++)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return *e + n + 1;
	return NULL;
}

/* ${file:PATH}: the file's content without a newline at its end. */
static int
put_file(struct lex *l, const char *path, struct buf *out)
{
	char *data;
	size_t n;
	int rc;

	rc = fdio_slurp_path(path, SECRET_MAX, &data, &n);
	if (rc < 0) {
		conf_error(l->rep, "%s:%d: %s: %s", l->file, l->line, path,
		    strerror(-rc));
		return -EINVAL;
	}
	while (n > 0 && (data[n - 1] == '\n' || data[n - 1] == '\r'))
		n--;
	rc = memchr(data, '\0', n) != NULL ? fail(l, "NUL byte in the file") :
	    buf_add(out, data, n);
	free(data);
	return rc;
}

/* "${NAME}", "${NAME:-default}", "${file:PATH}" at l->p. */
static int
put_variable(struct lex *l, struct buf *out, int *secret)
{
	const char *close = memchr(l->p, '}', (size_t)(l->end - l->p)), *value,
	    *name;
	char *dash;

	if (close == NULL ||
	    memchr(l->p, '\n', (size_t)(close - l->p)) != NULL)
		return fail(l, "'${' without '}'");
	name = conf_fmt(l->conf, "%.*s", (int)(close - l->p - 2), l->p + 2);
	l->p = close + 1;
	if (name == NULL)
		return -ENOMEM;
	if (strncmp(name, "file:", 5) == 0) {
		*secret = 1;
		return put_file(l, name + 5, out);
	}
	dash = strstr(name, ":-");
	value = env_get(l, name, dash == NULL ? strlen(name) :
	    (size_t)(dash - name));
	if (value == NULL && dash != NULL)
		value = dash + 2;
	if (value == NULL) {
		conf_error(l->rep, "%s:%d: environment variable %s is not set"
		    " (\"${%s:-...}\" gives a default)", l->file, l->line,
		    name, name);
		return -EINVAL;
	}
	return buf_addz(out, value);
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A backslash at l->p, inside double quotes. */
static int
put_escape(struct lex *l, struct buf *out)
{
	static const char from[] = "ntr\\\"'$", to[] = "\n\t\r\\\"'$";
	const char *at;
	int high, low;

	l->p++;
	if (l->p < l->end && *l->p != '\0' &&
	    (at = strchr(from, *l->p)) != NULL) {
		l->p++;
		return buf_addc(out, to[at - from]);
	}
	if (l->end - l->p >= 3 && *l->p == 'x' && (high = hex(l->p[1])) >= 0 &&
	    (low = hex(l->p[2])) >= 0 && high + low > 0) {
		l->p += 3;
		return buf_addc(out, (char)(high << 4 | low));
	}
	return fail(l, "unknown escape in a string (\\n \\t \\r \\\\ \\\" \\'"
	    " \\$ \\xHH are known)");
}

static int
quoted(struct lex *l, struct buf *out, int *secret)
{
	char quote = *l->p++;
	int rc = 0;

	while (rc == 0) {
		if (l->p >= l->end || *l->p == '\n')
			return fail(l, "string without end");
		if (*l->p == quote) {
			l->p++;
			return 0;
		}
		if (quote == '"' && *l->p == '\\')
			rc = put_escape(l, out);
		else if (quote == '"' && l->p[0] == '$' && l->p[1] == '{')
			rc = put_variable(l, out, secret);
		else if ((unsigned char)*l->p < 0x20 && *l->p != '\t')
			rc = fail(l, "control byte in a string");
		else
			rc = buf_addc(out, *l->p++);
	}
	return rc;
}

static int
is_word(const struct lex *l)
{
	unsigned char c = (unsigned char)*l->p;

	if (c <= ' ' || c == 0x7f || strchr("{}()=,\"'#", c) != NULL)
		return 0;
	return c != '+' || l->p[1] != '=';
}

static int
bare(struct lex *l, struct buf *out, int *secret)
{
	const char *start = l->p;
	int rc = 0;

	while (rc == 0 && l->p < l->end) {
		if (l->p[0] == '$' && l->p[1] == '{')
			rc = put_variable(l, out, secret);
		else if (is_word(l))
			rc = buf_addc(out, *l->p++);
		else
			break;
	}
	if (rc == 0 && l->p == start)
		return fail(l, "unexpected byte");
	return rc;
}

/* A string of any form into *text_out, which belongs to the conf. */
static int
string(struct lex *l, const char **text_out, int *secret)
{
	struct buf b = BUF_INIT;
	char *z;
	int rc;

	*secret = 0;
	rc = *l->p == '"' || *l->p == '\'' ? quoted(l, &b, secret) :
	    bare(l, &b, secret);
	if (rc == 0) {
		z = buf_str(&b);
		*text_out = z == NULL ? NULL : conf_dup(l->conf, z);
		if (*text_out == NULL)
			rc = -ENOMEM;
	}
	buf_fini(&b);
	return rc;
}

static int
include_one(struct lex *l, const char *path)
{
	struct lex outer = *l;
	char *data;
	size_t n;
	int rc;

	if (l->depth >= DEPTH_MAX)
		return fail(l, "includes are nested too deeply");
	rc = fdio_slurp_path(path, FILE_MAX, &data, &n);
	if (rc < 0) {
		conf_error(l->rep, "%s:%d: %s: %s", l->file, l->line, path,
		    strerror(-rc));
		return -EINVAL;
	}
	l->depth++;
	rc = read_text(l, conf_dup(l->conf, path), data, n);
	if (rc == 0 && l->place != AT_NAME)
		rc = fail(l, "the included file ends in the middle of a value");
	free(data);
	outer.open = l->open;
	*l = outer;
	return rc;
}

/* include("PATH") at the parenthesis: PATH may be a pattern; it is relative to this file. */
static int
include(struct lex *l)
{
	const char *path, *slash;
	glob_t g;
	size_t i;
	int secret, rc;

	l->p++;
	rc = skip(l);
	if (rc == 0 && l->p >= l->end)
		rc = fail(l, "include without a name");
	if (rc == 0)
		rc = string(l, &path, &secret);
	if (rc == 0)
		rc = skip(l);
	if (rc < 0)
		return rc;
	if (l->p >= l->end || *l->p != ')')
		return fail(l, "include(\"FILE\") has to end with ')'");
	l->p++;
	slash = strrchr(l->file, '/');
	if (path[0] != '/' && slash != NULL)
		path = conf_fmt(l->conf, "%.*s/%s", (int)(slash - l->file),
		    l->file, path);
	if (path == NULL)
		return -ENOMEM;
	if (strpbrk(path, "*?[") == NULL)
		return include_one(l, path);
	/* A pattern that matches nothing is fine: an empty directory. */
	if (glob(path, 0, NULL, &g) != 0)
		return 0;
	for (i = 0; rc == 0 && i < g.gl_pathc; i++)
		rc = include_one(l, g.gl_pathv[i]);
	globfree(&g);
	return rc;
}

int
conf_name_ok(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return n > 0 && n <= CONF_NAME_MAX && s[n] == '\0';
}

static int
word(struct lex *l)
{
	const char *text;
	int secret, rc;

	rc = string(l, &text, &secret);
	if (rc < 0)
		return rc;
	if (l->place != AT_NAME) {
		if (l->place == AT_VALUE)
			l->place = AT_NAME;
		return add(l, CONF_TOK_VALUE, text, secret);
	}
	if (strcmp(text, "include") == 0) {
		rc = skip(l);
		if (rc < 0)
			return rc;
		if (l->p < l->end && *l->p == '(')
			return include(l);
	}
	if (secret || !conf_name_ok(text)) {
		conf_error(l->rep, "%s:%d: \"%s\" is not a name (letters, digits,"
		    " _ and -, at most %d)", l->file, l->line,
		    secret ? "(secret)" : text, CONF_NAME_MAX);
		return -EINVAL;
	}
	return add(l, CONF_TOK_NAME, text, 0);
}

/* One of { } ( ) , = += at l->p. */
static int
mark(struct lex *l)
{
	char c = *l->p++, z[3] = { c, '\0', '\0' };
	int rc;

	if (c == '+') {
		l->p++;
		z[1] = '=';
	}
	if (c == '=' || c == '+') {
		l->place = AT_VALUE;
	} else if (c == '{' && l->place == AT_VALUE) {
		l->place = AT_LIST;
		rc = add(l, CONF_TOK_OTHER, "{", 0);
		if (rc == 0)
			rc = skip(l);
		if (rc < 0 || l->p >= l->end || *l->p != '}')
			return rc;
		/* An empty list must leave a trace. */
		return add(l, CONF_TOK_EMPTY, "", 0);
	} else if (c == '{') {
		l->open++;
		l->open_line = l->line;
	} else if (c == '}') {
		if (l->place == AT_VALUE)
			return fail(l, "a value is missing");
		/* Ends a list, or else a section. */
		if (l->place == AT_NAME)
			l->open--;
		l->place = AT_NAME;
	}
	return add(l, CONF_TOK_OTHER, conf_dup(l->conf, z), 0);
}

static int
read_text(struct lex *l, const char *file, const char *text, size_t n)
{
	int outer_open = l->open, rc;

	if (file == NULL)
		return -ENOMEM;
	l->file = file;
	l->line = 1;
	l->p = text;
	l->end = text + n;
	for (;;) {
		rc = skip(l);
		if (rc < 0)
			return rc;
		/* libconfuse would take the end of input for a closing brace. */
		if (l->p >= l->end && l->open > outer_open) {
			l->line = l->open_line;
			return fail(l, "section without end");
		}
		if (l->p >= l->end)
			return 0;
		if (*l->p == '\0')
			return fail(l, "NUL byte");
		if (strchr("{}(),=", *l->p) != NULL ||
		    (*l->p == '+' && l->p[1] == '='))
			rc = mark(l);
		else
			rc = word(l);
		if (rc < 0)
			return rc;
	}
}

int
conf_text_read(struct conf *c, const struct conf_source *src,
    struct conf_report *rep, struct conf_text *out)
{
	struct lex l = { .conf = c, .rep = rep, .out = out, .env = src->env };
	char *data;
	size_t n;
	int rc;

	memset(out, 0, sizeof(*out));
	if (src->file == NULL)
		return read_text(&l, "text", src->text, strlen(src->text));
	rc = fdio_slurp_path(src->file, FILE_MAX, &data, &n);
	if (rc < 0) {
		conf_error(rep, "%s: %s", src->file, strerror(-rc));
		return rc;
	}
	rc = read_text(&l, conf_dup(c, src->file), data, n);
	free(data);
	return rc;
}
