/* slot.c - attaching, detaching, proof of death */
#include "slot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "crash.h"
#include "epoch.h"
#include "hist.h"
#include "reap.h"
#include "tick.h"

/* --- record locks --- */

static int
byte_set(const struct region *r, unsigned number, short type)
{
	struct flock fl = {
		.l_type = type, .l_whence = SEEK_SET,
		.l_start = (off_t)number, .l_len = 1,
	};

	while (fcntl(r->fd, F_SETLK, &fl) < 0)
		if (errno != EINTR)
			return errno == EACCES ? -EAGAIN : -errno;
	return 0;
}

/* 1 some process has it (never reported of our own), 0 free, -errno. */
static int
byte_get(const struct region *r, unsigned number)
{
	struct flock fl = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET,
		.l_start = (off_t)number, .l_len = 1,
	};

	if (fcntl(r->fd, F_GETLK, &fl) < 0)
		return -errno;
	return fl.l_type != F_UNLCK;
}

/* A forked child inherits the notes but none of the locks. */
static void
guard_take(struct region *r)
{
	if (r->mine_pid != getpid()) {
		pthread_mutex_init(&r->guard, NULL);
		memset(r->mine, 0, sizeof(r->mine));
		r->mine_pid = getpid();
	}
	pthread_mutex_lock(&r->guard);
}

static int
is_mine(const struct region *r, unsigned number)
{
	return r->mine_pid == getpid() &&
	    (r->mine[number / 64] >> (number % 64) & 1) != 0;
}

int
slot_byte_lock(struct region *r, unsigned number)
{
	int rc;

	guard_take(r);
	rc = is_mine(r, number) ? -EBUSY : byte_set(r, number, F_WRLCK);
	if (rc == 0)
		r->mine[number / 64] |= UINT64_C(1) << (number % 64);
	pthread_mutex_unlock(&r->guard);
	return rc == -EAGAIN ? -EBUSY : rc;
}

void
slot_byte_unlock(struct region *r, unsigned number)
{
	guard_take(r);
	if (is_mine(r, number)) {
		r->mine[number / 64] &= ~(UINT64_C(1) << (number % 64));
		(void)byte_set(r, number, F_UNLCK);	/* cannot fail */
	}
	pthread_mutex_unlock(&r->guard);
}

/* --- pid and start time --- */

/* State letter, threads and start time of a process; 0 or -errno. */
static int
proc_stat(int pid, char *state_out, long *threads_out, uint64_t *start_out)
{
	char path[64], text[1024], *p;
	unsigned long long start;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	/* The name is in brackets and may hold anything; behind it fields 3
	 * (state), 20 (threads) and 22 (start time). */
	p = strrchr(text, ')');
	if (p == NULL || sscanf(p + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u "
	    "%*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %llu", state_out,
	    threads_out, &start) != 3)
		return -EINVAL;
	*start_out = start;
	return 0;
}

/* Whether a line of /proc/PID/maps is of the file. */
static int
line_is(const char *line, const struct stat *st)
{
	unsigned long long inode;
	unsigned dev_major, dev_minor;

	return sscanf(line, "%*s %*s %*s %x:%x %llu", &dev_major, &dev_minor,
	    &inode) == 3 && inode == st->st_ino &&
	    dev_major == major(st->st_dev) && dev_minor == minor(st->st_dev);
}

/* Whether a process has this file mapped: 1, 0, -errno cannot tell. */
static int
proc_maps(int pid, const struct stat *st)
{
	char path[64], *line = NULL;
	size_t cap = 0, n = 0;
	int rc = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return -errno;
	for (; rc == 0 && getline(&line, &cap, f) > 0; n++)
		rc = line_is(line, st);
	/* Nothing at all is the first thread's, which has ended while others
	 * live, or a process on its way out. */
	if (rc == 0 && (n == 0 || !feof(f)))
		rc = -EIO;
	free(line);
	fclose(f);
	return rc;
}

/*
 * Whether the process is there, but the region's mapping is not: it runs
 * another program since (execve), or has closed the region.  What the system
 * shows of others is believed when it shows our own mapping.
 */
static int
proc_without(const struct region *r, int pid)
{
	struct stat st;

	return fstat(r->fd, &st) == 0 && proc_maps(getpid(), &st) == 1 &&
	    proc_maps(pid, &st) == 0;
}

static uint64_t
pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
}

int
slot_process_seen(const struct region *r, unsigned number)
{
	const struct slot *s = &r->slots[number];
	uint64_t ns = ld_rlx(&s->pidns), start = 0;
	int pid = ld_rlx(&s->pid);
	long threads = 0;
	char state = '?';
	int rc;

	if (ns == 0 || ns != pid_namespace() || pid <= 0)
		return 0;
	rc = proc_stat(pid, &state, &threads, &start);
	/* We are short of something; that is no sign of its death. */
	if (rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM)
		return 1;
	if (rc < 0 || start != ld_rlx(&s->started))
		return 0;
	/* A zombie has no address space any more, unless it is the first
	 * thread of a process whose others live on. */
	if (state == 'Z' || state == 'X')
		return threads > 1;
	return !proc_without(r, pid);
}

int
slot_dead(struct region *r, unsigned number)
{
	int rc;

	if (number >= r->n_slots)
		return -EINVAL;
	if (SLOT_STATE(ld_acq(&r->slots[number].state)) != SLOT_LIVE)
		return 0;
	/* The kernel does not report our own locks. */
	guard_take(r);
	rc = is_mine(r, number);
	pthread_mutex_unlock(&r->guard);
	if (rc)
		return 0;
	rc = byte_get(r, number);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	return !slot_process_seen(r, number);
}

/* --- being alone --- */

static int
other_lock(struct region *r, unsigned number)
{
	int rc = slot_byte_lock(r, number);

	if (rc < 0 ||
	    SLOT_STATE(ld_acq(&r->slots[number].state)) == SLOT_FREE ||
	    !slot_process_seen(r, number))
		return rc;
	slot_byte_unlock(r, number);
	return -EBUSY;		/* alive; it closed its descriptors */
}

static void
others_unlock(struct slot_self *me, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (i != me->number)
			slot_byte_unlock(me->region, i);
}

/*
 * No lock of its own is needed: who attaches takes the lock of its slot before
 * it looks at it, and has it until it detaches.
 */
int
slot_others_lock(struct slot_self *me)
{
	int rc;

	for (unsigned i = 0; i < me->region->n_slots; i++) {
		if (i == me->number)
			continue;
		rc = other_lock(me->region, i);
		if (rc < 0) {
			others_unlock(me, i);
			return rc;
		}
	}
	return 0;
}

void
slot_others_unlock(struct slot_self *me)
{
	others_unlock(me, me->region->n_slots);
}

/* --- attaching --- */

static int
self_make(struct region *r, unsigned number, struct slot_self **out)
{
	struct slot_self *me;
	struct hist *h = region_section(r, REGION_HISTS, NULL);

	me = mmap(NULL, REGION_PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (me == MAP_FAILED)
		return -ENOMEM;
	if (madvise(me, REGION_PAGE, MADV_WIPEONFORK) < 0) {
		int rc = -errno;

		munmap(me, REGION_PAGE);
		return rc;
	}
	me->slot = &r->slots[number];
	me->epoch = &r->hot->epoch;
	me->fence = r->head->rcu == REGION_RCU_FENCE;
	me->number = number;
	me->region = r;
	me->hists = &h[(size_t)number * HIST_MAX];
	me->thread = (uint64_t)pthread_self();
	me->generation = SLOT_GENERATION(ld_acq(&me->slot->state));
	me->owner = slot_owner_word(number, me->generation);
	*out = me;
	return 0;
}

static void
self_free(struct slot_self *me)
{
	munmap(me, REGION_PAGE);
}

/* The slot is ours by its record lock, FREE and clean.  Say who we are; the
 * state goes last, so a kill before it leaves a FREE slot. */
static void
attach_fill(struct slot_self *me, const struct slot_plan *plan)
{
	struct slot *s = me->slot;
	uint64_t now = tick_clock(CLOCK_MONOTONIC), start = 0;
	long threads;
	char state;

	(void)proc_stat(getpid(), &state, &threads, &start);
	st_rlx(&s->pid, getpid());
	st_rlx(&s->tid, gettid());
	st_rlx(&s->started, start);
	st_rlx(&s->pidns, start != 0 ? pid_namespace() : 0);
	st_rlx(&s->role, plan->role);
	st_rlx(&s->reload, plan->reload);
	st_rlx(&s->attached_ns, now);
	st_rlx(&s->heartbeat_ns, now);
	memset(s->group, 0, SLOT_NAME);
	if (plan->group != NULL)
		memcpy(s->group, plan->group,
		    strnlen(plan->group, SLOT_NAME - 1));
	CRASH_POINT("slot.attach.live");
	st_rel(&s->state, SLOT_WORD(SLOT_LIVE, me->generation));
	CRASH_POINT("slot.attach.done");
}

/* Try one slot: 0, -EBUSY taken by the living, -EOWNERDEAD by the dead. */
static int
attach_at(struct region *r, unsigned number, const struct slot_plan *plan,
    struct slot_self **out)
{
	int rc = slot_byte_lock(r, number);

	if (rc < 0)
		return rc;
	if (SLOT_STATE(ld_acq(&r->slots[number].state)) != SLOT_FREE)
		rc = slot_process_seen(r, number) ? -EBUSY : -EOWNERDEAD;
	if (rc == 0)
		rc = self_make(r, number, out);
	if (rc < 0) {
		slot_byte_unlock(r, number);
		return rc;
	}
	attach_fill(*out, plan);
	return 0;
}

/*
 * All slots are taken, some by the dead, and nobody is left to repair them
 * (both of the menders' too, for a mender): repair one as its new owner.  The
 * record lock is the proof of death, and what is locked meanwhile names this
 * slot, so a kill here leaves a dead slot like any other.
 */
static int
attach_over(struct region *r, unsigned number, const struct slot_plan *plan,
    struct slot_self **out)
{
	struct slot_self *me;
	int rc;

	if (slot_dead(r, number) != 1)
		return -EBUSY;
	rc = slot_byte_lock(r, number);
	if (rc < 0)
		return rc;
	rc = SLOT_STATE(ld_acq(&r->slots[number].state)) != SLOT_LIVE ||
	    slot_process_seen(r, number) ? -EBUSY : self_make(r, number, &me);
	if (rc == 0) {
		rc = reap_own(me);
		if (rc >= 0)
			slot_free(r, number);
		self_free(me);
	}
	if (rc >= 0)
		rc = self_make(r, number, out);
	if (rc < 0) {
		slot_byte_unlock(r, number);
		return rc;
	}
	attach_fill(*out, plan);
	return 0;
}

static int
may_use(const struct region *r, unsigned number, uint32_t role)
{
	return role == SLOT_ROLE_MENDER || number < r->n_slots - SLOT_MENDERS;
}

/* From the end, so that menders find theirs first. */
static int
attach_any(struct region *r, const struct slot_plan *plan,
    struct slot_self **out)
{
	int rc, none = -ENOLCK;

	for (unsigned i = r->n_slots; i-- > 0;) {
		if (!may_use(r, i, plan->role) ||
		    SLOT_STATE(ld_rlx(&r->slots[i].state)) != SLOT_FREE)
			continue;	/* a late FREE is found next time */
		rc = attach_at(r, i, plan, out);
		if (rc != -EBUSY && rc != -EOWNERDEAD)
			return rc;
		if (rc == -EBUSY)
			none = rc;
	}
	if (r->head->reapers != REGION_REAP_ANY &&
	    plan->role != SLOT_ROLE_MENDER)
		return none;
	for (unsigned i = r->n_slots; i-- > 0;)
		if (may_use(r, i, plan->role) &&
		    attach_over(r, i, plan, out) == 0)
			return 0;
	return none;
}

int
slot_attach(struct region *r, const struct slot_plan *plan,
    struct slot_self **out)
{
	if (r->read_only)
		return -EROFS;
	if (region_condemned(r))
		return -ESTALE;
	if (plan->number != SLOT_ANY && plan->number >= r->n_slots)
		return -EINVAL;
	if (r->head->rcu == REGION_RCU_MEMBARRIER && epoch_register() < 0)
		return -ENOTSUP;
	if (plan->number == SLOT_ANY)
		return attach_any(r, plan, out);
	if (!may_use(r, plan->number, plan->role))
		return -ENOLCK;
	return attach_at(r, plan->number, plan, out);
}

void
slot_free(struct region *r, unsigned number)
{
	struct slot *s = &r->slots[number];
	uint64_t gen = SLOT_GENERATION(ld_acq(&s->state));

	st_rlx(&s->sleeping, 0);
	st_rlx(&s->pid, 0);
	st_rlx(&s->tid, 0);
	st_rlx(&s->started, UINT64_C(0));
	st_rlx(&s->heartbeat_ns, UINT64_C(0));
	CRASH_POINT("slot.free");
	/* Last: whoever finds it FREE finds it clean. */
	st_rel(&s->state, SLOT_WORD(SLOT_FREE, gen + 1));
}

void
slot_detach(struct slot_self **mep)
{
	struct slot_self *me = *mep;
	struct region *r;
	unsigned number;

	if (me == NULL)
		return;
	*mep = NULL;
	if (me->slot == NULL) {		/* a forked child */
		self_free(me);
		return;
	}
	r = me->region;
	number = me->number;
	must(me->depth == 0);
	/* What cannot be repaired now looks dead when this process ends. */
	if (reap_own(me) >= 0)
		slot_free(r, number);
	self_free(me);
	slot_byte_unlock(r, number);
}

void
slot_beat(struct slot_self *me, uint64_t now_ns)
{
	if (me->slot != NULL)
		st_rlx(&me->slot->heartbeat_ns, now_ns);
}

/* --- holding --- */

void
slot_hold(struct slot_self *me, enum slot_hand hand, unsigned kind,
    off_ref off, const uint64_t *intent, unsigned n)
{
	struct slot_held *h = &me->slot->held[hand];

	must_debug((me->hand & 1u << hand) == 0);
	me->hand |= 1u << hand;
	/* Not before the last lock was given and its note erased: for who is
	 * killed here, the compiler's order is the order. */
	compiler_barrier();
	for (unsigned i = 0; i < SLOT_INTENT; i++)
		st_rlx(&h->intent[i], i < n ? intent[i] : 0);
	/* After the intent, before the lock: pairs with lock_reap(). */
	st_rel(&h->what, (uint64_t)kind << 56 | off);
}

void
slot_intend(struct slot_self *me, enum slot_hand hand, unsigned i, uint64_t v)
{
	must(i < SLOT_INTENT);
	st_rel(&me->slot->held[hand].intent[i], v);
}

void
slot_unhold(struct slot_self *me, enum slot_hand hand)
{
	me->hand &= ~(1u << hand);
	st_rel(&me->slot->held[hand].what, UINT64_C(0));
}

/* --- showing --- */

int
slot_info(const struct region *r, unsigned number, struct slot_info *out)
{
	const struct slot *s;
	uint64_t state;

	if (number >= r->n_slots)
		return -EINVAL;
	s = &r->slots[number];
	state = ld_acq(&s->state);
	memset(out, 0, sizeof(*out));
	out->number = number;
	out->state = SLOT_STATE(state);
	out->generation = SLOT_GENERATION(state);
	out->role = ld_rlx(&s->role);
	out->reload = ld_rlx(&s->reload);
	out->pid = ld_rlx(&s->pid);
	out->tid = ld_rlx(&s->tid);
	out->word = ld_rlx(&s->word);
	out->held = ld_rlx(&s->held[SLOT_HAND_WORK].what);
	out->heartbeat_ns = ld_rlx(&s->heartbeat_ns);
	out->attached_ns = ld_rlx(&s->attached_ns);
	for (unsigned i = 0; i < SLOT_PINS; i++)
		out->n_pins += ld_rlx(&s->pin[i]) != 0;
	memcpy(out->group, s->group, SLOT_NAME);
	out->group[SLOT_NAME - 1] = '\0';
	return 0;
}

const char *
slot_role_name(unsigned role)
{
	static const char *const name[] = {
		"none", "worker", "keeper", "mender", "client"
	};

	return role < sizeof(name) / sizeof(name[0]) ? name[role] : "unknown";
}
