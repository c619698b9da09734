/*
 * guard.h - who is in the way of the others is named, and at last killed.
 *
 * A process that stays inside a read section stops all reclaim; one that is
 * stopped while it holds a lock or the maintenance word stops who needs it.
 * Nothing is taken from a living process, so past workers.section_max it is
 * killed and its end repaired.  The master reads the words of its own
 * children's slots for this, and believes the pids of its own table alone.
 *
 * A worker whose private memory passes workers.memory_max is retired: its
 * successor starts at once.
 */
#ifndef MASTER_GUARD_H
#define MASTER_GUARD_H

#include "master.h"

#define GUARD_WARN_NS 100000000ULL	/* a section that long is an event */

/* Look at every child: call each beat. */
void guard_beat(struct master *, uint64_t now_ns);

/* Its private memory was measured. */
void guard_memory(struct child *, uint64_t private_bytes);

#endif
