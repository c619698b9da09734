/*
 * layout.c - what a region consists of, and whether a header is ours.
 *
 * Kept apart from the mapping: these are pure functions of a header, so tests
 * and fuzzers can feed them anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "evring.h"
#include "hist.h"
#include "metric.h"
#include "region_int.h"
#include "slot.h"
#include "tick.h"

#define GIB (UINT64_C(1) << 30)
/* More than any machine has; keeps sums of sizes far from wrapping. */
#define SIZE_LIMIT (UINT64_C(1) << 46)

int
region_say(struct region_why *why, int rc, const char *fmt, ...)
{
	va_list ap;

	if (why == NULL)
		return rc;
	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return rc;
}

uint64_t
region_check(const struct region_head *h)
{
	return XXH3_64bits(h, offsetof(struct region_head, check));
}

static uint64_t
round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

static int
layout_add(struct region_head *h, const struct region_section *want)
{
	uint64_t align = want->flags & REGION_SEC_HUGE ? REGION_HUGE : REGION_PAGE;
	struct region_section *s;

	if (h->n_sections == REGION_SECTIONS || want->size == 0 ||
	    want->size > SIZE_LIMIT || want->reserve > want->size)
		return -EINVAL;
	s = &h->section[h->n_sections++];
	s->kind = want->kind;
	s->flags = want->flags;
	s->offset = round_up(h->size, align);
	s->size = round_up(want->size, REGION_PAGE);
	s->reserve = want->flags & REGION_SEC_SPARSE ?
	    round_up(want->reserve, REGION_PAGE) : s->size;
	h->size = s->offset + s->size;
	return h->size > SIZE_LIMIT ? -EINVAL : 0;
}

static int
layout_kinds_differ(const struct region_head *h)
{
	for (unsigned i = 0; i < h->n_sections; i++)
		for (unsigned j = 0; j < i; j++)
			if (h->section[i].kind == h->section[j].kind)
				return 0;
	return 1;
}

int
region_layout(const struct region_plan *p, struct region_head *h)
{
	uint64_t asked = 0;
	int rc = 0;

	if (p->rcu > REGION_RCU_FENCE || p->reapers > REGION_REAP_MENDER)
		return -EINVAL;
	for (unsigned i = 0; i < p->n_sections; i++) {
		if (p->sections[i].size > SIZE_LIMIT)
			return -EINVAL;
		asked += p->sections[i].size;
	}
	h->n_slots = p->n_slots;
	if (h->n_slots == 0)
		h->n_slots = asked >= GIB ? SLOT_MAX : SLOT_DEFAULT;
	if (h->n_slots > SLOT_MAX || h->n_slots <= SLOT_MENDERS)
		return -EINVAL;
	h->size = 2 * REGION_PAGE;
	h->n_sections = 0;

	const struct region_section own[] = {
		{ .kind = REGION_SLOTS,
		  .size = (uint64_t)h->n_slots * SLOT_SIZE },
		{ .kind = REGION_TOTALS, .size = METRIC_TOTALS_SIZE },
		{ .kind = REGION_HISTS,
		  .size = (uint64_t)h->n_slots * HIST_MAX * HIST_SIZE },
		{ .kind = REGION_EVENTS, .size = EVRING_SIZE },
	};
	for (unsigned i = 0; rc == 0 && i < sizeof(own) / sizeof(own[0]); i++)
		rc = layout_add(h, &own[i]);
	for (unsigned i = 0; rc == 0 && i < p->n_sections; i++)
		rc = layout_add(h, &p->sections[i]);
	if (rc == 0 && !layout_kinds_differ(h))
		rc = -EINVAL;
	return rc;
}

uint64_t
region_plan_size(const struct region_plan *p)
{
	struct region_head h;

	memset(&h, 0, sizeof(h));
	return region_layout(p, &h) == 0 ? h.size : 0;
}

/* 16 bytes of the id that the kernel draws at each boot; zeros where /proc is
 * not mounted, and then two regions cannot be told apart by it. */
static void
here_boot(uint8_t id[16])
{
	char text[64] = "";
	unsigned n = 0, v;
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	memset(id, 0, 16);
	if (f == NULL)
		return;
	if (fgets(text, sizeof(text), f) != NULL)
		for (char *p = text; *p != '\0' && n < 16; p += *p == '-')
			if (*p != '-') {
				if (sscanf(p, "%2x", &v) != 1)
					break;
				id[n++] = (uint8_t)v;
				p += 2;
			}
	fclose(f);
}

void
region_here(struct region_head *h)
{
	struct stat st;

	here_boot(h->boot_id);
	h->created_ns = (int64_t)tick_clock(CLOCK_MONOTONIC);
	(void)tick_ahead(CLOCK_REALTIME, &h->wall_mono_ns);	/* the best of */
	(void)tick_ahead(CLOCK_BOOTTIME, &h->boot_mono_ns);	/* some tries */
	h->timens = stat("/proc/self/ns/time", &st) == 0 ? st.st_ino : 0;
}

static int
vet_section(const struct region_head *h, const struct region_section *s)
{
	return s->offset % REGION_PAGE == 0 && s->size != 0 &&
	    s->offset >= 2 * REGION_PAGE && s->offset <= h->size &&
	    s->size <= h->size - s->offset && s->reserve <= s->size;
}

/* Whether they are numbers that this program knows. */
static int
vet_modes(const struct region_head *h)
{
	return (h->rcu == REGION_RCU_MEMBARRIER || h->rcu == REGION_RCU_FENCE) &&
	    (h->reapers == REGION_REAP_ANY || h->reapers == REGION_REAP_MENDER);
}

static int
vet_core(const struct region_head *h, uint32_t kind, uint64_t size)
{
	for (unsigned i = 0; i < h->n_sections; i++)
		if (h->section[i].kind == kind)
			return h->section[i].size >= size;
	return 0;
}

/*
 * The clock.  Participants compare CLOCK_MONOTONIC; a process in a time
 * namespace with an offset reads another one.  Same namespace, same clock.
 * Where that cannot be seen, or differs, wall time minus monotonic time must
 * agree to a second.  (Comparing that always would refuse every newcomer after
 * a suspend, or after an administrator set the wall clock.)
 */
static int
vet_clock(const struct region_head *h, const struct region_head *here)
{
	int64_t off = h->wall_mono_ns - here->wall_mono_ns;

	if (h->timens != 0 && h->timens == here->timens)
		return 1;
	return off > -1000000000 && off < 1000000000;
}

int
region_vet(const struct region_head *h, uint64_t file_size,
    struct region_why *why)
{
	struct region_head here;

	if (h->magic != REGION_MAGIC)
		return region_say(why, -EPROTO, "not a skep region");
	if (h->format != REGION_FORMAT || h->head_size != sizeof(*h))
		return region_say(why, -EPROTO,
		    "region has format %u, this program knows %u", h->format,
		    REGION_FORMAT);
	if (h->check != region_check(h))
		return region_say(why, -EPROTO, "region header is damaged");
	if (h->metric_print != metric_print())
		return region_say(why, -EPROTO,
		    "region counts other metrics than this program");
	if (h->size != file_size)
		return region_say(why, -EPROTO,
		    "region says %llu bytes, its file has %llu",
		    (unsigned long long)h->size,
		    (unsigned long long)file_size);
	if (h->n_sections > REGION_SECTIONS || h->n_slots > SLOT_MAX ||
	    h->n_slots <= SLOT_MENDERS || !vet_modes(h))
		return region_say(why, -EPROTO, "region header makes no sense");
	for (unsigned i = 0; i < h->n_sections; i++)
		if (!vet_section(h, &h->section[i]))
			return region_say(why, -EPROTO,
			    "section %u lies outside of the region", i);
	if (!vet_core(h, REGION_SLOTS, (uint64_t)h->n_slots * SLOT_SIZE) ||
	    !vet_core(h, REGION_TOTALS, METRIC_TOTALS_SIZE) ||
	    !vet_core(h, REGION_HISTS,
		(uint64_t)h->n_slots * HIST_MAX * HIST_SIZE) ||
	    !vet_core(h, REGION_EVENTS, EVRING_SIZE))
		return region_say(why, -EPROTO, "region lacks a section");

	region_here(&here);
	if (memcmp(h->boot_id, here.boot_id, sizeof(here.boot_id)) != 0)
		return region_say(why, -ESTALE,
		    "region is of another boot of this machine");
	if (!vet_clock(h, &here))
		return region_say(why, -EXDEV,
		    "clock differs from the region's: another time namespace");
	return 0;
}
