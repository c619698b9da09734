#include "worker.h"

#include "accept.h"
#include "drain.h"

void
worker_conn_over(struct worker *w)
{
	w->n_conns--;
	accept_room(w->accept);
	drain_check(w);
}
