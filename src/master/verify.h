/* verify.h - have skep-mend look at a region that a dead skepd left. */
#ifndef MASTER_VERIFY_H
#define MASTER_VERIFY_H

#include <stddef.h>

/*
 * Run `skep-mend --verify` on the file and wait for it, at most
 * VERIFY_LIMIT_MS: this is before anything is served.  A spoiled region can
 * crash only the child.  verdict_out gets its one line (or what became of it).
 * Returns its exit status (0 sound, 1 damaged, 2 not usable), 128 + a signal,
 * or -errno.
 */
#define VERIFY_LIMIT_MS 10000	/* of a region of tens of GB */

int verify_region(const char *mend_path, const char *path, char *verdict_out,
    size_t cap);

#endif
