#include "worker.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "accept.h"
#include "chan.h"
#include "drain.h"
#include "fds.h"
#include "log.h"
#include "msg.h"

#define EXIT_BROKEN 70

void
worker_conn_over(struct worker *w)
{
	w->n_conns--;
	accept_room(w->accept);
	drain_check(w);
}

void
worker_broken(const struct worker *w, const char *what, int error)
{
	const struct msg_fail m = { FAIL_OTHER, error };
	char text[256];

	(void)snprintf(text, sizeof text, "its %s is broken (%s): has a plugin "
	    "closed a descriptor that is not its own?", what, strerror(error));
	log_error("worker", "ends reason=\"%s\"", text);
	(void)chan_post(FD_CHAN, w->generation, MSG_FAIL, &m, text,
	    strlen(text));
	log_flush();
	_exit(EXIT_BROKEN);
}
