/*
 * case_spawn - one more worker of a running group: from the master's decision,
 * which comes before the fork, until the worker has said that it is ready; and
 * beside it what a bare fork costs until the child's first byte.
 */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"

#define CHUNKS 5	/* spawns a round */
#define LIMIT  "<=3"

struct spawn {
	struct bench *b;
	struct server server;
};

static int
scale(struct spawn *s, int n)
{
	char command[64], why[256];
	json_t *data;
	int rc;

	snprintf(command, sizeof command, "scale web %d --wait", n);
	rc = server_ctl(&s->server, command, &data, why, sizeof why);
	json_decref(data);
	return rc < 0 ? bench_fail(s->b, "%s: %s", command, why) : 0;
}

/* The master's own measurement, from its log: ready worker=web.2 ... ready_us=1890 */
static int
one_more(struct spawn *s, double *ms_out)
{
	static const char *const words[] = { " ready worker=web.", NULL };
	char line[1024], us[32];
	int rc = scale(s, 2);

	if (rc < 0)
		return rc;
	rc = server_log_wait(&s->server, words, 10000, line, sizeof line);
	if (rc != 1 || !server_line_value(line, "ready_us", us, sizeof us))
		return bench_fail(s->b, "no second worker became ready");
	*ms_out = (double)atol(us) / 1000;
	return scale(s, 1);
}

static int
spawn_round(void *arg, struct chunks *c)
{
	while (chunks_want(c)) {
		double ms;
		int rc = one_more(arg, &ms);

		if (rc < 0)
			return rc;
		chunks_add(c, ms, CHUNK_ALONE);
	}
	return 0;
}

static int
fork_once(double *ms_out)
{
	uint64_t t = harness_now_ns();
	int p[2], rc = 0;
	pid_t pid;
	char c;

	if (pipe(p) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		_exit(write(p[1], "x", 1) == 1 ? 0 : 1);
	if (pid < 0 || read(p[0], &c, 1) != 1)
		rc = -EIO;
	*ms_out = (double)(harness_now_ns() - t) / 1e6;
	if (pid > 0)
		(void)waitpid(pid, NULL, 0); /* it cannot fail for a child of ours */
	(void)close(p[0]);
	(void)close(p[1]);
	return rc;
}

static int
fork_round(void *arg, struct chunks *c)
{
	(void)arg;
	while (chunks_want(c)) {
		double ms = 0;
		int rc = fork_once(&ms);

		if (rc < 0)
			return rc;
		chunks_add(c, ms, CHUNK_ALONE);
	}
	return 0;
}

static int
start(struct spawn *s)
{
	char conf[2048], file[512], why[400];
	int rc;

	if (server_plugin("bench", file, sizeof file) < 0)
		return bench_fail(s->b, "the plugin bench.so is neither built"
					" nor installed");
	snprintf(conf, sizeof conf,
	    "cache { size = 64MiB }\n"
	    "group web {\n\tplugin = {\"bench\"}\n"
	    "\tlisten = {\"127.0.0.1:0\"}\n"
	    "\tstart = 1\n\tmin = 1\n\tmax = 4\n}\n"
	    "plugin bench { file = \"%s\" }\n",
	    file);
	rc = server_start(&s->server, s->b->dir, conf, "web", -1, why,
	    sizeof why);
	return rc < 0 ? bench_fail(s->b, "%s", why) : 0;
}

int
case_spawn(struct bench *b)
{
	struct spawn s = { .b = b };
	struct line l[] = {
		{ .name = "one more worker, fork to ready", .unit = "ms",
		    .round = spawn_round, .arg = &s },
		{ .name = "a bare fork of a small process, to its first byte",
		    .unit = "ms", .round = fork_round },
	};
	int rc = start(&s);

	if (rc == 0)
		rc = bench_run(b, l, 2, CHUNKS);
	if (rc == 0)
		rc = harness_row_limit(&b->rows, b->name, &l[0], 1, "1 ms",
		    LIMIT);
	if (rc == 0)
		rc = bench_row(b, &l[1], NULL, NULL);
	harness_fini(l, 2);
	(void)server_stop(&s.server);
	return rc;
}
