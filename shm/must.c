/* must.c - the report of a broken invariant */
#include "must.h"

#include <stdio.h>
#include <unistd.h>

void
must_fail(const char *cond, const char *file, int line)
{
	char text[256];
	int n;

	/* No stdio stream: its lock may be held by the code that failed. */
	n = snprintf(text, sizeof(text),
	    "must failed pid=%d at=%s:%d cond=\"%s\"\n", (int)getpid(), file,
	    line, cond);
	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	if (write(2, text, (size_t)n) < 0)
		n = 0;		/* nobody is left to tell */
	_exit(70);
}
