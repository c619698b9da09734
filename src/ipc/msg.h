/*
 * msg.h - every message between the master and its children.
 *
 * One message is one SOCK_SEQPACKET packet: struct msg_head, then the struct
 * named after the type, then text of head.text_len bytes (no NUL), with
 * descriptors where the table says so.  A message of unknown type or wrong
 * length ends the peer (the channel is closed), not us.
 *
 *	type		from -> to		fds  when
 *	ZYGOTE_READY	zygote -> master	     plugins loaded and warmed, one thread only
 *	CLONE		master -> zygote	1    make a worker; the descriptor is its end of its channel
 *	SPAWNED		worker -> master	     on its own channel: its pid, before anything else
 *	READY		worker, keeper, mender -> master     serves from now on
 *	FAIL		any child -> master	     it is about to exit; text says why
 *	DRAIN		master -> worker	     finish; mode says what becomes of connections
 *	STATE		worker, keeper -> master     once a second, and when a worker's draining ends
 *	STUCK		worker -> master	     the watchdog: text names handler and time
 *	REAP		master -> mender	     repair what the dead holder of this slot held
 *	REAPED		mender -> master	     done (rc 0) or failed; the slot is free when rc is 0
 *	CONTROL		master -> keeper	1    a control connection and the command line read from it (text)
 *	STATUS		master -> keeper	     text: the status document in JSON, after each change and once a second
 *	LOG_LEVEL	master -> any		     text: "subsystem=level"
 *	REOPEN		master -> any		1    the new access log (or none: 0 descriptors)
 */
#ifndef IPC_MSG_H
#define IPC_MSG_H

#include <assert.h>
#include <stdint.h>

enum msg_type {
	MSG_ZYGOTE_READY = 1,
	MSG_CLONE,
	MSG_SPAWNED,
	MSG_READY,
	MSG_FAIL,
	MSG_DRAIN,
	MSG_STATE,
	MSG_STUCK,
	MSG_REAP,
	MSG_REAPED,
	MSG_CONTROL,
	MSG_STATUS,
	MSG_LOG_LEVEL,
	MSG_REOPEN,
	MSG_CONTROL_DONE,
	MSG_TYPE_END
};

#define MSG_MAX	  65536	/* the status document of 128 workers fits four times */
#define MSG_FDS	  4

struct msg_head {
	uint16_t type;
	uint16_t body_len;	/* of the struct that follows */
	uint32_t text_len;	/* of the text behind it */
	int32_t pid;		/* the sender's */
	uint32_t generation;	/* the sender's */
};

struct msg_zygote_ready {
	uint32_t warm_ms;	/* how long loading and warming took */
	uint32_t n_plugins;
};

struct msg_clone {
	uint32_t worker;	/* number in the group, from 1: web.1 */
	uint32_t slot;		/* of the region */
	uint64_t asked_ns;	/* CLOCK_MONOTONIC when the master decided, to measure start-up */
};

struct msg_spawned {
	int32_t pid;
	uint32_t reserved;
};

struct msg_ready {
	uint32_t slot;
	uint32_t reserved;
	uint64_t asked_ns;	/* as given in CLONE, 0 for the others */
};

enum msg_fail_phase { FAIL_LOAD = 1, FAIL_ABI, FAIL_WARM, FAIL_OPEN, FAIL_ATTACH, FAIL_CONF, FAIL_OTHER };

struct msg_fail {
	uint32_t phase;
	int32_t error;		/* errno value, or 0 */
};

/* HANDOVER: idle connections go to FD_HANDOVER_TX.  CLOSE: the last answer says Connection: close. */
enum msg_drain_mode { DRAIN_HANDOVER = 1, DRAIN_CLOSE };

struct msg_drain {
	uint32_t mode;
	uint32_t deadline_ms;	/* from now; then the worker exits whatever is left */
};

/* The keeper's is empty: it only shows that it lives. */
struct msg_state {
	uint32_t draining;	/* 1 after DRAIN; 2 when nothing is left and it exits */
	uint32_t busy_permille;	/* share of the last period that the loop did not wait */
	uint32_t connections;
	uint32_t reserved;
	uint64_t requests;	/* since it started */
};

struct msg_stuck {
	uint32_t stuck_ms;
	uint32_t reserved;
};

struct msg_reap {
	uint32_t slot;
	int32_t pid;		/* whose it was: known to be dead */
};

struct msg_reaped {
	uint32_t slot;
	int32_t rc;		/* 0 or -errno */
	uint32_t n_repairs;	/* things that the dead one held */
	uint32_t reserved;
};

/*
 * The master has checked role and form.  It keeps its own descriptor of the
 * connection but neither reads nor writes until CONTROL_DONE gives back id, or
 * the keeper dies: then the connection is closed.
 */
struct msg_control {
	uint64_t id;		/* the master's own name for the connection */
};

struct msg_control_done {
	uint64_t id;
};

static_assert(sizeof(struct msg_head) == 16, "wire format");

/* Length of a type's struct, -1 for a type that does not exist. */
int msg_body_len(unsigned type);
/* How many descriptors come with it; 0 and 0 for a type that does not exist. */
unsigned msg_fds_min(unsigned type);
unsigned msg_fds_max(unsigned type);
/* "ready", for logs. */
const char *msg_name(unsigned type);

#endif
