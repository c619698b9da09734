/*
 * skep-shm.h - skep's shared cache for any C program.
 *
 * A region is a file in a memory file system that several processes map.  It
 * is made by skepd, or by skep_shm_create() where no daemon is wanted.
 *
 *	struct skep_shm *shm;
 *	struct skep_shm_user *me;
 *	struct skep_shm_why why;
 *	char buf[100];
 *	size_t len;
 *
 *	if (skep_shm_open("/dev/shm/region", SKEP_SHM_READ, &shm, &why) < 0)
 *		errx(1, "%s", why.text);
 *	if (skep_shm_attach(shm, &me) < 0) ...
 *	if (skep_shm_get(me, "key", 3, buf, sizeof(buf), &len, NULL) == 1) ...
 *	skep_shm_detach(&me);
 *	skep_shm_close(&shm);
 *
 * A struct skep_shm is one mapping: one a process and file, for all threads
 * (closing any other descriptor of the same file makes this process look dead
 * to the others).  A struct skep_shm_user belongs to the thread that attached.
 * After fork the child's calls return -ECHILD; it may open for itself.
 *
 * SKEP_SHM_READ maps read-only and takes no place in the region: it can do no
 * harm, works also while a daemon is stopped, and only gets.  SKEP_SHM_WRITE
 * takes one of its places (128) a thread; a process may be killed at any
 * instruction: who attaches next, ticks, or finds no room for a value repairs
 * what it held.
 *
 * Every call returns 0 or more, or -errno.  Look-ups return 1 found, 0 absent.
 * -ESTALE says that the region has been given up: close it and open anew.
 */
#ifndef SKEP_SHM_H
#define SKEP_SHM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SKEP_SHM_API __attribute__((visibility("default")))
#else
#define SKEP_SHM_API
#endif

struct skep_shm;
struct skep_shm_user;

enum skep_shm_access { SKEP_SHM_READ, SKEP_SHM_WRITE };

/* Why a call refused, in words; empty when it did not. */
struct skep_shm_why {
	char text[192];
};

/* --- the region --- */

/*
 * Make a region of its own at path (in a memory file system, e.g. /dev/shm;
 * NULL: without a name, for children) with room for `bytes` of items and their
 * index, from 1 MiB, and open it for writing.  The pages are reserved now.
 * -EEXIST, -ENOSPC, -EINVAL ...  why may be NULL.
 */
SKEP_SHM_API int skep_shm_create(const char *path, uint64_t bytes,
    struct skep_shm **out, struct skep_shm_why *why);

/*
 * Open a region.  Refused with a reason: another format (-EPROTO), another
 * boot (-ESTALE), another clock (-EXDEV).
 */
SKEP_SHM_API int skep_shm_open(const char *path, enum skep_shm_access,
    struct skep_shm **out, struct skep_shm_why *why);

/* The same by a descriptor, which is kept when it succeeds. */
SKEP_SHM_API int skep_shm_open_fd(int fd, enum skep_shm_access,
    struct skep_shm **out, struct skep_shm_why *why);

/* The descriptor, to be passed to another process; borrowed, never close a
 * copy of it in this one. */
SKEP_SHM_API int skep_shm_fd(const struct skep_shm *);

/* After all users are detached.  Sets the pointer to NULL, which is fine. */
SKEP_SHM_API void skep_shm_close(struct skep_shm **);

/* --- a thread --- */

/*
 * Attach the calling thread.  For writing it takes a place, and repairs what
 * the dead left.  -ENOLCK when all places are taken; -EPERM for writing to a
 * region that a daemon owns: its places are the daemon's to give.  -EBUSY:
 * another is repairing all of it, or what a dead one left can be repaired only
 * when nobody else is attached: try again; -EUCLEAN: it cannot be repaired.
 */
SKEP_SHM_API int skep_shm_attach(struct skep_shm *, struct skep_shm_user **out);
SKEP_SHM_API void skep_shm_detach(struct skep_shm_user **);

/*
 * Maintenance: call it every 100 ms or so from one of the writing threads.
 * Eviction and expiry work without it, but idle memory comes back later, the
 * places of the dead stay taken until somebody attaches, and time that the
 * machine was suspended does not count.  1 done, 0 another is at it, -EUCLEAN
 * what a dead process left makes no sense.
 */
SKEP_SHM_API int skep_shm_tick(struct skep_shm_user *);

/* --- items --- */

struct skep_shm_item {
	uint64_t cas;		/* changes with every change of the value */
	int64_t ttl_left_ns;	/* 0: does not expire; else it is got for this
				 * long, and never more than 12 ms longer */
	uint32_t flags;
	uint32_t reserved;
};

/*
 * Copy a value to buf.  1 and *len_out; 0 absent; -ENOSPC longer than cap,
 * *len_out says how long.  item_out may be NULL.
 */
SKEP_SHM_API int skep_shm_get(struct skep_shm_user *, const void *key,
    size_t key_len, void *buf, size_t cap, size_t *len_out,
    struct skep_shm_item *item_out);

enum skep_shm_op {
	SKEP_SHM_SET,		/* always */
	SKEP_SHM_ADD,		/* only if absent */
	SKEP_SHM_REPLACE,	/* only if present */
	SKEP_SHM_CAS		/* only if its cas is item->cas */
};

/*
 * Store a value.  1 stored; 0 not (ADD: present, others: absent); -EEXIST CAS:
 * changed meanwhile; -EMSGSIZE; -ENOBUFS.  item gives flags, ttl_left_ns (0:
 * does not expire) and, for CAS, cas; NULL: zeros.
 */
SKEP_SHM_API int skep_shm_put(struct skep_shm_user *, enum skep_shm_op,
    const void *key, size_t key_len, const void *val, size_t val_len,
    const struct skep_shm_item *item);

/* 1 removed, 0 absent. */
SKEP_SHM_API int skep_shm_del(struct skep_shm_user *, const void *key,
    size_t key_len);

/* Add to a decimal number (wraps at 2^64): 1 and the new value, 0 absent,
 * -EINVAL no number. */
SKEP_SHM_API int skep_shm_incr(struct skep_shm_user *, const void *key,
    size_t key_len, uint64_t by, uint64_t *now_out);

/* --- what goes on --- */

struct skep_shm_stats {
	uint64_t items, bytes, capacity_bytes;
	uint64_t hits, misses, sets, evictions;
	uint32_t places, places_taken;
};

SKEP_SHM_API int skep_shm_stats(struct skep_shm_user *,
    struct skep_shm_stats *out);

#ifdef __cplusplus
}
#endif

#endif
