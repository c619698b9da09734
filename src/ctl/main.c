/* main.c - skepctl: takes the command line apart, finds who answers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

#include "skepctl.h"

int
skepctl_conf(const struct skepctl *s, struct conf **out)
{
	struct conf_source src = { .file = s->conf_file,
	    .env = (const char *const *)environ };
	struct conf_report r;
	size_t i;
	int rc;

	if (src.file == NULL) {
		src.file = SKEPCTL_CONF;
		if (access(src.file, F_OK) < 0)
			return -ENOENT;
	}
	rc = conf_load(&src, out, &r);
	for (i = 0; i < r.n_errors; i++)
		skepctl_complain("%s", r.errors[i]);
	conf_report_fini(&r);
	return rc < 0 ? -EINVAL : 0;
}

int
skepctl_socket(const struct skepctl *s, char *path, size_t size)
{
	const char *given = s->socket != NULL ? s->socket :
	    getenv("SKEP_CONTROL_SOCKET");
	struct conf *c = NULL;
	int n, rc;

	if (given == NULL || given[0] == '\0') {
		rc = skepctl_conf(s, &c);
		if (rc == 0)
			rc = conf_control_path(c, path, size);
		conf_close(&c);
		if (rc != -ENOENT)
			goto out;
		given = "/run/skep/control.sock";
	}
	n = snprintf(path, size, "%s", given);
	rc = n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
out:
	if (rc == -ENAMETOOLONG)
		skepctl_complain("the path of the control socket is too long");
	return rc;
}

/*
 * The options before the command; where it begins, 0 when there is nothing
 * more to do, and *status_out with which exit status.
 */
static int
globals(struct skepctl *s, int argc, char **argv, int *status_out)
{
	int i;

	*status_out = CTL_EXIT_OK;
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0) {
			*status_out = help_run(s, NULL, NULL);
			return 0;
		}
		if (strcmp(argv[i], "--version") == 0) {
			(void)puts("skepctl " PACKAGE_VERSION);
			return 0;
		}
		if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			s->conf_file = argv[++i];
		else if (strcmp(argv[i], "-s") == 0 && i + 1 < argc)
			s->socket = argv[++i];
		else if (strcmp(argv[i], "--json") == 0)
			s->json = 1;
		else
			break;
	}
	if (i < argc && argv[i][0] != '-')
		return i;
	if (s->json)
		complain_as_json();
	if (i == argc)
		skepctl_complain("no command; try skepctl --help");
	else
		skepctl_complain(strcmp(argv[i], "-c") == 0 ||
		    strcmp(argv[i], "-s") == 0 ? "%s needs a value" :
		    "unknown option %s; try skepctl --help", argv[i]);
	*status_out = CTL_EXIT_USAGE;
	return 0;
}

/* The line for the wire: options bare, all else quoted. */
static void
build_line(struct skepctl *s, int argc, char **argv)
{
	int i, only_args = 0;

	for (i = 0; i < argc; i++) {
		const char *a = argv[i];

		if (strcmp(a, "--") == 0 && !only_args)
			only_args = 1;
		else if (strcmp(a, "--help") == 0 && !only_args)
			s->help = 1;
		else if (!only_args && strncmp(a, "--", 2) == 0 &&
		    a[strcspn(a, " \t\r\n\"")] == '\0')
			(void)buf_printf(&s->wire, "%s%s",
			    buf_len(&s->wire) > 0 ? " " : "", a);
		else
			ctl_quote(&s->wire, a, strlen(a));
	}
	if (s->json)
		(void)buf_addz(&s->wire, " --json");
}

static int
run(struct skepctl *s)
{
	switch (s->cmd->id) {
	case CTL_CHECK:
		return check_run(s);
	case CTL_TOP:
		return top_run(s);
	case CTL_INSPECT:
		return inspect_run(s);
	case CTL_FSCK:
		return fsck_run(s);
	case CTL_HELP:
		return help_run(s, ctl_arg(&s->line, 0, NULL),
		    ctl_arg(&s->line, 1, NULL));
	default:
		return remote_run(s);
	}
}

/* The words of the line as a command, or what is wrong with them. */
static int
command(struct skepctl *s)
{
	int rc;

	rc = !buf_ok(&s->wire) ? -ENOMEM :
	    ctl_parse(buf_head(&s->wire), buf_len(&s->wire), &s->line);
	s->json = s->json || s->line.json;
	if (s->json)
		complain_as_json();
	if (rc == 0 && s->help && s->line.n_args > 0)
		return help_run(s, s->line.arg[0].p,
		    s->line.n_args > 1 ? s->line.arg[1].p : NULL);
	if (rc == 0)
		s->cmd = ctl_find(&s->line);
	if (s->cmd != NULL)
		return run(s);
	skepctl_complain("%s", rc == -ENOMEM ? "no memory" : s->line.error);
	return CTL_EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	struct skepctl s = { .tty = isatty(STDOUT_FILENO) };
	int status, at = globals(&s, argc, argv, &status);

	if (at > 0) {
		build_line(&s, argc - at, argv + at);
		status = command(&s);
	}
	ctl_line_fini(&s.line);
	buf_fini(&s.wire);
	return complain_end(status);
}
