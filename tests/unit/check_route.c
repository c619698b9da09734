/* route: what is found, what is refused, and with which reason. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "../lib/suite.h"
#include "arena.h"
#include "route.h"

static struct route_table *table;
static struct arena arena;
static struct arena_pool chunks;
static struct route_match m;
static char err[256], first[4096];
static void *kept[512];	/* what the table borrows */
static size_t n_kept;

static int
fn(struct skep_task *t)
{
	(void)t;
	return 0;
}

static void
setup(void)
{
	ck_assert_int_eq(route_table_new(&table), 0);
	arena_pool_init(&chunks, 1);
	arena_init(&arena, &chunks, first, sizeof first, 65536);
	err[0] = '\0';
}

static void
teardown(void)
{
	route_table_free(&table);
	arena_reset(&arena);
	arena_pool_fini(&chunks);
	while (n_kept > 0)
		free(kept[--n_kept]);
}

static int
add(const char *method, const char *path)
{
	struct skep_route r[2] = { { method, path, fn, 0, { NULL } }, { 0 } };
	void *p = malloc(sizeof r);

	memcpy(p, r, sizeof r);
	kept[n_kept++] = p;
	return route_table_add(table, NULL, "p", p, err, sizeof err);
}

static enum route_verdict
find(const char *method, const char *path)
{
	return route_find(table, skep_str(method), skep_str(path), &arena, &m);
}

/* The pattern that a path leads to, "" when none. */
static const char *
hit(const char *method, const char *path)
{
	return find(method, path) == ROUTE_FOUND ? m.route->path : "";
}

START_TEST(a_literal_wins_over_a_parameter_over_the_rest)
{
	ck_assert_int_eq(add("GET", "/v1/*rest"), 0);
	ck_assert_int_eq(add("GET", "/v1/:id"), 0);
	ck_assert_int_eq(add("GET", "/v1/all"), 0);
	ck_assert_int_eq(add("GET", "/"), 0);
	ck_assert_str_eq(hit("GET", "/v1/all"), "/v1/all");
	ck_assert_str_eq(hit("GET", "/v1/al"), "/v1/:id");
	ck_assert_str_eq(hit("GET", "/v1/all/x"), "/v1/*rest");
	ck_assert_str_eq(hit("GET", "/"), "/");
	ck_assert_str_eq(hit("GET", "/v1"), "");
	ck_assert_str_eq(hit("GET", "/v1/"), "");
	ck_assert_str_eq(hit("GET", "/v2"), "");
	ck_assert_str_eq(hit("GET", "*"), "");
	ck_assert_str_eq(hit("GET", ""), "");
}
END_TEST

START_TEST(the_next_best_is_tried_where_the_better_leads_nowhere)
{
	ck_assert_int_eq(add("GET", "/a/b/c"), 0);
	ck_assert_int_eq(add("GET", "/a/:x/d"), 0);
	ck_assert_int_eq(add("POST", "/a/b/d"), 0);
	ck_assert_str_eq(hit("GET", "/a/b/c"), "/a/b/c");
	ck_assert_str_eq(hit("GET", "/a/b/d"), "/a/:x/d");
	ck_assert_str_eq(hit("POST", "/a/b/d"), "/a/b/d");
	ck_assert_uint_eq(m.n_params, 0);
}
END_TEST

static void
ck_param(uint32_t i, const char *name, const char *value)
{
	ck_assert_uint_lt(i, m.n_params);
	ck_assert(skep_str_eq(m.params[i].name, name));
	ck_assert(skep_str_eq(m.params[i].value, value));
}

START_TEST(parameters_are_decoded_once)
{
	ck_assert_int_eq(add("GET", "/q/:sym/x/:y"), 0);
	ck_assert_int_eq(add("GET", "/f/*path"), 0);
	ck_assert_int_eq(find("GET", "/q/%5EVIX/x/a%2fb%252F"), ROUTE_FOUND);
	ck_assert_uint_eq(m.n_params, 2);
	ck_param(0, "sym", "^VIX");
	ck_param(1, "y", "a/b%2F");
	ck_assert_int_eq(find("GET", "/f/a/b%20c/"), ROUTE_FOUND);
	ck_param(0, "path", "a/b c/");
}
END_TEST

START_TEST(a_literal_is_compared_decoded)
{
	ck_assert_int_eq(add("GET", "/quotes/:s"), 0);
	ck_assert_int_eq(find("GET", "/%71uotes/A"), ROUTE_FOUND);
	ck_param(0, "s", "A");
}
END_TEST

START_TEST(a_bad_escape_is_refused_wherever_it_stands)
{
	static const char *const bad[] = { "/q/%", "/q/%4", "/q/%4g", "/q/%00",
		"/q/a%zz", "/nowhere/%0" };
	size_t i;

	ck_assert_int_eq(add("GET", "/q/:s"), 0);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_int_eq(find("GET", bad[i]), ROUTE_BAD);
}
END_TEST

START_TEST(a_parameter_has_at_least_one_byte)
{
	ck_assert_int_eq(add("GET", "/q/:s"), 0);
	ck_assert_int_eq(add("GET", "/f/*p"), 0);
	ck_assert_int_eq(find("GET", "/q/"), ROUTE_NONE);
	ck_assert_int_eq(find("GET", "/q"), ROUTE_NONE);
	ck_assert_int_eq(find("GET", "/f/"), ROUTE_NONE);
	ck_assert_int_eq(find("GET", "/q/a/"), ROUTE_NONE);
	ck_assert_int_eq(find("GET", "//q/a"), ROUTE_NONE);
}
END_TEST

START_TEST(head_follows_get_unless_it_has_its_own)
{
	ck_assert_int_eq(add("GET", "/a"), 0);
	ck_assert_int_eq(add("GET", "/b"), 0);
	ck_assert_int_eq(add("HEAD", "/b"), 0);
	ck_assert_int_eq(add("POST", "/c"), 0);
	ck_assert_int_eq(find("HEAD", "/a"), ROUTE_FOUND);
	ck_assert_str_eq(m.route->method, "GET");
	ck_assert_int_eq(find("HEAD", "/b"), ROUTE_FOUND);
	ck_assert_str_eq(m.route->method, "HEAD");
	ck_assert_int_eq(find("HEAD", "/c"), ROUTE_METHOD);
}
END_TEST

START_TEST(another_method_gets_the_list_of_those_allowed)
{
	ck_assert_int_eq(add("GET", "/a/:x"), 0);
	ck_assert_int_eq(add("POST", "/a/b"), 0);
	ck_assert_int_eq(find("DELETE", "/a/b"), ROUTE_METHOD);
	ck_assert(skep_str_eq(m.allow, "GET, POST, HEAD, OPTIONS"));
	ck_assert_int_eq(find("DELETE", "/a/c"), ROUTE_METHOD);
	ck_assert(skep_str_eq(m.allow, "GET, HEAD, OPTIONS"));
	ck_assert_int_eq(find("OPTIONS", "/a/c"), ROUTE_METHOD);
	ck_assert_int_eq(find("DELETE", "/c"), ROUTE_NONE);
}
END_TEST

START_TEST(the_same_route_twice_is_refused_with_the_reason)
{
	ck_assert_int_eq(add("GET", "/a/:x/b"), 0);
	ck_assert_int_eq(add("POST", "/a/:y/b"), 0);
	ck_assert_int_eq(add("GET", "/a/:y/b"), -EINVAL);
	ck_assert_str_eq(err, "plugin p: routes[0] GET /a/:y/b: "
	    "is the same as /a/:x/b of plugin p");
	ck_assert_uint_eq(route_table_count(table), 2);
}
END_TEST

START_TEST(a_bad_route_is_refused_with_the_reason)
{
	static const struct {
		const char *method, *path, *why;
	} c[] = {
		{ NULL, "/a", "method is missing" },
		{ "get", "/a", "capitals" },
		{ "TRACE", "/a", "never served" },
		{ "CONNECT", "/a", "never served" },
		{ "GET", NULL, "begin with /" },
		{ "GET", "a", "begin with /" },
		{ "GET", "/a b", "no literal" },
		{ "GET", "/a?b", "no literal" },
		{ "GET", "/a%20", "no literal" },
		{ "GET", "/a:b", "no literal" },
		{ "GET", "/:", "no name" },
		{ "GET", "/:1", "no name" },
		{ "GET", "/*x/b", "last segment" },
		{ "GET", "/:x/:x", "two parameters" },
		{ "GET", "/:a/:b/:c/:d/:e/:f/:g/:h/:i/:j/:k/:l/:m/:n/:o/:p/:q",
		    "more than 16" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		ck_assert_int_eq(add(c[i].method, c[i].path), -EINVAL);
		ck_assert_msg(strstr(err, c[i].why) != NULL, "%s", err);
	}
	ck_assert_uint_eq(route_table_count(table), 0);
}
END_TEST

/* What is neither a route nor the end: a row is missing something. */
START_TEST(a_table_ends_with_nothing_but_zeroes)
{
	static const struct skep_route good = { .method = "GET",
		.path = "/a", .fn = fn };
	static const struct {
		struct skep_route row;
		const char *why;
	} c[] = {
		{ { .fn = fn }, "method is missing" },
		{ { .timeout = 1 }, "method is missing" },
		{ { .path = "/b" }, "method is missing" },
		{ { .method = "GET", .fn = fn }, "begin with /" },
		{ { .method = "GET", .path = "/b" }, "no handler" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		const struct skep_route rows[] = { good, c[i].row, { 0 } };

		route_table_free(&table);
		ck_assert_int_eq(route_table_new(&table), 0);
		ck_assert_int_eq(route_table_add(table, NULL, "p", rows, err,
		    sizeof err), -EINVAL);
		ck_assert_msg(strstr(err, "plugin p: routes[1] ") == err &&
		    strstr(err, c[i].why) != NULL, "%s", err);
	}
}
END_TEST

START_TEST(many_routes_are_all_found)
{
	static char path[300][16];
	int i;

	for (i = 0; i < 300; i++) {
		(void)sprintf(path[i], "/r%d/x", i * 7919 % 300);
		ck_assert_int_eq(add("GET", path[i]), 0);
	}
	for (i = 0; i < 300; i++)
		ck_assert_str_eq(hit("GET", path[i]), path[i]);
	ck_assert_int_eq(find("GET", "/r300/x"), ROUTE_NONE);
}
END_TEST

SUITE_MAIN("route", setup, teardown,
    a_literal_wins_over_a_parameter_over_the_rest,
    the_next_best_is_tried_where_the_better_leads_nowhere,
    parameters_are_decoded_once, a_literal_is_compared_decoded,
    a_bad_escape_is_refused_wherever_it_stands,
    a_parameter_has_at_least_one_byte, head_follows_get_unless_it_has_its_own,
    another_method_gets_the_list_of_those_allowed,
    the_same_route_twice_is_refused_with_the_reason,
    a_bad_route_is_refused_with_the_reason,
    a_table_ends_with_nothing_but_zeroes, many_routes_are_all_found)
