/*
 * market.c - market prices over HTTP: the service that shows what skep is for.
 *
 * The zygote makes the store once (warm), each worker opens it for itself
 * (open), and the routes answer from it through the cache that all share.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "import.h"
#include "routes.h"
#include "store.h"

/*
 * Made by warm() and inherited by the workers.  The descriptor keeps this
 * generation's store from being tidied away while the next one is made.
 */
static struct import import = { .hold = -1 };

static void
say(void *app, const char *line)
{
	skep_app_log(app, SKEP_LOG_INFO, "%s", line);
}

static int
warm(struct skep_app *app)
{
	int rc;

	import.data_dir = skep_app_option(app, "data").p;
	import.state_dir = skep_app_state_dir(app).p;
	import.say = say;
	import.arg = app;
	rc = import_ensure(&import);
	if (rc < 0)
		skep_app_fail(app, "%s", import.error);
	return rc;
}

static int
open_store(struct skep_app *app)
{
	int64_t readers = skep_app_option_int(app, "readers");
	struct store *store;
	char error[300];
	int rc;

	if (readers < 1 || readers > 1 << 20) {
		skep_app_fail(app, "readers: should be from 1 to 1048576");
		return -EINVAL;
	}
	rc = store_open(&store, import.path, (unsigned)readers, error,
	    sizeof(error));
	if (rc < 0) {
		skep_app_fail(app, "%s", error);
		return rc;
	}
	skep_app_set_data(app, store);
	return 0;
}

static void
close_store(struct skep_app *app)
{
	struct store *store = skep_app_data(app);

	store_close(&store);
	skep_app_set_data(app, NULL);
}

static const struct skep_route routes[] = {
	{ .method = "GET", .path = "/v1/symbols", .fn = symbols_get },
	{ .method = "GET", .path = "/v1/quotes/:symbol", .fn = quotes_get },
	{ .method = "GET", .path = "/v1/history/:symbol", .fn = history_get },
	{ .method = "GET", .path = "/v1/indicators/:symbol",
	    .fn = indicators_get },
	{ .method = "GET", .path = "/v1/market/summary", .fn = summary_get },
	{ .method = "GET", .path = "/v1/portfolio/summary",
	    .fn = portfolio_get },
	{ .method = "POST", .path = "/v1/dcf", .fn = dcf_post },
	{ 0 }
};

/* Prices are kept as PRICE_DATA, what is derived as MARKET_DATA. */
static const struct skep_option options[] = {
	{ .name = "data", .type = SKEP_OPT_STR, .fallback = MARKET_DATADIR,
	    .doc = "directory of the CSV files" },
	{ .name = "readers", .type = SKEP_OPT_INT, .fallback = "4096",
	    .doc = "workers that may have the store open at once" },
	{ .name = "ttl_symbols", .type = SKEP_OPT_DURATION, .fallback = "1d",
	    .doc = "how long /v1/symbols is cached; 0: not at all" },
	{ .name = "ttl_quotes", .type = SKEP_OPT_DURATION, .fallback = "10s",
	    .doc = "the same for /v1/quotes" },
	{ .name = "ttl_history", .type = SKEP_OPT_DURATION, .fallback = "30s",
	    .doc = "the same for /v1/history" },
	{ .name = "ttl_indicators", .type = SKEP_OPT_DURATION,
	    .fallback = "30s", .doc = "the same for /v1/indicators" },
	{ .name = "ttl_summary", .type = SKEP_OPT_DURATION, .fallback = "30s",
	    .doc = "the same for /v1/market/summary" },
	{ .name = "ttl_portfolio", .type = SKEP_OPT_DURATION,
	    .fallback = "10s", .doc = "the same for /v1/portfolio/summary" },
	{ 0 }
};

SKEP_EXPORT const struct skep_plugin skep_plugin = {
	SKEP_PLUGIN_HEAD,
	.name = "market",
	.routes = routes,
	.options = options,
	.warm = warm,
	.open = open_store,
	.close = close_store,
};
