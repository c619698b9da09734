/* peer_nginx.h - nginx as the other side: one worker that answers by `return`. */
#ifndef BENCH_PEER_NGINX_H
#define BENCH_PEER_NGINX_H

#include "bench.h"
#include "proc.h"

/*
 * Start it on processor cpu with every path answering body.  0 and the port;
 * -errno with the reason in the case.
 */
int peer_nginx_start(struct bench *, struct proc *, int cpu, const char *body,
    int *port_out);

#endif
