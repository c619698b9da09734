/* ctlcmd.c - see ctlcmd.h */
#include "ctlcmd.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crew.h"
#include "ctlclient.h"
#include "group.h"
#include "log.h"
#include "logs.h"
#include "reload.h"
#include "show.h"
#include "status.h"
#include "stop.h"
#include "unit.h"
#include "verbs.h"

/* What a command has to work with. */
struct call {
	struct master *m;
	struct ctlclient *client;
	struct ctl_line *line;
	struct buf *out;
	int json;
};

/* Answer with a document, or with the text made of it.  Takes doc. */
static void
reply(const struct call *c, json_t *doc,
    void (*show)(const json_t *, struct buf *))
{
	struct buf text = BUF_INIT;
	char *json = NULL;

	if (doc == NULL)
		ctl_err(c->out, c->json, CTL_EXIT_FAILED, "out of memory");
	else if (!c->json) {
		show(doc, &text);
		ctl_ok(c->out, 0, buf_head(&text), buf_len(&text));
	} else if ((json = json_dumps(doc, STATUS_DUMP)) != NULL)
		ctl_ok(c->out, 1, json, strlen(json));
	else
		ctl_err(c->out, 1, CTL_EXIT_FAILED, "out of memory");
	free(json);
	buf_fini(&text);
	json_decref(doc);
}

/* {"result":"begun","generation":2}: as text the result, and a note. */
static void
show_result(const json_t *doc, struct buf *out)
{
	const char *note = json_string_value(json_object_get(doc, "note"));

	(void)buf_printf(out, "%s%s%s\n",
	    json_string_value(json_object_get(doc, "result")),
	    note != NULL ? ": " : "", note != NULL ? note : "");
}

static void
say(const struct call *c, const char *what)
{
	reply(c, json_pack("{s:s}", "result", what), show_result);
}

/* The same with what an operator should know of it. */
static void
say_with(const struct call *c, const char *what, const char *note)
{
	reply(c, json_pack("{s:s, s:s}", "result", what, "note", note),
	    show_result);
}

void
ctlcmd_done(int json, const char *what, struct buf *out)
{
	const struct call c = { .out = out, .json = json };

	say(&c, what);
}

static void
refuse(const struct call *c, int code, const char *why)
{
	ctl_err(c->out, c->json, code, "%s", why);
}

static void
ping(const struct call *c)
{
	reply(c,
	    json_pack("{s:s, s:i}", "result", "pong", "pid", (int)getpid()),
	    show_result);
}

static void
workers(const struct call *c)
{
	const char *name = ctl_arg(c->line, 0, NULL);
	json_t *list;

	if (name == NULL) {
		reply(c, status_workers(c->m, NULL), show_workers);
		return;
	}
	list = status_workers(c->m, name);
	if (list == NULL)
		ctl_err(c->out, c->json, CTL_EXIT_FAILED,
		    "no group \"%s\"", name);
	else
		reply(c, list, show_workers);
}

/* --- scale --- */

static int
worker_number(const char *text, unsigned *n)
{
	int64_t v;

	if (strcmp(text, "auto") == 0) {
		*n = 0;
		return 1;
	}
	if (unit_int(text, &v) < 0 || v < 1 || v > GROUP_NUMBERS)
		return 0;
	*n = (unsigned)v;
	return 1;
}

static const struct crew *
crew_of(const struct master *m, const char *name)
{
	unsigned i;

	for (i = 0; i < m->gen->n_crews; i++)
		if (strcmp(m->gen->crews[i].group->name, name) == 0)
			return &m->gen->crews[i];
	return NULL;
}

static void
scale(const struct call *c)
{
	const char *name = ctl_arg(c->line, 0, NULL);
	const char *text = ctl_arg(c->line, 1, NULL);
	const struct crew *crew = crew_of(c->m, name);
	unsigned n;

	if (crew == NULL)
		ctl_err(c->out, c->json, CTL_EXIT_FAILED, "no group \"%s\"",
		    name);
	else if (!worker_number(text, &n))
		ctl_err(c->out, c->json, CTL_EXIT_USAGE,
		    "\"%s\" is no number of workers, nor auto", text);
	else if (n != 0 && (n < crew->min || n > crew->max))
		ctl_err(c->out, c->json, CTL_EXIT_FAILED,
		    "group %s has from %u to %u workers", name, crew->min,
		    crew->max);
	else if (n > verbs_room(c->m, crew))
		ctl_err(c->out, c->json, CTL_EXIT_FAILED,
		    "the region has slots for %u workers of group %s: raise "
		    "region.slots and restart", verbs_room(c->m, crew), name);
	else if (ctl_opt(c->line, "--dry-run") != NULL)
		say(c, "would scale");
	else {
		(void)verbs_scale(c->m, name, n); /* all was checked */
		if (ctl_opt(c->line, "--wait") != NULL)
			ctlclient_wait(c->client, CTLCLIENT_SCALE, name, 0);
		else
			say(c, "scaling");
	}
}

/* --- reload --- */

void
ctlcmd_reload_result(const struct master *m, int json, struct buf *out)
{
	const struct call c = { .out = out, .json = json };

	if (m->reload_why[0] != '\0')
		ctl_err(out, json, CTL_EXIT_FAILED, "%s", m->reload_why);
	else
		reply(&c,
		    json_pack("{s:s, s:i}", "result", "reloaded",
			"generation", (int)m->gen->number),
		    show_result);
}

static void
reload(const struct call *c)
{
	struct master *m = c->m;
	int rc;

	if (m->next != NULL)
		refuse(c, CTL_EXIT_FAILED, "a reload is under way");
	else if (m->phase != PHASE_SERVING)
		ctl_err(c->out, c->json, CTL_EXIT_FAILED,
		    "not while %s", status_phase(m));
	else if (ctl_opt(c->line, "--dry-run") != NULL) {
		rc = reload_try(m);
		if (rc < 0)
			refuse(c, CTL_EXIT_FAILED, m->reload_why);
		else
			say(c, "the configuration is good");
	} else if (reload_begin(m) < 0)
		refuse(c, CTL_EXIT_FAILED, m->reload_why);
	else if (ctl_opt(c->line, "--wait") != NULL)
		ctlclient_wait(c->client, CTLCLIENT_RELOAD, NULL, 0);
	else
		reply(c,
		    json_pack("{s:s, s:i}", "result", "begun", "generation",
			(int)m->next->number),
		    show_result);
}

/* --- stop, drain --- */

static void
stop(const struct call *c)
{
	if (ctl_opt(c->line, "--dry-run") != NULL) {
		say(c, "would stop");
		return;
	}
	if (ctl_opt(c->line, "--wait") != NULL)
		ctlclient_wait(c->client, CTLCLIENT_STOP, NULL, 0);
	else
		say(c, "stopping");
	if (ctl_opt(c->line, "--now") != NULL)
		stop_now(c->m);
	else
		stop_begin(c->m, 0, NULL);
}

static pid_t
pid_of_worker(const struct master *m, const char *name)
{
	const struct child *w;

	LIST_FOREACH(w, &m->roster, link)
		if (w->kind == CHILD_WORKER && strcmp(w->name, name) == 0)
			return w->pid;
	return -1;
}

static void
drain(const struct call *c)
{
	const char *name = ctl_arg(c->line, 0, NULL);
	pid_t pid = 0;

	if (name != NULL) {
		pid = pid_of_worker(c->m, name);
		if (pid <= 0) {
			ctl_err(c->out, c->json, CTL_EXIT_FAILED,
			    "no worker \"%s\"", name);
			return;
		}
	}
	if (ctl_opt(c->line, "--dry-run") != NULL) {
		say(c, "would drain");
		return;
	}
	if (name != NULL)
		(void)verbs_drain(c->m, name); /* it was found above */
	else
		verbs_drain_all(c->m);
	if (ctl_opt(c->line, "--wait") != NULL)
		ctlclient_wait(c->client, CTLCLIENT_DRAIN, name, pid);
	else if (name != NULL)
		say(c, "draining");
	else
		say_with(c, "draining", "until scale GROUP auto or N for each "
		    "group, or a reload, connections wait unanswered");
}

/* --- log --- */

static void
add_word(const char *word, void *arg)
{
	struct buf *words = arg;

	(void)buf_printf(words, "%s%s", buf_len(words) > 0 ? " " : "", word);
}

static void
log_level(const struct call *c)
{
	const char *spec = ctl_arg(c->line, 0, NULL);
	struct buf words = BUF_INIT;

	if (spec == NULL) {
		log_levels(add_word, &words);
		say(c, buf_str(&words));
		buf_fini(&words);
	} else if (logs_set_level(c->m, spec) < 0)
		ctl_err(c->out, c->json, CTL_EXIT_USAGE,
		    "\"%s\" is none of error, warn, info, debug, nor "
		    "SUBSYSTEM=LEVEL", spec);
	else
		say(c, "set");
}

static void
log_reopen(const struct call *c)
{
	if (conf_str(c->m->gen->conf, OPT_log_access)[0] == '\0')
		say(c, "there is no access log (log.access is empty)");
	else if (logs_reopen(c->m) < 0)
		refuse(c, CTL_EXIT_FAILED,
		    "the access log cannot be opened: see the log");
	else
		say(c, "reopened");
}

static void
master_does(const struct call *c, const struct ctl_command *cmd)
{
	switch (cmd->id) {
	case CTL_PING:
		ping(c);
		break;
	case CTL_STATUS:
		reply(c, status_json(c->m), show_status);
		break;
	case CTL_WORKERS:
		workers(c);
		break;
	case CTL_SCALE:
		scale(c);
		break;
	case CTL_RELOAD:
		reload(c);
		break;
	case CTL_STOP:
		stop(c);
		break;
	case CTL_DRAIN:
		drain(c);
		break;
	case CTL_LOG_LEVEL:
		log_level(c);
		break;
	case CTL_LOG_REOPEN:
		log_reopen(c);
		break;
	default:
		ctl_err(c->out, c->json, CTL_EXIT_USAGE,
		    "\"%s\" is done by skepctl itself", cmd->noun);
		break;
	}
}

static void
keeper_does(const struct call *c, const char *text, size_t n)
{
	int rc = ctlclient_lend(c->m, c->client, text, n);

	if (rc == -EBUSY)
		refuse(c, CTL_EXIT_UNAVAILABLE,
		    "too many commands are with the keeper at once");
	else if (rc < 0)
		refuse(c, CTL_EXIT_UNAVAILABLE, "the keeper does not answer");
}

void
ctlcmd_run(struct master *m, struct ctlclient *client,
    enum ctl_role role, struct ctl_line *line, const char *text, size_t n,
    struct buf *out)
{
	const struct ctl_command *cmd = ctl_find(line);
	const struct call c = { .m = m, .client = client, .line = line,
		.out = out, .json = line->json };

	if (cmd == NULL)
		refuse(&c, CTL_EXIT_USAGE, line->error);
	else if (role < cmd->role)
		ctl_err(out, c.json, CTL_EXIT_DENIED,
		    "%s needs the role %s, yours is %s", cmd->noun,
		    ctl_role_name(cmd->role), ctl_role_name(role));
	else if (cmd->who != CTL_KEEPER)
		master_does(&c, cmd);
	else
		keeper_does(&c, text, n);
}
