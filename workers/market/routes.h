/*
 * routes.h - the routes, one file each.  README.md says what they answer.
 */
#ifndef MARKET_ROUTES_H
#define MARKET_ROUTES_H

#include <skep/skep.h>

skep_fn symbols_get;
skep_fn quotes_get;
skep_fn history_get;
skep_fn indicators_get;
skep_fn summary_get;
skep_fn portfolio_get;
skep_fn dcf_post;

#endif
