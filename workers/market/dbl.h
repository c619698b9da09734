/*
 * dbl.h - the shortest decimal that reads back as the same double.
 */
#ifndef MARKET_DBL_H
#define MARKET_DBL_H

#include <stddef.h>

#define DBL_TEXT 32	/* "-2.2250738585072014e-308" and room */

/*
 * The text of a finite double, as JSON takes it; returns its length.  No text
 * of fewer digits reads back as the same value.
 */
size_t dbl_text(double, char text[DBL_TEXT]);

#endif
