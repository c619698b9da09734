#include "aim.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int
aim_parse(const char *text, struct aim *out)
{
	char *end;
	double v;

	if (strncmp(text, "<=", 2) != 0 && strncmp(text, ">=", 2) != 0)
		return -EINVAL;
	/* strtod() takes blanks, signs, hexadecimal and "nan" as well */
	if (strspn(text + 2, "0123456789.") != strlen(text + 2) ||
	    !isdigit((unsigned char)text[2]))
		return -EINVAL;
	v = strtod(text + 2, &end);
	if (*end != '\0' || !isfinite(v) || v <= 0)
		return -EINVAL;
	out->least = text[0] == '>';
	out->limit = v;
	return 0;
}

bool
aim_met(const struct aim *a, double ratio)
{
	return a->least ? ratio >= a->limit : ratio <= a->limit;
}

bool
aim_far_off(const struct aim *a, double ratio)
{
	return a->least ? !(ratio >= a->limit / 2) : !(ratio <= a->limit * 2);
}
