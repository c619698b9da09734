/* conf_plugin.c - what the configuration says of plugins, and their files. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf_int.h"

static const struct conf_plugin *
plugin_find(const struct conf *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n_plugins; i++)
		if (strcmp(c->plugins[i].name, name) == 0)
			return &c->plugins[i];
	return NULL;
}

size_t
conf_plugin_pairs(const struct conf *c, const char *name)
{
	const struct conf_plugin *p = plugin_find(c, name);
	size_t i, n = 0;

	for (i = 0; p != NULL && i < p->n; i++)
		n += strcmp(p->pairs[i].key, "file") != 0;
	return n;
}

struct conf_pair
conf_plugin_pair(const struct conf *c, const char *name, size_t at)
{
	const struct conf_plugin *p = plugin_find(c, name);
	static const struct conf_pair none;
	size_t i;

	/* "file" is ours, the plugin does not see it. */
	for (i = 0; p != NULL && i < p->n; i++)
		if (strcmp(p->pairs[i].key, "file") != 0 && at-- == 0)
			return p->pairs[i];
	return none;
}

/* The pair that names its file; NULL when none does. */
static const struct conf_pair *
file_pair(const struct conf *c, const char *name)
{
	const struct conf_plugin *p = plugin_find(c, name);
	size_t i;

	for (i = 0; p != NULL && i < p->n; i++)
		if (strcmp(p->pairs[i].key, "file") == 0)
			return &p->pairs[i];
	return NULL;
}

int
conf_plugin_file(const struct conf *c, const char *name, char *out, size_t size)
{
	const struct conf_pair *file = file_pair(c, name);
	int n;

	n = file != NULL ? snprintf(out, size, "%s", file->value) :
	    snprintf(out, size, "%s/%s.so",
	    conf_str(c, OPT_skepd_plugin_dir), name);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* 0 for what begins as a shared object does; -ENOEXEC, -errno. */
static int
look_at(const char *path)
{
	Elf64_Ehdr h;	/* the part that we look at is the same in all classes */
	size_t need = offsetof(Elf64_Ehdr, e_machine);
	ssize_t n;
	int rc = 0, fd;

	/* Not blocking, or a FIFO of that name would hold us for ever. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	n = read(fd, &h, need);
	if (n < 0)
		rc = -errno;
	else if ((size_t)n < need || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 ||
	    h.e_type != ET_DYN)
		rc = -ENOEXEC;
	(void)close(fd); /* it was only read */
	return rc;
}

static void
check_file(const struct conf *c, const struct conf_group *g, const char *name,
    struct conf_report *rep)
{
	const struct conf_pair *file = file_pair(c, name);
	char path[PATH_MAX] = "";
	int rc;

	rc = conf_plugin_file(c, name, path, sizeof(path));
	if (rc == 0)
		rc = look_at(path);
	if (rc < 0)
		conf_error(rep, "%s: group %s: plugin %s: %s: %s",
		    file != NULL ? file->origin :
		    g->v[OPT_group_plugin].origin, g->name, name, path,
		    rc == -ENOEXEC ? "not a shared object" : strerror(-rc));
}

int
conf_check_plugins(const struct conf *c, struct conf_report *rep)
{
	const struct conf_value *v;
	size_t g, i;

	for (g = 0; g < c->n_groups; g++) {
		v = &c->groups[g].v[OPT_group_plugin];
		for (i = 0; i < v->n; i++)
			check_file(c, &c->groups[g], v->v[i], rep);
	}
	return rep->n_errors > 0 ? -EINVAL : 0;
}
