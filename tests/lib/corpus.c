#include "corpus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fetch.h"

static int
add(struct corpus *c, const char *path, char *body, size_t len)
{
	struct corpus_page *p = reallocarray(c->page, c->n + 1, sizeof *p);

	if (p == NULL)
		goto out;
	c->page = p;
	p += c->n;
	*p = (struct corpus_page){ strdup(path), body, len };
	if (p->path == NULL)
		goto out;
	c->n++;
	return 0;
out:
	free(body);
	return -ENOMEM;
}

int
corpus_add(struct corpus *c, const char *path, const char *body)
{
	char *copy = strdup(body);

	return copy == NULL ? -ENOMEM : add(c, path, copy, strlen(body));
}

int
corpus_learn(struct corpus *c, int port, const char *path)
{
	struct fetched f;
	int rc = fetch(port, path, &f);

	if (rc < 0)
		return rc;
	if (f.status != 200) {
		free(f.body);
		return -ENOENT;
	}
	return add(c, path, f.body, f.len);
}

void
corpus_fini(struct corpus *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->page[i].path);
		free(c->page[i].body);
	}
	free(c->page);
	*c = (struct corpus){ 0 };
}

size_t
corpus_request(struct corpus *c, size_t page, char *buf, size_t size,
    uint64_t *id_out)
{
	*id_out = page + 1;
	return (size_t)snprintf(buf, size,
	    "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", c->page[page].path);
}

size_t
corpus_request_any(struct corpus *c, char *buf, size_t size, uint64_t *id_out)
{
	c->rng = c->rng * 6364136223846793005u + 1442695040888963407u;
	return corpus_request(c, (c->rng >> 33) % c->n, buf, size, id_out);
}

const char *
corpus_check(const struct corpus *c, uint64_t id, const struct answer *a)
{
	const struct corpus_page *p = &c->page[id - 1];

	if (a->status != 200)
		return "status is not 200";
	if (a->body_len != p->len)
		return "body of another length";
	return memcmp(a->body, p->body, p->len) == 0 ? NULL : "another body";
}

void
corpus_styles(struct hclient_style *style, int n)
{
	for (int i = 0; i < n; i++) {
		style[i] = (struct hclient_style){ .pipeline = 1 };
		if (i % 4 == 1)
			style[i].pause_max_ms = 200;
		if (i % 4 == 3)
			style[i].pipeline = 4;
	}
}

uint64_t
corpus_failures(const struct hclient_counts *c)
{
	uint64_t n = 0;

	for (int k = 0; k < HC_KINDS; k++)
		n += c->failures[k];
	return n;
}

void
corpus_report(FILE *f, const char *name, const struct hclient_counts *c)
{
	fprintf(f,
	    "%s: %llu requests, %llu answers, %llu connections,"
	    " %llu announced closes, failures:",
	    name, (unsigned long long)c->requests,
	    (unsigned long long)c->answers, (unsigned long long)c->connects,
	    (unsigned long long)c->closes);
	for (int k = 0; k < HC_KINDS; k++)
		if (c->failures[k] > 0)
			fprintf(f, " %s %llu", hclient_kind_name(k),
			    (unsigned long long)c->failures[k]);
	fprintf(f, "%s\n", corpus_failures(c) == 0 ? " none" : "");
}
