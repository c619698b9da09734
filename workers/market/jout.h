/*
 * jout.h - write JSON.
 *
 *	struct jout j = JOUT_EMPTY;
 *
 *	jout_open(&j, '{');
 *	jout_key(&j, "close");
 *	jout_num(&j, 169.23);
 *	jout_close(&j, '}');
 *	... j.p, j.n ...
 *	jout_fini(&j);
 *
 * Commas come by themselves.  Running out of memory is sticky: j.failed is then
 * set and the text is of no use; checking it once at the end is enough.
 */
#ifndef MARKET_JOUT_H
#define MARKET_JOUT_H

#include <skep/types.h>

struct jout {
	char *p;
	size_t n, cap;
	int failed;
	int comma;		/* the next value needs one before it */
};

#define JOUT_EMPTY { NULL, 0, 0, 0, 0 }

void jout_open(struct jout *, char bracket);	/* '{' or '[' */
void jout_close(struct jout *, char bracket);	/* '}' or ']' */
void jout_key(struct jout *, const char *key);	/* plain ASCII */
void jout_str(struct jout *, struct skep_str);	/* UTF-8; absent is null */
void jout_num(struct jout *, double);		/* not finite is null */
void jout_int(struct jout *, uint64_t);
void jout_bool(struct jout *, int);
void jout_null(struct jout *);

/* A key and its value; date is as in date.h, 0 being null. */
void jout_key_str(struct jout *, const char *key, struct skep_str);
void jout_key_num(struct jout *, const char *key, double);
void jout_key_int(struct jout *, const char *key, uint64_t);
void jout_key_date(struct jout *, const char *key, uint32_t date);

void jout_fini(struct jout *);

#endif
