/*
 * region.h - the shared-memory file: making it, mapping it, its sections.
 *
 * Life cycle: region_create() makes a file that is whole before anyone can see
 * it; every other process maps it with region_map() (a descriptor) or
 * region_open() (a path); region_close() unmaps.  What is in it is found by
 * sections: a module names a kind, and asks for its address and size.
 *
 *	page 0		struct region_head: written once, before publication; read
 *			once, when it is mapped
 *	page 1		struct region_hot: the words that all processes share
 *	sections	slots, totals, hists, events, then what the creator asked
 *			for: each begins on a page
 *
 * ONE HANDLE A PROCESS.  Slots are held by POSIX record locks on this file
 * (slot.h), and the kernel drops all of a process's record locks on a file as
 * soon as it closes any descriptor of it.  So a process opens the region once,
 * keeps the descriptor, and nothing else in it opens the same file.
 */
#ifndef SHM_REGION_H
#define SHM_REGION_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "atomic.h"
#include "off.h"

/*
 * Covers the layout and the protocol: who may write which word, in which
 * order, and what it means.  Any change of those is a new number; a region
 * with another one is refused.
 */
#define REGION_FORMAT	3u
#define REGION_MAGIC	UINT64_C(0x0a4e4f4947455253)	/* "SREGION\n" */
#define REGION_PAGE	4096u
#define REGION_HUGE	(2u << 20)
#define REGION_SECRET	192		/* bytes that XXH3_64bits_withSecret wants */
#define REGION_SECTIONS	32
#define REGION_WHY	192

/* Kinds of section.  Numbers are part of the format: never reused. */
enum region_kind {
	REGION_SLOTS = 1,	/* slot.h */
	REGION_TOTALS = 2,	/* metric.h: counters of the dead, by group */
	REGION_HISTS = 3,	/* hist.h: histograms of each slot */
	REGION_EVENTS = 4,	/* evring.h */
	REGION_CACHE = 16,	/* words of the cache's own */
	REGION_INDEX = 17,
	REGION_SEGTAB = 18,
	REGION_SEGMENTS = 19,
	REGION_TAGS = 20,
	REGION_BANS = 21,
	REGION_FLIGHTS = 22,
	REGION_QUEUE = 32,
	REGION_TEST = 64	/* for tests: 64 and above */
};

/* Flags of a section. */
#define REGION_SEC_HUGE		1u	/* begins on 2 MiB; huge pages are asked for */
#define REGION_SEC_SPARSE	2u	/* only `reserve` bytes of it get pages now */
#define REGION_SEC_REPAIR	4u	/* a dead slot may hold something in it: who
					 * reaps must have a step for it (reap.h) */

struct region_section {		/* 32 bytes of the header */
	uint32_t kind;
	uint32_t flags;
	uint64_t offset;
	uint64_t size;
	uint64_t reserve;	/* bytes with pages when the region was made */
};

/* How readers and reclaimers order each other (epoch.h); fixed at creation. */
enum region_rcu { REGION_RCU_MEMBARRIER = 1, REGION_RCU_FENCE = 2 };

/* Who may repair dead slots: any attached process, or those of role mender. */
enum region_reapers { REGION_REAP_ANY = 1, REGION_REAP_MENDER = 2 };

/* Page 0.  Writer: the creator, before anyone else can open the file; never
 * after.  So `check` covers all of it.  Readers: who maps the file, once; then
 * they have a copy, and what happens to this page harms nobody. */
struct region_head {
	uint64_t magic;
	uint32_t format;
	uint32_t head_size;	/* sizeof(struct region_head) */
	uint64_t size;		/* of the whole file */
	uint32_t n_slots;
	uint32_t n_sections;
	uint8_t boot_id[16];
	int64_t created_ns;	/* CLOCK_MONOTONIC; ticks count from here */
	int64_t wall_mono_ns;	/* CLOCK_REALTIME - CLOCK_MONOTONIC then */
	int64_t boot_mono_ns;	/* CLOCK_BOOTTIME - CLOCK_MONOTONIC then */
	uint64_t timens;	/* inode of the time namespace, 0 unknown */
	uint32_t rcu;		/* enum region_rcu */
	uint32_t reapers;	/* enum region_reapers */
	int32_t creator_pid;	/* for people; no decision rests on it */
	uint32_t metric_print;	/* fingerprint of the table of metrics */
	uint8_t secret[REGION_SECRET];
	struct region_section section[REGION_SECTIONS];
	uint64_t check;		/* XXH3 of the bytes before it */
};
static_assert(sizeof(struct region_section) == 32, "region format");
static_assert(sizeof(struct region_head) == 1320, "region format");
static_assert(sizeof(struct region_head) <= REGION_PAGE, "one page");

enum region_state { REGION_LIVE = 1, REGION_CONDEMNED = 2 };

#define REGION_MARKS 64

/* One note of when the epoch had which value (epoch.h).  Writer: the holder of
 * the maint word. */
struct region_mark {
	_Atomic uint64_t epoch;
	_Atomic uint64_t time_ns;
};

/* Page 1.  Each line has its own writers. */
struct region_hot {
	/* Line 0, read by every get.  epoch: advanced by reclaimers and the
	 * maintainer.  cache: words of the cache that change seldom. */
	_Atomic uint64_t epoch;
	_Atomic uint64_t cache[7];
	/* Line 1, written by reclaimers: every stamp <= safe has passed. */
	_Atomic uint64_t safe;
	_Atomic uint64_t n_stamps;
	uint64_t pad1[6];
	/* Line 2, read by every wait.  state: LIVE, then CONDEMNED, stored by
	 * the master or a mender and never taken back. */
	_Atomic uint32_t state;
	uint32_t pad2[15];
	/* Line 3 (tick.h), written by any process's tick. */
	_Atomic uint32_t tick;
	uint32_t pad3;
	_Atomic int64_t suspended_ns;
	uint64_t pad3b[6];
	/* Line 4 (maint.h). */
	_Atomic uint32_t maint;
	uint32_t pad4;
	_Atomic uint64_t maint_ns;
	_Atomic uint64_t maint_runs;
	_Atomic uint64_t mark_n;
	_Atomic uint64_t mark_coarse_n;
	uint64_t pad4b[3];
	/* Line 5 (metric.c): the lock under which totals are folded. */
	_Atomic uint32_t totals;
	uint32_t pad5[15];
	/* Line 6 (evring.c): tickets for places in the event ring. */
	_Atomic uint64_t event_head;
	uint64_t pad6[7];
	uint64_t spare[72];
	/* At 1024: when the epoch had which value. */
	struct region_mark mark[REGION_MARKS];
	uint64_t spare2[256];
};
static_assert(sizeof(struct region_hot) == REGION_PAGE, "region format");
static_assert(offsetof(struct region_hot, mark) == 1024, "region format");
static_assert(offsetof(struct region_hot, maint) == 256, "region format");
static_assert(offsetof(struct region_hot, event_head) == 384, "region format");

struct slot;
struct slot_self;
struct region;

#define REGION_REPAIR_STEPS 16
#define REGION_LOCK_KINDS 16
#define REGION_MAINT_STEPS 8

/* A repair of a lock kind, a repair step (reap.h), a maintenance step
 * (maint.h), as registered in this process. */
struct region_lock_repair {
	uint32_t form;		/* enum lock_form */
	int (*fn)(struct slot_self *, unsigned dead, off_ref off,
	    const uint64_t *intent, void *arg);
	void *arg;
};
struct region_repair_step {
	uint32_t rank, kind;
	int (*fn)(struct slot_self *, unsigned dead, void *arg);
	void *arg;
};
struct region_maint_step {
	void (*fn)(struct slot_self *, uint64_t until_ns, void *arg);
	void *arg;
};

/*
 * A mapping, private to this process.  Fields are for reading by shm/ only;
 * `mine` and what follows change under `guard`.  The arrays of registered
 * functions are filled after mapping, before a second thread uses the handle.
 */
struct region {
	char *base;
	uint64_t size;
	const struct region_head *head;	/* `vetted`, not the page */
	struct region_head vetted;
	struct region_hot *hot;
	struct slot *slots;
	uint32_t n_slots;
	int fd;			/* kept open: the record locks hang on it */
	int read_only;
	int event_base;		/* descriptor of slot 0's eventfd, -1 none */
	unsigned n_events;
	uint64_t huge_bytes;	/* backed by huge pages, as far as known */
	struct region_lock_repair lock_repair[REGION_LOCK_KINDS];
	struct region_repair_step step[REGION_REPAIR_STEPS];
	unsigned n_steps;
	struct region_maint_step maint[REGION_MAINT_STEPS];
	unsigned n_maint;
	unsigned maint_next;
	pthread_mutex_t guard;
	int32_t mine_pid;	/* whose they are: a forked child has none */
	uint64_t mine[4];	/* slots that a thread of this process has, or
				 * is reaping: record locks do not part threads */
};

/* What region_create() is asked for.  Zero is the default of every field. */
struct region_plan {
	const char *path;	/* NULL: no name, a memfd */
	uint32_t n_slots;	/* 0: 128, 256 from a total of 1 GiB */
	uint32_t rcu;		/* 0: membarrier where the kernel has it */
	uint32_t reapers;	/* 0: REGION_REAP_ANY */
	const struct region_section *sections;	/* kind, flags, size, reserve */
	unsigned n_sections;
	/* Writes the first words of the sections, before anyone else can open
	 * the file: 0 or -errno, which ends the creation.  NULL: all zeros. */
	int (*fill)(struct region *, const void *arg);
	const void *fill_arg;
};

/* Why a call refused, in words for an operator; empty on success. */
struct region_why {
	char text[REGION_WHY];
};

/*
 * Make a region and map it.  With a path the file is made beside it, filled
 * and linked to its name when whole; an existing name is -EEXIST, a path that
 * is not in a memory file system -EINVAL.  Pages are reserved: a full file
 * system is -ENOSPC now, not SIGBUS later.  Mode 0600.  Returns 0 or -errno
 * with *why filled.  Free with region_close().
 */
int region_create(const struct region_plan *, struct region **out,
    struct region_why *why);

/* Bytes that such a region would have, or 0 when the plan is not valid. */
uint64_t region_plan_size(const struct region_plan *);

enum region_access { REGION_RDWR, REGION_RDONLY };

/*
 * Map the region behind a descriptor.  The handle keeps fd (takes it) when it
 * succeeds.  Refuses with -EPROTO (not a region, other format, damaged header,
 * sizes that do not fit), -ESTALE (another boot), -EXDEV (a time namespace
 * with another clock), -EACCES, -ENOMEM; *why says it in words.
 */
int region_map(int fd, enum region_access, struct region **out,
    struct region_why *why);

/* The same by path. */
int region_open(const char *path, enum region_access, struct region **out,
    struct region_why *why);

/* Unmap and close.  Slots of this process should be detached before: those that
 * are not are dead from now on (until this process maps the region again, which
 * makes them look alive), and their handles may not be used any more.  NULL is
 * fine. */
void region_close(struct region **);

/* Address of a section, NULL when the region has none of that kind. */
void *region_section(const struct region *, uint32_t kind, uint64_t *size_out);

/* Address of len bytes at off, checked (see off_resolve()). */
static inline void *
region_at(const struct region *r, off_ref off, uint64_t len, uint64_t align)
{
	return off_resolve(r->base, r->size, off, len, align);
}

static inline off_ref
region_off(const struct region *r, const void *p)
{
	return off_of(r->base, p);
}

/* The eventfds of the slots: slot n's is descriptor base + n. */
void region_events(struct region *, int base, unsigned n);

/* Ask for huge pages under the sections that want them, and collapse what is
 * there already.  Returns the bytes now backed by them (0 is no failure). */
uint64_t region_huge(struct region *);

/* The region is beyond repair: everyone who waits in it finds out within
 * 100 ms.  The only store that the master makes after creation. */
void region_condemn(struct region *);

static inline int
region_condemned(const struct region *r)
{
	return ld_acq(&r->hot->state) != REGION_LIVE;
}

#endif
