/*
 * hclient.h - an HTTP client that forgives nothing: many keep-alive
 * connections, raw, one thread, each request answered or accounted for.
 *
 * It never repeats a request by itself.  Whatever goes wrong is one failure of
 * one kind, handed to the test, which decides what it means; the connection is
 * then replaced by a new one and the load goes on.
 *
 *	hclient_open -> hclient_run (any number of times) -> hclient_finish -> hclient_close
 */
#ifndef TESTS_HCLIENT_H
#define TESTS_HCLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer.h"

enum hclient_kind {
	HC_REFUSED,	/* cannot connect */
	HC_RESET,	/* reset, a request out, not a byte of its answer seen */
	HC_CLOSED,	/* closed without a word, a request out, not a byte of its answer seen */
	HC_DROPPED,	/* an answer said Connection: close, and requests sent before it stay unanswered */
	HC_SHORT,	/* closed or reset in the middle of an answer */
	HC_IDLE,	/* closed or reset without a word while no request was out */
	HC_MALFORMED,	/* that is no HTTP */
	HC_WRONG,	/* a whole answer, but not the right one */
	HC_SURPLUS,	/* bytes that no request asked for */
	HC_HANG,	/* no answer within hang_ms */
	HC_KINDS
};

const char *hclient_kind_name(enum hclient_kind);

struct hclient_failure {
	int conn;		/* number of the connection, from 0; it is kept by its successor */
	enum hclient_kind kind;
	uint64_t id;		/* of the request that was to be answered next; 0: none was out */
	bool repeated;		/* that request has failed before */
	uint64_t sent_ns;	/* when it was sent, 0: none was out */
	uint64_t quiet_ns;	/* the last answer's end on this connection, or when it was connected */
	uint64_t now_ns;
	const char *worker;	/* who served the connection, "" when not known */
	const char *why;
};

struct hclient_style {
	int pipeline;		/* requests sent at once, 1 to HCLIENT_PIPELINE */
	int pause_min_ms, pause_max_ms;	/* at random after the answers */
};

#define HCLIENT_PIPELINE 8

struct hclient_conf {
	const char *host;	/* numeric IPv4 address */
	int port;
	int hang_ms;
	uint64_t seed;
	void *arg;
	/* The next request of a connection into buf; returns its length.  *id_out, not 0, comes back in check(). */
	size_t (*request)(void *arg, int conn, char *buf, size_t size,
	    uint64_t *id_out);
	/* NULL when that is the right answer, else why not. */
	const char *(*check)(void *arg, uint64_t id, const struct answer *);
	/* Return true to have the unanswered requests sent again on the new connection. */
	bool (*failed)(void *arg, const struct hclient_failure *);
	/* Called when the time that it last returned has come, first at once; may be NULL. */
	uint64_t (*tick)(void *arg, uint64_t now_ns);
};

struct hclient;

/* n connections, each with the style of its number.  They connect at once.  0, -errno. */
int hclient_open(struct hclient **, const struct hclient_conf *,
    const struct hclient_style *, int n);
/* Drive the load until then.  0, -errno. */
int hclient_run(struct hclient *, uint64_t until_ns);
/* Send no more; wait until every request that is out is answered or has failed. */
int hclient_finish(struct hclient *);
void hclient_close(struct hclient **);

struct hclient_counts {
	uint64_t requests, answers, connects;
	uint64_t closes;	/* announced by the server */
	uint64_t failures[HC_KINDS];
};
const struct hclient_counts *hclient_counts(const struct hclient *);

/* For the test that knows more than the answers told. */
int hclient_local_port(const struct hclient *, int conn);	/* 0: not connected */
const char *hclient_worker(const struct hclient *, int conn);	/* "": no answer yet */

/* The clock it uses: CLOCK_MONOTONIC. */
uint64_t hclient_now_ns(void);

#endif
