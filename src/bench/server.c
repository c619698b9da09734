#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define START_MS 30000	/* a plugin may have to import its data first */

#ifndef SKEP_PLUGINDIR
#define SKEP_PLUGINDIR "/usr/local/lib/skep"
#endif

static uint64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int
beside_us(const char *name, char *out, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n < 0)
		return -errno;
	self[n] = '\0';
	if (snprintf(out, size, "%s/%s", dirname(self), name) >= (int)size)
		return -ENAMETOOLONG;
	return access(out, R_OK) == 0 ? 0 : -ENOENT;
}

int
server_program(const char *name, char *out, size_t size)
{
	return beside_us(name, out, size) == 0 ? 0 :
						 proc_find(name, out, size);
}

int
server_plugin(const char *name, char *out, size_t size)
{
	char file[256];

	snprintf(file, sizeof file, ".libs/%s.so", name);
	if (beside_us(file, out, size) == 0)
		return 0;
	if (snprintf(out, size, "%s/%s.so", SKEP_PLUGINDIR, name) >= (int)size)
		return -ENAMETOOLONG;
	return access(out, R_OK) == 0 ? 0 : -ENOENT;
}

/* --- the log --- */

int
server_log_next(struct server *s, char *line, size_t size)
{
	FILE *f = fopen(s->log, "re");
	size_t n;
	int rc = 0;

	if (f == NULL)
		return errno == ENOENT ? 0 : -errno;
	if (fseek(f, s->log_at, SEEK_SET) == 0 &&
	    fgets(line, (int)size, f) != NULL) {
		n = strlen(line);
		/* Half a line is still being written; one too long is taken as it is. */
		if (line[n - 1] == '\n' || n == size - 1) {
			s->log_at += (long)n;
			line[n - (line[n - 1] == '\n')] = '\0';
			rc = 1;
		}
	}
	(void)fclose(f); /* it was only read */
	return rc;
}

static int
has_all(const char *line, const char *const words[])
{
	for (size_t i = 0; words[i] != NULL; i++)
		if (strstr(line, words[i]) == NULL)
			return 0;
	return 1;
}

int
server_line_value(const char *line, const char *key, char *out, size_t size)
{
	size_t n = strlen(key);
	const char *p = line, *end;

	while ((p = strstr(p, key)) != NULL &&
	    (p == line || p[-1] != ' ' || p[n] != '='))
		p++;
	if (p == NULL)
		return 0;
	p += n + 1;
	end = *p == '"' ? strchr(++p, '"') : strchr(p, ' ');
	n = end == NULL ? strlen(p) : (size_t)(end - p);
	if (n >= size)
		n = size - 1;
	memcpy(out, p, n);
	out[n] = '\0';
	return 1;
}

uint64_t
server_line_time_ns(const char *line)
{
	struct tm tm = { 0 };
	const char *p = strptime(line, "%Y-%m-%dT%H:%M:%S", &tm);
	unsigned us;

	if (p == NULL || sscanf(p, ".%6uZ", &us) != 1)
		return 0;
	return (uint64_t)timegm(&tm) * 1000000000u + us * 1000u;
}

/* Ports that port 0 became are said as they are bound. */
static void
note_port(struct server *s, const char *line)
{
	char address[128], option[128];
	const char *colon;

	if (strstr(line, "listening address=") == NULL ||
	    !server_line_value(line, "address", address, sizeof address) ||
	    !server_line_value(line, "option", option, sizeof option))
		return;
	colon = strrchr(address, ':');
	if (colon == NULL || strncmp(address, "unix:", 5) == 0)
		return;
	if (strncmp(option, "admin", 5) == 0)
		s->admin_port = atoi(colon + 1);
	else
		s->port = atoi(colon + 1);
}

int
server_log_wait(struct server *s, const char *const words[], int wait_ms,
    char *line, size_t size)
{
	uint64_t end = now_ms() + (uint64_t)wait_ms;

	for (;;) {
		int rc = server_log_next(s, line, size), alive;

		if (rc < 0)
			return rc;
		if (rc == 1) {
			note_port(s, line);
			if (has_all(line, words))
				return 1;
			continue;
		}
		alive = proc_alive(&s->proc);
		if (!alive && server_log_next(s, line, size) == 0)
			return -ECHILD;
		if (now_ms() >= end)
			return 0;
		(void)usleep(1000);
	}
}

/* --- start and stop --- */

int
server_configure(struct server *s, const char *conf)
{
	char path[320];
	FILE *f;

	snprintf(path, sizeof path, "%s/skepd.conf", s->dir);
	f = fopen(path, "we");
	if (f == NULL)
		return -errno;
	fprintf(f, "skepd {\n\trun_dir = \"%s/run\"\n"
		   "\tstate_dir = \"%s/state\"\n%s}\n",
	    s->dir, s->dir, geteuid() == 0 ? "\tuser = \"root\"\n" : "");
	fprintf(f, "admin { listen = {\"127.0.0.1:0\"} }\n"
		   "region { path = \"%s\" }\n%s",
	    s->region, conf);
	return fclose(f) == 0 ? 0 : -EIO;
}

static void
last_words(struct server *s, char *why, size_t size)
{
	char line[1024];

	s->log_at = 0;
	snprintf(why, size, "skepd does not start; its log is empty");
	while (server_log_next(s, line, sizeof line) == 1)
		if (strstr(line, " error ") != NULL ||
		    strstr(why, " error ") == NULL)
			snprintf(why, size, "skepd does not start: %.400s",
			    line);
}

int
server_start(struct server *s, const char *dir, const char *conf,
    const char *group, int cpu, char *why, size_t why_size)
{
	char exe[512], file[320], line[1024], ready[64];
	const char *argv[] = { exe, "-c", file, NULL };
	const char *words[] = { "group ready", ready, NULL };
	const char *slash = strrchr(dir, '/');
	int rc;

	*s = (struct server){ .log_at = 0 };
	if (server_program("skepd", exe, sizeof exe) < 0) {
		snprintf(why, why_size, "skepd is neither built nor installed");
		return -ENOENT;
	}
	snprintf(s->dir, sizeof s->dir, "%s", dir);
	snprintf(s->log, sizeof s->log, "%s/log", dir);
	snprintf(s->region, sizeof s->region, "/dev/shm/%s.region",
	    slash == NULL ? dir : slash + 1);
	snprintf(file, sizeof file, "%s/skepd.conf", dir);
	snprintf(ready, sizeof ready, "group=%s ", group);
	snprintf(line, sizeof line, "%s/state", dir);
	if (mkdir(line, 0700) < 0 && errno != EEXIST)
		return -errno;
	rc = server_configure(s, conf);
	if (rc == 0)
		rc = proc_start(&s->proc, argv, s->log, cpu);
	if (rc < 0) {
		snprintf(why, why_size, "skepd: %s", strerror(-rc));
		return rc;
	}
	rc = server_log_wait(s, words, START_MS, line, sizeof line);
	if (rc == 1)
		return 0;
	last_words(s, why, why_size);
	return rc == 0 ? -ETIMEDOUT : rc;
}

int
server_stop(struct server *s)
{
	return proc_stop(&s->proc, 15000);
}

/* --- control --- */

static int
dial(const struct server *s)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = 60 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), e;

	if (fd < 0)
		return -errno;
	if (snprintf(a.sun_path, sizeof a.sun_path, "%s/run/control.sock",
		s->dir) >= (int)sizeof a.sun_path)
		e = ENAMETOOLONG;
	else if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) <
		0 ||
	    connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		e = errno;
	else
		return fd;
	(void)close(fd);
	return -e;
}

/* One line, which a reply in JSON is.  NULL: it did not come whole. */
static json_t *
read_reply(int fd)
{
	size_t n = 0, cap = 0;
	json_t *o = NULL;
	char *buf = NULL;
	ssize_t k = 1;

	while (k > 0 && (n == 0 || buf[n - 1] != '\n')) {
		if (cap - n < 4096) {
			char *more = realloc(buf, cap += 65536);

			if (more == NULL)
				break;
			buf = more;
		}
		k = recv(fd, buf + n, cap - n, 0);
		n += k > 0 ? (size_t)k : 0;
	}
	if (n > 0 && buf[n - 1] == '\n')
		o = json_loadb(buf, n, 0, NULL);
	free(buf);
	return o;
}

static int
take_reply(json_t *o, json_t **data_out, char *why, size_t size)
{
	const char *error = json_string_value(json_object_get(o, "error"));

	if (!json_is_true(json_object_get(o, "ok"))) {
		snprintf(why, size, "%s", error == NULL ? "no reply" : error);
		return error == NULL ? -EPROTO : -ECANCELED;
	}
	*data_out = json_incref(json_object_get(o, "data"));
	return 0;
}

int
server_ctl(struct server *s, const char *command, json_t **data_out, char *why,
    size_t why_size)
{
	char text[256];
	int n = snprintf(text, sizeof text, "%s --json\n", command), rc;
	int fd = dial(s);
	json_t *o = NULL;

	*data_out = NULL;
	if (fd < 0) {
		snprintf(why, why_size, "control socket: %s", strerror(-fd));
		return fd;
	}
	if (send(fd, text, (size_t)n, MSG_NOSIGNAL) == n)
		o = read_reply(fd);
	rc = take_reply(o, data_out, why, why_size);
	json_decref(o);
	(void)close(fd);
	return rc;
}
