/* http_count.h - the worker's counters; nothing without a slot (in tests). */
#ifndef HTTP_COUNT_H
#define HTTP_COUNT_H

#include "http_conn.h"
#include "metric.h"

static inline void
http_count(struct http *h, enum metric_id id, int64_t n)
{
	if (h->w->self != NULL)
		metric_add(h->w->self, id, n);
}

static inline void
http_time(struct http *h, enum metric_hist id, int64_t ns)
{
	if (h->w->self != NULL)
		metric_time(h->w->self, id, ns > 0 ? (uint64_t)ns : 0);
}

#endif
