/* owner.h - which connections a process holds, asked of the kernel. */
#ifndef TESTS_OWNER_H
#define TESTS_OWNER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct owner {
	uint8_t has[65536 / 8];	/* by the client's port */
};

/*
 * Stop the process (it is about to be killed, and must take no more
 * connections meanwhile) and find the clients of the TCP port that it serves.
 * 0, -errno: then nothing is known.
 */
int owner_look(struct owner *, pid_t, int port);

bool owner_has(const struct owner *, int client_port);

#endif
