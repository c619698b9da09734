#include "floor_table.h"

#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define WORDS 7		/* in a line; the eighth is the number of the next line */
#define OFF   ((UINT64_C(1) << 48) - 1)

struct floor_line {
	uint64_t word[WORDS];	/* tag in 16 bits, offset in 48; 0: free */
	uint64_t next;
};

/* Key and value of a record lie in one or two cache lines where they fit. */
static uint64_t
record_size(uint32_t value)
{
	return (FLOOR_KEY + 4 + (uint64_t)value + 31) & ~UINT64_C(31);
}

static uint64_t
first_lines(uint64_t keys)
{
	uint64_t n = 1;

	while (n * 4 < keys) /* between a quarter and seven tenths full */
		n *= 2;
	return n;
}

uint64_t
floor_table_size(uint64_t keys, uint32_t value)
{
	uint64_t lines = first_lines(keys);

	return (lines + lines / 2 + 2) * sizeof(struct floor_line) +
	    keys * record_size(value);
}

int
floor_table_init(struct floor_table *t, void *mem, uint64_t size,
    uint64_t keys, uint32_t value)
{
	uint64_t lines = first_lines(keys);

	if (size < floor_table_size(keys, value))
		return -ENOMEM;
	*t = (struct floor_table){ .mem = mem, .size = size, .line = mem,
		.mask = lines - 1, .n_lines = lines,
		.lines_max = lines + lines / 2 + 2, .value = value };
	t->used = t->lines_max * sizeof(struct floor_line);
	for (size_t i = 0; i < sizeof t->secret; i++) /* any fixed bytes cost the same */
		t->secret[i] = (unsigned char)(i * 37 + 11);
	return 0;
}

static uint64_t
hash(const struct floor_table *t, const void *key)
{
	return XXH3_64bits_withSecret(key, FLOOR_KEY, t->secret,
	    sizeof t->secret);
}

char *
floor_table_find(const struct floor_table *t, const void *key)
{
	uint64_t h = hash(t, key), tag = h >> 48;
	const struct floor_line *l = &t->line[h & t->mask];

	for (;;) {
		for (int i = 0; i < WORDS; i++) {
			uint64_t w = l->word[i];
			char *r = t->mem + (w & OFF);

			if (w >> 48 == tag && w != 0 &&
			    memcmp(r, key, FLOOR_KEY) == 0)
				return r + FLOOR_KEY + 4;
		}
		if (l->next == 0)
			return NULL;
		l = &t->line[l->next];
	}
}

int
floor_table_get(const struct floor_table *t, const void *key, void *out)
{
	const char *v = floor_table_find(t, key);

	if (v == NULL)
		return 0;
	memcpy(out, v, t->value);
	return 1;
}

static uint64_t *
free_word(struct floor_table *t, uint64_t h)
{
	struct floor_line *l = &t->line[h & t->mask];

	for (;;) {
		for (int i = 0; i < WORDS; i++)
			if (l->word[i] == 0)
				return &l->word[i];
		if (l->next == 0) {
			if (t->n_lines == t->lines_max)
				return NULL;
			l->next = t->n_lines++;
		}
		l = &t->line[l->next];
	}
}

int
floor_table_set(struct floor_table *t, const void *key, const void *val)
{
	char *v = floor_table_find(t, key);
	uint64_t h, *w;

	if (v != NULL) {
		memcpy(v, val, t->value);
		return 0;
	}
	h = hash(t, key);
	w = free_word(t, h);
	if (w == NULL || t->used + record_size(t->value) > t->size)
		return -ENOMEM;
	memcpy(t->mem + t->used, key, FLOOR_KEY);
	memcpy(t->mem + t->used + FLOOR_KEY + 4, val, t->value);
	*w = h >> 48 << 48 | t->used;
	t->used += record_size(t->value);
	return 0;
}
