#include "pauses.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define CPUS_MAX  64
#define SPANS_MAX 65536	/* a minute of a processor that pauses every millisecond */

struct span {
	uint64_t from_ns, to_ns;
};

struct watch {
	pthread_t thread;
	int cpu;
	struct pauses *all;
	atomic_uint n;		/* written by the thread; spans below it are complete */
	struct span *span;
};

struct pauses {
	struct watch watch[CPUS_MAX];
	int n, n_threads, realtime;
	atomic_int stop;
	struct span *scratch;
};

static uint64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void
note(struct watch *w, uint64_t due, uint64_t woke)
{
	unsigned n = atomic_load_explicit(&w->n, memory_order_relaxed);

	if (woke - due <= PAUSES_LATE_NS || n == SPANS_MAX)
		return;
	w->span[n] = (struct span){ due, woke };
	/* pairs with the load in pauses_within() */
	atomic_store_explicit(&w->n, n + 1, memory_order_release);
}

static void *
watch(void *arg)
{
	struct watch *w = arg;
	struct sched_param rt = { .sched_priority = 1 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)w->cpu, &set);
	(void)sched_setaffinity(0, sizeof set, &set); /* it was in our set a moment ago */
	/* Without the right to it the threads are ordinary ones: pauses_realtime() tells. */
	if (sched_setscheduler(0, SCHED_FIFO, &rt) < 0)
		w->all->realtime = 0;
	while (!atomic_load_explicit(&w->all->stop, memory_order_relaxed)) {
		uint64_t due = now_ns() + 1000000u;
		struct timespec t = { (time_t)(due / 1000000000u),
			(long)(due % 1000000000u) };

		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t,
		    NULL);
		note(w, due, now_ns());
	}
	return NULL;
}

int
pauses_start(struct pauses **out)
{
	struct pauses *p = calloc(1, sizeof *p);
	cpu_set_t set;
	int rc = 0;

	if (p == NULL || sched_getaffinity(0, sizeof set, &set) < 0) {
		free(p);
		return -ENOMEM;
	}
	p->realtime = 1;
	for (int i = 0; i < CPU_SETSIZE && p->n < CPUS_MAX; i++)
		if (CPU_ISSET((size_t)i, &set)) {
			p->watch[p->n].cpu = i;
			p->watch[p->n].all = p;
			p->watch[p->n++].span = calloc(SPANS_MAX,
			    sizeof(struct span));
		}
	p->scratch = calloc((size_t)p->n * SPANS_MAX, sizeof *p->scratch);
	if (p->scratch == NULL)
		rc = ENOMEM;
	for (; p->n_threads < p->n && rc == 0; p->n_threads += rc == 0)
		rc = p->watch[p->n_threads].span == NULL ?
		    ENOMEM :
		    pthread_create(&p->watch[p->n_threads].thread, NULL, watch,
			&p->watch[p->n_threads]);
	*out = p;
	if (rc != 0)
		pauses_stop(out);
	return -rc;
}

void
pauses_stop(struct pauses **pp)
{
	struct pauses *p = *pp;

	if (p == NULL)
		return;
	atomic_store(&p->stop, 1);
	for (int i = 0; i < p->n_threads; i++)
		(void)pthread_join(p->watch[i].thread, NULL);
	for (int i = 0; i < p->n; i++)
		free(p->watch[i].span);
	free(p->scratch);
	free(p);
	*pp = NULL;
}

static int
by_start(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->from_ns > y->from_ns) - (x->from_ns < y->from_ns);
}

uint64_t
pauses_within(struct pauses *p, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t sum = 0, at = from_ns;
	size_t n = 0;

	for (int i = 0; i < p->n; i++) {
		struct watch *w = &p->watch[i];
		unsigned k = atomic_load_explicit(&w->n, memory_order_acquire);

		for (unsigned j = 0; j < k; j++)
			if (w->span[j].to_ns > from_ns &&
			    w->span[j].from_ns < to_ns)
				p->scratch[n++] = w->span[j];
	}
	qsort(p->scratch, n, sizeof *p->scratch, by_start);
	for (size_t i = 0; i < n; i++) {
		uint64_t a = p->scratch[i].from_ns, b = p->scratch[i].to_ns;

		if (a < at)
			a = at;
		if (b > to_ns)
			b = to_ns;
		if (b > a) {
			sum += b - a;
			at = b;
		}
	}
	return sum;
}

int
pauses_realtime(const struct pauses *p)
{
	return p->realtime;
}
