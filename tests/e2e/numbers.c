#include "numbers.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define LINES_MAX 20
#define TOLERANCE 1e-12

static void __attribute__((format(printf, 3, 4)))
complain(struct numbers *n, const char *target, const char *fmt, ...)
{
	va_list ap;

	if (n->wrong++ >= LINES_MAX)
		return;
	printf("FAIL: %s: ", target);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static int
same_number(double is, double want, double tolerance)
{
	return fabs(is - want) <= tolerance * fabs(want);
}

static int same(const json_t *is, json_t *want, double tolerance);

static int
same_object(const json_t *is, json_t *want, double tolerance)
{
	const char *key;
	json_t *v;

	if (json_object_size(is) != json_object_size(want))
		return 0;
	json_object_foreach(want, key, v)
		if (!same(json_object_get(is, key), v, tolerance))
			return 0;
	return 1;
}

static int
same(const json_t *is, json_t *want, double tolerance)
{
	size_t i;

	if (is == NULL || want == NULL)
		return 0;
	if (json_is_number(is) && json_is_number(want))
		return same_number(json_number_value(is),
		    json_number_value(want), tolerance);
	if (json_typeof(is) != json_typeof(want))
		return 0;
	if (json_is_object(want))
		return same_object(is, want, tolerance);
	if (!json_is_array(want))
		return json_equal(is, want);
	if (json_array_size(is) != json_array_size(want))
		return 0;
	for (i = 0; i < json_array_size(want); i++)
		if (!same(json_array_get(is, i), json_array_get(want, i),
			tolerance))
			return 0;
	return 1;
}

static int
is_computed(const char *target)
{
	return strncmp(target, "/v1/quotes/", 11) != 0 &&
	    strncmp(target, "/v1/history/", 12) != 0 &&
	    strncmp(target, "/v1/symbols", 11) != 0;
}

static void
compare(struct numbers *n, const char *target, const char *body,
    const char *text)
{
	json_t *is = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
	json_t *want = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	if (is == NULL)
		complain(n, target, "is no JSON: %.200s", body);
	else if (want == NULL)
		complain(n, target, "the script wrote no JSON: %.200s", text);
	else if (!same(is, want, is_computed(target) ? TOLERANCE : 0))
		complain(n, target, "is %.300s, should be %.300s", body, text);
	json_decref(is);
	json_decref(want);
}

static void
check(struct numbers *n, char *line)
{
	char *part[5], *body = NULL;
	int status = 0, rc, i;

	line[strcspn(line, "\n")] = '\0';
	for (i = 0; i < 5; i++)
		part[i] = strsep(&line, "\t");
	if (part[4] == NULL) {
		complain(n, part[0], "is no line of the script");
		return;
	}
	n->asked++;
	rc = n->ask(n->arg, part[0], part[1],
	    strcmp(part[2], "-") == 0 ? NULL : part[2], &status, &body);
	if (rc < 0)
		complain(n, part[1], "no answer: %s", strerror(-rc));
	else if (status != atoi(part[3]))
		complain(n, part[1], "%s: status %d, should be %s", part[2],
		    status, part[3]);
	else if (status == 200)
		compare(n, part[1], body, part[4]);
	free(body);
}

int
numbers_run(struct numbers *n)
{
	const char *top = getenv("top_srcdir");
	size_t size = 0;
	char command[4096], *line = NULL;
	FILE *f;
	int rc;

	n->asked = n->wrong = 0;
	if (top == NULL)
		top = ".";
	snprintf(command, sizeof command, "cd '%s' && LC_ALL=C exec awk -f "
	    "tests/e2e/market_expect.awk workers/market/data/*.csv", top);
	f = popen(command, "r");
	if (f == NULL) {
		printf("FAIL: cannot run awk\n");
		return 1;
	}
	while (getline(&line, &size, f) > 0)
		check(n, line);
	free(line);
	rc = pclose(f);
	printf("%ld answers compared, %ld wrong\n", n->asked, n->wrong);
	if (rc != 0)
		printf("FAIL: awk ended with %d\n", rc);
	return rc != 0 || n->wrong > 0 || n->asked < 1000;
}
