/* conf_env.c - presets, and the variables that older services used. */
#include <stddef.h>

#include "conf_int.h"

const struct conf_alias conf_aliases[] = {
	{ "CLUSTER_ENABLED", OPT_workers_cluster,
	    "false: one worker a group." },
	{ "CLUSTER_WORKERS", OPT_workers_start,
	    "Workers a group starts with; 0 or auto: by the CPUs." },
	{ NULL, OPT_N, NULL }
};

const struct conf_preset conf_presets[] = {
	{ "high-traffic", OPT_cache_size, "1GiB" },
	{ "high-traffic", OPT_cache_keys_max, "100000" },
	{ "high-traffic", OPT_cache_ttl, "1800s" },
	{ NULL, OPT_N, NULL }
};
