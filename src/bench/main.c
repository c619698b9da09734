/* skep-bench - measures skep beside its peers: skep-bench(1). */
#include "bench.h"

#include "config.h"

#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compare.h"

#define TIMEOUT_S  300	/* a case ends within 5 minutes on two processors */
#define LONG_S	   1800	/* and its curves within 30 */
#define SPARE_S	   15	/* of it, for stopping servers */
#define ROUNDS	   11

static const struct bench_case cases[] = {
	{ "cache", "get, look and set in one process, against a private table",
	    case_cache },
	{ "fiber", "a fiber switch, against swapcontext", case_fiber },
	{ "http", "requests a second of one worker, against nginx and bare epoll",
	    case_http },
	{ "spawn", "one more worker, from the fork until it is ready",
	    case_spawn },
};

#define N_CASES (sizeof cases / sizeof *cases)

struct opts {
	struct plan plan;
	int timeout_s;
	bool json, gate, curves;
	const char *save, *compare;
};

static const char usage_text[] =
    "usage: skep-bench [OPTION]... CASE...\n"
    "       skep-bench list\n"
    "       skep-bench --version | --help\n"
    "  --json          print an array of rows and nothing else\n"
    "  --long          curves as well\n"
    "  --gate          fail when a ratio is worse than twice its aim\n"
    "  --save FILE     keep the rows in FILE\n"
    "  --compare FILE  hold the rows against those kept in FILE\n"
    "  --rounds N      rounds that count (at least 9)\n"
    "  --warmup N      rounds before them\n"
    "  --iterations N  chunks in a round\n"
    "  --timeout S     seconds for one case\n";

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path); /* a temporary file that stays is no failure */
	return 0;
}

static const struct bench_case *
case_find(const char *name)
{
	for (size_t i = 0; i < N_CASES; i++)
		if (strcmp(cases[i].name, name) == 0)
			return &cases[i];
	return NULL;
}

/* In the child: run it and write {"rows": [...]} or {"error": "..."} to fd. */
static int
run_here(const struct bench_case *c, const struct opts *o, const char *dir,
    int fd)
{
	struct bench b = { .name = c->name, .plan = o->plan,
		.curves = o->curves };
	json_t *out;
	int rc;

	snprintf(b.dir, sizeof b.dir, "%s", dir);
	b.plan.deadline_ns = harness_now_ns() +
	    (uint64_t)(o->timeout_s > 2 * SPARE_S ? o->timeout_s - SPARE_S :
						    o->timeout_s) *
		1000000000u;
	rc = c->run(&b);
	if (rc < 0)
		out = json_pack("{s:s}", "error",
		    b.why[0] != '\0' ? b.why : strerror(-rc));
	else
		out = json_pack("{s:o}", "rows", rows_json(&b.rows));
	if (out == NULL || json_dumpfd(out, fd, 0) < 0)
		return 1;
	json_decref(out);
	rows_fini(&b.rows);
	return 0;
}

/* Everything the child writes until it closes the pipe or time is up; NULL: time is up, or no memory. */
static char *
read_all(int fd, uint64_t deadline_ns)
{
	size_t n = 0, cap = 0;
	char *buf = NULL;

	for (;;) {
		uint64_t now = harness_now_ns();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t k;

		if (n + 4096 > cap) {
			char *more = realloc(buf, cap += 65536);

			if (more == NULL)
				break;
			buf = more;
		}
		if (now >= deadline_ns ||
		    poll(&p, 1, (int)((deadline_ns - now) / 1000000) + 1) == 0)
			break;
		k = read(fd, buf + n, cap - n - 1);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0) {
			buf[n] = '\0';
			return buf;
		}
		n += (size_t)k;
	}
	free(buf);
	return NULL;
}

static int
take_results(const struct bench_case *c, const char *text, struct rows *rows)
{
	json_t *o = text == NULL ? NULL : json_loads(text, 0, NULL);
	const char *why = json_string_value(json_object_get(o, "error"));
	int rc;

	if (o == NULL)
		why = text == NULL ? "took too long and was ended" :
				     "ended without a result";
	if (why != NULL) {
		fprintf(stderr, "skep-bench: %s: %s\n", c->name, why);
		rc = -EPROTO;
	} else {
		rc = rows_from_json(rows, json_object_get(o, "rows"));
	}
	json_decref(o);
	return rc;
}

static int
run_case(const struct bench_case *c, const struct opts *o, struct rows *rows)
{
	const char *tmp = getenv("TMPDIR");
	char dir[256], *text;
	pid_t me = getpid(), pid;
	int p[2], rc;

	snprintf(dir, sizeof dir, "%s/skep-bench.XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(dir) == NULL || pipe(p) < 0)
		return -errno;
	(void)fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)close(p[0]);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail with a valid signal */
		_exit(getppid() == me ? run_here(c, o, dir, p[1]) : 1);
	}
	(void)close(p[1]);
	text = read_all(p[0],
	    harness_now_ns() + (uint64_t)o->timeout_s * 1000000000u);
	(void)kill(pid, SIGKILL); /* it has said what it had to say */
	(void)waitpid(pid, NULL, 0);
	(void)close(p[0]);
	rc = take_results(c, text, rows);
	free(text);
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return rc;
}

static int
list(bool json)
{
	json_t *a = json_array();

	for (size_t i = 0; i < N_CASES; i++)
		if (!json)
			printf("%-8s %s\n", cases[i].name, cases[i].what);
		else if (json_array_append_new(a,
			     json_pack("{s:s, s:s}", "name", cases[i].name,
				 "what", cases[i].what)) < 0)
			return 1;
	if (json && json_dumpf(a, stdout, JSON_INDENT(1)) == 0)
		putchar('\n');
	json_decref(a);
	return fflush(stdout) == 0 ? 0 : 1;
}

/* How many rows are worse than twice their aim. */
static int
gate(const struct rows *rows)
{
	int n = 0;

	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = &rows->v[i];

		if (!row_far_off(r))
			continue;
		fprintf(stderr, "skep-bench: %s: %s: %.4g is worse than twice"
				" the aim %s\n", r->bench, r->name, r->ratio,
		    r->aim);
		n++;
	}
	return n;
}

static void
complain_of(const char *path, int rc)
{
	fprintf(stderr, "skep-bench: %s: %s\n", path,
	    rc == -EINVAL ? "no saved results" : strerror(-rc));
}

static int
hold_against(const struct rows *rows, const char *path, FILE *f)
{
	struct rows before = { 0 };
	int rc = compare_load(&before, path), n_worse = 0;

	if (rc < 0)
		complain_of(path, rc);
	else
		n_worse = compare_print(rows, &before, f);
	rows_fini(&before);
	return rc < 0 ? rc : n_worse;
}

static int
finish(const struct opts *o, const struct rows *rows)
{
	int status = 0, rc;

	if (o->json) {
		json_t *a = rows_json(rows);

		if (a == NULL || json_dumpf(a, stdout,
				     JSON_INDENT(1) | JSON_REAL_PRECISION(6)) < 0)
			status = 1;
		putchar('\n');
		json_decref(a);
	} else {
		rows_print(rows, stdout);
	}
	if (o->compare != NULL &&
	    hold_against(rows, o->compare, o->json ? stderr : stdout) != 0)
		status = 1;
	if (o->save != NULL && (rc = compare_save(rows, o->save)) < 0) {
		complain_of(o->save, rc);
		status = 1;
	}
	if (o->gate && gate(rows) > 0)
		status = 1;
	return fflush(stdout) == 0 ? status : 1;
}

static int
number(const char *text, int least)
{
	char *end;
	long v = strtol(text, &end, 10);

	if (*end != '\0' || end == text || v < least || v > 1000000) {
		fprintf(stderr, "skep-bench: '%s' is no number of %d or more\n",
		    text, least);
		exit(2);
	}
	return (int)v;
}

static void
options(int argc, char **argv, struct opts *o)
{
	static const struct option known[] = { { "json", 0, 0, 'j' },
		{ "long", 0, 0, 'l' }, { "gate", 0, 0, 'g' },
		{ "save", 1, 0, 's' }, { "compare", 1, 0, 'c' },
		{ "rounds", 1, 0, 'r' }, { "warmup", 1, 0, 'w' },
		{ "iterations", 1, 0, 'i' }, { "timeout", 1, 0, 't' },
		{ "help", 0, 0, 'h' }, { "version", 0, 0, 'V' },
		{ 0, 0, 0, 0 } };
	int k;

	while ((k = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (k) {
		case 'j': o->json = true; break;
		case 'l': o->curves = true; break;
		case 'g': o->gate = true; break;
		case 's': o->save = optarg; break;
		case 'c': o->compare = optarg; break;
		case 'r':
			o->plan.rounds = number(optarg, HARNESS_ROUNDS_MIN);
			break;
		case 'w': o->plan.warmup = number(optarg, 0); break;
		case 'i':
			o->plan.iterations = number(optarg, HARNESS_CHUNKS_MIN);
			break;
		case 't': o->timeout_s = number(optarg, 1); break;
		case 'h': fputs(usage_text, stdout); exit(0);
		case 'V': puts("skep-bench " PACKAGE_VERSION); exit(0);
		default: fputs(usage_text, stderr); exit(2);
		}
	if (o->timeout_s == 0)
		o->timeout_s = o->curves ? LONG_S : TIMEOUT_S;
}

/* Minutes of measuring are not to be lost to a misspelt path. */
static bool
files_good(const struct opts *o)
{
	struct rows before = { 0 };
	int rc = 0;

	if (o->compare != NULL)
		rc = compare_load(&before, o->compare);
	rows_fini(&before);
	if (rc < 0) {
		complain_of(o->compare, rc);
		return false;
	}
	if (o->save != NULL)
		rc = compare_may_save(o->save);
	if (rc < 0)
		complain_of(o->save, rc);
	return rc == 0;
}

int
main(int argc, char **argv)
{
	struct opts o = { .plan = { .rounds = ROUNDS, .warmup = 1 } };
	struct rows rows = { 0 };
	int status = 0;

	(void)signal(SIGPIPE, SIG_IGN); /* a server that goes away is an error of a write */
	options(argc, argv, &o);
	if (optind + 1 == argc && strcmp(argv[optind], "list") == 0)
		return list(o.json);
	for (int i = optind; i < argc; i++)
		if (case_find(argv[i]) == NULL) {
			fprintf(stderr, "skep-bench: no case '%s';"
					" see skep-bench list\n", argv[i]);
			return 2;
		}
	if (optind == argc) {
		fputs(usage_text, stderr);
		return 2;
	}
	if (!files_good(&o))
		return 1;
	for (int i = optind; i < argc; i++)
		if (run_case(case_find(argv[i]), &o, &rows) < 0)
			status = 1;
	/* Half a table would pass for a whole one. */
	if (status == 0)
		status = finish(&o, &rows);
	rows_fini(&rows);
	return status;
}
