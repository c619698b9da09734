/*
 * plugin_bad - four ways in which a new generation can fail to come up, one a
 * build: BAD is 1 crash in warm with a child left behind, 2 crash in open,
 * 3 never ready, 4 an ABI that does not exist.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <skep/skep.h>

/* A child that outlives the zygote, if it is let; named as it would not be. */
static void
leave_stray(void)
{
	if (fork() != 0)
		return;
	(void)prctl(PR_SET_NAME, "bad-stray");
	for (;;)
		(void)pause();
}

static int
warm(struct skep_app *app)
{
	(void)app;
	if (BAD == 1) {
		leave_stray();
		abort();
	}
	return 0;
}

static int
open_(struct skep_app *app)
{
	(void)app;
	if (BAD == 2)
		abort();
	while (BAD == 3)
		(void)usleep(10000);
	return 0;
}

static int
never(struct skep_task *t)
{
	return skep_reply(t, 500, "text/plain", skep_str("bad plugin"));
}

static const struct skep_route routes[] = {
	{ .method = "GET", .path = "/item/:id", .fn = never },
	{ 0 }
};

const struct skep_plugin skep_plugin = {
	.abi = BAD == 4 ? SKEP_ABI + 1000 : SKEP_ABI,
	.size = sizeof(struct skep_plugin),
	.name = "item",
	.routes = routes,
	.warm = warm,
	.open = open_,
};
