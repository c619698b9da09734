/* handover: nothing is lost, whatever the socket between the workers can hold. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/metricfix.h"
#include "../lib/shmfix.h"
#include "../lib/suite.h"
#include "config.h"
#include "conf.h"
#include "fdio.h"
#include "fds.h"
#include "handover.h"
#include "worker.h"

#define MANY 2000

static struct worker giver, taker;
static int n_taken, n_recalled, n_bytes, last_peer_len;
static char last[HANDOVER_BYTES_MAX];
static int taken_fd = -1;

static void
take(struct worker *w, int fd, const struct sockaddr *peer, socklen_t peer_len,
    const char *bytes, size_t n)
{
	(void)peer;
	n_taken++;
	n_recalled += w == &giver;
	n_bytes += (int)n;
	last_peer_len = (int)peer_len;
	memcpy(last, bytes, n);
	if (taken_fd >= 0)
		close(taken_fd);
	taken_fd = fd;
}

static const struct front fake = { "fake", NULL, take, NULL, NULL };

static void
setup(void)
{
	int sv[2];

	memset(&giver, 0, sizeof giver);
	memset(&taker, 0, sizeof taker);
	n_taken = n_recalled = n_bytes = 0;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv), 0);
	/* Out of the way of the numbers to come. */
	sv[0] = fdio_dup_above(sv[0], 100);
	sv[1] = fdio_dup_above(sv[1], 100);
	ck_assert_int_eq(fdio_place(sv[0], FD_HANDOVER_RX), 0);
	ck_assert_int_eq(fdio_place(sv[1], FD_HANDOVER_TX), 0);
	giver.generation = 1;
	taker.generation = 2;
	giver.front = taker.front = &fake;
	ck_assert_int_eq(loop_init(&giver.loop), 0);
	ck_assert_int_eq(loop_init(&taker.loop), 0);
	ck_assert_int_eq(handover_open(&giver.handover, &giver), 0);
	ck_assert_int_eq(handover_open(&taker.handover, &taker), 0);
	ck_assert_int_eq(handover_listen(taker.handover, 1), 0);
}

static void
teardown(void)
{
	handover_close(&giver.handover);
	handover_close(&taker.handover);
	loop_fini(&giver.loop);
	loop_fini(&taker.loop);
}

/* One end of a connection; the other is the caller's. */
static int
connection(int *client_out)
{
	int sv[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	*client_out = sv[0];
	return sv[1];
}

START_TEST(a_connection_arrives_with_its_bytes_and_peer)
{
	struct sockaddr_storage peer = { .ss_family = AF_INET };
	char c = 0;
	int client, fd = connection(&client);

	ck_assert_int_eq(handover_put(giver.handover, fd,
	    (struct sockaddr *)&peer, 16, "GET / HT", 8), 0);
	ck_assert_uint_eq(handover_pending(giver.handover), 0);
	loop_pass(&taker.loop, 1);
	ck_assert_int_eq(n_taken, 1);
	ck_assert_int_eq(n_bytes, 8);
	ck_assert_int_eq(memcmp(last, "GET / HT", 8), 0);
	ck_assert_int_eq(last_peer_len, 16);
	ck_assert_uint_eq(taker.n_conns, 1);
	/* It is the same connection, and the giver's end of it is closed. */
	ck_assert_int_eq(write(taken_fd, "x", 1), 1);
	ck_assert_int_eq(read(client, &c, 1), 1);
	close(taken_fd);
	taken_fd = -1;
	ck_assert_int_eq(read(client, &c, 1), 0);
	close(client);
}
END_TEST

START_TEST(a_full_socket_keeps_the_rest_waiting_in_order)
{
	static int clients[MANY];
	struct rlimit rl = { 3 * MANY, 3 * MANY };
	char text[16], c;
	int i;

	(void)getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = rl.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
	for (i = 0; i < MANY; i++) {
		int fd = connection(&clients[i]);

		(void)snprintf(text, sizeof text, "%d", i);
		ck_assert_int_eq(handover_put(giver.handover, fd, NULL, 0, text,
		    strlen(text)), 0);
	}
	ck_assert_uint_gt(handover_pending(giver.handover), 0);
	for (i = 0; n_taken < MANY; i++) {
		loop_pass(&taker.loop, 0);
		if (n_taken > 0) {	/* the packets keep their order */
			(void)snprintf(text, sizeof text, "%d", n_taken - 1);
			ck_assert_int_eq(memcmp(last, text, strlen(text)), 0);
		}
		loop_pass(&giver.loop, 0);
		ck_assert_int_lt(i, 100 * MANY);
	}
	ck_assert_uint_eq(handover_pending(giver.handover), 0);
	/* All but the last were closed by the taker: none is left open here. */
	for (i = 0; i < MANY - 1; i++) {
		ck_assert_int_eq(read(clients[i], &c, 1), 0);
		close(clients[i]);
	}
	close(clients[MANY - 1]);
}
END_TEST

START_TEST(the_largest_head_travels_and_more_is_refused)
{
	static char big[HANDOVER_BYTES_MAX + 1];
	int client, fd = connection(&client);

	memset(big, 'h', sizeof big);
	ck_assert_int_eq(handover_put(giver.handover, fd, NULL, 0, big,
	    sizeof big), -EMSGSIZE);
	ck_assert_int_eq(handover_put(giver.handover, fd, NULL, 0, big,
	    HANDOVER_BYTES_MAX), 0);
	loop_pass(&taker.loop, 1);
	ck_assert_int_eq(n_bytes, HANDOVER_BYTES_MAX);
	ck_assert_int_eq(last[HANDOVER_BYTES_MAX - 1], 'h');
	close(client);
}
END_TEST

START_TEST(who_does_not_listen_takes_nothing)
{
	int client, fd = connection(&client);

	ck_assert_int_eq(handover_listen(taker.handover, 0), 0);
	ck_assert_int_eq(handover_put(giver.handover, fd, NULL, 0, "a", 1), 0);
	loop_pass(&taker.loop, 0);
	ck_assert_int_eq(n_taken, 0);
	ck_assert_int_eq(handover_listen(taker.handover, 1), 0);
	loop_pass(&taker.loop, 1);
	ck_assert_int_eq(n_taken, 1);
	close(client);
}
END_TEST

/* The process has no descriptor left but one, if that. */
static int
use_up(int *fds, int max)
{
	int n = 0;

	while (n < max && (fds[n] = dup(0)) >= 0)
		n++;
	ck_assert_int_eq(errno, EMFILE);
	return n;
}

static void
close_taken(void)
{
	close(taken_fd);
	taken_fd = -1;
}

START_TEST(without_a_descriptor_to_spare_they_stay_where_they_are)
{
	struct rlimit rl;
	int fds[256], clients[3], n, i;

	(void)getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = 256;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &rl), 0);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(handover_put(giver.handover,
		    connection(&clients[i]), NULL, 0, "", 0), 0);
	n = use_up(fds, 256);
	loop_pass(&taker.loop, 1);
	ck_assert_int_eq(n_taken, 0);
	/* Room for one, and then for the next when that has ended. */
	close(fds[--n]);
	for (i = 1; i <= 3; i++) {
		while (n_taken < i)
			loop_pass(&taker.loop, 1);
		loop_pass(&taker.loop, 0);
		ck_assert_int_eq(n_taken, i);
		close_taken();
	}
	while (n > 0)
		close(fds[--n]);
	for (i = 0; i < 3; i++)
		close(clients[i]);
}
END_TEST

START_TEST(a_packet_that_is_none_ends_nothing)
{
	char c = 0;
	int client, fds[2] = { 0, 1 };

	ck_assert_int_eq(fdio_send(FD_HANDOVER_TX, "rubbish", 7, fds, 2), 7);
	ck_assert_int_eq(handover_put(giver.handover, connection(&client),
	    NULL, 0, "a", 1), 0);
	loop_pass(&taker.loop, 1);
	ck_assert_int_eq(n_taken, 1);
	close_taken();
	ck_assert_int_eq(read(client, &c, 1), 0);
	close(client);
}
END_TEST

START_TEST(who_closes_takes_its_own_back)
{
	static int clients[MANY];
	unsigned waiting;
	int i;

	for (i = 0; handover_pending(giver.handover) < 5; i++) {
		ck_assert_int_lt(i, MANY);
		ck_assert_int_eq(handover_put(giver.handover,
		    connection(&clients[i]), NULL, 0, "a", 1), 0);
	}
	waiting = handover_pending(giver.handover);
	handover_recall(giver.handover);
	ck_assert_uint_eq(handover_pending(giver.handover), 0);
	ck_assert_int_eq(n_recalled, waiting);
	ck_assert_uint_eq(giver.n_conns, waiting);
	/* The others lie in the socket. */
	handover_sweep(giver.handover);
	ck_assert_int_eq(n_recalled, i);
	ck_assert_int_eq(n_bytes, i);
	while (i > 0)
		close(clients[--i]);
}
END_TEST

START_TEST(what_speaks_another_protocol_is_closed)
{
	char c = 0;
	int client;

	giver.protocol = PROTOCOL_HTTP;
	taker.protocol = PROTOCOL_STREAM;
	ck_assert_int_eq(handover_put(giver.handover, connection(&client),
	    NULL, 0, "", 0), 0);
	loop_pass(&taker.loop, 1);
	ck_assert_int_eq(n_taken, 0);
	ck_assert_uint_eq(taker.n_conns, 0);
	ck_assert_int_eq(read(client, &c, 1), 0);
	close(client);
}
END_TEST

START_TEST(what_was_sent_is_counted_once)
{
	struct region *r = shmfix_region(NULL);
	int client;

	giver.self = shmfix_attach(r, 0, SLOT_ROLE_WORKER, "web");
	ck_assert_int_eq(handover_put(giver.handover, connection(&client),
	    NULL, 0, "", 0), 0);
	ck_assert_int_eq(metricfix_sum(r, METRIC_HTTP_HANDED), 1);
	close(client);
	slot_detach(&giver.self);
	region_close(&r);
}
END_TEST

SUITE_MAIN("handover", setup, teardown,
    a_connection_arrives_with_its_bytes_and_peer,
    a_full_socket_keeps_the_rest_waiting_in_order,
    the_largest_head_travels_and_more_is_refused,
    who_does_not_listen_takes_nothing,
    without_a_descriptor_to_spare_they_stay_where_they_are,
    a_packet_that_is_none_ends_nothing,
    who_closes_takes_its_own_back,
    what_speaks_another_protocol_is_closed,
    what_was_sent_is_counted_once)
