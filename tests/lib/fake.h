/*
 * fake.h - a plugin's server that lives in the test: requests in, answers out,
 * no process, no socket, a cache in memory.
 *
 *	fake_start(&f, &skep_plugin, dir);
 *	fake_option(&f, "data", path);
 *	fake_warm(&f), fake_open(&f);
 *	fake_ask(&f, "GET", "/v1/quotes/AAPL", NULL, &a);
 *	... a.status, a.body ...
 *	fake_answer_fini(&a);
 *	fake_stop(&f);
 *
 * It has the calls that bundled plugins make, with the promises that the
 * headers in include/skep/ state; running out of room in one of its tables
 * stops the test.
 */
#ifndef TESTS_FAKE_H
#define TESTS_FAKE_H

#include <skep/skep.h>

#define FAKE_TABLE 64

struct fake {
	const struct skep_plugin *plugin;
	const char *state_dir;
	void *data;			/* skep_app_set_data() */
	char fail[500];			/* skep_app_fail() */
	char log[4000];			/* lines of skep_app_log() */
	struct {
		const char *name, *value;
	} option[FAKE_TABLE];
	struct {
		char *key, *value;
		size_t key_n, value_n;
		int64_t ttl;
	} *cache;
	size_t n_cache;
};

struct fake_answer {
	int rc;			/* what the handler returned */
	int status;		/* 0: there was no reply */
	char type[64];
	char x_cache[16];
	int etag;		/* skep_reply_etag() was called */
	char *body;		/* with a NUL behind it */
	size_t n;
};

void fake_start(struct fake *, const struct skep_plugin *, const char *dir);
void fake_option(struct fake *, const char *name, const char *value);
int fake_warm(struct fake *);
int fake_open(struct fake *);
void fake_close(struct fake *);
void fake_stop(struct fake *);

/* target is as in a request line; body may be NULL. */
void fake_ask(struct fake *, const char *method, const char *target,
    const char *body, struct fake_answer *);
void fake_answer_fini(struct fake_answer *);

#endif
