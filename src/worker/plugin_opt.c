#include "plugin_opt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "near.h"
#include "plugin.h"
#include "unit.h"

#define KEY_FILE "file"		/* where the plugin is: read by conf_plugin_file() */

/* "a number" and so on, for messages. */
static const char *const type_words[] = {
	[SKEP_OPT_STR] = "a string",
	[SKEP_OPT_INT] = "a whole number",
	[SKEP_OPT_BOOL] = "true or false",
	[SKEP_OPT_SIZE] = "a size (64k, 500MB, 1GiB)",
	[SKEP_OPT_DURATION] = "a duration (500ms, 30s, 5m)",
};

static int
read_value(const struct skep_option *o, const char *text,
    struct plugin_value *out)
{
	out->text = skep_str(text);
	out->number = 0;
	switch (o->type) {
	case SKEP_OPT_INT:
		return unit_int(text, &out->number);
	case SKEP_OPT_BOOL:
		return unit_bool(text, &out->number);
	case SKEP_OPT_SIZE:
		return unit_size(text, &out->number);
	case SKEP_OPT_DURATION:
		return unit_duration(text, &out->number);
	case SKEP_OPT_STR:
		break;
	}
	return 0;
}

/* Only a row of nothing but zeroes ends a table: less may be a mistake. */
static int
is_end(const struct skep_option *o)
{
	return o->name == NULL && o->type == 0 && o->fallback == NULL &&
	    o->doc == NULL;
}

static int
check_table(struct plugin *p, struct plugin_why *why)
{
	const struct skep_option *o, *q;

	for (o = p->def.options; o != NULL && !is_end(o); o++) {
		if (o->name == NULL)
			return plugin_refuse(why, FAIL_ABI, -EINVAL, p->name,
			    "options[%zu]: the name is missing", p->n_options);
		p->n_options++;
		if ((unsigned)o->type > SKEP_OPT_DURATION)
			return plugin_refuse(why, FAIL_ABI, -EINVAL, p->name,
			    "option %s has unknown type %d", o->name,
			    (int)o->type);
		if (strcmp(o->name, KEY_FILE) == 0)
			return plugin_refuse(why, FAIL_ABI, -EINVAL, p->name,
			    "an option cannot be named " KEY_FILE);
		for (q = p->def.options; q < o; q++)
			if (strcmp(q->name, o->name) == 0)
				return plugin_refuse(why, FAIL_ABI, -EINVAL,
				    p->name, "two options are named %s",
				    o->name);
	}
	return 0;
}

static int
unknown(struct plugin *p, const struct conf_pair *pair, struct plugin_why *why)
{
	const char *best = NULL;
	unsigned score = NEAR_START;
	size_t i;

	for (i = 0; i < p->n_options; i++)
		near_try(pair->key, p->def.options[i].name, &best, &score);
	return plugin_refuse(why, FAIL_CONF, -EINVAL, p->name,
	    "%s: unknown option \"%s\"%s%s%s", pair->origin, pair->key,
	    best != NULL ? "; did you mean \"" : "", best != NULL ? best : "",
	    best != NULL ? "\"?" : "");
}

static int
take_pair(struct plugin *p, const struct conf_pair *pair,
    struct plugin_why *why)
{
	const struct skep_option *o;
	size_t i;

	for (i = 0; i < p->n_options; i++) {
		o = &p->def.options[i];
		if (strcmp(o->name, pair->key) != 0)
			continue;
		if (read_value(o, pair->value, &p->values[i]) == 0)
			return 0;
		return plugin_refuse(why, FAIL_CONF, -EINVAL, p->name,
		    "%s: %s = \"%s\" is not %s", pair->origin, pair->key,
		    pair->secret ? "(secret)" : pair->value,
		    type_words[o->type]);
	}
	return unknown(p, pair, why);
}

static int
take_fallbacks(struct plugin *p, struct plugin_why *why)
{
	const struct skep_option *o;
	size_t i;

	for (i = 0; i < p->n_options; i++) {
		o = &p->def.options[i];
		if (p->values[i].text.p != NULL)
			continue;
		if (o->fallback == NULL)
			return plugin_refuse(why, FAIL_CONF, -EINVAL, p->name,
			    "option %s must be given: plugin %s { %s = ... }",
			    o->name, p->name, o->name);
		if (read_value(o, o->fallback, &p->values[i]) < 0)
			return plugin_refuse(why, FAIL_ABI, -EINVAL, p->name,
			    "the default \"%s\" of option %s is not %s",
			    o->fallback, o->name, type_words[o->type]);
	}
	return 0;
}

int
plugin_opt_read(struct plugin *p, const struct conf *conf,
    struct plugin_why *why)
{
	struct conf_pair pair;
	size_t i, n = conf_plugin_pairs(conf, p->name);
	int rc;

	if ((rc = check_table(p, why)) < 0)
		return rc;
	p->values = calloc(p->n_options + 1, sizeof *p->values);
	if (p->values == NULL)
		return plugin_refuse(why, FAIL_OTHER, -ENOMEM, p->name,
		    "no memory");
	for (i = 0; i < n; i++) {
		pair = conf_plugin_pair(conf, p->name, i);
		if (strcmp(pair.key, KEY_FILE) == 0)
			continue;
		if ((rc = take_pair(p, &pair, why)) < 0)
			return rc;
	}
	return take_fallbacks(p, why);
}
