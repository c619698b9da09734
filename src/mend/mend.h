/*
 * mend.h - the mender: attached, idle, and repairing on request.
 *
 * The loop is around slot_reap() and nothing else: a spoiled region may crash
 * this process, and the master starts another.
 */
#ifndef MEND_MEND_H
#define MEND_MEND_H

#include <stdint.h>

/*
 * Serve until the master hangs up or the region is condemned.  slot: the one
 * given by the master; n_slots: how many eventfds there are.  Returns the exit
 * status of the process.
 */
int mend_run(uint32_t slot, uint32_t n_slots);

#endif
