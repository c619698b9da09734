/* A packet on a channel; the first byte says how many descriptors came with it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chan.h"
#include "fuzz.h"

#define CLAIM(c)                                                               \
	do {                                                                   \
		if (!(c)) {                                                    \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,       \
			    __LINE__, #c);                                     \
			abort();                                               \
		}                                                              \
	} while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct chan_msg m;
	char *data;
	size_t len;
	int rc;

	if (n == 0 || n - 1 > MSG_MAX)
		return 0;
	len = n - 1;
	/* Exactly what the channel has: a sanitizer sees one byte more. */
	data = aligned_alloc(8, (len + 8) / 8 * 8);
	CLAIM(data != NULL);
	memcpy(data, in + 1, len);
	rc = chan_decode(data, len, in[0] % (MSG_FDS + 1), &m);
	CLAIM(rc == 0 || rc == -EPROTO);
	if (rc == 0) {
		const char *body = m.body;

		CLAIM(body == data + sizeof(struct msg_head));
		CLAIM(m.text == body + m.head.body_len);
		CLAIM(m.text + m.head.text_len == data + len);
		CLAIM(m.text[m.head.text_len] == '\0');
		CLAIM(msg_body_len(m.head.type) == m.head.body_len);
	}
	free(data);
	return 0;
}
