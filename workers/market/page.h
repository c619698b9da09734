/*
 * page.h - paging: ?page=1&limit=20, and how an answer says where it is.
 */
#ifndef MARKET_PAGE_H
#define MARKET_PAGE_H

#include <skep/skep.h>

#include "fault.h"
#include "jout.h"

#define PAGE_LIMIT	20
#define PAGE_LIMIT_MAX	100

struct page {
	uint64_t page;		/* from 1 */
	uint64_t limit;
};

/* From the parameters "page" and "limit".  0, FAULT. */
int page_read(struct skep_task *, struct page *, struct fault *);

/*
 * Which of total rows are on the page: those from the returned index, *n_out
 * of them; none past the end.
 */
uint64_t page_slice(const struct page *, uint64_t total, uint64_t *n_out);

/* The keys page, limit, total, totalPages, hasNext, hasPrev. */
void page_json(const struct page *, uint64_t total, struct jout *);

#endif
