/*
 * fill - misses of a whole service: four workers, a thousand clients at once.
 *
 * How often a loader ran is counted where it says so itself (plugin_fill).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crowd.h"
#include "stage.h"

#define N	 1000
#define WORKERS	 4
#define PATIENCE 20000		/* ms: a machine with pauses */

static struct stage stage;
static char log_path[128];
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
expect_int(int is, int want, const char *what)
{
	if (is == want)
		return;
	n_bad++;
	printf("FAIL: %s: %d, not %d\n", what, is, want);
}

/* How often the key was loaded; the pid of the last who did. */
static int
loads(const char *key, pid_t *pid_out)
{
	char line[128], name[64];
	FILE *f = fopen(log_path, "re");
	int n = 0, pid;

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "%63s %d", name, &pid) == 2 &&
		    strcmp(name, key) == 0) {
			n++;
			if (pid_out != NULL)
				*pid_out = pid;
		}
	if (f != NULL)
		(void)fclose(f); /* it was only read */
	return n;
}

static int
loaded(const char *key, int n, pid_t *pid_out)
{
	for (int i = 0; i < PATIENCE / 2; i++) {
		if (loads(key, pid_out) >= n)
			return 1;
		(void)usleep(2000);
	}
	return 0;
}

static void
ask(struct crowd *c, const char *target)
{
	int rc = crowd_ask(c, target);

	if (rc < 0)
		printf("FAIL: %s: %s\n", target, strerror(-rc));
	n_bad += rc < 0;
}

/* One client: the status, and the body in text. */
static int
ask_alone(const char *target, char text[CROWD_BODY])
{
	struct crowd c;
	int status = 0;

	if (crowd_open(&c, 1, stage.server.port) == 0 &&
	    crowd_ask(&c, target) == 0 && crowd_hear(&c, PATIENCE) == 0) {
		status = c.one[0].status;
		memcpy(text, c.one[0].body, CROWD_BODY);
	}
	crowd_close(&c);
	return status;
}

static void
a_thousand_misses_load_once(struct crowd *c)
{
	ask(c, "/fill/once?ms=500");
	expect_int(crowd_hear(c, PATIENCE), 0, "clients without an answer");
	expect_int(crowd_count(c, 200, "once loaded"), N, "answers");
	expect_int(loads("once", NULL), 1, "loads");
	expect(crowd_workers(c) > 1, "more than one worker answers");
	printf("a thousand misses: %d loads, %d workers\n", loads("once", NULL),
	    crowd_workers(c));
}

static void
with_the_loading_worker_killed_twice(struct crowd *c)
{
	pid_t pid = 0;
	int lost;

	ask(c, "/fill/killed?ms=1500");
	expect(loaded("killed", 1, &pid), "a load has begun");
	/* Let the others come to it. */
	(void)usleep(300000);
	if (pid > 0)
		(void)kill(pid, SIGKILL);
	expect_int(crowd_hear(c, PATIENCE), 0, "clients without an answer");
	lost = crowd_lost(c);
	expect(lost < N, "other workers had clients");
	expect_int(crowd_count(c, 200, "killed loaded"), N - lost, "answers");
	expect_int(loads("killed", NULL), 2, "loads");
	printf("the loading worker killed: %d loads, %d clients of it lost\n",
	    loads("killed", NULL), lost);
	/* They come back. */
	ask(c, "/fill/killed?ms=1500");
	expect_int(crowd_hear(c, PATIENCE), 0, "clients without an answer");
	expect_int(crowd_count(c, 200, "killed loaded"), N, "answers");
	expect_int(loads("killed", NULL), 2, "loads, when they came back");
}

static void
errors_are_everyones_and_tried_again(struct crowd *c)
{
	char text[CROWD_BODY];

	ask(c, "/fill/failing?ms=300&rc=-13");
	expect_int(crowd_hear(c, PATIENCE), 0, "clients without an answer");
	expect_int(crowd_count(c, 403, NULL), N, "errors");
	/* Who comes later than 100 ms after the end tries again. */
	printf("a failing load: %d loads\n", loads("failing", NULL));
	expect(loads("failing", NULL) <= 3, "few loads");
	(void)usleep(150000);
	expect_int(ask_alone("/fill/failing", text), 200, "the next one");
}

static void
deadlines_are_each_ones_own(void)
{
	char text[CROWD_BODY];
	struct crowd c;

	expect(crowd_open(&c, 1, stage.server.port) == 0, "a connection");
	ask(&c, "/fill/slow?ms=1000");
	expect(loaded("slow", 1, NULL), "a load has begun");
	expect_int(ask_alone("/fill/slow?limit=100", text), 504, "a waiter");
	expect_int(crowd_hear(&c, PATIENCE), 0, "without an answer");
	expect_int(crowd_count(&c, 200, "slow loaded"), 1, "the loader's answer");
	crowd_close(&c);
	expect_int(loads("slow", NULL), 1, "loads");
	/* The one that loads runs out of time: another goes on. */
	expect(crowd_open(&c, 1, stage.server.port) == 0, "a connection");
	ask(&c, "/fill/short?ms=60000&limit=500");
	expect(loaded("short", 1, NULL), "a load has begun");
	expect_int(ask_alone("/fill/short", text), 200, "a later waiter");
	expect_int(crowd_hear(&c, PATIENCE), 0, "without an answer");
	expect_int(crowd_count(&c, 504, NULL), 1, "the one that ran out of time");
	crowd_close(&c);
	expect_int(loads("short", NULL), 2, "loads");
}

static void
a_delete_parts_before_and_after(void)
{
	char text[CROWD_BODY] = "", why[256] = "";
	json_t *data = NULL;
	struct crowd c;

	expect(crowd_open(&c, 40, stage.server.port) == 0, "connections");
	ask(&c, "/fill/changed?ms=1000&value=old");
	expect(loaded("changed", 1, NULL), "a load has begun");
	(void)usleep(200000);
	expect_int(server_ctl(&stage.server, "cache del changed", &data, why,
	    sizeof why), 0, why);
	json_decref(data);
	expect_int(ask_alone("/fill/changed?value=new", text), 200, "after it");
	expect(strcmp(text, "new") == 0, "who asks after it gets the new one");
	expect_int(crowd_hear(&c, PATIENCE), 0, "without an answer");
	expect_int(crowd_count(&c, 200, "old") + crowd_count(&c, 200, "new"),
	    40, "answers");
	expect_int(ask_alone("/fill/changed", text), 200, "later");
	expect(strcmp(text, "new") == 0, "the old one is never found");
	expect_int(loads("changed", NULL), 2, "loads");
	crowd_close(&c);
}

static int
drive(void)
{
	struct crowd c;
	int rc = crowd_open(&c, N, stage.server.port);

	if (rc < 0) {
		printf("FAIL: %d connections: %s\n", N, strerror(-rc));
		crowd_close(&c);
		return 1;
	}
	a_thousand_misses_load_once(&c);
	with_the_loading_worker_killed_twice(&c);
	errors_are_everyones_and_tried_again(&c);
	crowd_close(&c);
	deadlines_are_each_ones_own();
	a_delete_parts_before_and_after();
	return (n_bad != 0) | stage_fsck(&stage);
}

int
main(void)
{
	char conf[2048], file[512] = "";
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(log_path, sizeof log_path, "/tmp/skep-fill.%d", (int)getpid());
	(void)unlink(log_path);
	if (server_plugin("plugin_fill", file, sizeof file) < 0)
		printf("note: plugin_fill.so is not built\n");
	snprintf(conf, sizeof conf,
	    "cache { size = 64MiB }\nhttp { worker_header = true }\n"
	    "group web {\n\tplugin = {\"fill\"}\n"
	    "\tlisten = {\"127.0.0.1:0\"}\n"
	    "\tstart = %d\n\tmin = %d\n\tmax = %d\n}\n"
	    "plugin fill { file = \"%s\" log = \"%s\" }\n",
	    WORKERS, WORKERS, WORKERS, file, log_path);
	status = stage_open(&stage, conf, "web");
	if (status == 0) {
		status = drive();
		status |= stage_close(&stage, status);
	}
	(void)unlink(log_path);
	return status;
}
