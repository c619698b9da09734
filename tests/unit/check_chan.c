/* Messages between the master and its children. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chan.h"
#include "fdio.h"
#include "suite.h"

static struct chan *a, *b;
static struct chan_msg m;

static void
setup(void)
{
	int sv[2];

	ck_assert_int_eq(chan_pair(sv), 0);
	ck_assert_int_eq(chan_open(&a, sv[0], 7), 0);
	ck_assert_int_eq(chan_open(&b, sv[1], 8), 0);
}

static void
teardown(void)
{
	chan_close(&a);
	chan_close(&b);
}

START_TEST(a_message_arrives_as_it_was_sent)
{
	struct msg_ready ready = { .slot = 3, .asked_ns = 99 };
	const struct msg_ready *got;

	ck_assert_int_eq(chan_recv(b, &m), 0);
	ck_assert_int_eq(chan_send(a, MSG_READY, &ready, "hi", 2, NULL, 0), 0);
	ck_assert_int_eq(chan_recv(b, &m), 1);
	got = m.body;
	ck_assert_uint_eq(m.head.type, MSG_READY);
	ck_assert_uint_eq(m.head.generation, 7);
	ck_assert_int_eq(m.head.pid, getpid());
	ck_assert_uint_eq(got->slot, 3);
	ck_assert_uint_eq(got->asked_ns, 99);
	ck_assert_str_eq(m.text, "hi");
	chan_msg_fini(&m);
}
END_TEST

START_TEST(descriptors_travel_and_close)
{
	struct msg_control c = { 5 };
	int ends[2], fd;
	char byte;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(chan_send(a, MSG_CONTROL, &c, "x", 1, &ends[1], 1),
	    0);
	close(ends[1]);
	ck_assert_int_eq(chan_recv(b, &m), 1);
	ck_assert_uint_eq(m.n_fds, 1);
	fd = m.fds[0];
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq((int)write(fd, "y", 1), 1);
	chan_msg_fini(&m);
	ck_assert_int_eq((int)read(ends[0], &byte, 1), 1);
	/* With our copy gone, the pipe has ended. */
	ck_assert_int_eq((int)read(ends[0], &byte, 1), 0);
	close(ends[0]);
}
END_TEST

START_TEST(a_slow_peer_gets_all_in_order)
{
	struct msg_reap reap = { 0 };
	const struct msg_reap *got;
	uint32_t sent = 0, seen = 0;
	int rc;

	while (chan_pending(a) < 100) {
		reap.slot = sent++;
		ck_assert_int_eq(chan_send(a, MSG_REAP, &reap, NULL, 0, NULL,
		    0), 0);
	}
	while (seen < sent) {
		while ((rc = chan_recv(b, &m)) == 1) {
			got = m.body;
			ck_assert_uint_eq(got->slot, seen++);
		}
		ck_assert_int_eq(rc, 0);
		ck_assert_int_eq(chan_flush(a), 0);
	}
	ck_assert_uint_eq(chan_pending(a), 0);
}
END_TEST

START_TEST(the_queue_is_bounded)
{
	struct msg_reap reap = { 0 };
	int rc, i;

	for (i = 0; i < 100000; i++) {
		rc = chan_send(a, MSG_REAP, &reap, NULL, 0, NULL, 0);
		if (rc != 0)
			break;
	}
	ck_assert_int_eq(rc, -ENOBUFS);
	ck_assert_uint_eq(chan_pending(a), CHAN_QUEUE_MAX);
}
END_TEST

START_TEST(the_end_of_the_peer_is_seen)
{
	struct msg_reap reap = { 0 };

	chan_close(&b);
	ck_assert_int_eq(chan_recv(a, &m), -EPIPE);
	ck_assert_int_eq(chan_send(a, MSG_REAP, &reap, NULL, 0, NULL, 0),
	    -EPIPE);
}
END_TEST

START_TEST(what_was_sent_before_the_end_is_read)
{
	ck_assert_int_eq(chan_send(a, MSG_STATUS, NULL, "{}", 2, NULL, 0), 0);
	chan_close(&a);
	ck_assert_int_eq(chan_wait(b, 1000, &m), 1);
	ck_assert_str_eq(m.text, "{}");
	ck_assert_int_eq(chan_wait(b, 1000, &m), -EPIPE);
}
END_TEST

START_TEST(the_last_words_of_one_that_did_not_listen_are_read)
{
	ck_assert_int_eq(chan_send(b, MSG_LOG_LEVEL, NULL, "info", 4, NULL, 0),
	    0);
	ck_assert_int_eq(chan_send(a, MSG_STATUS, NULL, "{}", 2, NULL, 0), 0);
	chan_close(&a);
	ck_assert_int_eq(chan_recv(b, &m), 1);
	ck_assert_str_eq(m.text, "{}");
	chan_msg_fini(&m);
	ck_assert_int_eq(chan_recv(b, &m), -EPIPE);
}
END_TEST

static void
put_raw(const void *data, size_t n, const int *fds, size_t n_fds)
{
	ck_assert_int_eq((int)fdio_send(chan_fd(a), data, n, fds, n_fds),
	    (int)n);
}

START_TEST(bad_packets_are_refused)
{
	struct {
		struct msg_head head;
		char rest[64];
	} p = { .head = { .type = MSG_REAP, .body_len = 8 } };
	int fd = dup(0);

	put_raw(&p, 8, NULL, 0);	/* half a head */
	ck_assert_int_eq(chan_recv(b, &m), -EPROTO);
	put_raw(&p, 16, NULL, 0);	/* no body */
	ck_assert_int_eq(chan_recv(b, &m), -EPROTO);
	put_raw(&p, 25, NULL, 0);	/* a byte too many */
	ck_assert_int_eq(chan_recv(b, &m), -EPROTO);
	put_raw(&p, 24, &fd, 1);	/* a descriptor that nobody asked for */
	ck_assert_int_eq(chan_recv(b, &m), -EPROTO);
	p.head.text_len = UINT32_MAX;
	put_raw(&p, 24, NULL, 0);
	ck_assert_int_eq(chan_recv(b, &m), -EPROTO);
	p.head.text_len = 0;
	p.head.type = 999;
	put_raw(&p, 24, NULL, 0);
	ck_assert_int_eq(chan_recv(b, &m), -EPROTO);
	p.head.type = MSG_CONTROL;	/* the descriptor is missing */
	put_raw(&p, 24, NULL, 0);
	ck_assert_int_eq(chan_recv(b, &m), -EPROTO);
	close(fd);
}
END_TEST

START_TEST(too_long_messages_are_not_sent)
{
	static char text[MSG_MAX];

	ck_assert_int_eq(chan_send(a, MSG_STATUS, NULL, text,
	    MSG_MAX - sizeof(struct msg_head) + 1, NULL, 0), -EMSGSIZE);
	ck_assert_int_eq(chan_send(a, MSG_STATUS, NULL, text,
	    MSG_MAX - sizeof(struct msg_head), NULL, 0), 0);
	ck_assert_int_eq(chan_recv(b, &m), 1);
	ck_assert_uint_eq(m.head.text_len, MSG_MAX - sizeof(struct msg_head));
}
END_TEST

START_TEST(waiting_ends_in_time)
{
	ck_assert_int_eq(chan_wait(b, 0, &m), -ETIMEDOUT);
	ck_assert_int_eq(chan_wait(b, 10, &m), -ETIMEDOUT);
}
END_TEST

START_TEST(every_type_has_a_name_and_a_length)
{
	unsigned t;

	for (t = 1; t < MSG_TYPE_END; t++) {
		ck_assert_int_ge(msg_body_len(t), 0);
		ck_assert_int_eq(msg_body_len(t) % 8, 0);
		ck_assert_str_ne(msg_name(t), "unknown");
		ck_assert_uint_le(msg_fds_min(t), msg_fds_max(t));
		ck_assert_uint_le(msg_fds_max(t), MSG_FDS);
	}
	ck_assert_int_eq(msg_body_len(0), -1);
	ck_assert_int_eq(msg_body_len(MSG_TYPE_END), -1);
}
END_TEST

SUITE_MAIN("chan", setup, teardown, a_message_arrives_as_it_was_sent,
    descriptors_travel_and_close, a_slow_peer_gets_all_in_order,
    the_queue_is_bounded, the_end_of_the_peer_is_seen,
    what_was_sent_before_the_end_is_read,
    the_last_words_of_one_that_did_not_listen_are_read, bad_packets_are_refused,
    too_long_messages_are_not_sent, waiting_ends_in_time,
    every_type_has_a_name_and_a_length)
