/*
 * fakemaster.h - the master's side of the protocol with skep-worker, for tests
 * of the worker alone: descriptors placed as src/ipc/fds.h says, channels,
 * CLONE, a region, a configuration.
 *
 *	fm_open(&m, conf_text, "web")	zygote started, not yet heard of
 *	fm_clone(&m, 0)			a worker in m.worker[0]
 *	fm_expect(&m, chan, MSG_READY)	the next message of that type
 *	fm_read_log(&m)			what they said
 *	fm_close(&m)			ends all
 */
#ifndef TESTS_FAKEMASTER_H
#define TESTS_FAKEMASTER_H

#include <stdint.h>
#include <sys/types.h>

#include "chan.h"
#include "conf.h"
#include "region.h"

#define FM_WORKERS 8
#define FM_SLOTS   16
#define FM_WAIT_MS 5000		/* a machine with pauses; no test waits so long when all is well */

struct fm_worker {
	struct chan *chan;
	pid_t pid;		/* from SPAWNED */
	unsigned slot;
};

struct fm {
	pid_t zygote;
	struct chan *chan;	/* to the zygote */
	struct fm_worker worker[FM_WORKERS];
	uint32_t generation;
	struct conf *conf;
	struct region *region;
	int region_fd, conf_fd, handover[2], listener, log_fd;
	int events[FM_SLOTS];
	unsigned next_slot, port;
	char group[32];
	char *log;		/* standard error of all, after fm_read_log() */
	struct chan_msg msg;	/* the last one received; until the next */
};

/*
 * Region, listener on 127.0.0.1, configuration (text; "%s" in it stands for the
 * directory of the plugins), zygote.  Does not wait for its answer.  0, -errno.
 */
int fm_open(struct fm *, const char *conf_text, const char *group);
/* The same without a process. */
int fm_prepare(struct fm *, const char *conf_text, const char *group);
/*
 * Start a program of the build tree (argv[0]; ends with NULL) by a master that
 * has hung up before it begins.  Its pid, the caller's to wait for; -1.
 */
pid_t fm_orphan(struct fm *, const char *const *argv);
/* One more generation over the same region, listener and hand-over socket, with its own zygote. */
int fm_open_next(struct fm *next, const struct fm *prev, const char *conf_text);

/* Ask for worker i; waits for SPAWNED.  0, -errno. */
int fm_clone(struct fm *, unsigned i);

/*
 * The next message of this type on a channel, others are dropped.  1 and
 * m->msg; 0 after FM_WAIT_MS; -errno (-EPIPE: the peer ended).
 */
int fm_expect(struct fm *, struct chan *, unsigned type);

/* Wait for a child: its status as waitpid() gives it, -1 after FM_WAIT_MS. */
int fm_wait_exit(pid_t);

int fm_drain(struct fm *, unsigned i, unsigned mode, unsigned deadline_ms);

/* What was logged so far; borrowed until the next call. */
const char *fm_read_log(struct fm *);

/* A connection to the listener, with a receive timeout.  Descriptor, -errno. */
int fm_connect(const struct fm *);

/* End all that is left and free. */
void fm_close(struct fm *);

#endif
