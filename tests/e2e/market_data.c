/*
 * New market data by a reload: the new rows are served at once, whatever the
 * cache holds of the old ones; a file that cannot be read is refused by name
 * and line while the old generation serves on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http1.h"
#include "stage.h"

#define QUOTE "/v1/quotes/WTI"

static char data[64] = "/tmp/skep-data.XXXXXX";
static int n_bad;

static void
expect(int yes, const char *what)
{
	if (yes)
		return;
	n_bad++;
	printf("FAIL: %s\n", what);
}

static void
shell(const char *command)
{
	expect(system(command) == 0, command);
}

/* A last line for the file of closes. */
static void
append(const char *line)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/closes-daily.csv", data);
	f = fopen(path, "a");
	expect(f != NULL && fputs(line, f) >= 0 && fclose(f) == 0,
	    "the file can be written");
}

/* The quote has this close; asked twice, so that it is in the cache. */
static void
expect_close(int port, const char *close)
{
	struct answer a;
	struct http1 h;
	char want[40];
	int i;

	snprintf(want, sizeof want, "\"close\":%s,", close);
	for (i = 0; i < 2; i++) {
		expect(http1_open(&h, port) == 0 &&
		    http1_ask(&h, "GET", QUOTE, "", NULL, &a) == 0 &&
		    a.status == 200 &&
		    memmem(a.body, a.body_len, want, strlen(want)) != NULL,
		    want);
		http1_close(&h);
	}
}

static void
reload(struct stage *st, int rc_wanted, const char *why_wanted)
{
	char why[512] = "";
	json_t *doc = NULL;
	int rc = server_ctl(&st->server, "reload --wait", &doc, why,
	    sizeof why);

	if (rc != rc_wanted || strstr(why, why_wanted) == NULL) {
		printf("reload: %d, %s\n", rc, why);
		expect(0, why_wanted);
	}
	json_decref(doc);
}

static void
play(struct stage *st)
{
	int port = st->server.port;

	expect_close(port, "86.48");
	append("WTI,2026-08-19,99.5\n");
	expect_close(port, "86.48");
	reload(st, 0, "");
	expect_close(port, "99.5");
	st->errors_meant = 1;
	append("WTI,2026-08-32,1\n");
	reload(st, -ECANCELED,
	    "closes-daily.csv:27624: \"2026-08-32\" is not a date");
	expect_close(port, "99.5");
}

int
main(void)
{
	const char *top = getenv("top_srcdir");
	struct stage stage;
	char conf[2048], file[512];
	int bad;

	if (server_plugin("market", file, sizeof file) < 0) {
		printf("skip: market.so is not built\n");
		return 77;
	}
	if (mkdtemp(data) == NULL)
		return 1;
	snprintf(conf, sizeof conf, "cp '%s'/workers/market/data/*.csv %s && "
	    "chmod u+w %s/*", top == NULL ? "." : top, data, data);
	shell(conf);
	snprintf(conf, sizeof conf,
	    "cache { size = 16MiB }\ngroup web {\n\tplugin = {\"market\"}\n"
	    "\tlisten = {\"127.0.0.1:0\"}\n\tstart = 2\n}\n"
	    "plugin market {\n\tfile = \"%s\"\n\tdata = \"%s\"\n"
	    "\tttl_quotes = 1h\n}\n", file, data);
	bad = n_bad > 0 ? 1 : stage_open(&stage, conf, "web");
	if (bad == 0) {
		play(&stage);
		bad = stage_close(&stage, n_bad) || n_bad;
	}
	snprintf(conf, sizeof conf, "rm -r %s", data);
	shell(conf);
	return bad;
}
