/*
 * httpfix.h - the HTTP front in this process, over socket pairs: a worker with
 * its loop and the routes of httpfix_routes.c, and clients that never block.
 * What would take a master (an end counted, a connection handed over) is only
 * noted here.
 *
 *	hf_start_plain()		the worker, with the usual settings
 *	hf_expect(in, want)		the answers to bytes on a new connection
 *	fd = hf_dial(), hf_put_text()	by hand, with loop passes between
 *	hf_settle(&t, fd)		until nothing more comes out
 *	hf_stop()
 */
#ifndef TESTS_HTTPFIX_H
#define TESTS_HTTPFIX_H

#include <stddef.h>

#include <skep/http.h>

#include "worker.h"

#define HF_CONF(http)                                                          \
	"group web {\n  plugin = test\n  listen = 127.0.0.1:0\n}\n"            \
	"skepd {\n run_dir = /tmp\n}\n"                                        \
	"http {\n" http "\n}\n"

extern const struct skep_route hf_routes[];
int hf_last_rc(void);			/* what the last handler's wait gave */

#define HF_BIG (3u << 20)
const char *hf_big(void);		/* so many 'x', once started */

/* --- the worker --- */

struct hf_handed {
	int fd;
	size_t n;
	char bytes[1000];
};

void hf_start(const char *settings);	/* a configuration: HF_CONF("...") */
void hf_start_plain(void);
void hf_stop(void);
struct worker *hf_worker(void);
struct hf_handed *hf_handed(void);	/* the last one handed over */
void hf_pass(int wait);			/* once through the loop */

/* --- a client --- */

struct hf_text {
	char *p;
	size_t n, cap;
	int eof;		/* 1 end, -1 reset */
};

/* A client's end of a new connection. */
int hf_dial(void);
void hf_put(int fd, const char *p, size_t n);
void hf_put_text(int fd, const char *text);
/* Add what is there now. */
void hf_text_read(struct hf_text *, int fd);
/* Run the loop until nothing more comes out and no handler waits. */
void hf_settle(struct hf_text *, int fd);
/* Run until the server has ended the connection. */
void hf_until_end(struct hf_text *, int fd);
/* Cut the lines that differ from run to run.  The argument. */
char *hf_plain(char *);

/*
 * What the server says to these bytes on a new connection, and whether it ends
 * it then (eof as in hf_text).
 */
void hf_expect_n(const char *in, size_t n, const char *want, int eof);
void hf_expect(const char *in, const char *want);
void hf_expect_end(const char *in, const char *want);

/* --- messages: without prefix, they are read as a wire format --- */

#define E "\r\n"
#define H "Host: a" E
#define ANSWER(line, type, len, more, body)                                    \
	"HTTP/1.1 " line E type "Content-Length: " len E more E body
#define TEXT "Content-Type: text/plain" E
#define JSON "Content-Type: application/json" E
#define CLOSE "Connection: close" E
#define HELLO ANSWER("200 OK", TEXT, "5", "", "hello")
#define ERROR(line, len, text)                                                 \
	ANSWER(line, JSON, len, CLOSE, "{\"error\": \"" text "\"}\n")

#endif
