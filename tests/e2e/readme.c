/*
 * The plugin in README.md: it compiles without a warning, has at most 40
 * lines, and does what it says when skepd runs it with the configuration that
 * stands below it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http1.h"
#include "stage.h"

#define LINES_MAX 40

static char dir[] = "/tmp/skep-readme.XXXXXX";

static const char *
top(void)
{
	const char *v = getenv("top_srcdir");

	return v == NULL ? "." : v;
}

/*
 * Copy the first block that is fenced with ```LANGUAGE to a file of the
 * directory.  Returns its number of lines; -errno.
 */
static int
extract(const char *language, const char *name)
{
	char path[4096], line[1024], fence[32];
	int lines = -ENOENT;
	FILE *in, *out;

	snprintf(fence, sizeof fence, "```%s\n", language);
	snprintf(path, sizeof path, "%s/README.md", top());
	in = fopen(path, "r");
	snprintf(path, sizeof path, "%s/%s", dir, name);
	out = fopen(path, "w");
	while (in != NULL && out != NULL && fgets(line, sizeof line, in)) {
		if (lines >= 0 && strcmp(line, "```\n") == 0)
			break;
		if (lines >= 0 && fputs(line, out) >= 0)
			lines++;
		else if (strcmp(line, fence) == 0)
			lines = 0;
	}
	if (in != NULL)
		(void)fclose(in);	/* only read */
	if (out != NULL && fclose(out) != 0)
		return -EIO;
	return lines;
}

static int
compile(void)
{
	const char *cc = getenv("CC");
	char command[9000];

	snprintf(command, sizeof command, "%s -std=c11 -pedantic -Wall -Wextra "
	    "-Werror -shared -fPIC -I'%s/include' -o %s/visits.so "
	    "%s/visits.c", cc == NULL ? "cc" : cc, top(), dir, dir);
	return system(command);
}

/* The README's configuration, on a free port and with the plugin's full path. */
static int
adapt(char *conf, size_t size)
{
	char path[100], line[300];
	size_t n = 0;
	FILE *in;

	snprintf(path, sizeof path, "%s/visits.conf", dir);
	in = fopen(path, "r");
	conf[0] = '\0';
	while (in != NULL && n < size && fgets(line, sizeof line, in)) {
		if (strstr(line, "listen") != NULL)
			strcpy(line, "listen = {\"127.0.0.1:0\"}\n");
		else if (strstr(line, "file") != NULL)
			snprintf(line, sizeof line, "file = \"%s/visits.so\"\n",
			    dir);
		n += (size_t)snprintf(conf + n, size - n, "%s", line);
	}
	if (in != NULL)
		(void)fclose(in);	/* only read */
	n += (size_t)snprintf(conf + n, size - n, "cache { size = 16MiB }\n");
	return n < size ? 0 : -ENOSPC;
}

static int
visit(int port)
{
	struct http1 h;
	struct answer a;
	char want[40];
	int i, rc;

	for (i = 1; i <= 20; i++) {
		snprintf(want, sizeof want, "visit %d\n", i);
		rc = http1_open(&h, port);
		if (rc == 0)
			rc = http1_ask(&h, "GET", "/visit/ann", "", NULL, &a);
		if (rc == 0 && (a.status != 200 ||
			a.body_len != strlen(want) ||
			memcmp(a.body, want, a.body_len) != 0)) {
			printf("FAIL: visit %d: %d %.*s\n", i, a.status,
			    (int)a.body_len, a.body);
			rc = -EBADMSG;
		}
		http1_close(&h);
		if (rc < 0)
			return 1;
	}
	return 0;
}

static int
run(void)
{
	struct stage stage;
	char conf[4000];
	int lines, bad;

	lines = extract("c", "visits.c");
	if (lines < 10 || lines > LINES_MAX) {
		printf("FAIL: the plugin has %d lines\n", lines);
		return 1;
	}
	if (extract("conf", "visits.conf") < 1 || adapt(conf, sizeof conf) < 0) {
		printf("FAIL: there is no configuration\n");
		return 1;
	}
	if (compile() != 0) {
		printf("FAIL: the plugin does not compile\n");
		return 1;
	}
	bad = stage_open(&stage, conf, "web");
	if (bad != 0)
		return bad;
	bad = visit(stage.server.port);
	return stage_close(&stage, bad) || bad;
}

int
main(void)
{
	static const char *const files[] = { "visits.c", "visits.conf",
		"visits.so" };
	char path[100];
	int bad;

	if (mkdtemp(dir) == NULL)
		return 1;
	bad = run();
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		(void)unlink(path);	/* not all may have been made */
	}
	(void)rmdir(dir);
	return bad;
}
