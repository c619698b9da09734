/*
 * route.h - from method and path to a handler.
 *
 * All route tables of a group's plugins are compiled into one tree of segments.
 * A literal segment wins over ":name", that over "*name" (the rest of the path,
 * at least one byte); where the better one leads nowhere, the next is tried.
 */
#ifndef WORKER_ROUTE_H
#define WORKER_ROUTE_H

#include <stddef.h>
#include <stdint.h>

#include <skep/http.h>

struct arena;
struct plugin;
struct route_table;

#define ROUTE_PARAMS_MAX 16

struct route_param {
	struct skep_str name;	/* borrowed from the table */
	struct skep_str value;	/* decoded; in the arena, or in the path itself */
};

struct route_match {
	const struct skep_route *route;
	struct plugin *plugin;
	uint32_t index;		/* of the route in the table, dense from 0: for counters */
	uint32_t n_params;
	struct skep_str allow;	/* for ROUTE_METHOD: "GET, HEAD, OPTIONS"; in the arena */
	struct route_param params[ROUTE_PARAMS_MAX];
};

enum route_verdict {
	ROUTE_FOUND,
	ROUTE_NONE,		/* 404 */
	ROUTE_METHOD,		/* 405 with allow; also the answer to OPTIONS */
	ROUTE_BAD,		/* 400: a bad escape or %00 in a parameter */
	ROUTE_NOMEM
};

int route_table_new(struct route_table **out);
void route_table_free(struct route_table **);

/*
 * Add a plugin's routes.  0, -errno with the reason in err ("GET /a/:x and
 * GET /a/:y (plugin shop) are the same route").  plugin and routes are borrowed
 * for the table's life.
 */
int route_table_add(struct route_table *, struct plugin *, const char *name,
    const struct skep_route *, char *err, size_t err_len);

unsigned route_table_count(const struct route_table *);
/* The i-th route (match.index) and its plugin's name, for lists and counters. */
const struct skep_route *route_table_at(const struct route_table *, unsigned i);
const char *route_table_plugin(const struct route_table *, unsigned i);

/*
 * path: as sent, beginning with '/', without the query.  HEAD finds GET routes.
 * Decoded parameters are taken from the arena.
 */
enum route_verdict route_find(const struct route_table *, struct skep_str method,
    struct skep_str path, struct arena *, struct route_match *out);

#endif
