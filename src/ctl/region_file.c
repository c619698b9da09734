#include "region_file.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"

#define ANSWER_MS 2000	/* a stopped daemon gives none: the file can be named */

/* region.path of a status in JSON. */
static int
path_of_status(const char *line, size_t n, char *path, size_t size)
{
	json_t *doc = json_loadb(line, n, 0, NULL);
	const char *p = json_string_value(json_object_get(json_object_get(
	    json_object_get(doc, "data"), "region"), "path"));
	int len = p == NULL || p[0] == '\0' ? -1 :
	    snprintf(path, size, "%s", p);

	json_decref(doc);
	return len < 0 ? -EPROTO : (size_t)len >= size ? -ENAMETOOLONG : 0;
}

/* What the daemon says: it knows also of a region that has no name. */
static int
ask(const char *sock, char *path, size_t size)
{
	static const char command[] = "status --json";
	struct client c;
	const char *line;
	size_t n;
	int rc = client_open(&c, sock, ANSWER_MS);

	if (rc < 0)
		return rc;
	rc = client_send(&c, command, sizeof(command) - 1);
	if (rc == 0)
		rc = client_line(&c, &line, &n);
	if (rc == 1)
		rc = path_of_status(line, n, path, size);
	client_close(&c);
	return rc;
}

/* By the configuration; when that file is not there the daemon is asked. */
static int
by_conf(const struct skepctl *s, char *path, size_t size)
{
	char sock[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct conf *c = NULL;
	int rc = skepctl_conf(s, &c);

	if (rc == 0)
		rc = conf_region_path(c, path, size);
	if (rc == 0 && access(path, F_OK) < 0 &&
	    conf_control_path(c, sock, sizeof(sock)) == 0)
		(void)ask(sock, path, size); /* else that path is complained of */
	conf_close(&c);
	return rc;
}

int
region_file(const struct skepctl *s, char *path, size_t size)
{
	char sock[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *given = ctl_arg(&s->line, 0, NULL);
	int n, rc;

	if (given != NULL) {
		n = snprintf(path, size, "%s", given);
		rc = n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
	} else if (s->conf_file != NULL) {
		rc = by_conf(s, path, size);
	} else {
		rc = skepctl_socket(s, sock, sizeof(sock));
		if (rc == 0 && (rc = ask(sock, path, size)) < 0 &&
		    by_conf(s, path, size) == 0)
			rc = 0;
		if (rc < 0 && rc != -EINVAL) {
			rc = skepctl_unreachable(sock, rc);
			skepctl_complain("name the region's file, or a"
			    " configuration with -c");
			return rc;
		}
	}
	if (rc == -ENAMETOOLONG || rc == -ENOENT)
		skepctl_complain("the region's file: %s", strerror(-rc));
	return rc == 0 ? CTL_EXIT_OK : rc == -EINVAL ? CTL_EXIT_CONFIG :
	    CTL_EXIT_USAGE;
}
