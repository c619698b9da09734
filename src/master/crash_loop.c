/* crash_loop.c - see crash_loop.h */
#include "crash_loop.h"

#include <string.h>

static const uint8_t own_doing[DEATH_KINDS] = {
	[DEATH_STATUS] = 1,
	[DEATH_WATCHDOG] = 1,
	[DEATH_FAULT] = 1,
	[DEATH_LIMIT] = 1,
	[DEATH_MEMORY] = 1,
	[DEATH_LATE] = 1,
};

int
crash_loop_counts(const struct crash_loop_rule *rule, enum death_kind kind,
    uint64_t died_ns, uint64_t ready_ns)
{
	if ((unsigned)kind >= DEATH_KINDS || !own_doing[kind])
		return 0;
	return ready_ns == 0 || died_ns - ready_ns <= rule->early_ns;
}

int
crash_loop_decide(struct crash_loop *loop, const struct crash_loop_rule *rule,
    enum death_kind kind, uint64_t died_ns, uint64_t ready_ns)
{
	unsigned attempts = rule->attempts;

	if (!crash_loop_counts(rule, kind, died_ns, ready_ns))
		return 0;
	if (attempts > CRASH_LOOP_MAX)
		attempts = CRASH_LOOP_MAX;
	memmove(&loop->at_ns[1], &loop->at_ns[0],
	    sizeof loop->at_ns - sizeof loop->at_ns[0]);
	loop->at_ns[0] = died_ns;
	if (loop->n < CRASH_LOOP_MAX)
		loop->n++;
	if (loop->n < attempts)
		return 0;
	return died_ns - loop->at_ns[attempts - 1] <= rule->window_ns;
}

int
crash_loop_over(const struct crash_loop_rule *rule,
    const struct crash_loop_held *held, unsigned wanted, uint64_t failed_ns,
    uint64_t now_ns)
{
	if (held->fresh > 0)
		return 1;
	return held->n > 0 && held->n >= wanted &&
	    now_ns - failed_ns > rule->early_ns;
}

void
crash_loop_forget(struct crash_loop *loop)
{
	memset(loop, 0, sizeof *loop);
}

uint64_t
crash_loop_backoff(unsigned n, uint64_t base_ns, uint64_t cap_ns)
{
	uint64_t ns = base_ns;

	while (n-- > 1 && ns < cap_ns)
		ns *= 2;
	return ns < cap_ns ? ns : cap_ns;
}
