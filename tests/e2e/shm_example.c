/*
 * shm_example.c - a program outside of skep that uses libskep-shm: reads keys
 * of a live region, or shares a cache of its own with other processes.
 *
 * usage: shm_example get PATH KEY
 *	  shm_example create PATH MIB	(stays until its input ends)
 *	  shm_example set PATH KEY VALUE
 *	  shm_example die PATH KEY VALUE	(sets it and kills itself)
 *	  shm_example stats PATH
 * Exit status: 0 done, 1 failed, 2 usage, 3 absent.
 */
#include <skep-shm.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
fail(const char *what, int rc, const struct skep_shm_why *why)
{
	fprintf(stderr, "%s: %s\n", what,
	    why != NULL && why->text[0] != '\0' ? why->text : strerror(-rc));
	return 1;
}

static int
create(const char *path, const char *mib)
{
	struct skep_shm *shm;
	struct skep_shm_why why;
	char c;
	int rc = skep_shm_create(path, strtoull(mib, NULL, 10) << 20, &shm,
	    &why);

	if (rc < 0)
		return fail(path, rc, &why);
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	skep_shm_close(&shm);
	return unlink(path) == 0 ? 0 : 1;
}

static int
get(struct skep_shm_user *me, const char *key)
{
	size_t len, cap = 65536;
	char *buf = malloc(cap);
	int rc = skep_shm_get(me, key, strlen(key), buf, cap, &len, NULL);

	if (rc == 1) {
		fwrite(buf, 1, len, stdout);
		putchar('\n');
	}
	free(buf);
	return rc == 1 ? 0 : rc == 0 ? 3 : fail(key, rc, NULL);
}

static int
set(struct skep_shm_user *me, const char *key, const char *val)
{
	int rc = skep_shm_put(me, SKEP_SHM_SET, key, strlen(key), val,
	    strlen(val), NULL);

	return rc == 1 ? 0 : fail(key, rc, NULL);
}

static int
stats(struct skep_shm_user *me)
{
	struct skep_shm_stats st;
	int rc = skep_shm_stats(me, &st);

	if (rc < 0)
		return fail("stats", rc, NULL);
	printf("items=%llu taken=%u\n", (unsigned long long)st.items,
	    st.places_taken);
	return 0;
}

int
main(int argc, char **argv)
{
	struct skep_shm *shm;
	struct skep_shm_user *me;
	struct skep_shm_why why;
	const char *verb = argc > 1 ? argv[1] : "";
	int rc;

	if (strcmp(verb, "create") == 0 && argc == 4)
		return create(argv[2], argv[3]);
	if (!(strcmp(verb, "get") == 0 && argc == 4) &&
	    !(strcmp(verb, "stats") == 0 && argc == 3) &&
	    !((strcmp(verb, "set") == 0 || strcmp(verb, "die") == 0) &&
	    argc == 5)) {
		fprintf(stderr, "usage: shm_example get PATH KEY | create PATH "
		    "MIB | set PATH KEY VALUE | die PATH KEY VALUE | "
		    "stats PATH\n");
		return 2;
	}
	rc = skep_shm_open(argv[2], argc == 5 ? SKEP_SHM_WRITE : SKEP_SHM_READ,
	    &shm, &why);
	if (rc < 0)
		return fail(argv[2], rc, &why);
	rc = skep_shm_attach(shm, &me);
	if (rc < 0) {
		skep_shm_close(&shm);
		return fail("attach", rc, NULL);
	}
	rc = argc == 3 ? stats(me) : argc == 4 ? get(me, argv[3]) :
	    set(me, argv[3], argv[4]);
	if (strcmp(verb, "die") == 0)
		(void)kill(getpid(), SIGKILL);
	skep_shm_detach(&me);
	skep_shm_close(&shm);
	return rc;
}
