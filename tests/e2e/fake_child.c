/*
 * fake_child - stands in for skep-worker and skep-keeper where a test is about
 * the master.  It speaks the protocol, attaches its slot, accepts connections
 * and answers each with its pid; files in $FAKE_DIR tell it to misbehave:
 *
 *	warm_crash warm_hang abi	the zygote, before ZYGOTE_READY
 *	warm_quit			the same, with status 0
 *	open_crash open_hang open_exit	a worker, before READY
 *	open_quit			the same, with status 0
 *	late_crash			a worker, 100 ms after READY
 *	quit				a worker, when it next looks, with status 0
 *	mute				no STATE is said any more
 *	section_hang			a worker, in a read section
 *	drain_hang			a worker never finishes draining
 *	fork_fail			the zygote closes a CLONE's descriptor
 *	mend_crash mend_hang		the mender, when it is asked for a repair
 *
 * As skep-mend it is the real one unless told otherwise.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chan.h"
#include "clock.h"
#include "epoch.h"
#include "fds.h"
#include "maint.h"
#include "region.h"
#include "slot.h"

static uint32_t generation;
static int n_listeners;

static int
told(const char *what)
{
	const char *dir = getenv("FAKE_DIR");
	char path[512];

	if (dir == NULL)
		return 0;
	snprintf(path, sizeof path, "%s/%s", dir, what);
	return access(path, F_OK) == 0;
}

static void
hang(void)
{
	struct pollfd p = { .fd = FD_CHAN, .events = 0 };

	/* The master's end says when it is over, even for one that hangs. */
	while (poll(&p, 1, 1000) == 0 || (p.revents & POLLHUP) == 0)
		if (getppid() == 1)
			break;
	_exit(0);
}

static void
fail(struct chan *c, unsigned phase, const char *why)
{
	const struct msg_fail f = { .phase = phase };

	chan_send(c, MSG_FAIL, &f, why, strlen(why), NULL, 0);
	_exit(78);
}

static struct slot_self *
attach(uint32_t slot, uint32_t role)
{
	const struct slot_plan plan = { .number = slot, .role = role,
		.reload = generation, .group = "web" };
	struct region_why why;
	struct slot_self *me;
	struct region *r;

	if (region_map(FD_REGION, REGION_RDWR, &r, &why) < 0 ||
	    slot_attach(r, &plan, &me) < 0)
		_exit(3);
	return me;
}

static void
answer(int listener)
{
	char line[64];
	int fd = accept(listener, NULL, NULL), n;

	if (fd < 0)
		return;
	n = snprintf(line, sizeof line, "%d %u\n", (int)getpid(), generation);
	(void)!write(fd, line, (size_t)n);
	close(fd);
}

/* Whether it ends us; tests look in the log for how. */
static int
drained(const struct chan_msg *msg)
{
	const struct msg_drain *d = msg->body;

	if (msg->head.type != MSG_DRAIN)
		return 0;
	(void)fprintf(stderr, "fake drain mode=%s\n",
	    d->mode == DRAIN_HANDOVER ? "handover" : "close");
	return !told("drain_hang");
}

/* A STATE twice as often as needed. */
static void
say_state(struct chan *c)
{
	const struct msg_state s = { .draining = 0 };
	static int64_t due;

	if (clock_mono_ns() < due || told("mute"))
		return;
	due = clock_mono_ns() + 500 * CLOCK_NS_PER_MS;
	chan_send(c, MSG_STATE, &s, NULL, 0, NULL, 0);
}

/* Levels are only said again, for the test to see. */
static void
note_level(const struct chan_msg *msg, const char *who)
{
	if (msg->head.type == MSG_LOG_LEVEL)
		fprintf(stderr, "fake %s told level %s\n", who, msg->text);
}

/* Serve until told to drain or the master is gone. */
static void
work(struct chan *c, struct slot_self *me, int is_worker)
{
	struct pollfd p[1 + FD_LISTEN_MAX] = { { .fd = FD_CHAN,
	    .events = POLLIN } };
	int64_t crash = told("late_crash") && is_worker ?
	    clock_mono_ns() + 100 * CLOCK_NS_PER_MS : INT64_MAX;
	struct chan_msg msg;
	int i, rc;

	for (i = 0; i < n_listeners; i++)
		p[1 + i] = (struct pollfd) { .fd = FD_LISTEN + i,
			.events = POLLIN };
	for (;;) {
		poll(p, 1 + (nfds_t)n_listeners, 20);
		if (clock_mono_ns() > crash)
			abort();
		if (is_worker && told("quit"))
			_exit(0);
		while ((rc = chan_recv(c, &msg)) == 1) {
			note_level(&msg, is_worker ? "worker" : "keeper");
			if (drained(&msg))
				rc = -EPIPE;
			chan_msg_fini(&msg);
			if (rc < 0)
				break;
		}
		if (rc < 0)
			break;
		for (i = 0; i < n_listeners && is_worker; i++)
			if (p[1 + i].revents & POLLIN)
				answer(FD_LISTEN + i);
		say_state(c);
		slot_beat(me, (uint64_t)clock_mono_ns());
		(void)maint_run(me); /* somebody else may be at it */
		if (is_worker && told("section_hang")) {
			epoch_enter(me);
			hang();
		}
	}
	slot_detach(&me);
	_exit(0);
}

static void
worker(const struct msg_clone *clone, int chan)
{
	const struct msg_ready ready = { .slot = clone->slot,
		.asked_ns = clone->asked_ns };
	struct slot_self *me;
	struct chan *c;

	dup2(chan, FD_CHAN);
	close(chan);
	signal(SIGCHLD, SIG_DFL);
	if (chan_open(&c, FD_CHAN, generation) < 0)
		_exit(3);
	if (told("open_crash"))
		abort();
	if (told("open_quit"))
		_exit(0);
	if (told("open_exit"))
		fail(c, FAIL_OPEN, "open said no");
	if (told("open_hang"))
		hang();
	me = attach(clone->slot, SLOT_ROLE_WORKER);
	chan_send(c, MSG_READY, &ready, NULL, 0, NULL, 0);
	work(c, me, 1);
}

/* Fork twice, so that the worker is the master's child. */
static void
clone_worker(const struct msg_clone *clone, int chan)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct msg_spawned said = { 0 };

		pid = fork();
		if (pid == 0)
			worker(clone, chan);
		/* What is left in a zygote's group goes with it. */
		(void)setpgid(pid, pid);
		said.pid = pid;
		chan_post(chan, generation, MSG_SPAWNED, &said, NULL, 0);
		_exit(0);
	}
	waitpid(pid, &status, 0);
}

static void
zygote(void)
{
	const struct msg_zygote_ready ready = { .n_plugins = 1 };
	struct pollfd p = { .fd = FD_CHAN, .events = POLLIN };
	struct chan_msg msg;
	struct chan *c;
	int rc;

	if (chan_open(&c, FD_CHAN, generation) < 0)
		_exit(3);
	if (told("warm_crash"))
		abort();
	if (told("warm_quit"))
		_exit(0);
	if (told("warm_hang"))
		hang();
	if (told("abi"))
		fail(c, FAIL_ABI, "plugin x.so: ABI 9, this is 1");
	chan_send(c, MSG_ZYGOTE_READY, &ready, NULL, 0, NULL, 0);
	for (;;) {
		poll(&p, 1, -1);
		while ((rc = chan_recv(c, &msg)) == 1) {
			note_level(&msg, "zygote");
			if (msg.head.type == MSG_CLONE && !told("fork_fail"))
				clone_worker(msg.body, msg.fds[0]);
			chan_msg_fini(&msg);
		}
		if (rc < 0)
			_exit(0);
	}
}

static void
keeper(uint32_t slot)
{
	const struct msg_ready ready = { .slot = slot };
	struct slot_self *me = attach(slot, SLOT_ROLE_KEEPER);
	struct chan *c;

	if (chan_open(&c, FD_CHAN, generation) < 0)
		_exit(3);
	chan_send(c, MSG_READY, &ready, NULL, 0, NULL, 0);
	work(c, me, 0);
}

/* A mender that has met a spoiled region. */
static void
mender(uint32_t slot)
{
	const struct msg_ready ready = { .slot = slot };
	struct pollfd p = { .fd = FD_CHAN, .events = POLLIN };
	struct chan_msg msg;
	struct chan *c;
	int rc;

	if (chan_open(&c, FD_CHAN, generation) < 0)
		_exit(3);
	chan_send(c, MSG_READY, &ready, NULL, 0, NULL, 0);
	for (;;) {
		poll(&p, 1, -1);
		while ((rc = chan_recv(c, &msg)) == 1) {
			if (msg.head.type == MSG_REAP && told("mend_crash"))
				abort();
			if (msg.head.type == MSG_REAP)
				hang();
			chan_msg_fini(&msg);
		}
		if (rc < 0)
			_exit(0);
	}
}

/* The real one, which lies beside us. */
static void
real_mender(const char *self, char **argv)
{
	char path[4096], *slash;

	snprintf(path, sizeof path, "%s", self);
	slash = strrchr(path, '/');
	snprintf(slash, sizeof path - (size_t)(slash - path), "/real-mend");
	execv(path, argv);
	_exit(126);
}

int
main(int argc, char **argv)
{
	const char *lib = getenv("FAKE_LIB");
	uint32_t slot = 0;
	int i, is_zygote = 0;

	if (strcmp(argv[0], "skep-mend") == 0 && !told("mend_crash") &&
	    !told("mend_hang"))
		real_mender(lib, argv);
	signal(SIGPIPE, SIG_IGN);
	for (i = 1; i + 1 < argc; i += 2) {
		uint32_t n = (uint32_t)strtoul(argv[i + 1], NULL, 10);

		if (strcmp(argv[i], "--group") == 0)
			is_zygote = 1;
		else if (strcmp(argv[i], "--generation") == 0)
			generation = n;
		else if (strcmp(argv[i], "--listeners") == 0)
			n_listeners = (int)n;
		else if (strcmp(argv[i], "--slot") == 0)
			slot = n;
	}
	if (strcmp(argv[0], "skep-mend") == 0)
		mender(slot);
	if (is_zygote)
		zygote();
	keeper(slot);
	return 0;
}
