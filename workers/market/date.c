#include "date.h"

#include <errno.h>
#include <stdio.h>

static unsigned
days_in(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31,
		30, 31, 30, 31 };
	int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

int
date_parse(struct skep_str s, uint32_t *date_out)
{
	unsigned number = 0, year, month, day;
	size_t i;

	if (s.n != 10)
		return -EINVAL;
	for (i = 0; i < s.n; i++) {
		if (i == 4 || i == 7) {
			if (s.p[i] != '-')
				return -EINVAL;
			continue;
		}
		if (s.p[i] < '0' || s.p[i] > '9')
			return -EINVAL;
		number = number * 10 + (unsigned)(s.p[i] - '0');
	}
	year = number / 10000;
	month = number / 100 % 100;
	day = number % 100;
	if (year < 1 || month < 1 || month > 12)
		return -EINVAL;
	if (day < 1 || day > days_in(year, month))
		return -EINVAL;
	*date_out = number;
	return 0;
}

void
date_text(uint32_t date, char text[DATE_TEXT])
{
	(void)snprintf(text, DATE_TEXT, "%04u-%02u-%02u", date / 10000 % 10000,
	    date / 100 % 100, date % 100);
}
