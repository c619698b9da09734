/* remote.c - commands that the daemon answers. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "client.h"
#include "clock.h"
#include "skepctl.h"

#define PLAIN_MS 10000	/* these are answered from tables: at once */

int
skepctl_unreachable(const char *path, int rc)
{
	if (rc == -EACCES || rc == -EPERM) {
		skepctl_complain("%s: not permitted", path);
		return CTL_EXIT_DENIED;
	}
	if (rc == -ENOENT || rc == -ECONNREFUSED)
		skepctl_complain("no daemon answers at %s", path);
	else
		skepctl_complain("%s: %s", path, strerror(-rc));
	return CTL_EXIT_UNAVAILABLE;
}

/* The exit status of `status` tells whether there is a daemon at all. */
static int
unreachable(const struct skepctl *s, const char *path, int rc)
{
	int status = skepctl_unreachable(path, rc);

	return s->cmd->id == CTL_STATUS &&
	    (rc == -ENOENT || rc == -ECONNREFUSED) ? CTL_EXIT_NO_DAEMON :
	    status;
}

static int
cut_off(int rc)
{
	if (rc == -EPIPE)
		skepctl_complain("the daemon hung up before it had answered");
	else if (rc == -ETIMEDOUT)
		skepctl_complain("no answer in time");
	else if (rc == -EPROTO)
		skepctl_complain("what answers there is no skepd");
	else
		skepctl_complain("%s", strerror(-rc));
	return CTL_EXIT_UNAVAILABLE;
}

/* Since the command was sent. */
static double
waited_s(const struct client *c)
{
	return (double)(clock_mono_ns() - c->sent_ns) / 1e9;
}

static int
print_text(const struct skepctl *s, struct client *c)
{
	struct ctl_reply r;
	int rc;

	while ((rc = client_reply(c, &r)) == 1) {
		if (r.kind == CTL_REPLY_ERR) {
			skepctl_complain("%.*s", (int)r.n, r.body);
			return r.code == 0 ? CTL_EXIT_FAILED : r.code;
		}
		if (s->cmd->id == CTL_PING)
			(void)printf("pong in %.3f ms\n",
			    1000 * waited_s(c));
		else
			(void)fwrite(r.body, 1, r.n, stdout);
		/* Values are printed as they are, but for a terminal. */
		if (s->tty && r.n > 0 && r.body[r.n - 1] != '\n')
			(void)putchar('\n');
		if (fflush(stdout) != 0)
			return CTL_EXIT_FAILED;
		if (r.kind == CTL_REPLY_OK)
			return CTL_EXIT_OK;
	}
	return cut_off(rc);
}

int
skepctl_put(const struct skepctl *s, const json_t *data)
{
	size_t flags = JSON_ENCODE_ANY |
	    (s->tty ? JSON_INDENT(2) : JSON_COMPACT);
	int rc = json_dumpf(data, stdout, flags);

	(void)putchar('\n');
	return rc < 0 || fflush(stdout) != 0 ? CTL_EXIT_FAILED : CTL_EXIT_OK;
}

/* {"more":[...]}: one element a line. */
static int
print_more(const json_t *more)
{
	size_t i;

	for (i = 0; i < json_array_size(more); i++) {
		(void)json_dumpf(json_array_get(more, i), stdout,
		    JSON_ENCODE_ANY | JSON_COMPACT);
		(void)putchar('\n');
	}
	return fflush(stdout) != 0 ? CTL_EXIT_FAILED : CTL_EXIT_OK;
}

/* One line of a JSON reply: the exit status, -1 when more will come. */
static int
print_line(const struct skepctl *s, const struct client *c, const char *line,
    size_t n)
{
	json_t *doc = json_loadb(line, n, 0, NULL), *more, *data;
	int rc;

	data = json_object_get(doc, "data");
	if (s->cmd->id == CTL_PING && json_is_object(data))
		(void)json_object_set_new(data, "answer_s",
		    json_real(waited_s(c)));
	more = json_object_get(doc, "more");
	if (more != NULL) {
		rc = print_more(more) == CTL_EXIT_OK ? -1 : CTL_EXIT_FAILED;
	} else if (json_is_true(json_object_get(doc, "ok"))) {
		rc = skepctl_put(s, data);
	} else if (json_is_string(json_object_get(doc, "error"))) {
		skepctl_complain("%s",
		    json_string_value(json_object_get(doc, "error")));
		rc = (int)json_integer_value(json_object_get(doc, "code"));
		if (rc <= 0 || rc > 255)
			rc = CTL_EXIT_FAILED;
	} else {
		rc = cut_off(-EPROTO);
	}
	json_decref(doc);
	return rc;
}

static int
print_json(const struct skepctl *s, struct client *c)
{
	const char *line;
	size_t n;
	int rc, status;

	while ((rc = client_line(c, &line, &n)) == 1) {
		status = print_line(s, c, line, n);
		if (status >= 0)
			return status;
	}
	return cut_off(rc);
}

/* Commands whose answer comes when something has happened. */
static int
is_patient(const struct skepctl *s)
{
	return ctl_opt(&s->line, "--wait") != NULL ||
	    ctl_opt(&s->line, "--follow") != NULL ||
	    s->cmd->id == CTL_RELOAD || s->cmd->id == CTL_STOP ||
	    s->cmd->id == CTL_DRAIN;
}

/* `stop --wait` has its effect when the daemon is gone: its end of the connection closes. */
static void
wait_for_end(struct client *c)
{
	const char *line;
	size_t n;

	while (client_line(c, &line, &n) == 1)
		;
}

int
remote_run(struct skepctl *s)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct client c;
	int rc;

	rc = skepctl_socket(s, path, sizeof(path));
	if (rc < 0)
		return rc == -EINVAL ? CTL_EXIT_CONFIG : CTL_EXIT_UNAVAILABLE;
	if (buf_len(&s->wire) > CTL_LINE_MAX) {
		skepctl_complain("the command is too long (at most %d bytes)",
		    CTL_LINE_MAX);
		return CTL_EXIT_USAGE;
	}
	rc = client_open(&c, path, is_patient(s) ? -1 : PLAIN_MS);
	if (rc < 0)
		return unreachable(s, path, rc);
	rc = client_send(&c, buf_head(&s->wire), buf_len(&s->wire));
	rc = rc < 0 ? cut_off(rc) : s->json ? print_json(s, &c) :
	    print_text(s, &c);
	if (rc == CTL_EXIT_OK && s->cmd->id == CTL_STOP &&
	    ctl_opt(&s->line, "--wait") != NULL &&
	    ctl_opt(&s->line, "--dry-run") == NULL)
		wait_for_end(&c);
	client_close(&c);
	return rc;
}
