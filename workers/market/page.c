#include "page.h"

#include "param.h"

int
page_read(struct skep_task *t, struct page *p, struct fault *f)
{
	int rc;

	rc = param_uint(t, "page", 1, 1, PARAM_UINT_MAX, &p->page, f);
	if (rc < 0)
		return rc;
	return param_uint(t, "limit", PAGE_LIMIT, 1, PAGE_LIMIT_MAX, &p->limit,
	    f);
}

uint64_t
page_slice(const struct page *p, uint64_t total, uint64_t *n_out)
{
	/* Below 2^60: page is at most 2^53 and limit 100. */
	uint64_t from = (p->page - 1) * p->limit;

	if (from >= total) {
		*n_out = 0;
		return total;
	}
	*n_out = total - from < p->limit ? total - from : p->limit;
	return from;
}

void
page_json(const struct page *p, uint64_t total, struct jout *j)
{
	uint64_t pages = (total + p->limit - 1) / p->limit;

	jout_key_int(j, "page", p->page);
	jout_key_int(j, "limit", p->limit);
	jout_key_int(j, "total", total);
	jout_key_int(j, "totalPages", pages);
	jout_key(j, "hasNext");
	jout_bool(j, p->page < pages);
	jout_key(j, "hasPrev");
	jout_bool(j, p->page > 1);
}
