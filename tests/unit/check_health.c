/* Readiness, health and events, judged from made-up status documents. */
#include <stdio.h>
#include <string.h>

#include "health.h"
#include "notice.h"
#include "suite.h"

static struct health_input in;
static struct buf out;

static void
setup(void)
{
	memset(&in, 0, sizeof(in));
	buf_init(&out);
}

static void
teardown(void)
{
	json_decref((json_t *)(uintptr_t)in.status);
	buf_fini(&out);
}

/* A server in that state with one group: workers is the inside of its array. */
static json_t *
server(const char *state, const char *group, const char *workers)
{
	char text[2048];
	json_t *doc;

	(void)snprintf(text, sizeof(text), "{\"state\":\"%s\",\"generation\":2,"
	    "\"mender\":{\"state\":\"ready\",\"pid\":5},\"groups\":[{\"name\":"
	    "\"web\",\"min\":2,%s,\"workers\":[%s]}]}", state, group, workers);
	doc = json_loads(text, 0, NULL);
	ck_assert_msg(doc != NULL, "%s", text);
	return doc;
}

#define READY "\"state\":\"ready\",\"draining\":false,\"reason\":\"\""
#define W(pid, state, gen)                                                     \
	"{\"id\":\"web.1\",\"pid\":" #pid ",\"state\":\"" state                \
	"\",\"generation\":" #gen "}"

static void
look(const char *state, const char *group, const char *workers)
{
	json_decref((json_t *)(uintptr_t)in.status);
	buf_clear(&out);
	in.status = server(state, group, workers);
}

static void
not_ready(const char *reason)
{
	ck_assert_int_eq(health_ready(&in, &out), 0);
	ck_assert_msg(strstr(buf_str(&out), reason) != NULL, "%s lacks %s",
	    buf_str(&out), reason);
}

START_TEST(ready_when_every_group_has_its_minimum)
{
	look("serving", READY, W(1, "ready", 2) "," W(2, "ready", 2));
	ck_assert_int_eq(health_ready(&in, &out), 1);
	ck_assert_str_eq(buf_str(&out), "{\"ready\":true,\"reasons\":[]}");
}
END_TEST

START_TEST(not_ready_says_why)
{
	not_ready("no status yet");
	look("serving", READY, W(1, "ready", 2) "," W(2, "starting", 2));
	not_ready("group web: 1 of at least 2 workers ready");
	/* An old generation that drains counts for nothing. */
	look("serving", READY, W(1, "ready", 2) "," W(2, "draining", 1));
	not_ready("1 of at least 2");
	look("serving", "\"state\":\"failed\",\"reason\":\"sig=11\"",
	    W(1, "ready", 2) "," W(2, "ready", 2));
	not_ready("group web: failed: sig=11");
	look("serving", "\"state\":\"ready\",\"draining\":true",
	    W(1, "ready", 2) "," W(2, "ready", 2));
	not_ready("draining");
	look("stopping", READY, W(1, "ready", 2) "," W(2, "ready", 2));
	not_ready("master: stopping");
	look("serving", READY, W(1, "ready", 2) "," W(2, "ready", 2));
	in.status_age_ns = HEALTH_STALE_NS + 1;
	not_ready("no status for 5 s");
}
END_TEST

START_TEST(a_reload_does_not_make_it_unready)
{
	look("reloading", READY, W(1, "ready", 2) "," W(2, "ready", 2) ","
	    W(3, "starting", 3));
	ck_assert_int_eq(health_ready(&in, &out), 1);
}
END_TEST

START_TEST(health_is_the_worst_of_its_checks)
{
	look("serving", READY, W(1, "ready", 2) "," W(2, "ready", 2));
	ck_assert_int_eq(health_report(&in, &out), HEALTH_OK);
	look("serving", READY, W(1, "ready", 2));
	ck_assert_int_eq(health_report(&in, &out), HEALTH_DEGRADED);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "{\"name\":\"group web\","
	    "\"status\":\"degraded\",\"reason\":\"1 of at least 2"));
	look("serving", READY, "");
	ck_assert_int_eq(health_report(&in, &out), HEALTH_FAILED);
	look("serving", READY, W(1, "ready", 2) "," W(2, "ready", 2));
	in.maint_idle_ns = 2000000000;
	ck_assert_int_eq(health_report(&in, &out), HEALTH_DEGRADED);
	buf_clear(&out);
	in.condemned = 1;
	ck_assert_int_eq(health_report(&in, &out), HEALTH_FAILED);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "{\"status\":\"failed\""));
}
END_TEST

static void
add_event(void *arg, enum evring_level level, const char *text)
{
	(void)buf_printf(arg, "%d %s\n", (int)level, text);
}

static const char *
changes(json_t *before, json_t *after)
{
	buf_clear(&out);
	notice_diff(before, after, add_event, &out);
	json_decref(before);
	json_decref(after);
	return buf_str(&out);
}

START_TEST(changes_become_events)
{
	ck_assert_str_eq(changes(server("serving", READY, W(1, "ready", 2)),
	    server("serving", READY, W(1, "ready", 2))), "");
	ck_assert_str_eq(changes(server("serving", READY, W(1, "ready", 2)),
	    server("stopping", READY, W(1, "draining", 2))),
	    "1 server stopping\n"
	    "1 worker draining worker=web.1 pid=1 generation=2\n");
	ck_assert_str_eq(changes(server("serving", READY, W(1, "ready", 2)),
	    server("serving", READY, W(9, "starting", 2))),
	    "1 worker starting worker=web.1 pid=9 generation=2\n"
	    "2 worker gone worker=web.1 pid=1 requests=0\n");
	ck_assert_str_eq(changes(server("serving", READY, ""),
	    server("serving", "\"state\":\"failed\",\"reason\":\"why\"", "")),
	    "3 group failed group=web reason=\"why\"\n");
	ck_assert_str_eq(changes(NULL, server("serving", READY, "")),
	    "1 keeper watches state=serving generation=2\n");
}
END_TEST

SUITE_MAIN("health", setup, teardown, ready_when_every_group_has_its_minimum,
    not_ready_says_why, a_reload_does_not_make_it_unready,
    health_is_the_worst_of_its_checks, changes_become_events)
