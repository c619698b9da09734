/*
 * crash_fsck.c - who opens a region that is spoiled in many places is killed
 * at every step of repairing it; the next one to open it, or the one after
 * that, must mend the rest: everything clean, no slot lost, no value wrong.
 *
 * Each point is tried at its first, second ... passage, until there is none.
 * One of fsck's own that no run hits fails the test.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmap.h"
#include "crash.h"
#include "fsck.h"
#include "index.h"
#include "look.h"
#include "seg.h"
#include "skep-shm.h"

#define POINTS	128
#define KEYS	600
#define BUDGET	(2u << 20)
#define BIG	100000u

static char path[64];
static const char *names[POINTS];
static unsigned n_names;
static const char *trying = "setup";

__attribute__((noreturn)) static void
fail(const char *why)
{
	printf("FAIL %s: %s\n", trying, why);
	(void)unlink(path);
	exit(1);
}

/* Runs act in a child: 1 it was killed, 0 it ended in order. */
static int
child(void (*act)(const char *point, unsigned nth), const char *point,
    unsigned nth)
{
	pid_t pid = fork();
	int st;

	if (pid == 0) {
		act(point, nth);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &st, 0) != pid)
		fail("no child");
	if (WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL)
		return 1;
	if (!WIFEXITED(st) || WEXITSTATUS(st) != 0)
		fail("a child ended otherwise");
	return 0;
}

/* --- a region with the marks of many accidents --- */

static void
fill_and_die(const char *point, unsigned nth)
{
	struct skep_shm *shm;
	struct skep_shm_user *me;
	char key[16], val[1000];

	(void)point;
	(void)nth;
	if (skep_shm_open(path, SKEP_SHM_WRITE, &shm, NULL) < 0 ||
	    skep_shm_attach(shm, &me) < 0)
		_exit(2);
	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "key%u", i);
		memset(val, (int)('a' + i % 26), sizeof(val));
		if (skep_shm_put(me, SKEP_SHM_SET, key, strlen(key), val,
			sizeof(val), NULL) != 1)
			_exit(3);
	}
	if (skep_shm_put(me, SKEP_SHM_SET, "big", 3, calloc(1, BIG), BIG,
		NULL) != 1)
		_exit(4);
	(void)kill(getpid(), SIGKILL);
}

static struct region *
map(struct cmap *m)
{
	struct region_why why;
	struct region *r;

	if (region_open(path, REGION_RDWR, &r, &why) < 0 ||
	    cmap_open(r, m) < 0)
		fail("cannot be mapped");
	return r;
}

static void
lock_and_die(const char *point, unsigned nth)
{
	struct cmap m;
	struct region *r = map(&m);
	struct slot_self *me;

	(void)point;
	(void)nth;
	if (slot_attach(r, &(struct slot_plan){ .number = SLOT_ANY,
		.role = SLOT_ROLE_CLIENT }, &me) < 0 ||
	    index_lock(&m, me, 5) < 0)
		_exit(2);
	st_rlx(&me->slot->counter[0], UINT64_C(7));
	(void)kill(getpid(), SIGKILL);
}

static struct look
find(const struct cmap *m, const char *key)
{
	struct look l;

	if (look_find(m, key, strlen(key), index_hash(m, key, strlen(key)),
		&l) != 1)
		_exit(5);
	return l;
}

static uint32_t
segment_of(const struct cmap *m, unsigned state, unsigned nth)
{
	for (uint32_t n = 0; n < m->n_segs; n++)
		if (seg_state(seg_load(m, n)) == state && nth-- == 0)
			return n;
	_exit(6);
}

static unsigned
dead_slot(const struct region *r)
{
	for (unsigned i = r->n_slots; i-- > 0;)
		if (SLOT_STATE(ld_acq(&r->slots[i].state)) == SLOT_LIVE)
			return i;
	_exit(7);
}

static void
spoil_segments(struct cmap *m, unsigned dead)
{
	uint32_t n = segment_of(m, SEG_FREE, 2);

	/* What slot_reap() can make nothing of. */
	st_rel(&m->state[segment_of(m, SEG_FREE, 0)],
	    seg_word(SEG_FREE, 0, 0, dead + 1, 7));
	st_rel(&m->state[n], seg_word(SEG_CHUNK, SEG_CHUNKS, 0, 0, 9));
	n = segment_of(m, SEG_FREE, 4);
	st_rel(&m->side[n].stamp, UINT64_MAX / 2);
	st_rel(&m->state[n], seg_word(SEG_RETIRED, 0, 0, 0, 9));
	n = segment_of(m, SEG_SEALED, 3);
	st_rel(&m->state[n], seg_word(15, 0, 0, 0, 3));
	look_item(m, ld_acq(find(m, "key99").place))->meta = 0xffffff00;
	n = look_seg(m, ld_acq(find(m, "key300").place));
	st_rel(&m->side[n].walked, m->seg_bytes);
	st_rel(&m->side[n].expiry, UINT64_C(5));
}

static void
spoil(const char *point, unsigned nth)
{
	struct cmap m;
	struct region *r = map(&m);
	unsigned dead = dead_slot(r);

	(void)point;
	(void)nth;
	spoil_segments(&m, dead);
	st_rel(&m.cell[9].items, UINT64_C(77));
	st_rel(&m.cell[dead].cas, UINT64_C(3));
	st_rel(find(&m, "key200").place, ld_acq(find(&m, "key201").place));
	st_rel(&m.line[m.n_buckets + 2].control, INDEX_USED | 5);
	st_rel(&m.line[9].control, ld_acq(&m.line[9].control) |
	    slot_owner_word(30, 5));
	st_rel(&r->hot->safe, UINT64_C(1) << 40);
	st_rel(&r->hot->totals, slot_owner_word(30, 5));
	st_rel(&r->slots[0].word, UINT64_C(1));
	st_rel(&r->slots[0].counter[3], UINT64_C(1));
	region_close(&r);
}

static void
setup(void)
{
	struct skep_shm_why why;
	struct skep_shm *shm;

	(void)unlink(path);
	if (skep_shm_create(path, BUDGET, &shm, &why) < 0)
		fail(why.text);
	skep_shm_close(&shm);
	if (!child(fill_and_die, NULL, 0) || !child(lock_and_die, NULL, 0))
		fail("setup");
	(void)child(spoil, NULL, 0);
}

/* --- opening it --- */

static void
open_and_leave(const char *point, unsigned nth)
{
	struct skep_shm *shm;
	struct skep_shm_user *me;

	if (point != NULL && crash_arm(point, nth) < 0)
		_exit(2);
	if (skep_shm_open(path, SKEP_SHM_WRITE, &shm, NULL) < 0 ||
	    skep_shm_attach(shm, &me) < 0)
		_exit(3);
	(void)crash_arm(NULL, 0);
	skep_shm_detach(&me);
	skep_shm_close(&shm);
}

static void
verify_values(struct skep_shm_user *me)
{
	char key[16], val[1000];
	unsigned found = 0;
	size_t len;

	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "key%u", i);
		if (skep_shm_get(me, key, strlen(key), val, sizeof(val), &len,
			NULL) != 1)
			continue;
		found++;
		if (len != sizeof(val) || val[0] != (char)('a' + i % 26) ||
		    memcmp(val, val + 1, len - 1) != 0)
			fail("a value is wrong");
	}
	/* Two segments were lost, of 15 keys each. */
	if (found < KEYS - 40)
		fail("too much was dropped");
	for (unsigned i = 0; i < 2 * KEYS; i++) {
		snprintf(key, sizeof(key), "new%u", i);
		if (skep_shm_put(me, SKEP_SHM_SET, key, strlen(key), val,
			sizeof(val), NULL) != 1)
			fail("a value finds no room");
	}
}

static void
verify(void)
{
	struct skep_shm *shm;
	struct skep_shm_user *me;
	struct skep_shm_stats st;
	struct fsck_report rep;
	struct cmap m;
	struct region *r;

	if (skep_shm_open(path, SKEP_SHM_WRITE, &shm, NULL) < 0 ||
	    skep_shm_attach(shm, &me) < 0)
		fail("the next one cannot attach");
	verify_values(me);
	if (skep_shm_stats(me, &st) < 0 || st.places_taken != 1)
		fail("a slot is lost");
	skep_shm_detach(&me);
	skep_shm_close(&shm);
	r = map(&m);
	if (fsck_region(r, FSCK_QUIET, NULL, NULL, &rep) < 0)
		fail("no check");
	if (rep.verdict != FSCK_CLEAN)
		fail(rep.first);
	region_close(&r);
}

/* --- all of it --- */

/* Killed at the nth passage, and `more` openers after it at their first.
 * 1 killed, 0 not passed that often. */
static int
try(const char *name, unsigned nth, unsigned more)
{
	int hit;

	trying = name;
	setup();
	hit = child(open_and_leave, name, nth);
	while (hit && more-- > 0)
		(void)child(open_and_leave, name, 1);
	verify();
	(void)unlink(path);
	return hit;
}

static void
note(const struct crash_point *p, void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < n_names; i++)
		if (strcmp(names[i], p->name) == 0)
			return;
	if (n_names < POINTS)
		names[n_names++] = p->name;
}

int
main(void)
{
	unsigned kills = 0, missed = 0;

	if (crash_each(note, NULL) == 0) {
		printf("no crash points are compiled in\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IONBF, 0);
	snprintf(path, sizeof(path), "/dev/shm/skep-crash-fsck-%d",
	    (int)getpid());
	(void)try("slot.attach.live", UINT32_MAX, 0);	/* nobody is killed */
	for (unsigned i = 0; i < n_names; i++) {
		unsigned nth = 1;

		while (try(names[i], nth, nth % 3))
			nth++;
		kills += nth - 1;
		if (nth == 1 && strncmp(names[i], "fsck.", 5) == 0) {
			printf("FAIL %s: no run hits it\n", names[i]);
			missed++;
		}
	}
	printf("points=%u kills=%u missed=%u\n", n_names, kills, missed);
	return missed != 0;
}
