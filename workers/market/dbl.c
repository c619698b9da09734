#include "dbl.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * At a power of two the doubles below lie half as far away as those above, so
 * that of the two 16-digit neighbours the upper one may read back where the
 * nearer one, which printf() chooses, does not.  text has 17 digits.
 */
static void
try_upper(double x, char *text)
{
	char up[DBL_TEXT];
	size_t mantissa = strcspn(text, "e");

	if (mantissa < 3 || !isdigit((unsigned char)text[mantissa - 2]) ||
	    text[mantissa - 2] == '9')
		return;
	memcpy(up, text, mantissa - 1);
	up[mantissa - 2]++;
	strcpy(up + mantissa - 1, text + mantissa);
	if (strtod(up, NULL) == x)
		strcpy(text, up);
}

size_t
dbl_text(double x, char text[DBL_TEXT])
{
	/*
	 * 15 digits survive the way there and back, and printf() leaves out
	 * trailing zeros, so a shorter form exists only below the range where
	 * a double has 15 digits.
	 */
	int digits = x != 0 && fabs(x) < DBL_MIN ? 1 : DBL_DIG, exponent;

	for (; digits < DBL_DECIMAL_DIG; digits++) {
		(void)snprintf(text, DBL_TEXT, "%.*g", digits, x);
		if (strtod(text, NULL) == x)
			return strlen(text);
	}
	(void)snprintf(text, DBL_TEXT, "%.*g", DBL_DECIMAL_DIG, x);
	if (fabs(frexp(x, &exponent)) == 0.5)
		try_upper(x, text);
	return strlen(text);
}
