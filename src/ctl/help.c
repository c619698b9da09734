/* help.c - `skepctl help`: all commands, or what the words name, and how they are used. */
#include <stdio.h>
#include <string.h>

#include "jsonw.h"
#include "skepctl.h"

#define CALL "skepctl [-c FILE] [-s SOCKET] [--json] "

/* Words at most to column 72, each line behind indent. */
static void
put_folded(struct buf *out, const char *indent, const char *text)
{
	size_t wide = 72 - strlen(indent), column = 0, n;

	for (; *text != '\0'; text += n, text += strspn(text, " ")) {
		n = strcspn(text, " ");
		if (column > 0 && column + n + 1 > wide) {
			(void)buf_addc(out, '\n');
			column = 0;
		}
		(void)buf_printf(out, "%s%.*s", column == 0 ? indent : " ",
		    (int)n, text);
		column += n + 1;
	}
	(void)buf_addc(out, '\n');
}

static int
is_named(const struct ctl_command *c, const char *noun, const char *verb)
{
	if (noun == NULL)
		return 1;
	return strcmp(c->noun, noun) == 0 && (verb == NULL ||
	    c->verb[0] == '\0' || strcmp(c->verb, verb) == 0);
}

static void
put_all(struct buf *out)
{
	int i;

	(void)buf_addz(out, "usage: " CALL "COMMAND\n"
	    "       skepctl help [COMMAND] | --version\n\n"
	    "  -c FILE    configuration that names the control socket\n"
	    "             (" SKEPCTL_CONF ")\n"
	    "  -s SOCKET  the control socket itself\n"
	    "  --json     print JSON\n\n"
	    "Commands:\n");
	for (i = 0; i < CTL_N; i++) {
		(void)buf_addz(out, "  ");
		ctl_usage(&ctl_commands[i], out);
		(void)buf_addc(out, '\n');
		put_folded(out, "        ", ctl_commands[i].doc);
	}
}

static void
put_one(const struct ctl_command *c, struct buf *out)
{
	(void)buf_addz(out, "usage: " CALL);
	ctl_usage(c, out);
	(void)buf_addz(out, "\n\n");
	put_folded(out, "  ", c->doc);
	if (strstr(c->opts, "--wait") != NULL)
		(void)buf_addz(out, "  --wait     return when the effect is"
		    " there, with its result\n");
	if (strstr(c->opts, "--dry-run") != NULL)
		(void)buf_addz(out, "  --dry-run  say what would be done, and"
		    " do nothing\n");
	if (c->who != CTL_LOCAL)
		(void)buf_printf(out, "  Needs the role %s.\n",
		    ctl_role_name(c->role));
}

static void
put_object(const struct ctl_command *c, struct jsonw *w)
{
	struct buf usage = BUF_INIT;

	ctl_usage(c, &usage);
	jsonw_open(w, NULL, '{');
	jsonw_str(w, "noun", c->noun);
	jsonw_str(w, "verb", c->verb);
	jsonw_strn(w, "usage", buf_head(&usage), buf_len(&usage));
	jsonw_str(w, "doc", c->doc);
	if (c->who != CTL_LOCAL)
		jsonw_str(w, "role", ctl_role_name(c->role));
	jsonw_close(w, '}');
	buf_fini(&usage);
}

/* What ctl_find() says of words that name no command. */
static int
unknown(const char *noun, const char *verb)
{
	struct buf words = BUF_INIT;
	struct ctl_line l;

	ctl_quote(&words, noun, strlen(noun));
	if (verb != NULL)
		ctl_quote(&words, verb, strlen(verb));
	if (ctl_parse(buf_head(&words), buf_len(&words), &l) == 0)
		(void)ctl_find(&l);
	skepctl_complain("%s", l.error);
	ctl_line_fini(&l);
	buf_fini(&words);
	return CTL_EXIT_USAGE;
}

int
help_run(const struct skepctl *s, const char *noun, const char *verb)
{
	struct buf out = BUF_INIT;
	struct jsonw w = JSONW(&out);
	int i, n = 0, rc;

	if (s->json)
		jsonw_open(&w, NULL, '[');
	else if (noun == NULL)
		put_all(&out);
	for (i = 0; i < CTL_N; i++) {
		if (!is_named(&ctl_commands[i], noun, verb))
			continue;
		if (s->json)
			put_object(&ctl_commands[i], &w);
		else if (noun != NULL && n > 0)
			(void)buf_addc(&out, '\n');
		if (!s->json && noun != NULL)
			put_one(&ctl_commands[i], &out);
		n++;
	}
	if (s->json) {
		jsonw_close(&w, ']');
		(void)buf_addc(&out, '\n');
	}
	if (n > 0)
		(void)fwrite(buf_head(&out), 1, buf_len(&out), stdout);
	rc = n == 0 ? unknown(noun, verb) : buf_ok(&out) &&
	    fflush(stdout) == 0 ? CTL_EXIT_OK : CTL_EXIT_FAILED;
	buf_fini(&out);
	return rc;
}
