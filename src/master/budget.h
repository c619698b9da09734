/*
 * budget.h - how large may the region be?  What the configuration asks for,
 * but at most a quarter of the memory that we may use, and three quarters of
 * what the memory file system has free.  A size that was set by hand is held
 * to the same limits: pages are reserved when the region is made, and a
 * machine without memory serves nobody.
 */
#ifndef MASTER_BUDGET_H
#define MASTER_BUDGET_H

#include <stdint.h>

struct budget_input {
	uint64_t wanted_bytes;	/* by the configuration or its default */
	uint64_t memory_bytes;	/* of the cgroup or the machine; 0: unknown */
	uint64_t free_bytes;	/* of the memory file system; 0: none there */
	uint64_t floor_bytes;	/* less than this is no region at all */
};

enum budget_limit {
	BUDGET_AS_WANTED,
	BUDGET_BY_MEMORY,	/* a quarter of memory */
	BUDGET_BY_FILE_SYSTEM,	/* three quarters of what is free there */
	BUDGET_LIMITS
};

struct budget {
	uint64_t size_bytes;
	enum budget_limit limit;
	int memfd;		/* the file system is too small: without a name */
};

/*
 * Decide.  A file system that has less than half of what memory allows is
 * left alone: a container's /dev/shm of 64 MiB says nothing about what its
 * owner wants, and a memfd is not counted against it.
 */
void budget_decide(const struct budget_input *, struct budget *out);

/* "a quarter of memory", for the log; NULL when nothing limited it. */
const char *budget_limit_name(enum budget_limit);

/* The lowest memory limit of our cgroup and its parents, else the machine's. */
uint64_t budget_memory(void);

/* Free bytes in the file system of a directory; 0 when there is none. */
uint64_t budget_free(const char *dir);

#endif
