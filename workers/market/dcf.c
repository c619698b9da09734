/* dcf.c - POST /v1/dcf: what a share is worth by its discounted earnings. */
#include <errno.h>
#include <math.h>

#include <jansson.h>

#include "answer.h"
#include "calc.h"
#include "param.h"
#include "routes.h"

#define BODY_MAX 65536	/* it has five fields; more only keeps the loop busy */
#define DEPTH_MAX 16	/* a field is a string or a number; see is_deep() */
#define YEARS_MAX 50

static int
is_field(const char *name)
{
	static const char *const fields[] = { "symbol", "growthRate",
		"discountRate", "terminalGrowth", "years" };
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (strcmp(name, fields[i]) == 0)
			return 1;
	return 0;
}

static int
known_only(json_t *o, struct fault *f)
{
	const char *name;
	json_t *v;

	if (!json_is_object(o))
		return fault_set(f, 400, "body: should be a JSON object");
	json_object_foreach(o, name, v)
		if (!is_field(name))
			return fault_set(f, 400, "body: has a field that is not "
			    "symbol, growthRate, discountRate, terminalGrowth "
			    "or years");
	return 0;
}

static int
symbol_read(const json_t *o, struct skep_str *out, struct fault *f)
{
	const json_t *v = json_object_get(o, "symbol");

	if (v == NULL)
		return fault_set(f, 400, "symbol: is missing");
	if (!json_is_string(v))
		return fault_set(f, 400, "symbol: should be a string");
	*out = skep_strn(json_string_value(v), json_string_length(v));
	if (out->n == 0)
		return fault_set(f, 400, "symbol: is empty");
	return 0;
}

static int
rate_read(const json_t *o, const char *name, double *out, struct fault *f)
{
	const json_t *v = json_object_get(o, name);

	if (v == NULL)
		return fault_set(f, 400, "%s: is missing", name);
	if (!json_is_number(v))
		return fault_set(f, 400, "%s: should be a number", name);
	*out = json_number_value(v);
	if (!(*out >= -1 && *out <= 1))
		return fault_set(f, 400, "%s: should be from -1 to 1", name);
	return 0;
}

static int
years_read(const json_t *o, unsigned *out, struct fault *f)
{
	const json_t *v = json_object_get(o, "years");

	if (v == NULL)
		return fault_set(f, 400, "years: is missing");
	if (!json_is_integer(v))
		return fault_set(f, 400, "years: should be a whole number");
	if (json_integer_value(v) < 1 || json_integer_value(v) > YEARS_MAX)
		return fault_set(f, 400, "years: should be from 1 to %d",
		    YEARS_MAX);
	*out = (unsigned)json_integer_value(v);
	return 0;
}

/* *symbol_out is borrowed from the object. */
static int
ask_read(json_t *o, struct skep_str *symbol_out, struct calc_dcf *in,
    struct fault *f)
{
	int rc;

	if ((rc = known_only(o, f)) < 0 ||
	    (rc = symbol_read(o, symbol_out, f)) < 0 ||
	    (rc = rate_read(o, "growthRate", &in->growth, f)) < 0 ||
	    (rc = rate_read(o, "discountRate", &in->discount, f)) < 0 ||
	    (rc = rate_read(o, "terminalGrowth", &in->terminal, f)) < 0 ||
	    (rc = years_read(o, &in->years, f)) < 0)
		return rc;
	if (in->discount <= in->terminal)
		return fault_set(f, 400,
		    "discountRate: should be above terminalGrowth");
	return 0;
}

static int
make(const struct store *s, struct skep_str symbol, struct calc_dcf *in,
    struct jout *j, struct fault *f)
{
	struct store_symbol sym;
	double value;
	int rc;

	rc = store_symbol(s, symbol, &sym);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return answer_unknown(symbol, f);
	if (!sym.head.has_eps || sym.head.eps <= 0)
		return fault_set(f, 422, "symbol: its earnings per share are "
		    "%s", sym.head.has_eps ? "not positive" : "unknown");
	in->eps = sym.head.eps;
	value = calc_dcf(in);
	if (!isfinite(value))
		return fault_set(f, 422, "discountRate: the value at these "
		    "rates is too large for a number");
	jout_open(j, '{');
	jout_key_str(j, "symbol", symbol);
	jout_key_num(j, "eps", in->eps);
	jout_key_num(j, "growthRate", in->growth);
	jout_key_num(j, "discountRate", in->discount);
	jout_key_num(j, "terminalGrowth", in->terminal);
	jout_key_int(j, "years", in->years);
	jout_key_num(j, "valuePerShare", value);
	jout_close(j, '}');
	return 0;
}

/*
 * Whether brackets nest deeper than anything sensible.  The parser recurses
 * for each, and its own limit of 2048 is more than the stack of a fiber holds.
 */
static int
is_deep(struct skep_str body)
{
	int depth = 0, quoted = 0;
	size_t i;

	for (i = 0; i < body.n; i++) {
		char c = body.p[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '[' || c == '{') &&
		    ++depth > DEPTH_MAX)
			return 1;
		else if (!quoted && (c == ']' || c == '}'))
			depth--;
	}
	return 0;
}

static json_t *
parse(struct skep_str body, struct fault *f)
{
	const char *what = "is not JSON";
	json_error_t error;
	json_t *o;

	if (is_deep(body)) {
		(void)fault_set(f, 400, "body: is nested too deeply");
		return NULL;
	}
	/* Any value: a number is JSON too, only not what is asked for. */
	o = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
	    &error);
	if (o != NULL)
		return o;
	if (json_error_code(&error) == json_error_duplicate_key)
		what = "has a field twice";
	else if (json_error_code(&error) == json_error_numeric_overflow)
		what = "has a number that is out of range";
	(void)fault_set(f, 400, "body: %s (line %d, column %d)", what,
	    error.line, error.column);
	return NULL;
}

/* From body to answer, with nothing that could wait in between. */
static int
compute(const struct store *s, struct skep_str body, struct jout *j,
    struct fault *f)
{
	struct calc_dcf in = { 0, 0, 0, 0, 0 };
	struct skep_str symbol;
	json_t *o;
	int rc;

	if (body.n > BODY_MAX)
		return fault_set(f, 413, "body: is longer than %d bytes",
		    BODY_MAX);
	o = parse(body, f);
	if (o == NULL)
		return FAULT;
	rc = ask_read(o, &symbol, &in, f);
	if (rc == 0)
		rc = make(s, symbol, &in, j, f);
	json_decref(o);
	return rc == 0 && j->failed ? -ENOMEM : rc;
}

int
dcf_post(struct skep_task *t)
{
	static const char *const names[] = { NULL };
	struct fault fault = { 0, "" };
	struct jout j = JOUT_EMPTY;
	struct skep_str body;
	int rc;

	rc = param_check(t, names, &fault);
	if (rc != 0)
		return answer_fault(t, rc, &fault);
	body = skep_body(t);
	if (body.p == NULL)
		return 0;	/* the server has answered */
	rc = compute(skep_data(t), body, &j, &fault);
	body = skep_copy(t, skep_strn(j.p, j.n));
	jout_fini(&j);
	if (rc != 0)
		return answer_fault(t, rc, &fault);
	return skep_reply(t, 200, "application/json", body);
}
