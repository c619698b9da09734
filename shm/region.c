/* region.c - making, mapping and closing the shared-memory file */
#include "region.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "crash.h"
#include "epoch.h"
#include "metric.h"
#include "region_int.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/*
 * Reserve address space at a 2 MiB border and map over it: a huge page can be
 * mapped as one only where address and file offset agree modulo its size.
 */
static char *
map_aligned(int fd, int prot, uint64_t size)
{
	uint64_t room = size + REGION_HUGE;
	char *area, *base, *end;
	void *p;

	area = mmap(NULL, room, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		return NULL;
	base = (char *)(((uintptr_t)area + REGION_HUGE - 1) &
	    ~(uintptr_t)(REGION_HUGE - 1));
	p = mmap(base, size, prot, MAP_SHARED | MAP_FIXED, fd, 0);
	if (p == MAP_FAILED) {
		munmap(area, room);
		return NULL;
	}
	/* Give back what sticks out; sizes are whole pages. */
	end = base + size;
	if (base > area)
		munmap(area, (size_t)(base - area));
	if (end < area + room)
		munmap(end, (size_t)(area + room - end));
	return base;
}

int
region_bind(int fd, enum region_access access, const struct region_head *h,
    struct region **out)
{
	int prot = access == REGION_RDONLY ? PROT_READ : PROT_READ | PROT_WRITE;
	struct region *r = calloc(1, sizeof(*r));
	int rc;

	if (r == NULL)
		return -ENOMEM;
	r->base = map_aligned(fd, prot, h->size);
	if (r->base == NULL) {
		rc = -errno;
		free(r);
		return rc;
	}
	/* A core of every worker need not hold the whole cache. */
	(void)madvise(r->base, h->size, MADV_DONTDUMP);
	r->vetted = *h;
	r->head = &r->vetted;
	r->size = h->size;
	r->hot = (struct region_hot *)(r->base + REGION_PAGE);
	r->n_slots = h->n_slots;
	r->fd = fd;
	r->read_only = access == REGION_RDONLY;
	r->event_base = -1;
	r->slots = region_section(r, REGION_SLOTS, NULL);
	pthread_mutex_init(&r->guard, NULL);
	/* Here, so that threads that attach first at once do not both set it. */
	r->mine_pid = (int32_t)getpid();
	*out = r;
	return 0;
}

int
region_map(int fd, enum region_access access, struct region **out,
    struct region_why *why)
{
	struct region_head head;
	struct stat st;
	ssize_t n;
	int rc;

	if (why != NULL)
		why->text[0] = '\0';
	if (fstat(fd, &st) < 0)
		return region_say(why, -errno, "fstat: %s", strerror(errno));
	n = pread(fd, &head, sizeof(head), 0);
	if (n < 0)
		return region_say(why, -errno, "read: %s", strerror(errno));
	if ((size_t)n < sizeof(head))
		return region_say(why, -EPROTO, "not a skep region: too short");
	rc = region_vet(&head, (uint64_t)st.st_size, why);
	if (rc < 0)
		return rc;
	rc = region_bind(fd, access, &head, out);
	if (rc < 0)
		return region_say(why, rc, "mmap of %llu bytes: %s",
		    (unsigned long long)head.size, strerror(-rc));
	return 0;
}

int
region_open(const char *path, enum region_access access, struct region **out,
    struct region_why *why)
{
	int fd, rc;

	fd = open(path, (access == REGION_RDONLY ? O_RDONLY : O_RDWR) |
	    O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return region_say(why, -errno, "%s", strerror(errno));
	rc = region_map(fd, access, out, why);
	if (rc < 0)
		close(fd);
	return rc;
}

void
region_close(struct region **rp)
{
	struct region *r = *rp;

	if (r == NULL)
		return;
	*rp = NULL;
	munmap(r->base, r->size);
	if (r->fd >= 0)
		close(r->fd);
	pthread_mutex_destroy(&r->guard);
	free(r);
}

void *
region_section(const struct region *r, uint32_t kind, uint64_t *size_out)
{
	for (unsigned i = 0; i < r->head->n_sections; i++) {
		const struct region_section *s = &r->head->section[i];

		if (s->kind != kind)
			continue;
		if (size_out != NULL)
			*size_out = s->size;
		return r->base + s->offset;
	}
	return NULL;
}

void
region_events(struct region *r, int base, unsigned n)
{
	r->event_base = base;
	r->n_events = n;
}

uint64_t
region_huge(struct region *r)
{
	uint64_t done = 0;

	for (unsigned i = 0; i < r->head->n_sections; i++) {
		const struct region_section *s = &r->head->section[i];
		uint64_t len = s->reserve & ~(uint64_t)(REGION_HUGE - 1);

		if ((s->flags & REGION_SEC_HUGE) == 0 || len == 0)
			continue;
		/* A hint; where the system forbids it the next one fails. */
		(void)madvise(r->base + s->offset, len, MADV_HUGEPAGE);
		if (madvise(r->base + s->offset, len, MADV_COLLAPSE) == 0)
			done += len;
	}
	r->huge_bytes = done;
	return done;
}

void
region_condemn(struct region *r)
{
	st_rel(&r->hot->state, REGION_CONDEMNED);
}

/* --- creation --- */

/* Bytes that the system says it could give; UINT64_MAX when it says nothing. */
static uint64_t
memory_available(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long long kib;
	char line[128];
	uint64_t n = UINT64_MAX;

	if (f == NULL)
		return n;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			n = (uint64_t)kib * 1024;
	fclose(f);
	return n;
}

/*
 * Pages for what must have them; the rest of a sparse section stays a hole.
 * A memfd belongs to no mounted file system and has no limit: asked for more
 * than there is, the kernel kills processes until it has it.  So ask first.
 */
static int
create_reserve(int fd, const struct region_head *h)
{
	uint64_t total = 2 * REGION_PAGE;
	int rc;

	for (unsigned i = 0; i < h->n_sections; i++)
		total += h->section[i].reserve;
	if (total > memory_available())
		return -ENOSPC;
	if (ftruncate(fd, (off_t)h->size) < 0)
		return -errno;
	rc = posix_fallocate(fd, 0, 2 * REGION_PAGE);
	for (unsigned i = 0; rc == 0 && i < h->n_sections; i++)
		if (h->section[i].reserve != 0)
			rc = posix_fallocate(fd, (off_t)h->section[i].offset,
			    (off_t)h->section[i].reserve);
	return -rc;
}

static int
create_secret(struct region_head *h)
{
	size_t n = 0;
	ssize_t k;

	while (n < sizeof(h->secret)) {
		k = getrandom(h->secret + n, sizeof(h->secret) - n, 0);
		if (k < 0 && errno != EINTR)
			return -errno;
		if (k > 0)
			n += (size_t)k;
	}
	return 0;
}

static int
create_head(const struct region_plan *p, struct region_head *h,
    struct region_why *why)
{
	int rc;

	memset(h, 0, sizeof(*h));
	rc = region_layout(p, h);
	if (rc < 0)
		return region_say(why, rc, "region plan makes no sense");
	h->magic = REGION_MAGIC;
	h->format = REGION_FORMAT;
	h->head_size = sizeof(*h);
	region_here(h);
	h->rcu = p->rcu;
	if (h->rcu == 0)
		h->rcu = epoch_register() == 0 ? REGION_RCU_MEMBARRIER :
		    REGION_RCU_FENCE;
	else if (h->rcu == REGION_RCU_MEMBARRIER &&
	    (rc = epoch_register()) < 0)
		return region_say(why, rc, "membarrier: %s", strerror(-rc));
	h->reapers = p->reapers != 0 ? p->reapers : REGION_REAP_ANY;
	h->creator_pid = getpid();
	h->metric_print = metric_print();
	rc = create_secret(h);
	if (rc < 0)
		return region_say(why, rc, "getrandom: %s", strerror(-rc));
	h->check = region_check(h);
	return 0;
}

/* A file without a name beside the one that it will get. */
static int
create_file(const char *path, struct region_why *why)
{
	char dir[4096];
	struct statfs fs;
	const char *slash;
	int fd;

	if (path == NULL) {
		fd = memfd_create("skep-region", MFD_CLOEXEC);
		return fd >= 0 ? fd :
		    region_say(why, -errno, "memfd: %s", strerror(errno));
	}
	slash = strrchr(path, '/');
	if (slash == NULL)
		strcpy(dir, ".");
	else if ((size_t)(slash - path) >= sizeof(dir) - 1)
		return region_say(why, -ENAMETOOLONG, "path is too long");
	else
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path + 1),
		    path);
	if (access(path, F_OK) == 0)
		return region_say(why, -EEXIST, "%s exists", path);
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return region_say(why, -errno, "%s: %s", dir, strerror(errno));
	if (fstatfs(fd, &fs) < 0 || (fs.f_type != TMPFS_MAGIC &&
	    fs.f_type != RAMFS_MAGIC)) {
		close(fd);
		return region_say(why, -EINVAL,
		    "%s is not in a memory file system", path);
	}
	return fd;
}

/* The name is the publication: who opens it finds a whole region. */
static int
create_publish(int fd, const char *path, struct region_why *why)
{
	char self[64];

	if (path == NULL)
		return 0;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	CRASH_POINT("region.create.link");
	if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0)
		return region_say(why, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

int
region_create(const struct region_plan *p, struct region **out,
    struct region_why *why)
{
	struct region_head head;
	struct region *r = NULL;
	int fd, rc;

	if (why != NULL)
		why->text[0] = '\0';
	rc = create_head(p, &head, why);
	if (rc < 0)
		return rc;
	fd = create_file(p->path, why);
	if (fd < 0)
		return fd;
	rc = create_reserve(fd, &head);
	if (rc < 0) {
		region_say(why, rc, "no room for %llu bytes: %s",
		    (unsigned long long)head.size, strerror(-rc));
		goto out;
	}
	if (pwrite(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head)) {
		rc = region_say(why, -EIO, "cannot write the header");
		goto out;
	}
	rc = region_bind(fd, REGION_RDWR, &head, &r);
	if (rc < 0) {
		region_say(why, rc, "mmap: %s", strerror(-rc));
		goto out;
	}
	st_rlx(&r->hot->epoch, UINT64_C(1));	/* 0 in a slot is 'outside' */
	st_rlx(&r->hot->state, REGION_LIVE);
	for (unsigned i = 0; i < r->n_slots; i++)
		st_rlx(&r->slots[i].state, SLOT_WORD(SLOT_FREE, 1));
	rc = p->fill == NULL ? 0 : p->fill(r, p->fill_arg);
	if (rc < 0)
		region_say(why, rc, "cannot fill the region: %s",
		    strerror(-rc));
	else
		rc = create_publish(fd, p->path, why);
	if (rc == 0) {
		*out = r;
		return 0;
	}
	r->fd = -1;		/* closed below */
	region_close(&r);
out:
	close(fd);
	return rc;
}
