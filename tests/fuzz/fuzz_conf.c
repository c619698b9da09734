/*
 * The configuration from bytes of anybody: it is taken whole or refused with a
 * reason, and what was taken reads back the same from a child's snapshot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "fdio.h"
#include "fuzz.h"

#define CLAIM(c)                                                               \
	do {                                                                   \
		if (!(c)) {                                                    \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,       \
			    __LINE__, #c);                                     \
			abort();                                               \
		}                                                              \
	} while (0)

#define SUM_MAX 262144

struct sum {
	size_t n;
	char text[SUM_MAX];
};

static void
add(void *arg, const struct conf_item *it)
{
	struct sum *s = arg;
	int n = snprintf(s->text + s->n, SUM_MAX - s->n, "%s %s %s %s %s\n",
	    it->section, it->title == NULL ? "" : it->title, it->key,
	    it->value, it->origin);

	if (n > 0 && (size_t)n < SUM_MAX - s->n)
		s->n += (size_t)n;
}

static void
round_trip(const struct conf *c)
{
	static struct sum before, after;
	struct conf *copy;
	int fd = fdio_memfd("conf");

	before.n = after.n = 0;
	CLAIM(fd >= 0);
	CLAIM(conf_write(c, fd) == 0);
	CLAIM(conf_read(fd, &copy) == 0);
	conf_each(c, add, &before);
	conf_each(copy, add, &after);
	CLAIM(before.n == after.n &&
	    memcmp(before.text, after.text, before.n) == 0);
	conf_close(&copy);
	close(fd);
}

/* In the second form the bytes are an assignment of the command line. */
static int
load(const char *text, int as_set, struct conf **out, struct conf_report *rep)
{
	static const char *const env[] = { "A=1", "B=x y", NULL };
	const char *sets[1] = { text };
	struct conf_source src = { .text = as_set ? "group g { plugin = p }" :
	    text, .env = env, .sets = sets, .n_sets = as_set ? 1 : 0 };

	return conf_load(&src, out, rep);
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct conf_report rep;
	struct conf *c;
	char *text;
	int rc;

	if (n == 0)
		return 0;
	text = malloc(n);
	CLAIM(text != NULL);
	memcpy(text, in + 1, n - 1);
	text[n - 1] = '\0';
	rc = load(text, in[0] == '=', &c, &rep);
	CLAIM((rc == 0) == (c != NULL));
	CLAIM((rc == 0) == (rep.n_errors == 0));
	if (c != NULL)
		round_trip(c);
	conf_close(&c);
	conf_report_fini(&rep);
	free(text);
	return 0;
}
