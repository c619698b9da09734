/* evring.c - the event ring */
#include "evring.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "crash.h"
#include "tick.h"

#define SEQ_CLAIMED(number)	(((number) + 1) << 1)
#define SEQ_DONE(number)	(SEQ_CLAIMED(number) | 1)
#define SEQ_NUMBER(seq)		(((seq) >> 1) - 1)

static struct evring_entry *
entry_of(const struct region *r, uint64_t number)
{
	struct evring_entry *e = region_section(r, REGION_EVENTS, NULL);

	return &e[number % EVRING_EVENTS];
}

static uint64_t
event_check(const struct evring_event *ev)
{
	return XXH3_64bits_withSeed((const char *)ev + sizeof(ev->check),
	    sizeof(*ev) - sizeof(ev->check), ev->number);
}

int
evring_put(struct region *r, unsigned slot, enum evring_level level,
    const char *fmt, ...)
{
	uint64_t word[sizeof(struct evring_event) / 8], number, seq, mine;
	struct evring_event ev;
	struct evring_entry *e;
	va_list ap;
	int n;

	if (r->read_only)
		return -EROFS;
	memset(&ev, 0, sizeof(ev));
	va_start(ap, fmt);
	n = vsnprintf(ev.text, sizeof(ev.text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return -EINVAL;
	ev.len = (uint16_t)(n < (int)sizeof(ev.text) ? n :
	    (int)sizeof(ev.text) - 1);
	ev.wall_ns = tick_clock(CLOCK_REALTIME);
	ev.slot = slot < r->n_slots ? (uint16_t)slot : UINT16_MAX;
	ev.level = (uint16_t)level;
	ev.pid = (uint32_t)getpid();

	number = add_ar(&r->hot->event_head, UINT64_C(1));
	ev.number = number;
	ev.check = event_check(&ev);
	memcpy(word, &ev, sizeof(ev));

	/* Killed here: a number that is never claimed; readers pass over it. */
	CRASH_POINT("evring.claim");
	e = entry_of(r, number);
	seq = ld_acq(&e->seq);
	mine = SEQ_CLAIMED(number);
	/* Whatever an older lap left there, published or not, is ours to
	 * overwrite; a newer lap has overtaken us. */
	if (seq >= mine || !cas_ar(&e->seq, &seq, mine))
		return -EAGAIN;
	/* The claim before the words: a reader that sees one of ours and then
	 * the sequence number again finds it changed. */
	fence_full();
	CRASH_POINT("evring.fill");
	for (unsigned i = 0; i < sizeof(word) / 8; i++)
		st_rlx(&e->word[i], word[i]);
	CRASH_POINT("evring.publish");
	/*
	 * Publish; pairs with the acquire in event_copy().  By compare-and-swap,
	 * because a newer lap may have claimed the entry while we were stopped.
	 */
	return cas_ar(&e->seq, &mine, SEQ_DONE(number)) ? 0 : -EAGAIN;
}

void
evring_open(const struct region *r, enum evring_from from,
    struct evring_reader *rd)
{
	uint64_t head = ld_acq(&r->hot->event_head);

	memset(rd, 0, sizeof(*rd));
	rd->next = head;
	if (from == EVRING_OLDEST)
		rd->next = head > EVRING_EVENTS ? head - EVRING_EVENTS : 0;
}

/* 1 copied, 0 not published (yet), -1 lost. */
static int
event_copy(const struct region *r, uint64_t number, struct evring_event *out)
{
	struct evring_entry *e = entry_of(r, number);
	uint64_t word[sizeof(*out) / 8], seq = ld_acq(&e->seq);

	if (seq < SEQ_DONE(number))
		return 0;
	if (seq > SEQ_DONE(number))
		return -1;
	for (unsigned i = 0; i < sizeof(word) / 8; i++)
		word[i] = ld_rlx(&e->word[i]);
	/* The words before the second look. */
	fence_full();
	if (ld_rlx(&e->seq) != seq)
		return -1;
	memcpy(out, word, sizeof(*out));
	/* What a writer did that was stopped for a lap shows here. */
	if (out->number != number || out->check != event_check(out) ||
	    out->len >= EVRING_TEXT)
		return -1;
	out->text[EVRING_TEXT - 1] = '\0';
	return 1;
}

int
evring_read(const struct region *r, struct evring_reader *rd, uint64_t now_ns,
    struct evring_event *out)
{
	uint64_t head = ld_acq(&r->hot->event_head);
	int rc;

	/* The head is read from the region: one that makes no sense (behind
	 * us) ends the loop, it cannot run for ever. */
	if (head > rd->next && head - rd->next > EVRING_EVENTS) {
		rd->n_lost += head - EVRING_EVENTS - rd->next;
		rd->next = head - EVRING_EVENTS;
		rd->hole_ns = 0;
	}
	while (rd->next < head) {
		rc = event_copy(r, rd->next, out);
		if (rc == 0 && rd->hole_ns == 0)
			rd->hole_ns = now_ns;
		if (rc == 0 && now_ns - rd->hole_ns < EVRING_HOLE_NS)
			return 0;
		rd->next++;
		rd->hole_ns = 0;
		if (rc == 1)
			return 1;
		rd->n_lost++;
	}
	return 0;
}

int
evring_wrong(const struct region *r, unsigned place)
{
	uint64_t seq = ld_acq(&entry_of(r, place)->seq);

	/* The number before the head, which only grows. */
	return seq != 0 && (SEQ_NUMBER(seq) % EVRING_EVENTS != place ||
	    SEQ_NUMBER(seq) >= ld_acq(&r->hot->event_head));
}

void
evring_clear(struct region *r, unsigned place)
{
	st_rel(&entry_of(r, place)->seq, UINT64_C(0));
}
