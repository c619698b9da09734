/* main.c - skepctl: takes the command line apart, finds who answers. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

#include "skepctl.h"

void
skepctl_complain(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("skepctl: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

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
		(void)fprintf(stderr, "%s\n", r.errors[i]);
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

static void
usage_row(const struct ctl_command *c, FILE *f)
{
	struct buf b = BUF_INIT;
	const char *p = c->doc;
	int column = 0;

	ctl_usage(c, &b);
	(void)fprintf(f, "  %s\n       ", buf_str(&b) == NULL ? c->noun :
	    buf_head(&b));
	buf_fini(&b);
	/* Fold the text at 72 columns. */
	while (*p != '\0') {
		int n = (int)strcspn(p, " ");

		if (column > 0 && column + n + 1 > 65) {
			(void)fputs("\n       ", f);
			column = 0;
		}
		(void)fprintf(f, " %.*s", n, p);
		column += n + 1;
		p += n;
		p += strspn(p, " ");
	}
	(void)fputc('\n', f);
}

static void
usage(FILE *f)
{
	int i;

	(void)fputs("usage: skepctl [-c FILE] [-s SOCKET] [--json] COMMAND\n"
	    "       skepctl --help | --version\n\n"
	    "  -c FILE    configuration that names the control socket\n"
	    "  -s SOCKET  the control socket itself\n"
	    "  --json     print JSON\n\n"
	    "Commands:\n", f);
	for (i = 0; i < CTL_N; i++)
		usage_row(&ctl_commands[i], f);
}

/* The options before the command; where it begins, -1 usage, 0 done. */
static int
globals(struct skepctl *s, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0) {
			usage(stdout);
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
		else if (argv[i][0] == '-')
			return -1;
		else
			return i;
	}
	return -1;
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
	default:
		return remote_run(s);
	}
}

int
main(int argc, char **argv)
{
	struct skepctl s = { .tty = isatty(STDOUT_FILENO) };
	int at = globals(&s, argc, argv), rc;

	if (at == 0)
		return CTL_EXIT_OK;
	if (at < 0) {
		usage(stderr);
		return CTL_EXIT_USAGE;
	}
	build_line(&s, argc - at, argv + at);
	rc = !buf_ok(&s.wire) ? -ENOMEM :
	    ctl_parse(buf_head(&s.wire), buf_len(&s.wire), &s.line);
	if (rc == 0)
		s.cmd = ctl_find(&s.line);
	s.json = s.line.json;
	if (s.cmd == NULL) {
		skepctl_complain("%s", rc == -ENOMEM ? "no memory" :
		    s.line.error);
		rc = CTL_EXIT_USAGE;
	} else {
		rc = run(&s);
	}
	ctl_line_fini(&s.line);
	buf_fini(&s.wire);
	return rc;
}
