/* The HTTP front: answers in pieces that wait for their reader. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "check_http_conn.h"
#include "httpfix.h"

#define FLOOD (HF_BIG / 30 * 30)

/* Ask for the flood and read none of it: its handler waits in the end. */
static int
begin_flood(void)
{
	int fd = hf_dial(), i;

	hf_put_text(fd, "GET /flood HTTP/1.1" E H E);
	for (i = 0; i < 20; i++)
		hf_pass(0);
	ck_assert_uint_eq(hf_worker()->tasks.n_live, 1);
	return fd;
}

/* Behind the last chunk of the first answer; all of it has come. */
static char *
end_of_flood(struct hf_text *t)
{
	char *at = strstr(t->p, E E), *end;
	size_t sum = 0, n;

	ck_assert_ptr_nonnull(at);
	at += 4;
	do {
		n = strtoul(at, &end, 16);
		ck_assert_ptr_ne(at, end);
		at = end + 2 + n + 2;
		sum += n;
		ck_assert_uint_le((size_t)(at - t->p), t->n);
	} while (n > 0);
	ck_assert_uint_eq(sum, FLOOD);
	return at;
}

START_TEST(a_flood_waits_for_its_reader)
{
	struct hf_text t = { 0 };
	int fd;

	hf_start_plain();
	fd = begin_flood();
	hf_settle(&t, fd);
	ck_assert_ptr_eq(end_of_flood(&t), t.p + t.n);
	free(t.p);
	close(fd);
	hf_stop();
}
END_TEST

/*
 * Take so little that the write event does not tell of it; what is sent next is
 * then sent because of something else.
 */
static void
take_some(struct hf_text *t, int fd)
{
	ssize_t n;

	if (t->cap - t->n < 65536 + 1) {
		t->cap = t->cap * 2 + 131072;
		t->p = realloc(t->p, t->cap);
	}
	n = read(fd, t->p + t->n, 65536);
	if (n > 0)
		t->n += (size_t)n;
	t->p[t->n] = '\0';
}

START_TEST(input_wakes_a_piece_that_has_room)
{
	struct hf_text t = { 0 };
	int fd, i;

	hf_start_plain();
	fd = begin_flood();
	for (i = 0; i < 10; i++) {
		take_some(&t, fd);
		hf_put_text(fd, "GET /hello HTTP/1.1" E H E);
		hf_pass(0);
	}
	hf_settle(&t, fd);
	ck_assert_str_eq(hf_plain(end_of_flood(&t)), HELLO HELLO HELLO HELLO
	    HELLO HELLO HELLO HELLO HELLO HELLO);
	free(t.p);
	close(fd);
	hf_stop();
}
END_TEST

START_TEST(a_half_close_wakes_a_piece_that_has_room)
{
	int fd, i, k;

	hf_start_plain();
	for (k = 0; k < 8; k++) {
		struct hf_text t = { 0 };

		/* Some k of them leaves little enough to be sent at once. */
		fd = begin_flood();
		for (i = 0; i < k; i++) {
			take_some(&t, fd);
			hf_put_text(fd, "GET");
			hf_pass(0);
		}
		take_some(&t, fd);
		shutdown(fd, SHUT_WR);
		hf_settle(&t, fd);
		(void)end_of_flood(&t);
		free(t.p);
		close(fd);
		while (hf_worker()->n_conns > 0)
			hf_pass(1);
	}
	hf_stop();
}
END_TEST

START_TEST(a_drain_wakes_a_piece_that_has_room)
{
	struct hf_text t = { 0 };
	int fd, i;

	hf_start_plain();
	fd = begin_flood();
	hf_worker()->drain = WORKER_CLOSING;
	for (i = 0; i < 10; i++) {
		take_some(&t, fd);
		hf_worker()->front->drain(hf_worker());
	}
	hf_settle(&t, fd);
	(void)end_of_flood(&t);
	free(t.p);
	close(fd);
	hf_stop();
}
END_TEST

START_TEST(the_deadline_does_not_count_while_the_client_reads)
{
	struct hf_text t = { 0 };
	int fd = -1;

	hf_start_plain();
	fd = hf_dial();
	hf_put_text(fd, "GET /flood/late HTTP/1.1" E H E);
	hf_settle(&t, fd);
	(void)end_of_flood(&t);
	free(t.p);
	close(fd);
	hf_stop();
}
END_TEST

START_TEST(a_fast_reader_does_not_keep_the_others_waiting)
{
	static const char *const in[] = { "GET /flood HTTP/1.1" E H E,
		"HEAD /flood HTTP/1.1" E H E };
	size_t i;

	hf_start_plain();
	for (i = 0; i < 2; i++) {
		struct hf_text t = { 0 };
		int fd = hf_dial();

		hf_put_text(fd, in[i]);
		hf_pass(0);
		ck_assert_uint_eq(hf_worker()->tasks.n_live, 1);
		hf_text_read(&t, fd);
		ck_assert_uint_lt(t.n, 3 * 65536);
		hf_settle(&t, fd);
		ck_assert_uint_eq(hf_worker()->tasks.n_live, 0);
		free(t.p);
		close(fd);
	}
	hf_stop();
}
END_TEST

TCase *
http_conn_piece_case(void)
{
	return SUITE_CASE("piece", NULL, NULL,
	    a_flood_waits_for_its_reader,
	    input_wakes_a_piece_that_has_room,
	    a_half_close_wakes_a_piece_that_has_room,
	    the_deadline_does_not_count_while_the_client_reads,
	    a_fast_reader_does_not_keep_the_others_waiting,
	    a_drain_wakes_a_piece_that_has_room);
}
