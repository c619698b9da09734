#include "ids.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#define DRAWN 16	/* digits that are; the rest counts */

int
ids_init(struct ids *ids)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t v;
	int i;

	if (getrandom(&v, sizeof v, 0) != (ssize_t)sizeof v)
		return -EIO;
	memset(ids->next, '0', IDS_LEN);
	for (i = 0; i < DRAWN; i++, v >>= 4)
		ids->next[i] = digits[v & 15];
	return 0;
}

/* Counting is done on the text: one digit, mostly. */
void
ids_take(struct ids *ids, char id_out[IDS_LEN])
{
	char *next = ids->next;
	int i = IDS_LEN - 1;

	memcpy(id_out, next, IDS_LEN);
	for (; i >= DRAWN && next[i] == 'f'; i--)
		next[i] = '0';
	if (i >= DRAWN)
		next[i] = next[i] == '9' ? 'a' : (char)(next[i] + 1);
}
