/* The configuration: what is read, what is refused and with which words. */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "conffix.h"
#include "fdio.h"

/* Its origin as conf_each() tells it. */
struct want {
	const char *section, *title, *key;
	char value[128], origin[128];
};

static void
find_item(void *arg, const struct conf_item *it)
{
	struct want *w = arg;

	if (strcmp(it->section, w->section) != 0 ||
	    strcmp(it->key, w->key) != 0 ||
	    (w->title != NULL && strcmp(it->title, w->title) != 0))
		return;
	(void)snprintf(w->value, sizeof(w->value), "%s", it->value);
	(void)snprintf(w->origin, sizeof(w->origin), "%s", it->origin);
}

static struct want
item(const char *section, const char *title, const char *key)
{
	struct want w = { .section = section, .title = title, .key = key };

	conf_each(conf, find_item, &w);
	return w;
}

START_TEST(every_fallback_is_a_valid_value)
{
	ck_assert_msg(load(GROUP) == 0, "%s",
	    rep.n_errors > 0 ? rep.errors[0] : "?");
	ck_assert_int_eq(conf_num(conf, OPT_http_header_max), 32768);
	ck_assert_int_eq(conf_num(conf, OPT_http_body_max), 50000000);
	ck_assert_int_eq(conf_num(conf, OPT_http_idle_timeout), 65000000000);
	ck_assert_int_eq(conf_num(conf, OPT_cache_keys_max), 50000);
	ck_assert_int_eq(conf_num(conf, OPT_log_format), LOG_FORMAT_KV);
	ck_assert_str_eq(conf_list_at(conf, OPT_admin_listen, 0),
	    "127.0.0.1:8081");
}
END_TEST

START_TEST(groups_take_defaults_from_workers)
{
	ck_assert_int_eq(load("workers { min = 3 max = 5 }\n"
	    "group web { plugin = market listen = {\"127.0.0.1:0\", \":0\"} }\n"
	    "group jobs { plugin = {a, b} protocol = stream max = 4 }\n"), 0);
	ck_assert_int_eq(conf_groups(conf), 2);
	ck_assert_int_eq(conf_group_find(conf, "jobs"), 1);
	ck_assert_int_eq(conf_group_find(conf, "none"), -ENOENT);
	ck_assert_int_eq(conf_group_num(conf, 0, OPT_group_min), 3);
	ck_assert_int_eq(conf_group_num(conf, 0, OPT_group_max), 5);
	ck_assert_int_eq(conf_group_num(conf, 1, OPT_group_max), 4);
	ck_assert_int_eq(conf_group_num(conf, 1, OPT_group_protocol),
	    PROTOCOL_STREAM);
	ck_assert_uint_eq(conf_group_list_len(conf, 0, OPT_group_listen), 2);
	ck_assert_str_eq(conf_group_list_at(conf, 1, OPT_group_plugin, 1), "b");
	ck_assert_str_eq(item("group", "web", "min").origin, "text:1");
}
END_TEST

START_TEST(later_layers_win_and_origins_are_known)
{
	const char *env[] = { "CLUSTER_WORKERS=4", "SKEP_HTTP_FIELDS_MAX=50",
	    "SKEP_CACHE_TTL=1m", NULL };
	const char *sets[] = { "cache.ttl=2m", "group.web.max=7",
	    "admin.listen=", "plugin.market.data=/x" };

	ck_assert_int_eq(load_all("skepd { preset = high-traffic }\n"
	    "http { fields_max = 10 }\nworkers {\nstart = 6\n}\n" GROUP
	    "plugin market { data = /y }\n", env, sets, 4), 0);
	ck_assert_int_eq(conf_num(conf, OPT_cache_size), 1 << 30);
	ck_assert_str_eq(item("cache", NULL, "size").origin,
	    "preset high-traffic");
	ck_assert_int_eq(conf_num(conf, OPT_http_fields_max), 50);
	ck_assert_str_eq(item("http", NULL, "fields_max").origin,
	    "env SKEP_HTTP_FIELDS_MAX");
	ck_assert_int_eq(conf_num(conf, OPT_cache_ttl), 120000000000);
	ck_assert_str_eq(item("cache", NULL, "ttl").origin, "command line");
	ck_assert_int_eq(conf_num(conf, OPT_workers_start), 6);
	ck_assert_str_eq(item("workers", NULL, "start").origin, "text:4");
	ck_assert_int_eq(conf_group_num(conf, 0, OPT_group_max), 7);
	ck_assert_uint_eq(conf_list_len(conf, OPT_admin_listen), 0);
	ck_assert_str_eq(conf_plugin_pair(conf, "market", 0).value, "/x");
	ck_assert_uint_eq(rep.n_notes, 1);
	ck_assert_ptr_nonnull(strstr(rep.notes[0], "CLUSTER_WORKERS=4"));
}
END_TEST

START_TEST(older_variables_are_taken)
{
	const char *env[] = { "CLUSTER_WORKERS=4", NULL };
	const char *off[] = { "CLUSTER_ENABLED=false", "CLUSTER_WORKERS=auto", NULL };

	ck_assert_int_eq(load_all(GROUP, env, NULL, 0), 0);
	ck_assert_int_eq(conf_group_num(conf, 0, OPT_group_start), 4);
	ck_assert_str_eq(item("workers", NULL, "start").origin,
	    "env CLUSTER_WORKERS");
	ck_assert_int_eq(load_all(GROUP, off, NULL, 0), 0);
	ck_assert_int_eq(conf_group_num(conf, 0, OPT_group_start), 1);
	ck_assert_int_eq(conf_group_num(conf, 0, OPT_group_max), 1);
}
END_TEST

/* No option of that name: a note with the nearest, and nothing else changes. */
START_TEST(unknown_variables_are_noted_with_the_nearest)
{
	const char *env[] = { "SKEP_CACHE_SIEZ=1GiB", "SKEP_LOG_COLOUR=1",
	    "SKEP_GROUP_MIN=3", "SKEP_LONG=1", "SKEP_PLUGIN_MARKET_DATA=/x",
	    "SKEP_CRASH_POINTS=x", "SKEP_CACHE=1", "SKEP_CACHE_TTL=1m", NULL };
	static const char *const want[] = {
		("env SKEP_CACHE_SIEZ: names no option; did you mean"
		    " SKEP_CACHE_SIZE?"),
		"env SKEP_LOG_COLOUR: names no option",
		"env SKEP_GROUP_MIN: names no option",
		("env SKEP_PLUGIN_MARKET_DATA: names no option; what a plugin"
		    " takes is set in the file, or with -o"),
	};
	size_t i;

	ck_assert_int_eq(load_all(GROUP, env, NULL, 0), 0);
	ck_assert_uint_eq(rep.n_notes, 4);
	for (i = 0; i < 4; i++)
		ck_assert_str_eq(rep.notes[i], want[i]);
	ck_assert_str_eq(item("cache", NULL, "size").origin, "default");
}
END_TEST

/* A file of that content, as long as the test's process lives. */
static const char *
file_of(const void *data, size_t n)
{
	static char path[2][64];
	static int i;
	int fd = fdio_memfd("plugin");

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, n), (ssize_t)n);
	(void)snprintf(path[i], sizeof(path[i]), "/proc/self/fd/%d", fd);
	return path[i++];
}

START_TEST(files_of_plugins_are_looked_at)
{
	static const Elf64_Ehdr so = { .e_ident = ELFMAG, .e_type = ET_DYN },
	    program = { .e_ident = ELFMAG, .e_type = ET_EXEC };
	char text[512], want[256];
	const char *other;

	(void)snprintf(text, sizeof(text), GROUP
	    "plugin market { file = \"%s\" }\n", file_of(&so, sizeof(so)));
	ck_assert_int_eq(load(text), 0);
	ck_assert_int_eq(conf_check_plugins(conf, &rep), 0);

	other = file_of(&program, sizeof(program));
	(void)snprintf(text, sizeof(text), "skepd { plugin_dir = /nowhere }\n"
	    "group web { plugin = {gone, market, dir} }\n"
	    "plugin market {\nfile = \"%s\" }\n"
	    "plugin dir { file = / }\nplugin idle { file = /none }", other);
	ck_assert_int_eq(load(text), 0);
	ck_assert_int_eq(conf_check_plugins(conf, &rep), -EINVAL);
	ck_assert_uint_eq(rep.n_errors, 3);
	ck_assert_str_eq(rep.errors[0], "text:2: group web: plugin gone:"
	    " /nowhere/gone.so: No such file or directory");
	(void)snprintf(want, sizeof(want), "text:4: group web: plugin market:"
	    " %s: not a shared object", other);
	ck_assert_str_eq(rep.errors[1], want);
	ck_assert_str_eq(rep.errors[2],
	    "text:5: group web: plugin dir: /: Is a directory");
}
END_TEST

START_TEST(unknown_names_are_refused_with_the_nearest)
{
	refused("http {\n\tbody_mux = 1k\n}\n" GROUP,
	    "text:2: unknown key \"body_mux\" in section http; did you mean"
	    " \"body_max\"?");
	refused(GROUP "htpt { }\n",
	    "text:2: unknown section \"htpt\"; did you mean \"http\"?");
	refused("group web { plugins = market }", "did you mean \"plugin\"?");
	refused("skepd { preset = high-trafic }" GROUP,
	    "did you mean \"high-traffic\"?");
}
END_TEST

START_TEST(unknown_overrides_are_refused)
{
	const char *sets[] = { "http.body_mux=1", "htpt.x=1", "nonsense",
	    "group.web=1" };
	size_t i;

	for (i = 0; i < 4; i++) {
		ck_assert_int_eq(load_all(GROUP, NULL, &sets[i], 1), -EINVAL);
		ck_assert_ptr_nonnull(strstr(rep.errors[0], "command line"));
	}
}
END_TEST

START_TEST(bad_values_are_refused_with_their_place)
{
	refused(GROUP "http { fields_max = 0 }",
	    "text:2: http.fields_max: 0 is out of range (1 to 10000)");
	refused(GROUP "http { fields_max = many }", "not a whole number");
	refused(GROUP "http { idle_timeout = 65 }", "a unit is missing");
	refused(GROUP "http { idle_timeout = 99999999999999999999d }",
	    "out of range");
	refused(GROUP "http { worker_header = maybe }", "true or false");
	refused(GROUP "log { format = xml }", "not one of kv|json");
	refused(GROUP "log { level = \"cache=loud\" }", "log.level");
	refused(GROUP "cache { size = 12q }", "not a size");
	refused("group web { plugin = x min = 9 max = 3 }", "over max 3");
	refused("group web { plugin = x listen = \"example:80\" }", "address");
	refused("", "no group");
}
END_TEST

START_TEST(syntax_errors_have_their_place)
{
	refused("http {\nfields_max = \n}\n", "text:3");
	refused("\nhttp {\n", "text:2: section without end");
	refused("http { log { } }\n", "text:1");
	refused("\n\nhttp { fields_max = \"1\n\" }", "text:3: string without");
	refused("/* never", "comment without end");
	refused("http { fields_max = \"\\q\" }", "unknown escape");
	refused("}\n", "text:1");
	refused("http { fields_max 3 }", "text:1");
	refused("group { }", "text:1");
	refused("http { 'fields|max' = 3 }", "not a name");
	refused(GROUP "http { fields_max = 3\nfields_max = 4 }",
	    "text:2: the key \"fields_max\" is given again");
	refused(GROUP GROUP, "web");
}
END_TEST

START_TEST(a_parse_after_an_error_starts_afresh)
{
	refused("http { fields_max = \"1", "string without end");
	refused("http { fields_max = {1, } }", "text:1");
	ck_assert_int_eq(load(GROUP), 0);
}
END_TEST

START_TEST(variables_are_put_in_strictly)
{
	const char *env[] = { "DIR=/var/lib/a b", "N=7", NULL };

	ck_assert_int_eq(load_all("skepd { state_dir = \"${DIR}/x\" "
	    "run_dir = ${NONE:-/run/y} user = '${DIR}' }\n"
	    "http { fields_max = ${N} }\n" GROUP, env, NULL, 0), 0);
	ck_assert_str_eq(conf_str(conf, OPT_skepd_state_dir),
	    "/var/lib/a b/x");
	ck_assert_str_eq(conf_str(conf, OPT_skepd_run_dir), "/run/y");
	ck_assert_str_eq(conf_str(conf, OPT_skepd_user), "${DIR}");
	ck_assert_int_eq(conf_num(conf, OPT_http_fields_max), 7);
	ck_assert_int_eq(load_all("\nskepd { user = ${NONE} }" GROUP, env, NULL,
	    0), -EINVAL);
	ck_assert_ptr_nonnull(strstr(rep.errors[0],
	    "text:2: environment variable NONE is not set"));
}
END_TEST

/* A directory with files for one test. */
static char dir[64];

static void
put_file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	(void)fputs(text, f);
	(void)fclose(f);
}

static void
make_dir(void)
{
	conf_begin();
	(void)snprintf(dir, sizeof(dir), "check_conf.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
drop_dir(void)
{
	char cmd[96];

	conf_end();
	(void)snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	ck_assert_int_eq(system(cmd), 0);
}

static int
load_file(const char *name)
{
	char path[128];
	struct conf_source src = { .file = path };

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	conf_report_fini(&rep);
	conf_close(&conf);
	return conf_load(&src, &conf, &rep);
}

START_TEST(includes_are_read_where_they_stand)
{
	char want[128];

	put_file("main", "http { fields_max = 1 }\ninclude(\"part*.conf\")\n"
	    "include('rest')\n");
	put_file("part1.conf", "\n\ncache { ttl = 1s }\n");
	put_file("part2.conf", "log { format = json }");
	put_file("rest", GROUP);
	ck_assert_msg(load_file("main") == 0, "%s",
	    rep.n_errors > 0 ? rep.errors[0] : "?");
	(void)snprintf(want, sizeof(want), "%s/part1.conf:3", dir);
	ck_assert_str_eq(item("cache", NULL, "ttl").origin, want);
	ck_assert_int_eq(conf_num(conf, OPT_log_format), LOG_FORMAT_JSON);
}
END_TEST

START_TEST(bad_includes_are_refused)
{
	put_file("missing", "\ninclude(\"none\")\n" GROUP);
	put_file("loop", "include(\"loop\")\n" GROUP);
	put_file("half", "http { fields_max = include(\"x\") }");
	put_file("broken", "include(\"bad\")\n" GROUP);
	put_file("bad", "\n\nhttp { x = 1 }\n");
	ck_assert_int_eq(load_file("missing"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(rep.errors[0], "missing:2: "));
	ck_assert_int_eq(load_file("loop"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(rep.errors[0], "too deeply"));
	ck_assert_int_eq(load_file("half"), -EINVAL);
	ck_assert_int_eq(load_file("broken"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(rep.errors[0], "bad:3: unknown key"));
	ck_assert_int_eq(load_file("nowhere"), -ENOENT);
	ck_assert_int_eq(load_file("."), -EISDIR);
}
END_TEST

START_TEST(secrets_come_from_files_and_are_not_shown)
{
	char text[256];
	struct conf_pair p;

	put_file("key", "tops3cret\n");
	(void)snprintf(text, sizeof(text), GROUP
	    "plugin market { token = \"Bearer ${file:%s/key}\" n = 1 }", dir);
	ck_assert_int_eq(load(text), 0);
	p = conf_plugin_pair(conf, "market", 0);
	ck_assert_str_eq(p.value, "Bearer tops3cret");
	ck_assert_int_eq(p.secret, 1);
	ck_assert_str_eq(item("plugin", "market", "token").value, "(secret)");
	ck_assert_str_eq(item("plugin", "market", "n").value, "1");
	(void)snprintf(text, sizeof(text),
	    "http { fields_max = ${file:%s/key} }" GROUP, dir);
	refused(text, "\"(secret)\"");
	ck_assert_ptr_null(strstr(rep.errors[0], "tops3cret"));
}
END_TEST

START_TEST(plugin_sections_are_free_form)
{
	char path[64];

	ck_assert_int_eq(load(GROUP "skepd { plugin_dir = /lib }\n"
	    "plugin market {\n\tfile = /opt/m.so\n\tttl = 30s\n}\n"
	    "plugin other { }"), 0);
	ck_assert_uint_eq(conf_plugin_pairs(conf, "market"), 1);
	ck_assert_str_eq(conf_plugin_pair(conf, "market", 0).key, "ttl");
	ck_assert_str_eq(conf_plugin_pair(conf, "market", 0).origin, "text:5");
	ck_assert_uint_eq(conf_plugin_pairs(conf, "unheard"), 0);
	ck_assert_int_eq(conf_plugin_file(conf, "market", path, 64), 0);
	ck_assert_str_eq(path, "/opt/m.so");
	ck_assert_int_eq(conf_plugin_file(conf, "other", path, 64), 0);
	ck_assert_str_eq(path, "/lib/other.so");
	ck_assert_int_eq(conf_plugin_file(conf, "other", path, 8),
	    -ENAMETOOLONG);
	refused(GROUP "plugin market { ttl = 1s\nttl = 2s }",
	    "text:2: the key \"ttl\" is given again");
}
END_TEST

START_TEST(lists_can_be_empty_and_appended_to)
{
	ck_assert_int_eq(load("admin { listen = {} }\ngroup web {\n"
	    "plugin = a\nplugin += {b, c}\n}"), 0);
	ck_assert_uint_eq(conf_list_len(conf, OPT_admin_listen), 0);
	ck_assert_uint_eq(conf_group_list_len(conf, 0, OPT_group_plugin), 3);
	ck_assert_str_eq(item("group", "web", "plugin").value, "{a, b, c}");
}
END_TEST

struct sum {
	char *p;
	size_t n;
};

static void
add_item(void *arg, const struct conf_item *it)
{
	struct sum *sum = arg;
	size_t len = strlen(sum->p);

	(void)snprintf(sum->p + len, sum->n - len, "%s|%s|%s|%s|%s\n",
	    it->section, it->title == NULL ? "" : it->title, it->key,
	    it->value, it->origin);
}

START_TEST(a_child_reads_what_the_master_has)
{
	static char before[32768], after[32768];
	struct sum sum = { before, sizeof(before) };
	struct conf *copy;
	int fd = fdio_memfd("conf");

	ck_assert_int_eq(load("admin { listen = {} } http { body_max = 1MB }"
	    "group web { plugin = {a, b} max = 3 }"
	    "plugin a { x = \"1 2\" }"), 0);
	ck_assert_int_eq(conf_write(conf, fd), 0);
	ck_assert_int_eq(conf_read(fd, &copy), 0);
	conf_each(conf, add_item, &sum);
	sum.p = after;
	conf_each(copy, add_item, &sum);
	ck_assert_str_eq(before, after);
	ck_assert_int_eq(conf_num(copy, OPT_http_body_max), 1000000);
	conf_close(&copy);
	/* Any number of times. */
	ck_assert_int_eq(conf_read(fd, &copy), 0);
	conf_close(&copy);
	close(fd);
}
END_TEST

START_TEST(a_cut_snapshot_is_refused)
{
	struct conf *copy;
	char *data;
	size_t n, cut;
	int fd = fdio_memfd("conf");

	ck_assert_int_eq(load(GROUP), 0);
	ck_assert_int_eq(conf_write(conf, fd), 0);
	ck_assert_int_eq(fdio_slurp(fd, 1 << 20, &data, &n), 0);
	for (cut = 0; cut < n; cut += 97) {
		ck_assert_int_eq(ftruncate(fd, (off_t)cut), 0);
		ck_assert_int_eq(conf_read(fd, &copy), -EINVAL);
		ck_assert_ptr_null(copy);
		ck_assert_int_eq(ftruncate(fd, 0), 0);
		ck_assert_int_eq((int)lseek(fd, 0, SEEK_SET), 0);
		ck_assert_int_eq(fdio_write_all(fd, data, n), 0);
	}
	free(data);
	close(fd);
}
END_TEST

int
main(void)
{
	TCase *text = SUITE_CASE("text", conf_begin, conf_end,
	    every_fallback_is_a_valid_value, groups_take_defaults_from_workers,
	    later_layers_win_and_origins_are_known, older_variables_are_taken,
	    unknown_variables_are_noted_with_the_nearest,
	    files_of_plugins_are_looked_at,
	    unknown_names_are_refused_with_the_nearest,
	    unknown_overrides_are_refused,
	    bad_values_are_refused_with_their_place,
	    syntax_errors_have_their_place,
	    a_parse_after_an_error_starts_afresh, variables_are_put_in_strictly,
	    plugin_sections_are_free_form, lists_can_be_empty_and_appended_to,
	    a_child_reads_what_the_master_has,
	    a_cut_snapshot_is_refused);
	TCase *files = SUITE_CASE("files", make_dir, drop_dir,
	    includes_are_read_where_they_stand, bad_includes_are_refused,
	    secrets_come_from_files_and_are_not_shown);

	return SUITE_RUN("conf", text, files);
}
