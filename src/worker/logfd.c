#include "logfd.h"

#include <fcntl.h>

#include "chan.h"
#include "fdio.h"
#include "fds.h"

/* Without /dev/null the number is left closed, as it came. */
static void
none(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)fdio_place(fd, FD_ACCESS_LOG);
}

void
logfd_reserve(void)
{
	if (fcntl(FD_ACCESS_LOG, F_GETFD) < 0)
		none();
}

void
logfd_take(struct chan_msg *m)
{
	if (m->n_fds == 0)
		none();
	else if (fdio_place(m->fds[0], FD_ACCESS_LOG) == 0)
		m->fds[0] = -1;
}
