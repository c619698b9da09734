#include "plugin_file.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "fdio.h"

/* dlerror() speaks of our copy; the operator knows the file by its path. */
static void
tell(char *err, size_t err_len, const char *copy, const char *path)
{
	const char *msg = dlerror();

	if (msg == NULL)
		msg = "cannot be loaded";
	if (strncmp(msg, copy, strlen(copy)) == 0) {
		msg += strlen(copy);
		msg += strspn(msg, ": ");
	}
	(void)snprintf(err, err_len, "%s: %s", path, msg);
}

int
plugin_file_open(struct plugin_file *out, const char *name, const char *path,
    char *err, size_t err_len)
{
	char *data = NULL, copy[64];
	size_t n = 0;
	int rc, fd = -1;

	memset(out, 0, sizeof *out);
	out->fd = -1;
	rc = fdio_slurp_path(path, PLUGIN_FILE_MAX, &data, &n);
	if (rc < 0) {
		(void)snprintf(err, err_len, "%s: %s", path, strerror(-rc));
		return rc;
	}
	if (n < 4 || memcmp(data, "\177ELF", 4) != 0) {
		(void)snprintf(err, err_len, "%s: not a shared object", path);
		rc = -ENOEXEC;
		goto out;
	}
	rc = fd = fdio_memfd_sealed(name, data, n);
	if (rc < 0) {
		(void)snprintf(err, err_len, "%s: no private copy: %s", path,
		    strerror(-rc));
		goto out;
	}
	(void)snprintf(copy, sizeof copy, "/proc/self/fd/%d", fd);
	out->dl = dlopen(copy, RTLD_NOW | RTLD_LOCAL);
	if (out->dl == NULL) {
		tell(err, err_len, copy, path);
		rc = -ELIBBAD;
		goto out;
	}
	out->fd = fd;
	out->size = n;
	out->hash = XXH3_64bits(data, n);
	fd = -1;
	rc = 0;
out:
	fdio_close(&fd);
	free(data);
	return rc;
}
