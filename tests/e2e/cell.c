/* cell.c - see cell.h */
#include "cell.h"

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 5

/* What this run makes is known by its name. */
static char prefix[32] = "skep-cell";

static const char *
top(void)
{
	const char *dir = getenv("top_builddir");

	return dir != NULL ? dir : ".";
}

static long long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void
pause_ms(int ms)
{
	const struct timespec ts = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

static void
link_program(struct cell *c, const char *name, const char *program)
{
	char from[4096], to[256], real[4096];

	snprintf(from, sizeof from, "%s/%s", top(), program);
	ck_assert_msg(realpath(from, real) != NULL, "%s is not built", from);
	snprintf(to, sizeof to, "%s/%s", c->lib, name);
	ck_assert_int_eq(symlink(real, to), 0);
}

void
cell_open(struct cell *c)
{
	memset(c, 0, sizeof *c);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	snprintf(c->dir, sizeof c->dir, "/tmp/%s.XXXXXX", prefix);
	ck_assert_ptr_nonnull(mkdtemp(c->dir));
	chmod(c->dir, 0755);
	snprintf(c->conf, sizeof c->conf, "%s/skepd.conf", c->dir);
	snprintf(c->log, sizeof c->log, "%s/log", c->dir);
	snprintf(c->run, sizeof c->run, "%s/run", c->dir);
	snprintf(c->flags, sizeof c->flags, "%s/flags", c->dir);
	snprintf(c->lib, sizeof c->lib, "%s/lib", c->dir);
	snprintf(c->region, sizeof c->region, "/dev/shm/%s",
	    strrchr(c->dir, '/') + 1);
	mkdir(c->flags, 0755);
	mkdir(c->lib, 0755);
	link_program(c, "skep-worker", "e2e_fake_child");
	link_program(c, "skep-keeper", "e2e_fake_child");
	link_program(c, "skep-mend", "e2e_fake_child");
	link_program(c, "real-mend", "skep-mend");
	cell_configure(c, "", "");
}

void
cell_configure(struct cell *c, const char *group, const char *more)
{
	FILE *f = fopen(c->conf, "we");

	ck_assert_ptr_nonnull(f);
	fprintf(f, "skepd {\n\tuser = \"%s\"\n\trun_dir = \"%s\"\n"
	    "\tlibexec_dir = \"%s\"\n}\n",
	    geteuid() != 0 ? "" : c->user != NULL ? c->user : "root", c->run,
	    c->lib);
	fprintf(f, "region { path = \"%s\" }\n", c->region);
	fprintf(f, "cache { size = 4MiB }\n");
	fprintf(f, "admin { listen = {\"127.0.0.1:0\"} }\n");
	fprintf(f, "group web {\n\tplugin = {\"x\"}\n%s\n%s", group,
	    strstr(group, "listen") != NULL ? "" :
					      "\tlisten = {\"127.0.0.1:0\"}\n");
	fprintf(f, "%s}\n%s\n",
	    strstr(group, "min") != NULL ? "" :
					   "\tmin = 2\n\tstart = 2\n\tmax = 4\n",
	    more);
	fclose(f);
}

/* The first process of a new pid namespace, with its own /proc.  The one
 * outside passes signals on and ends as it does. */
static pid_t inner;

static void
pass_on(int sig)
{
	kill(inner, sig);
}

static void
become_pid_1(void)
{
	int status;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
		_exit(77);
	inner = fork();
	if (inner == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
		if (mount("proc", "/proc", "proc", 0, NULL) < 0)
			_exit(77);
		return;
	}
	signal(SIGTERM, pass_on);
	while (waitpid(inner, &status, 0) < 0)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void
child(struct cell *c)
{
	char path[4096], flags[128], pid[32];
	int fd = open(c->log, O_WRONLY | O_CREAT | O_APPEND, 0644);

	snprintf(path, sizeof path, "%s/skepd", top());
	snprintf(flags, sizeof flags, "%s", c->flags);
	setenv("FAKE_DIR", flags, 1);
	snprintf(flags, sizeof flags, "%s/skep-mend", c->lib);
	setenv("FAKE_LIB", flags, 1);
	if (c->set_env != NULL)
		putenv((char *)(uintptr_t)c->set_env);
	dup2(fd, STDERR_FILENO);
	dup2(fd, STDOUT_FILENO);
	if (c->keep_fd3 != 0) {
		dup2(c->keep_fd3, 3);
		snprintf(pid, sizeof pid, "%ld", (long)getpid());
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", "1", 1);
	}
	/* A test that ran out of time is killed, and cannot clean up. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid(); /* no terminal: HUP is a reload */
	if (c->tty != 0)
		ioctl(c->tty, TIOCSCTTY, 0);
	if (c->as_pid_1)
		become_pid_1();
	execl(path, "skepd", "-c", c->conf, (char *)NULL);
	_exit(126);
}

void
cell_start(struct cell *c)
{
	c->pid = fork();
	ck_assert_int_ge(c->pid, 0);
	if (c->pid == 0)
		child(c);
}

void
cell_serve(struct cell *c)
{
	cell_start(c);
	ck_assert_msg(cell_logged(c, "serving generation=", 1, 10000),
	    "it does not serve: %s", c->log);
}

int
cell_wait(struct cell *c, int ms)
{
	long long end = now_ms() + ms;
	int status;

	while (c->pid != 0 && waitpid(c->pid, &status, WNOHANG) == 0) {
		if (now_ms() > end)
			return -1;
		pause_ms(STEP_MS);
	}
	c->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

static void
parent_of(const char *name, pid_t parent, pid_t *out, int max, int *n)
{
	char path[300], text[512], *p;
	ssize_t len;
	int fd;

	snprintf(path, sizeof path, "/proc/%s/stat", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	len = read(fd, text, sizeof text - 1);
	close(fd);
	if (len <= 0)
		return;
	text[len] = '\0';
	p = strrchr(text, ')');
	if (p != NULL && p[2] != 'Z' &&
	    strtol(p + 4, NULL, 10) == (long)parent && *n < max)
		out[(*n)++] = (pid_t)strtol(name, NULL, 10);
}

int
cell_children(pid_t parent, pid_t *out, int max)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int n = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
			parent_of(e->d_name, parent, out, max, &n);
	if (d != NULL)
		closedir(d);
	return n;
}

/* All that are left are ours now: end them, by pid. */
static int
end_rest(void)
{
	pid_t v[256];
	int i, n, all = 0;

	while ((n = cell_children(getpid(), v, 256)) > 0) {
		for (i = 0; i < n; i++) {
			kill(v[i], SIGKILL);
			waitpid(v[i], NULL, 0);
		}
		all += n;
	}
	return all;
}

static void
remove_tree(const char *dir)
{
	char path[512];
	struct dirent *e;
	struct stat st;
	DIR *d = opendir(dir);

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
			remove_tree(path);
		else
			unlink(path);
	}
	if (d != NULL)
		closedir(d);
	rmdir(dir);
}

void
cell_close(struct cell *c)
{
	if (c->pid != 0) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	(void)end_rest(); /* tests that promise none have counted themselves */
	unlink(c->region);
	if (getenv("CELL_KEEP") == NULL)
		remove_tree(c->dir);
}

void
cell_prefix(void)
{
	snprintf(prefix, sizeof prefix, "skep-cell.%ld", (long)getpid());
}

static void
sweep(const char *dir, int keep)
{
	char path[512];
	struct dirent *e;
	DIR *d = opendir(dir);

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, prefix, strlen(prefix)) != 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		if (keep)
			printf("kept: %s\n", path);
		else if (unlink(path) < 0)
			remove_tree(path);
	}
	if (d != NULL)
		closedir(d);
}

void
cell_sweep(int keep)
{
	sweep("/dev/shm", 0);
	sweep("/tmp", keep);
}

static void
flag_path(struct cell *c, const char *name, char *path, size_t cap)
{
	snprintf(path, cap, "%s/%s", c->flags, name);
}

void
cell_flag(struct cell *c, const char *name)
{
	char path[256];
	int fd;

	flag_path(c, name, path, sizeof path);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

void
cell_unflag(struct cell *c, const char *name)
{
	char path[256];

	flag_path(c, name, path, sizeof path);
	unlink(path);
}

static int
count_lines(const char *file, const char *text)
{
	char line[4096];
	FILE *f = fopen(file, "re");
	int n = 0;

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		n += strstr(line, text) != NULL;
	if (f != NULL)
		fclose(f);
	return n;
}

int
cell_logged(struct cell *c, const char *text, int n, int ms)
{
	long long end = now_ms() + ms;

	while (count_lines(c->log, text) < n) {
		if (now_ms() > end)
			return 0;
		pause_ms(STEP_MS);
	}
	return 1;
}

int
cell_until(int (*fn)(struct cell *, void *), struct cell *c, void *arg, int ms)
{
	long long end = now_ms() + ms;
	int rc;

	while ((rc = fn(c, arg)) == 0 && now_ms() <= end)
		pause_ms(STEP_MS);
	return rc;
}

int
cell_uid_of(pid_t pid)
{
	char path[64], line[256];
	int uid = -1;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "Uid:", 4) == 0)
			uid = (int)strtol(line + 4, NULL, 10);
	if (f != NULL)
		fclose(f);
	return uid;
}

static int
control(struct cell *c)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 30 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof sa.sun_path, "%s/control.sock", c->run);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	if (connect(fd, (struct sockaddr *)&sa, sizeof sa) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

char *
cell_ctl(struct cell *c, const char *line)
{
	size_t len = 0, cap = 1 << 20;
	char *reply = calloc(1, cap);
	int fd = control(c);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	ck_assert_ptr_nonnull(reply);
	ck_assert_int_eq(send(fd, line, strlen(line), 0),
	    (ssize_t)strlen(line));
	ck_assert_int_eq(send(fd, "\n", 1, 0), 1);
	/* One reply: ours are JSON, which ends with its line. */
	while (len + 1 < cap && memchr(reply, '\n', len) == NULL &&
	    (n = recv(fd, reply + len, cap - 1 - len, 0)) > 0)
		len += (size_t)n;
	close(fd);
	return reply;
}

json_t *
cell_status(struct cell *c)
{
	char *reply = cell_ctl(c, "status --json");
	json_t *whole = json_loads(reply, 0, NULL), *data;

	ck_assert_msg(whole != NULL, "no status: %s", reply);
	data = json_incref(json_object_get(whole, "data"));
	json_decref(whole);
	free(reply);
	ck_assert_ptr_nonnull(data);
	return data;
}

pid_t
cell_helper(struct cell *c, const char *name)
{
	json_t *doc = cell_status(c);
	json_t *h = json_object_get(doc, name);
	pid_t pid = 0;

	if (strcmp(json_string_value(json_object_get(h, "state")), "ready") ==
	    0)
		pid = (pid_t)json_integer_value(json_object_get(h, "pid"));
	json_decref(doc);
	return pid;
}

pid_t
cell_worker(struct cell *c, int index)
{
	json_t *doc = cell_status(c);
	json_t *group = json_array_get(json_object_get(doc, "groups"), 0);
	json_t *w = json_array_get(json_object_get(group, "workers"),
	    (size_t)index);
	const char *state = json_string_value(json_object_get(w, "state"));
	pid_t pid = 0;

	if (state != NULL && strcmp(state, "ready") == 0)
		pid = (pid_t)json_integer_value(json_object_get(w, "pid"));
	json_decref(doc);
	return pid;
}

/* The last one that the log tells of. */
pid_t
cell_zygote(struct cell *c)
{
	char line[4096], *p;
	FILE *f = fopen(c->log, "re");
	pid_t pid = 0;

	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		p = strstr(line, "ready zygote=web.zygote pid=");
		if (p != NULL)
			pid = (pid_t)strtol(strstr(p, "pid=") + 4, NULL, 10);
	}
	if (f != NULL)
		fclose(f);
	return pid;
}

int
cell_port(struct cell *c, int i)
{
	json_t *doc = cell_status(c);
	json_t *group = json_array_get(json_object_get(doc, "groups"), 0);
	const char *bound = json_string_value(json_array_get(
	    json_object_get(group, "listen"), (size_t)i));
	int port = 0;

	if (bound != NULL)
		port = (int)strtol(strrchr(bound, ':') + 1, NULL, 10);
	json_decref(doc);
	return port;
}

pid_t
cell_ask(struct cell *c, int port, unsigned *generation_out)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = 5 };
	char text[64] = "";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), pid = 0;
	unsigned gen = 0;

	(void)c;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	if (connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0 &&
	    recv(fd, text, sizeof text - 1, 0) > 0 &&
	    sscanf(text, "%d %u", &pid, &gen) != 2)
		pid = 0;
	close(fd);
	if (generation_out != NULL)
		*generation_out = gen;
	return (pid_t)pid;
}
