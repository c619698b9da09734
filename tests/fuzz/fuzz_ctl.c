/*
 * A command line of the control socket, and the same bytes as a reply.  What was
 * taken apart can be put together again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "fuzz.h"

#define CLAIM(c)                                                               \
	do {                                                                   \
		if (!(c)) {                                                    \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,       \
			    __LINE__, #c);                                     \
			abort();                                               \
		}                                                              \
	} while (0)

static void
again(const struct ctl_line *l)
{
	struct buf line = BUF_INIT;
	struct ctl_line copy;
	unsigned i;
	int rc;

	for (i = 0; i < l->n_args; i++)
		ctl_quote(&line, l->arg[i].p, l->arg[i].n);
	rc = ctl_parse(buf_len(&line) == 0 ? "" : buf_head(&line),
	    buf_len(&line), &copy);
	/* Escapes make it longer: only then may it be refused. */
	CLAIM(rc == 0 || buf_len(&line) > CTL_LINE_MAX);
	if (rc == 0) {
		CLAIM(copy.n_args == l->n_args);
		for (i = 0; i < l->n_args; i++)
			CLAIM(copy.arg[i].n == l->arg[i].n &&
			    memcmp(copy.arg[i].p, l->arg[i].p,
			    l->arg[i].n) == 0);
	}
	ctl_line_fini(&copy);
	buf_fini(&line);
}

static void
command(const char *p, size_t n)
{
	const struct ctl_command *cmd;
	struct ctl_line l;

	if (ctl_parse(p, n, &l) == 0) {
		again(&l);
		cmd = ctl_find(&l);
		CLAIM(cmd != NULL || l.error[0] != '\0');
		CLAIM(cmd == NULL || l.first + ctl_n_args(&l) == l.n_args);
	} else {
		CLAIM(l.error[0] != '\0');
	}
	ctl_line_fini(&l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	const char *p = (const char *)in;
	struct ctl_reply r;
	size_t at = 0;

	command(p, n);
	while (at < n && ctl_reply_parse(p + at, n - at, &r) == 1) {
		CLAIM(r.used > 0 && r.used <= n - at);
		CLAIM(r.body >= p + at && r.body + r.n <= p + at + r.used);
		at += r.used;
	}
	return 0;
}
