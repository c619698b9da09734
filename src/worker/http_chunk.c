#include <errno.h>

#include "http_char.h"
#include "http_chunk.h"

/*
 *	SIZE -> SIZE_LF -> DATA -> DATA_CR -> DATA_LF -> SIZE     a chunk
 *	SIZE -> EXT ... -> SIZE_LF                                extensions
 *	SIZE_LF -> TRAILER -> NAME -> VALUE -> VALUE_LF -> TRAILER  size 0
 *	TRAILER -> END_LF -> DONE
 *
 * An extension is [BWS] ; [BWS] name [ [BWS] = [BWS] (token | quoted) ].
 */
enum {
	C_SIZE,
	C_EXT_BLANK,	/* behind a size or value, a blank came: ; must follow */
	C_EXT_START,	/* behind ; */
	C_EXT_NAME,
	C_EXT_NAME_BLANK,
	C_EXT_EQUALS,	/* behind = */
	C_EXT_TOKEN,
	C_EXT_QUOTED,
	C_EXT_PAIR,	/* behind a backslash */
	C_EXT_END,	/* behind a quoted value */
	C_SIZE_LF,
	C_DATA,
	C_DATA_CR,
	C_DATA_LF,
	C_TRAILER,
	C_NAME,
	C_VALUE,
	C_VALUE_LF,
	C_END_LF,
	C_DONE,
	C_REFUSED
};

#define DIGITS_MAX 16 /* what fits 64 bits, zeros in front included */

static int
refuse(struct http_chunk *c, unsigned status, const char *why)
{
	c->state = C_REFUSED;
	c->status = (uint16_t)status;
	c->why = why;
	return -EBADMSG;
}

void
http_chunk_init(struct http_chunk *c, const struct http_head *h)
{
	uint32_t used = h->len - h->block;

	c->left = 0;
	c->body_left = h->limits->body_max;
	c->head_left = h->limits->head_max - used;
	c->fields_left = h->limits->fields_max - h->n_fields;
	c->state = C_SIZE;
	c->digits = 0;
	c->status = 0;
	c->why = NULL;
}

/* The size stands; what follows it, if anything? */
static int
size_end(struct http_chunk *c, char b)
{
	if (c->digits == 0)
		return refuse(c, 400, "bad chunk size");
	if (c->left > c->body_left)
		return refuse(c, 413, "request body too large");
	if (b == '\r')
		c->state = C_SIZE_LF;
	else if (b == ';')
		c->state = C_EXT_START;
	else if (b == ' ' || b == '\t')
		c->state = C_EXT_BLANK;
	else
		return refuse(c, 400, "bad chunk size");
	return 0;
}

static int
size_step(struct http_chunk *c, char b)
{
	if (!http_char_is((uint8_t)b, HTTP_CHAR_HEX))
		return size_end(c, b);
	if (++c->digits > DIGITS_MAX)
		return refuse(c, 400, "bad chunk size");
	c->left = c->left << 4 | http_char_hex((uint8_t)b);
	return 0;
}

/* Inside a quoted value. */
static int
quoted_step(struct http_chunk *c, char b)
{
	if (!http_char_is((uint8_t)b, HTTP_CHAR_VALUE))
		return refuse(c, 400, "control byte in a chunk extension");
	if (c->state == C_EXT_PAIR)
		c->state = C_EXT_QUOTED;
	else if (b == '"')
		c->state = C_EXT_END;
	else if (b == '\\')
		c->state = C_EXT_PAIR;
	return 0;
}

/* Behind a name or value; blank tells which state a blank leads to. */
static int
ext_after(struct http_chunk *c, char b, uint8_t blank)
{
	if (b == ';')
		c->state = C_EXT_START;
	else if (b == ' ' || b == '\t')
		c->state = blank;
	else if (b == '\r' && c->state != C_EXT_BLANK &&
	    c->state != C_EXT_NAME_BLANK)
		c->state = C_SIZE_LF;
	else
		return refuse(c, 400, "malformed chunk extension");
	return 0;
}

static int
ext_step(struct http_chunk *c, char b)
{
	int blank = b == ' ' || b == '\t';
	int token = http_char_is((uint8_t)b, HTTP_CHAR_TOKEN);

	switch (c->state) {
	case C_EXT_START:
	case C_EXT_EQUALS:
		if (blank)
			return 0;
		if (b == '"' && c->state == C_EXT_EQUALS)
			c->state = C_EXT_QUOTED;
		else if (token)
			c->state = c->state == C_EXT_START ? C_EXT_NAME :
							     C_EXT_TOKEN;
		else
			return refuse(c, 400, "malformed chunk extension");
		return 0;
	case C_EXT_NAME:
	case C_EXT_NAME_BLANK:
		if (b == '=') {
			c->state = C_EXT_EQUALS;
			return 0;
		}
		if (token && c->state == C_EXT_NAME)
			return 0;
		return ext_after(c, b, C_EXT_NAME_BLANK);
	case C_EXT_TOKEN:
		if (token)
			return 0;
		return ext_after(c, b, C_EXT_BLANK);
	case C_EXT_QUOTED:
	case C_EXT_PAIR:
		return quoted_step(c, b);
	default:
		return ext_after(c, b, C_EXT_BLANK);
	}
}

static int
trailer_step(struct http_chunk *c, char b)
{
	if (b == '\r') {
		c->state = C_END_LF;
		return 0;
	}
	if (!http_char_is((uint8_t)b, HTTP_CHAR_TOKEN))
		return refuse(c, 400, "malformed trailer field");
	if (c->fields_left == 0)
		return refuse(c, 431, "too many header and trailer fields");
	c->fields_left--;
	c->state = C_NAME;
	return 0;
}

static int
lf_step(struct http_chunk *c, char b)
{
	if (b != '\n')
		return refuse(c, 400, "bare CR in the chunked coding");
	switch (c->state) {
	case C_SIZE_LF:
		c->body_left -= c->left;
		c->state = c->left > 0 ? C_DATA : C_TRAILER;
		break;
	case C_DATA_LF:
		c->digits = 0;
		c->state = C_SIZE;
		break;
	case C_VALUE_LF:
		c->state = C_TRAILER;
		break;
	default:
		c->state = C_DONE;
		break;
	}
	return 0;
}

/* One byte of anything but data. */
static int
step(struct http_chunk *c, char b)
{
	switch (c->state) {
	case C_SIZE:
		return size_step(c, b);
	case C_DATA_CR:
		if (b != '\r')
			return refuse(c, 400, "chunk longer than its size");
		c->state = C_DATA_LF;
		return 0;
	case C_SIZE_LF:
	case C_DATA_LF:
	case C_VALUE_LF:
	case C_END_LF:
		return lf_step(c, b);
	case C_TRAILER:
		return trailer_step(c, b);
	case C_NAME:
		if (b == ':')
			c->state = C_VALUE;
		else if (!http_char_is((uint8_t)b, HTTP_CHAR_TOKEN))
			return refuse(c, 400, "malformed trailer field");
		return 0;
	case C_VALUE:
		if (b == '\r')
			c->state = C_VALUE_LF;
		else if (!http_char_is((uint8_t)b, HTTP_CHAR_VALUE))
			return refuse(c, 400, "malformed trailer field");
		return 0;
	default:
		return ext_step(c, b);
	}
}

/*
 * Whether a byte that is taken in this state, or leads to it, belongs to an
 * extension or a trailer field.
 */
static int
counts(const struct http_chunk *c)
{
	return (c->state >= C_EXT_BLANK && c->state <= C_EXT_END) ||
	    (c->state >= C_NAME && c->state <= C_VALUE_LF);
}

int
http_chunk_next(struct http_chunk *c, const char **p, const char *end,
    struct http_piece *data_out)
{
	const char *q = *p;
	int rc = 0;

	data_out->p = NULL;
	data_out->n = 0;
	while (q < end && c->state != C_DATA && c->state < C_DONE && rc == 0) {
		int cost = counts(c);

		rc = step(c, *q++);
		cost |= counts(c);
		if (rc == 0 && cost && c->head_left-- == 0)
			rc = refuse(c, 431, "chunk extensions or trailers too "
					    "large");
	}
	if (c->state == C_DATA && q < end) {
		uint64_t n = (uint64_t)(end - q);

		if (n > c->left)
			n = c->left;
		if (n > UINT32_MAX)
			n = UINT32_MAX;
		data_out->p = q;
		data_out->n = (uint32_t)n;
		q += n;
		c->left -= n;
		if (c->left == 0)
			c->state = C_DATA_CR;
		rc = 1;
	}
	*p = q;
	if (c->state == C_REFUSED)
		return -EBADMSG;
	return rc == 1 || c->state == C_DONE;
}
