/*
 * main.c - skepd: from the command line to the loop, and back in order.
 *
 * What needs privileges comes first (run directory, listeners, control
 * socket), then they are dropped, then the region and everything else is made.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"

#include "args.h"
#include "beat.h"
#include "ctlsock.h"
#include "gen.h"
#include "group.h"
#include "launch.h"
#include "log.h"
#include "logs.h"
#include "master.h"
#include "notify.h"
#include "signals.h"

enum {
	EXIT_USAGE = 2,
	EXIT_CANTCREAT = 73,
	EXIT_NOPERM = 77,
	EXIT_CONFIG = 78
};

static int
load(const struct args *a, struct conf **conf)
{
	struct conf_source src = { .file = a->file, .env = (const char *const *)environ,
		.sets = a->sets, .n_sets = a->n_sets };
	struct conf_report report = { 0 };
	size_t i;
	int rc;

	rc = conf_load(&src, conf, &report);
	/* A start need not look: the zygotes load them. */
	if (rc == 0 && a->what == ARGS_TEST)
		rc = conf_check_plugins(*conf, &report);
	for (i = 0; i < report.n_errors; i++)
		fprintf(stderr, "skepd: %s\n", report.errors[i]);
	for (i = 0; i < report.n_notes; i++)
		fprintf(stderr, "skepd: note: %s\n", report.notes[i]);
	if (rc < 0 && report.n_errors == 0)
		fprintf(stderr, "skepd: %s: %s\n", a->file, strerror(-rc));
	conf_report_fini(&report);
	if (rc < 0)
		conf_close(conf);
	return rc < 0 ? EXIT_CONFIG : 0;
}

static int
find_user(struct master *m, const struct conf *conf)
{
	const char *user = conf_str(conf, OPT_skepd_user);
	const char *group = conf_str(conf, OPT_skepd_group);
	int rc;

	rc = priv_resolve(user, group, &m->priv);
	if (rc == 0)
		return 0;
	if (rc == -EACCES) {
		log_error("master", "started as root without skepd.user: name "
		    "the user to run as (root, if that is meant)");
		return EXIT_CONFIG;
	}
	if (rc == -ENOENT) {
		log_error("master", "no such user=%s group=%s (skepd.user, "
		    "skepd.group)", user, group);
		return EXIT_CONFIG;
	}
	log_error("master", "only root can become user=%s group=%s", user,
	    group);
	return EXIT_NOPERM;
}

static int
take_rundir(struct master *m, const struct conf *conf)
{
	const char *dir = conf_str(conf, OPT_skepd_run_dir);
	pid_t holder;
	int rc;

	rc = rundir_open(&m->rundir, dir, m->priv.uid, m->priv.gid, &holder);
	if (rc == 0)
		return 0;
	if (rc == -EEXIST)
		log_error("master", "already running pid=%d run_dir=%s "
		    "(another with skepd.run_dir)", (int)holder, dir);
	else
		log_error("master", "cannot use run_dir=%s: %s "
		    "(skepd.run_dir)", dir, strerror(-rc));
	return rc == -EACCES || rc == -EPERM ? EXIT_NOPERM : EXIT_CANTCREAT;
}

static int
bind_status(int rc)
{
	if (rc == -EACCES || rc == -EPERM)
		return EXIT_NOPERM;
	if (rc == -EINVAL || rc == -ENAMETOOLONG)
		return EXIT_CONFIG;
	return EXIT_CANTCREAT;
}

/* While we still may: sockets of any port, of any directory. */
static int
with_privileges(struct master *m, struct conf *conf)
{
	char why[MASTER_WHY];
	int rc;

	rc = take_rundir(m, conf);
	if (rc != 0)
		return rc;
	(void)listen_activated(&m->listeners);
	rc = gen_open(m, conf, &m->gen, why, sizeof why);
	if (rc < 0) {
		log_error("listen", "%s", why);
		return bind_status(rc);
	}
	rc = ctlsock_open(m);
	if (rc < 0)
		return bind_status(rc);
	rc = priv_drop(&m->priv);
	if (rc < 0) {
		log_error("master", "cannot become user=%s: %s", m->priv.name,
		    strerror(-rc));
		return EXIT_NOPERM;
	}
	return 0;
}

static int
without_privileges(struct master *m)
{
	char why[MASTER_WHY];
	int rc;

	if (launch_find(m) < 0)
		return 1;
	if (logs_open(m->gen, why, sizeof why) < 0) {
		log_error("master", "%s", why);
		return EXIT_CANTCREAT;
	}
	if (area_open(&m->area, m->gen->conf, m->mend_path) < 0)
		return EXIT_CANTCREAT;
	rc = slots_init(&m->slots, 0, m->area.n_slots);
	if (rc == 0)
		rc = signals_open(m);
	if (rc == 0)
		rc = beat_open(m);
	if (rc < 0) {
		log_error("master", "cannot start: %s", strerror(-rc));
		return 1;
	}
	return 0;
}

static void
fini(struct master *m)
{
	struct gen *gen;
	unsigned i;

	ctlsock_close(m);
	while (!LIST_EMPTY(&m->roster))
		roster_drop(LIST_FIRST(&m->roster));
	while ((gen = LIST_FIRST(&m->gens)) != NULL)
		gen_close(m, gen);
	group_fini(m);
	listen_fini(&m->listeners);
	area_close(&m->area);
	slots_fini(&m->slots);
	for (i = 0; i < m->n_events; i++)
		event_free(m->events[i]);
	if (m->base != NULL)
		event_base_free(m->base);
	rundir_close(&m->rundir);
	notify_close();
}

static int
run(struct master *m, struct conf *conf)
{
	int status;

	status = find_user(m, conf);
	if (status == 0) {
		(void)priv_nofile(
		    (uint64_t)conf_num(conf, OPT_workers_files_max));
		status = with_privileges(m, conf);
	}
	if (m->gen == NULL)
		conf_close(&conf); /* no generation has taken it */
	if (status == 0)
		status = without_privileges(m);
	if (status == 0) {
		log_info("master", "start version=%s pid=%d run_dir=%s",
		    PACKAGE_VERSION, (int)getpid(), m->rundir.path);
		master_settle(m);
		event_base_dispatch(m->base);
		status = m->exit_status;
		log_info("master", "end status=%d", status);
	}
	fini(m);
	return status;
}

static int
serve(const struct args *a)
{
	static struct master m = { .rundir.lock_fd = -1 };
	struct conf *conf = NULL;
	int status;

	status = load(a, &conf);
	if (status != 0)
		return status;
	log_init("skepd");
	logs_apply(conf);
	if (notify_open() < 0)
		log_warn("master", "NOTIFY_SOCKET cannot be used");
	/* Workers that a zygote forked twice become our own children. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
		log_error("master", "cannot be a subreaper: %s",
		    strerror(errno));
		return 1;
	}
	LIST_INIT(&m.roster);
	LIST_INIT(&m.groups);
	LIST_INIT(&m.gens);
	LIST_INIT(&m.ctl_clients);
	m.conf_file = a->file;
	m.sets = a->sets;
	m.n_sets = a->n_sets;
	m.started_ns = master_now();
	death_oom_init(&m.oom);
	m.base = event_base_new();
	if (m.base == NULL)
		return 1;
	status = run(&m, conf);
	log_flush();
	return status;
}

static int
test(const struct args *a)
{
	struct conf *conf = NULL;
	int status;

	status = load(a, &conf);
	if (status != 0)
		return status;
	conf_print(conf, CONF_PRINT_CHANGED, stdout);
	conf_close(&conf);
	fprintf(stderr, "skepd: %s: the configuration is good\n", a->file);
	return 0;
}

int
main(int argc, char **argv)
{
	struct args a;
	int status = 0;

	if (args_parse(&a, argc, argv) < 0)
		return EXIT_USAGE;
	switch (a.what) {
	case ARGS_HELP:
		fputs(args_help, stdout);
		break;
	case ARGS_VERSION:
		puts(PACKAGE_STRING);
		break;
	case ARGS_TEST:
		status = test(&a);
		break;
	case ARGS_RUN:
		status = serve(&a);
		break;
	}
	free(a.sets);
	return status;
}
