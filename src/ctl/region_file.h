/* region_file.h - which region `inspect` and `fsck` are about. */
#ifndef CTL_REGION_FILE_H
#define CTL_REGION_FILE_H

#include "skepctl.h"

/*
 * The argument; else with -c the path by that configuration; else what the
 * daemon says.  0, or the exit status after having said why.
 */
int region_file(const struct skepctl *, char *path, size_t size);

#endif
