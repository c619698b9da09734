#include "region_file.h"

#include <errno.h>
#include <stdio.h>

int
region_file(const struct skepctl *s, char *path, size_t size)
{
	const char *given = ctl_arg(&s->line, 0, NULL);
	struct conf *c = NULL;
	int n, rc;

	if (given != NULL) {
		n = snprintf(path, size, "%s", given);
		return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
	}
	rc = skepctl_conf(s, &c);
	if (rc == 0)
		rc = conf_region_path(c, path, size);
	else if (rc == -ENOENT)
		skepctl_complain("which region?  Name its file, or a"
		    " configuration with -c");
	conf_close(&c);
	return rc;
}
