/* The market service's store: made once, whole, and readable by many. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "import.h"
#include "store.h"

static char data_dir[64], state_dir[64];
static int lines, kill_at;

static void
say(void *arg, const char *line)
{
	(void)arg;
	(void)line;
	if (++lines == kill_at)
		raise(SIGKILL);
}

static void
file_write(const char *dir, const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void
setup(void)
{
	strcpy(data_dir, "/tmp/market-data.XXXXXX");
	strcpy(state_dir, "/tmp/market-state.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(data_dir));
	ck_assert_ptr_nonnull(mkdtemp(state_dir));
	lines = kill_at = 0;
	file_write(data_dir, "ohlcv-daily.csv",
	    "symbol,date,open,high,low,close,volume\n"
	    "AAA,2017-01-02,1,2,0.5,1.5,100\n"
	    "AAA,2017-01-03,1.5,3,1,2.5,\n");
	file_write(data_dir, "closes-daily.csv",
	    "symbol,date,close\nOIL,2020-04-17,18.31\nOIL,2020-04-20,\n");
	file_write(data_dir, "sp500-constituents-financials.csv",
	    "Symbol,Name,Sector,Price,Price/Earnings,Dividend Yield,"
	    "Earnings/Share,52 Week Low,52 Week High,Market Cap,EBITDA,"
	    "Price/Sales,Price/Book,SEC Filings\r\n"
	    "AAA,\"A, Inc.\",Metal,1,2,,-3.5,,,,,,,x\r\n"
	    "CO.B,Co,Glass,,,,,,,,,,,x\r\n");
	file_write(data_dir, "sp500-constituents.csv",
	    "Symbol,Name,Sector\r\nCO.B,Co,Glass\r\nZZ,Zed,Wood\r\n");
}

/* How many files of the directory end so; removes them when asked. */
static int
files(const char *dir, const char *end, int remove_them)
{
	struct dirent *d;
	char path[400];
	int n = 0;
	DIR *dp = opendir(dir);

	ck_assert_ptr_nonnull(dp);
	while ((d = readdir(dp)) != NULL) {
		if (d->d_name[0] == '.' || strlen(d->d_name) < strlen(end) ||
		    strcmp(d->d_name + strlen(d->d_name) - strlen(end), end))
			continue;
		n++;
		snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
		if (remove_them)
			ck_assert_int_eq(unlink(path), 0);
	}
	closedir(dp);
	return n;
}

static void
teardown(void)
{
	files(data_dir, "", 1);
	files(state_dir, "", 1);
	rmdir(data_dir);
	rmdir(state_dir);
}

static int
ensure(struct import *im)
{
	memset(im, 0, sizeof(*im));
	im->data_dir = data_dir;
	im->state_dir = state_dir;
	im->say = say;
	return import_ensure(im);
}

static void
ensure_ok(struct import *im)
{
	int rc = ensure(im);

	ck_assert_msg(rc == 0, "%s", im->error);
}

static struct store *
open_ok(const char *path)
{
	struct store *s = NULL;
	char error[300] = "";
	int rc = store_open(&s, path, 8, error, sizeof(error));

	ck_assert_msg(rc == 0, "%s", error);
	return s;
}

START_TEST(a_store_is_made_once)
{
	struct import a, b;

	ensure_ok(&a);
	ensure_ok(&b);

	ck_assert_int_eq(a.made, 1);
	ck_assert_int_eq(lines, 5);
	ck_assert_int_eq(b.made, 0);
	ck_assert_str_eq(a.path, b.path);
	ck_assert_int_eq(files(state_dir, ".mdb", 0), 1);
	ck_assert_int_eq(files(state_dir, ".new", 0), 0);
	close(a.hold);
	close(b.hold);
}
END_TEST

START_TEST(a_store_says_what_the_files_say)
{
	struct store_symbol sym;
	struct store_bars bars;
	struct record_bar bar;
	struct import im;
	struct store *s;
	size_t i;

	ensure_ok(&im);
	s = open_ok(im.path);
	ck_assert_uint_eq(store_count(s), 4);
	ck_assert_int_eq(store_symbol(s, skep_str("AAA"), &sym), 1);
	ck_assert(skep_str_eq(sym.name, "A, Inc."));
	ck_assert(skep_str_eq(sym.sector, "Metal"));
	ck_assert_uint_eq(sym.head.kind, RECORD_OHLCV);
	ck_assert_uint_eq(sym.head.from, 20170102);
	ck_assert_uint_eq(sym.head.to, 20170103);
	ck_assert(sym.head.has_eps && sym.head.eps == -3.5);
	ck_assert_int_eq(store_symbol(s, skep_str("CO.B"), &sym), 1);
	ck_assert_uint_eq(sym.head.kind, RECORD_COMPANY);
	ck_assert_uint_eq(sym.head.has_eps, 0);
	ck_assert_int_eq(store_symbol(s, skep_str("OIL"), &sym), 1);
	ck_assert_ptr_null(sym.name.p);
	ck_assert_int_eq(store_symbol(s, skep_str("AA"), &sym), 0);
	ck_assert_int_eq(store_symbol(s, skep_str(""), &sym), 0);
	ck_assert_int_eq(store_bars(s, skep_str("ZZ"), &bars), 0);

	ck_assert_int_eq(store_bars(s, skep_str("AAA"), &bars), 1);
	ck_assert_uint_eq(bars.n, 2);
	store_bar(&bars, 1, &bar);
	ck_assert(bar.close == 2.5 && !(bar.has & RECORD_HAS_VOLUME));
	ck_assert_uint_eq(store_bars_from(&bars, 20170102), 0);
	ck_assert_uint_eq(store_bars_from(&bars, 20170103), 1);
	ck_assert_uint_eq(store_bars_from(&bars, 20170104), 2);

	/* The last row of OIL has no close; the one before it has. */
	ck_assert_int_eq(store_bars(s, skep_str("OIL"), &bars), 1);
	ck_assert_int_eq(store_bars_close(&bars, bars.n, &i, &bar), 1);
	ck_assert_uint_eq(i, 0);
	ck_assert_int_eq(store_bars_close(&bars, i, &i, &bar), 0);
	store_close(&s);
	ck_assert_ptr_null(s);
	close(im.hold);
}
END_TEST

START_TEST(changed_files_make_another_store)
{
	struct import a, b, c;

	ensure_ok(&a);
	file_write(data_dir, "closes-daily.csv",
	    "symbol,date,close\nOIL,2020-04-17,18.32\n");
	ensure_ok(&b);

	ck_assert_int_eq(b.made, 1);
	ck_assert_str_ne(a.path, b.path);
	/* The first is still held, so it is still there. */
	ck_assert_int_eq(files(state_dir, ".mdb", 0), 2);
	close(a.hold);
	ensure_ok(&c);
	ck_assert_int_eq(c.made, 0);
	ck_assert_int_eq(files(state_dir, ".mdb", 0), 1);
	close(b.hold);
	close(c.hold);
}
END_TEST

/* In a child, which dies at line _i of the progress. */
START_TEST(a_killed_import_starts_again)
{
	struct import im;
	struct store *s;
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		kill_at = _i;
		(void)ensure(&im);
		_exit(1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(files(state_dir, ".mdb", 0), _i == 5);

	ensure_ok(&im);

	ck_assert_int_eq(im.made, _i != 5);
	s = open_ok(im.path);
	ck_assert_uint_eq(store_count(s), 4);
	store_close(&s);
	close(im.hold);
}
END_TEST

START_TEST(a_rest_of_a_killed_import_is_overwritten)
{
	struct import a, b;
	struct store *s;
	char name[100], garbage[5000];

	ensure_ok(&a);
	close(a.hold);
	ck_assert_int_eq(unlink(a.path), 0);
	memset(garbage, 'x', sizeof(garbage) - 1);
	garbage[sizeof(garbage) - 1] = '\0';
	snprintf(name, sizeof(name), "%s.new", strrchr(a.path, '/') + 1);
	file_write(state_dir, name, garbage);

	ensure_ok(&b);

	s = open_ok(b.path);
	ck_assert_uint_eq(store_count(s), 4);
	ck_assert_int_eq(files(state_dir, ".new", 0), 0);
	store_close(&s);
	close(b.hold);
}
END_TEST

/* The state directory as a file system of that many pages.  0, -errno. */
static int
mount_small(int pages)
{
	char options[32];

	snprintf(options, sizeof(options), "size=%d", pages * 4096);
	return mount("small", state_dir, "tmpfs", 0, options) < 0 ? -errno : 0;
}

/*
 * Mounts that nobody else sees.  0, -errno: EINVAL in a chroot, whose root is
 * no mount that could be made private.
 */
static int
mounts_apart(void)
{
	if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ?
	    -errno : 0;
}

/* LMDB has another word for a write that does not go in as a whole. */
START_TEST(a_full_file_system_is_said_to_be_full)
{
	struct import im;
	int pages, full = 0, rc = mounts_apart();

	if (rc < 0) {
		printf("note: no mounts of our own (%s): a full file system"
		    " is not tried\n", strerror(-rc));
		return;
	}
	for (pages = 1; pages < 24; pages++) {
		ck_assert_int_eq(mount_small(pages), 0);
		rc = ensure(&im);
		if (rc == 0)
			close(im.hold);
		ck_assert_msg(rc == 0 || rc == -ENOSPC, "%d pages: %s", pages,
		    im.error);
		ck_assert(rc == 0 || strstr(im.error, strerror(ENOSPC)));
		full += rc != 0;
		ck_assert_int_eq(files(state_dir, ".new", 0), 0);
		ck_assert_int_eq(umount2(state_dir, MNT_DETACH), 0);
	}
	ck_assert_int_gt(full, 2);
	ck_assert_int_lt(full, 23);
}
END_TEST

START_TEST(of_many_at_once_one_imports)
{
	struct import im;
	int i, status, made = 0;

	for (i = 0; i < 6; i++)
		if (fork() == 0)
			_exit(ensure(&im) < 0 ? 2 : im.made);
	for (i = 0; i < 6; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert(WIFEXITED(status));
		ck_assert_int_lt(WEXITSTATUS(status), 2);
		made += WEXITSTATUS(status);
	}
	ck_assert_int_eq(made, 1);
}
END_TEST

START_TEST(killed_readers_do_not_fill_the_table)
{
	struct import im;
	struct store *s;
	int i, status;
	pid_t pid;

	ensure_ok(&im);
	for (i = 0; i < 40; i++) {
		pid = fork();
		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			char error[300];

			if (store_open(&s, im.path, 8, error,
				sizeof(error)) == 0)
				raise(SIGKILL);
			_exit(1);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_msg(WIFSIGNALED(status), "reader %d", i);
	}
	s = open_ok(im.path);
	store_close(&s);
	close(im.hold);
}
END_TEST

static const struct {
	const char *file, *text, *error;
} refused[] = {
	{ "closes-daily.csv", "symbol,date,close\nOIL,2020-13-17,1\n",
	    "closes-daily.csv:2: \"2020-13-17\" is not a date" },
	{ "closes-daily.csv", "symbol,date,close\nOIL,2020-01-17,x\n",
	    "closes-daily.csv:2: \"x\" is not a number" },
	{ "closes-daily.csv",
	    "symbol,date,close\nOIL,2020-01-17,1\nOIL,2020-01-17,1\n",
	    "closes-daily.csv:3: the dates of OIL do not ascend" },
	{ "closes-daily.csv", "symbol,date,close\nAAA,2020-01-17,1\n",
	    "closes-daily.csv:2: AAA has prices in another file" },
	{ "closes-daily.csv", "symbol,date,close\nA B,2020-01-17,1\n",
	    "closes-daily.csv:2: \"A B\" cannot be a symbol" },
	{ "closes-daily.csv", "symbol;date;close\n",
	    "closes-daily.csv:1: column 1 should be \"symbol\"" },
};

START_TEST(a_bad_file_is_refused_with_its_line)
{
	struct import im;

	file_write(data_dir, refused[_i].file, refused[_i].text);

	ck_assert_int_eq(ensure(&im), -EINVAL);

	ck_assert_ptr_nonnull(strstr(im.error, refused[_i].error));
	ck_assert_int_eq(im.hold, -1);
	ck_assert_int_eq(files(state_dir, ".mdb", 0), 0);
}
END_TEST

START_TEST(a_missing_file_or_directory_is_said)
{
	struct import im;
	char path[100];

	snprintf(path, sizeof(path), "%s/ohlcv-daily.csv", data_dir);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(ensure(&im), -ENOENT);
	ck_assert_ptr_nonnull(strstr(im.error, "ohlcv-daily.csv"));
}
END_TEST

START_TEST(what_is_no_store_is_refused)
{
	char path[100], error[300];
	struct store *s;

	file_write(state_dir, "x.mdb", "not a store");
	snprintf(path, sizeof(path), "%s/x.mdb", state_dir);
	ck_assert_int_lt(store_open(&s, path, 8, error, sizeof(error)), 0);
	ck_assert_ptr_nonnull(strstr(error, "x.mdb"));
	snprintf(path, sizeof(path), "%s/none.mdb", state_dir);
	ck_assert_int_eq(store_open(&s, path, 8, error, sizeof(error)),
	    -ENOENT);
}
END_TEST

static int
open_descriptors(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

START_TEST(nothing_but_the_hold_stays_open)
{
	struct import im;
	int before = open_descriptors();

	ensure_ok(&im);
	ck_assert_int_eq(open_descriptors(), before + 1);
	close(im.hold);
	ensure_ok(&im);
	ck_assert_int_eq(open_descriptors(), before + 1);
	close(im.hold);
}
END_TEST

int
main(void)
{
	TCase *tc = SUITE_CASE("all", setup, teardown, a_store_is_made_once,
	    a_store_says_what_the_files_say, changed_files_make_another_store,
	    a_rest_of_a_killed_import_is_overwritten,
	    a_full_file_system_is_said_to_be_full,
	    of_many_at_once_one_imports, killed_readers_do_not_fill_the_table,
	    a_missing_file_or_directory_is_said, what_is_no_store_is_refused,
	    nothing_but_the_hold_stays_open);

	tcase_add_loop_test(tc, a_killed_import_starts_again, 1, 6);
	tcase_add_loop_test(tc, a_bad_file_is_refused_with_its_line, 0,
	    (int)(sizeof(refused) / sizeof(*refused)));
	return SUITE_RUN("market store", tc);
}
