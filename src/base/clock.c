#include "clock.h"

#include <time.h>

/* Set by tests only; a plain flag, as they are not concurrent. */
static struct {
	int on;
	int64_t mono_ns, wall_ns;
} fake;

static int64_t
now(clockid_t id)
{
	struct timespec ts;

	/* Cannot fail for the three clocks used here. */
	(void)clock_gettime(id, &ts);
	return ts.tv_sec * CLOCK_NS_PER_S + ts.tv_nsec;
}

int64_t
clock_mono_ns(void)
{
	return fake.on ? fake.mono_ns : now(CLOCK_MONOTONIC);
}

int64_t
clock_coarse_ns(void)
{
	return fake.on ? fake.mono_ns : now(CLOCK_MONOTONIC_COARSE);
}

int64_t
clock_wall_ns(void)
{
	return fake.on ? fake.wall_ns : now(CLOCK_REALTIME);
}

void
clock_fake(int64_t mono_ns, int64_t wall_ns)
{
	fake.mono_ns = mono_ns;
	fake.wall_ns = wall_ns;
	fake.on = 1;
}

void
clock_fake_advance(int64_t ns)
{
	fake.mono_ns += ns;
	fake.wall_ns += ns;
}

void
clock_real(void)
{
	fake.on = 0;
}
