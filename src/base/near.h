/* near.h - "did you mean": the known name that a wrong one is nearest to. */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

#include <stddef.h>

/*
 * How many letters have to be added, dropped, changed or swapped with their
 * neighbour to make b of a; names over 63 bytes are cut.
 */
unsigned near_distance(const char *a, const char *b);

/*
 * Keep the best: *best_out and *score (start with NULL and NEAR_START).  A name
 * that needs more than a third of its letters changed is no suggestion.
 */
#define NEAR_START 1000U
void near_try(const char *wrong, const char *known, const char **best_out,
    unsigned *score);

#endif
