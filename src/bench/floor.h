/*
 * floor.h - the least that an HTTP server on this machine costs: bare epoll, a
 * search for the end of the request, one prepared answer.  No server that
 * parses, routes or counts anything can be faster.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

struct floor_conf {
	int fd;			/* listening, not blocking */
	const char *body;
};

/* Serves until it is killed; for proc_fork().  Returns an exit status when it cannot. */
int floor_serve(void *conf);

/* A listening socket on a free loopback port; -errno. */
int floor_listen(int *port_out);

#endif
