#include "ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "near.h"

#define CTL_ROW(id, noun, verb, args, opts, role, who, doc)                    \
	{ CTL_##id, noun, verb, args, opts, CTL_##role, CTL_##who, doc },
const struct ctl_command ctl_commands[CTL_N] = { CTL_COMMANDS(CTL_ROW) };

static int
refuse(struct ctl_line *l, const char *what)
{
	(void)snprintf(l->error, sizeof(l->error), "%s", what);
	return -EINVAL;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The escape behind a backslash at *p; its value, -EINVAL. */
static int
escape(const char **p, const char *end)
{
	static const char from[] = "ntr\\\"0";
	static const char to[] = "\n\t\r\\\"\0";
	const char *s = *p, *at;
	int high, low;

	if (s >= end)
		return -EINVAL;
	at = memchr(from, *s, sizeof(from) - 1);
	if (at != NULL) {
		*p = s + 1;
		return (unsigned char)to[at - from];
	}
	if (*s != 'x' || end - s < 3 || (high = hex(s[1])) < 0 ||
	    (low = hex(s[2])) < 0)
		return -EINVAL;
	*p = s + 3;
	return high << 4 | low;
}

/* A quoted word behind its first quote, into *to. */
static int
quoted(struct ctl_line *l, const char **p, const char *end, char **to)
{
	int c;

	while (*p < end && **p != '"') {
		c = (unsigned char)*(*p)++;
		if (c == '\\')
			c = escape(p, end);
		if (c < 0)
			return refuse(l, "unknown escape");
		*(*to)++ = (char)c;
	}
	if (*p >= end)
		return refuse(l, "string without end");
	(*p)++;
	if (*p < end && **p != ' ' && **p != '\t')
		return refuse(l, "a space is missing behind a string");
	return 0;
}

static int
bare(struct ctl_line *l, const char **p, const char *end, char **to)
{
	for (; *p < end && **p != ' ' && **p != '\t'; (*p)++) {
		if ((unsigned char)**p < 0x20 || **p == 0x7f)
			return refuse(l, "control byte outside of a string");
		if (**p == '"')
			return refuse(l, "a quote in the middle of a word");
		*(*to)++ = **p;
	}
	return 0;
}

/* File a word: an option or an argument. */
static int
file_word(struct ctl_line *l, const char *w, size_t n, int literal,
    int *only_args)
{
	struct ctl_word word = { w, n };

	if (!literal && !*only_args && n >= 2 && memcmp(w, "--", 2) == 0) {
		if (n == 2)
			*only_args = 1;
		else if (strcmp(w, "--json") == 0)
			l->json = 1;
		else if (l->n_opts == sizeof(l->opt) / sizeof(l->opt[0]))
			return refuse(l, "too many options");
		else
			l->opt[l->n_opts++] = word;
		return 0;
	}
	if (l->n_args == CTL_ARGS_MAX)
		return refuse(l, "too many words");
	l->arg[l->n_args++] = word;
	return 0;
}

int
ctl_parse(const char *line, size_t n, struct ctl_line *l)
{
	const char *p = line, *end;
	char *to, *start;
	int only_args = 0, literal, rc = 0;

	memset(l, 0, sizeof(*l));
	if (n > 0 && line[n - 1] == '\r')
		n--;
	end = line + n;
	if (n > CTL_LINE_MAX)
		return refuse(l, "the line is too long");
	/* Words are never longer than what they were written as; and a NUL each. */
	l->store = to = malloc(2 * n + 2);
	if (l->store == NULL)
		return -ENOMEM;
	while (rc == 0) {
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		if (p >= end)
			break;
		start = to;
		literal = *p == '"';
		if (literal) {
			p++;
			rc = quoted(l, &p, end, &to);
		} else {
			rc = bare(l, &p, end, &to);
		}
		*to++ = '\0';
		if (rc == 0)
			rc = file_word(l, start, (size_t)(to - start - 1),
			    literal, &only_args);
	}
	return rc;
}

void
ctl_line_fini(struct ctl_line *l)
{
	free(l->store);
	l->store = NULL;
	l->n_args = l->n_opts = 0;
}

/* How many arguments a row takes, from its text: "KEY [VALUE] X...". */
static void
count_args(const char *args, unsigned *min, unsigned *max)
{
	const char *p = args;

	*min = *max = 0;
	while (*p != '\0') {
		size_t n = strcspn(p, " ");

		*min += *p != '[';
		if (n > 3 && memcmp(p + n - 3, "...", 3) == 0)
			*max = CTL_ARGS_MAX;
		else
			(*max)++;
		p += n;
		p += strspn(p, " ");
	}
	if (*max > CTL_ARGS_MAX)
		*max = CTL_ARGS_MAX;
}

/* Whether "--name" or "--name=value" is among "--a --name=X". */
static int
opt_known(const char *opts, const char *given)
{
	size_t n = strcspn(given, "=");
	const char *p = opts;

	while (*p != '\0') {
		size_t len = strcspn(p, " "), name = strcspn(p, "= ");

		if (name == n && memcmp(p, given, n) == 0)
			return (name < len) == (given[n] == '=');
		p += len;
		p += strspn(p, " ");
	}
	return 0;
}

static void
unknown(struct ctl_line *l, const char *noun)
{
	const char *wrong = l->arg[noun == NULL ? 0 : 1].p, *best = NULL;
	unsigned score = NEAR_START, i;

	for (i = 0; i < CTL_N; i++)
		if (noun == NULL)
			near_try(wrong, ctl_commands[i].noun, &best, &score);
		else if (strcmp(noun, ctl_commands[i].noun) == 0)
			near_try(wrong, ctl_commands[i].verb, &best, &score);
	(void)snprintf(l->error, sizeof(l->error),
	    "unknown command \"%s%s%.64s\"%s%s%s", noun == NULL ? "" : noun,
	    noun == NULL ? "" : " ", wrong,
	    best == NULL ? "" : "; did you mean \"", best == NULL ? "" : best,
	    best == NULL ? "" : "\"?");
}

/* `"log" needs a verb: log level [...], log reopen`. */
static void
needs_verb(struct ctl_line *l, const char *noun)
{
	struct buf b = BUF_INIT;
	unsigned i, n = 0;

	for (i = 0; i < CTL_N; i++) {
		if (strcmp(ctl_commands[i].noun, noun) != 0)
			continue;
		(void)buf_addz(&b, n++ == 0 ? ": " : ", ");
		ctl_usage(&ctl_commands[i], &b);
	}
	(void)snprintf(l->error, sizeof(l->error), "\"%s\" needs a verb%s",
	    noun, buf_str(&b) == NULL ? "" : buf_head(&b));
	buf_fini(&b);
}

static const struct ctl_command *
name_of(struct ctl_line *l)
{
	const char *noun = l->arg[0].p, *seen = NULL, *verbs;
	unsigned i;

	for (i = 0; i < CTL_N; i++) {
		verbs = ctl_commands[i].verb;
		if (strcmp(ctl_commands[i].noun, noun) != 0)
			continue;
		seen = ctl_commands[i].noun;
		l->first = verbs[0] == '\0' ? 1 : 2;
		if (verbs[0] == '\0' ||
		    (l->n_args > 1 && strcmp(l->arg[1].p, verbs) == 0))
			return &ctl_commands[i];
	}
	if (seen == NULL || l->n_args > 1)
		unknown(l, seen);
	else
		needs_verb(l, seen);
	return NULL;
}

const struct ctl_command *
ctl_find(struct ctl_line *l)
{
	const struct ctl_command *c;
	struct buf usage = BUF_INIT;
	unsigned min, max, n, i;

	l->error[0] = '\0';
	if (l->n_args == 0) {
		(void)refuse(l, "no command");
		return NULL;
	}
	c = name_of(l);
	if (c == NULL)
		return NULL;
	for (i = 0; i < l->n_opts; i++)
		if (!opt_known(c->opts, l->opt[i].p)) {
			(void)snprintf(l->error, sizeof(l->error),
			    "unknown option %.64s", l->opt[i].p);
			return NULL;
		}
	count_args(c->args, &min, &max);
	n = l->n_args - l->first;
	if (n >= min && n <= max)
		return c;
	ctl_usage(c, &usage);
	(void)snprintf(l->error, sizeof(l->error), "usage: %s",
	    buf_str(&usage) == NULL ? c->noun : buf_head(&usage));
	buf_fini(&usage);
	return NULL;
}

const char *
ctl_arg(const struct ctl_line *l, unsigned i, size_t *n_out)
{
	if (l->first + i >= l->n_args)
		return NULL;
	if (n_out != NULL)
		*n_out = l->arg[l->first + i].n;
	return l->arg[l->first + i].p;
}

unsigned
ctl_n_args(const struct ctl_line *l)
{
	return l->n_args - l->first;
}

const char *
ctl_opt(const struct ctl_line *l, const char *name)
{
	size_t n = strlen(name);
	unsigned i;

	for (i = 0; i < l->n_opts; i++) {
		const char *p = l->opt[i].p;

		if (strncmp(p, name, n) == 0 && (p[n] == '=' || p[n] == '\0'))
			return p[n] == '=' ? p + n + 1 : p + n;
	}
	return NULL;
}

void
ctl_quote(struct buf *line, const char *s, size_t n)
{
	size_t i;

	if (buf_len(line) > 0)
		(void)buf_addc(line, ' ');
	(void)buf_addc(line, '"');
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			(void)buf_printf(line, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			(void)buf_printf(line, "\\x%02x", c);
		else
			(void)buf_addc(line, (char)c);
	}
	(void)buf_addc(line, '"');
}

void
ctl_usage(const struct ctl_command *c, struct buf *out)
{
	const char *p = c->opts;

	(void)buf_addz(out, c->noun);
	if (c->verb[0] != '\0')
		(void)buf_printf(out, " %s", c->verb);
	if (c->args[0] != '\0')
		(void)buf_printf(out, " %s", c->args);
	while (*p != '\0') {
		size_t n = strcspn(p, " ");

		(void)buf_printf(out, " [%.*s]", (int)n, p);
		p += n;
		p += strspn(p, " ");
	}
}

const char *
ctl_role_name(enum ctl_role role)
{
	static const char *const names[] = { "read", "operate", "administer" };

	return (unsigned)role < 3 ? names[role] : "?";
}
