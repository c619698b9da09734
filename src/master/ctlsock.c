/* ctlsock.c - see ctlsock.h */
#include "ctlsock.h"

int
ctlsock_open(struct master *m)
{
	(void)m;
	return 0;
}

void
ctlsock_close(struct master *m)
{
	(void)m;
}

void
ctlsock_reload_done(struct master *m)
{
	(void)m;
}
