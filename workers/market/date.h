/*
 * date.h - days of the calendar as numbers that sort: 2017-12-29 is 20171229.
 */
#ifndef MARKET_DATE_H
#define MARKET_DATE_H

#include <skep/types.h>

#define DATE_MIN 10101u		/* 0001-01-01 */
#define DATE_MAX 99991231u
#define DATE_TEXT 11		/* YYYY-MM-DD and NUL */

/* Exactly YYYY-MM-DD of a day that exists.  0, or -EINVAL. */
int date_parse(struct skep_str, uint32_t *date_out);

/* The text of a date that date_parse() gave. */
void date_text(uint32_t date, char text[DATE_TEXT]);

#endif
