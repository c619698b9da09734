/*
 * killer.h - who lives, who was killed when, and what that excuses.
 *
 * Lives are followed in the log: a process that says ready is alive until it is
 * killed here or the log has its end.  The clients run in the same thread, so that no answer is
 * handled in the middle of a kill.
 */
#ifndef E2E_KILLER_H
#define E2E_KILLER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "hclient.h"
#include "pauses.h"
#include "stage.h"

#define KILLER_LIVE  64
#define KILLER_KILLS 4096
#define KILLER_CONNS 256

enum killer_kind { LIFE_WORKER, LIFE_ZYGOTE, LIFE_KEEPER, LIFE_MENDER,
	LIFE_KINDS };

struct life {
	enum killer_kind kind;
	pid_t pid;
	char name[64];		/* "web.1" */
};

struct killed {
	struct life who;
	uint64_t at_ns, at_wall_ns;
	uint64_t ready_ns;	/* CLOCK_REALTIME when its successor was; 0: not yet */
};

/* A connection that the kernel said a victim held. */
struct doom {
	int port;		/* the client's; 0: none */
	uint64_t at_ns;
};

struct killer {
	struct stage *stage;
	struct hclient *client;	/* NULL: no connections yet */
	int n_conns;
	bool helpers;		/* zygote, keeper and mender die as well */
	bool moves;		/* connections change their worker: the kernel is always asked */
	uint64_t rng;
	struct life live[KILLER_LIVE];
	int n_live;
	struct killed kill[KILLER_KILLS];
	int n_kills;
	int n_done[LIFE_KINDS];	/* kills of each kind that have a successor, in their order */
	struct doom doom[KILLER_CONNS];
	int n_named;		/* connections that the kernel was asked about */
	int n_checked, n_mismatched;	/* those it was asked about although an answer had told */
};

/* Read what the log has to say.  Call it every millisecond or so. */
void killer_follow(struct killer *);

/* How many processes of that kind are known to live. */
int killer_lives(const struct killer *, enum killer_kind);

/* SIGKILL to one at random. */
void killer_strike(struct killer *);

/*
 * Whether the failure is what a kill looks like to a client: its connection's
 * worker was killed before, and the connection was reset or closed.  Who that
 * is, its answers have told, or the kernel when it was killed: an answer may
 * still be on its way when the connection has moved to another worker.  As a
 * connection is replaced when it fails, there is at most one such failure for
 * each connection and kill.
 */
bool killer_excuses(struct killer *, const struct hclient_failure *);

/* The last kill, NULL before the first. */
const struct killed *killer_last(const struct killer *);

/*
 * Print how soon the successors of the workers were ready, the machine's own
 * pauses taken off, and judge that: 0 fine, 1 too late or never.  When helpers
 * are killed or connections move only "never" fails: a worker then may have to
 * wait for its zygote, or comes because of a reload.
 */
int killer_judge(const struct killer *, struct pauses *);

#endif
