/*
 * plugin_file.h - a shared object, loaded from a private copy.
 *
 * A file that is copied over a mapped one is a SIGBUS in every worker, and
 * dlopen() of a path that it knows may return what was there before.  So each
 * load reads the file once into a sealed memfd and maps that; what was loaded
 * is logged with size and hash.
 */
#ifndef WORKER_PLUGIN_FILE_H
#define WORKER_PLUGIN_FILE_H

#include <stddef.h>
#include <stdint.h>

#define PLUGIN_FILE_MAX ((size_t)256 << 20)	/* a shared object with all its libraries inside */

struct plugin_file {
	void *dl;		/* dlopen()'s */
	int fd;			/* of the copy: not to be closed before all plugins are */
				/* loaded, for the loader knows objects by its path */
	size_t size;
	uint64_t hash;		/* XXH3 of the bytes */
};

/* 0; -errno with the reason in err, which names the file by path. */
int plugin_file_open(struct plugin_file *out, const char *name,
    const char *path, char *err, size_t err_len);

#endif
