#include "param.h"

#include <inttypes.h>

#include "date.h"
#include "number.h"

static const char *
known(const char *const *names, struct skep_str name)
{
	for (; *names != NULL; names++)
		if (skep_str_eq(name, *names))
			return *names;
	return NULL;
}

/* What the client called it, as far as it can stand in a message. */
static int
unknown(struct skep_str name, struct fault *f)
{
	size_t i;

	for (i = 0; i < name.n && i < 32; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~')
			break;
	if (i == 0)
		return fault_set(f, 400, "query: has a parameter without a "
		    "name that can be shown");
	return fault_set(f, 400, "%.*s: is not a parameter of this route",
	    (int)i, name.p);
}

int
param_check(struct skep_task *t, const char *const *names, struct fault *f)
{
	struct skep_str name, value;
	const char *z;
	int i;

	for (i = 0; skep_query_at(t, i, &name, &value) == 1; i++) {
		z = known(names, name);
		if (z == NULL)
			return unknown(name, f);
		if (skep_query_count(t, z) > 1)
			return fault_set(f, 400, "%s: is given twice", z);
		if (value.n == 0)
			return fault_set(f, 400, "%s: is empty", z);
	}
	return 0;
}

int
param_uint(struct skep_task *t, const char *name, uint64_t fallback,
    uint64_t min, uint64_t max, uint64_t *out, struct fault *f)
{
	struct skep_str text = skep_query(t, name);

	*out = fallback;
	if (text.p == NULL)
		return 0;
	if (number_parse_uint(text, max, out) < 0 || *out < min)
		return fault_set(f, 400, "%s: should be a whole number from "
		    "%" PRIu64 " to %" PRIu64, name, min, max);
	return 0;
}

int
param_date(struct skep_task *t, const char *name, uint32_t fallback,
    uint32_t *out, struct fault *f)
{
	struct skep_str text = skep_query(t, name);

	*out = fallback;
	if (text.p == NULL)
		return 0;
	if (date_parse(text, out) < 0)
		return fault_set(f, 400,
		    "%s: should be a date, YYYY-MM-DD", name);
	return 0;
}
