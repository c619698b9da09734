/*
 * check_worker.h - a zygote, its workers and a connection to them, for the
 * files of this program: check_worker.c what a worker does,
 * check_worker_end.c how it ends, check_worker_refuse.c which plugins it does
 * not take.  Each file has its own master, as each test has its own process.
 */
#ifndef CHECK_WORKER_H
#define CHECK_WORKER_H

#include <check.h>
#include <string.h>
#include <sys/socket.h>

#include "fakemaster.h"

#define CONF(rest) \
	"group web { plugin = \"talk\" protocol = stream " \
	"listen = \"127.0.0.1:0\" }\n" rest

static struct fm m;

static inline void
setup(void)
{
	memset(&m, 0, sizeof m);
}

static inline void
teardown(void)
{
	fm_close(&m);
}

/* A zygote and n workers that are ready. */
static inline void
start(const char *conf, unsigned n)
{
	unsigned i;

	ck_assert_int_eq(fm_open(&m, conf, "web"), 0);
	ck_assert_msg(fm_expect(&m, m.chan, MSG_ZYGOTE_READY) == 1, "%s",
	    fm_read_log(&m));
	for (i = 0; i < n; i++) {
		ck_assert_int_eq(fm_clone(&m, i), 0);
		ck_assert_msg(fm_expect(&m, m.worker[i].chan, MSG_READY) == 1,
		    "%s", fm_read_log(&m));
	}
}

static inline int
dial(void)
{
	int fd = fm_connect(&m);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static inline void
say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
	    strlen(text));
}

/* One line of the answer, without its end; "" at the end of the connection. */
static inline const char *
hear(int fd)
{
	static char line[256];
	size_t n = 0;

	while (n < sizeof line - 1 && recv(fd, line + n, 1, 0) == 1) {
		if (line[n] == '\n')
			break;
		n++;
	}
	line[n] = '\0';
	return line;
}

static inline const char *
ask(int fd, const char *text)
{
	say(fd, text);
	return hear(fd);
}

/*
 * Until the only worker's handlers wait that were given something to do: it
 * answers a later request on another connection.
 */
static inline void
until_they_wait(void)
{
	int fd = dial();

	ck_assert_str_eq(ask(fd, "echo turn\n"), "turn");
	close(fd);
}

TCase *worker_end_case(void);
TCase *worker_refuse_case(void);

#endif
