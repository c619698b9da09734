/* One line an event, folding, levels, JSON. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "suite.h"

static int ends[2];

static void
setup(void)
{
	/* 2026-11-20T22:58:30.123456Z */
	clock_fake(1000 * CLOCK_NS_PER_S, 1795215510123456789);
	ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
	log_init("test");
	log_set_fd(ends[1]);
	log_set_json(0);
	ck_assert_int_eq(log_set_level("info"), 0);
}

static void
teardown(void)
{
	log_flush();
	log_set_fd(STDERR_FILENO);
	close(ends[0]);
	close(ends[1]);
}

/* All that was written since the last call. */
static const char *
written(void)
{
	static char text[65536];
	ssize_t n = read(ends[0], text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

START_TEST(a_line_says_when_who_and_what)
{
	char want[128];

	log_info("worker", "exit slot=%d sig=%d", 3, 11);
	(void)snprintf(want, sizeof(want),
	    "2026-11-20T22:58:30.123456Z info test[%d] worker: exit slot=3"
	    " sig=11\n", (int)getpid());
	ck_assert_str_eq(written(), want);
}
END_TEST

START_TEST(nothing_can_make_a_second_line)
{
	const char *text;

	log_error("http", "bad path=%s", "/a\nb\x1b[0m");
	text = written();
	ck_assert_ptr_nonnull(strstr(text, "path=/a\\x0ab\\x1b[0m\n"));
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

START_TEST(levels_are_by_subsystem)
{
	log_debug("cache", "one");
	ck_assert_str_eq(written(), "");
	ck_assert_int_eq(log_set_level("cache=debug"), 0);
	log_debug("cache", "two");
	log_debug("http", "three");
	ck_assert_ptr_nonnull(strstr(written(), "two"));
	ck_assert_int_eq(log_set_level("error"), 0);
	log_warn("cache", "four");
	ck_assert_str_eq(written(), "");
	ck_assert_int_eq(log_set_level("loud"), -EINVAL);
	ck_assert_int_eq(log_set_level("cache=loud"), -EINVAL);
	ck_assert_int_eq(log_set_level("=info"), -EINVAL);
}
END_TEST

static void
add_spec(const char *spec, void *arg)
{
	strcat(arg, spec);
	strcat(arg, ";");
}

START_TEST(levels_can_be_handed_on)
{
	char specs[128] = "";

	ck_assert_int_eq(log_set_level("warn"), 0);
	ck_assert_int_eq(log_set_level("cache=debug"), 0);
	ck_assert_int_eq(log_set_level("http=error"), 0);
	log_levels(add_spec, specs);
	ck_assert_str_eq(specs, "warn;cache=debug;http=error;");
}
END_TEST

START_TEST(repeats_are_counted)
{
	const char *text;
	int i;

	for (i = 0; i < 5; i++)
		log_warn("x", "same");
	text = written();
	ck_assert_ptr_nonnull(strstr(text, "same\n"));
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
	log_tick();
	ck_assert_str_eq(written(), "");
	clock_fake_advance(CLOCK_NS_PER_S);
	log_tick();
	ck_assert_ptr_nonnull(strstr(written(), "same repeated=4\n"));
	log_tick();
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(different_lines_are_not_folded)
{
	const char *p;
	int i, n = 0;

	for (i = 0; i < 100; i++)
		log_info("x", "line n=%d", i);
	for (p = written(); (p = strchr(p, '\n')) != NULL; p++)
		n++;
	ck_assert_int_eq(n, 100);
}
END_TEST

START_TEST(json_lines_have_the_keys)
{
	static const char text[] = "slow path route=/a "
	    "why=\"a \\\"b\\\" c=d\" n=3";
	json_t *doc;

	log_set_json(1);
	log_line(LOG_LEVEL_INFO, "http", "r-1", 3, text, sizeof(text) - 1);
	doc = json_loads(written(), 0, NULL);
	ck_assert_ptr_nonnull(doc);
	ck_assert_str_eq(json_string_value(json_object_get(doc, "event")),
	    "slow path");
	ck_assert_str_eq(json_string_value(json_object_get(doc, "route")),
	    "/a");
	ck_assert_str_eq(json_string_value(json_object_get(doc, "why")),
	    "a \"b\" c=d");
	ck_assert_str_eq(json_string_value(json_object_get(doc, "n")), "3");
	ck_assert_str_eq(json_string_value(json_object_get(doc,
	    "request_id")), "r-1");
	json_decref(doc);
}
END_TEST

/* Whatever the text is, a line of JSON is valid. */
START_TEST(json_survives_any_text)
{
	char text[2900];
	const char *line;
	json_t *doc;
	size_t i, seed;

	log_set_json(1);
	for (seed = 1; seed < 60; seed++) {
		for (i = 0; i < sizeof(text); i++)
			text[i] = "\x01\"\\= ab\n"[(i * seed + i / 7) % 8];
		clock_fake_advance(CLOCK_NS_PER_S);
		log_flush();
		(void)written();
		log_line(LOG_LEVEL_ERROR, "x", "id", 2, text,
		    seed % 2 ? sizeof(text) : 90);
		line = written();
		doc = json_loads(line, 0, NULL);
		ck_assert_msg(doc != NULL, "seed %zu: %s", seed, line);
		json_decref(doc);
	}
}
END_TEST

START_TEST(a_full_pipe_stops_nobody)
{
	int i;

	for (i = 0; i < 2000; i++)
		log_info("x", "line n=%d %0*d", i, 100, 0);
	while (*written() != '\0')
		;
	log_tick();
	ck_assert_ptr_nonnull(strstr(written(), "lines lost n="));
}
END_TEST

START_TEST(quoted_values_are_cut_whole)
{
	char buf[12];

	ck_assert_str_eq(log_quote(buf, sizeof(buf), "a\"b"), "a\\\"b");
	ck_assert_str_eq(log_quote(buf, sizeof(buf), "aaaaaaaaaaaaaaa"),
	    "aaaaaaaa...");
	ck_assert_str_eq(log_quote(buf, sizeof(buf), "aaaaaaa\"bbbb"),
	    "aaaaaaa...");
}
END_TEST

SUITE_MAIN("log", setup, teardown, a_line_says_when_who_and_what,
    nothing_can_make_a_second_line, levels_are_by_subsystem,
    levels_can_be_handed_on, repeats_are_counted,
    different_lines_are_not_folded, json_lines_have_the_keys,
    json_survives_any_text, a_full_pipe_stops_nobody,
    quoted_values_are_cut_whole)
