#include "item.h"

#include <stdio.h>
#include <string.h>

#include "server.h"

void
item_conf(char *out, size_t size, const char *plugin, int workers,
    const char *more)
{
	char file[512] = "";

	if (server_plugin(plugin, file, sizeof file) < 0)
		printf("note: %s.so is not built\n", plugin);
	snprintf(out, size,
	    "cache { size = 64MiB }\nhttp { worker_header = true }\n"
	    "group web {\n\tplugin = {\"item\"}\n"
	    "\tlisten = {\"127.0.0.1:0\"}\n"
	    "\tstart = %d\n\tmin = %d\n\tmax = %d\n}\n"
	    "plugin item { file = \"%s\" }\n%s",
	    workers, workers, workers, file, more);
}

int
item_corpus(struct corpus *c)
{
	int rc = 0;

	for (unsigned n = 0; n < ITEM_PAGES && rc == 0; n++) {
		char path[32], body[4096];
		unsigned len = 100 + n * 37 % 2900;
		size_t at;

		snprintf(path, sizeof path, "/item/%u", n);
		at = (size_t)snprintf(body, sizeof body, "item %u ", n);
		for (unsigned i = 0; i < len; i++)
			body[at++] = (char)('a' + (n + i) % 26);
		body[at] = '\0';
		rc = corpus_add(c, path, body);
	}
	return rc;
}
