/*
 * gen.h - a generation: one load of configuration and plugins, with its
 * listeners.  Opening one starts nothing; crew.h does, when it is settled.
 */
#ifndef MASTER_GEN_H
#define MASTER_GEN_H

#include "master.h"

/*
 * Make the next generation from a configuration, which it takes when it
 * succeeds.  On failure why says what an operator has to know, such as which
 * port of which option is taken.  0 or -errno.
 */
int gen_open(struct master *, struct conf *, struct gen **out, char *why,
    size_t cap);

/* It serves now: sockets that it shares with older ones become as it says. */
void gen_adjust(struct master *, struct gen *);

/* Give its listeners back: an address that no other has is closed. */
void gen_unlisten(struct master *, struct gen *);

/* Free it; call when no process of it is left. */
void gen_close(struct master *, struct gen *);

/* Close the generations that are retired and have no process left. */
void gen_sweep(struct master *);

/* Whether a child of this generation is left. */
int gen_lives(const struct master *, const struct gen *);

/* Workers that a group has at once when nobody scales it. */
unsigned gen_start_workers(const struct conf *, int g, unsigned *min_out,
    unsigned *max_out);

#endif
