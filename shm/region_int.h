/*
 * region_int.h - what the parts of region share: layout and checks.
 */
#ifndef SHM_REGION_INT_H
#define SHM_REGION_INT_H

#include "region.h"

/* Fill the sizes, offsets and sections of a header from a plan.  0, or
 * -EINVAL when the plan asks for what cannot be. */
int region_layout(const struct region_plan *, struct region_head *);

/* Whether a header, read from a file of file_size bytes, is one that this
 * program may map.  0 or -errno with the reason. */
int region_vet(const struct region_head *, uint64_t file_size,
    struct region_why *);

/* What of this machine and process the header is compared with. */
void region_here(struct region_head *);

uint64_t region_check(const struct region_head *);

__attribute__((format(printf, 3, 4)))
int region_say(struct region_why *, int rc, const char *fmt, ...);

/* Map a file.  The header is the one that was vetted, and is copied.  Takes fd
 * on success. */
int region_bind(int fd, enum region_access, const struct region_head *,
    struct region **out);

#endif
