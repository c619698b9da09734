/* priv.c - see priv.h */
#include "priv.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static int
number(const char *text, unsigned long *n_out)
{
	char *end;

	if (*text < '0' || *text > '9')
		return 0;
	*n_out = strtoul(text, &end, 10);
	return *end == '\0';
}

int
priv_group(const char *name, gid_t *gid_out)
{
	const struct group *gr;
	unsigned long n;

	gr = getgrnam(name);
	if (gr != NULL)
		*gid_out = gr->gr_gid;
	else if (number(name, &n))
		*gid_out = (gid_t)n;
	else
		return -ENOENT;
	return 0;
}

static int
find_user(const char *user, struct priv *p)
{
	const struct passwd *pw = getpwnam(user);
	unsigned long n;

	if (strlen(user) >= sizeof p->name)
		return -ENOENT;
	strcpy(p->name, user);
	if (pw == NULL && number(user, &n))
		pw = getpwuid((uid_t)n);
	if (pw != NULL) {
		p->uid = pw->pw_uid;
		p->gid = pw->pw_gid;
	} else if (number(user, &n)) {
		p->uid = (uid_t)n;
		p->gid = (gid_t)n;
	} else {
		return -ENOENT;
	}
	return 0;
}

int
priv_resolve(const char *user, const char *group, struct priv *out)
{
	int rc = 0;

	memset(out, 0, sizeof *out);
	out->uid = geteuid();
	out->gid = getegid();
	if (*user == '\0' && geteuid() == 0)
		return -EACCES;
	if (*user != '\0')
		rc = find_user(user, out);
	if (rc == 0 && *group != '\0')
		rc = priv_group(group, &out->gid);
	if (rc < 0)
		return rc;
	if (geteuid() != 0) {
		out->name[0] = '\0';
		if (out->uid != geteuid() || out->gid != getegid())
			return -EPERM;
	}
	return 0;
}

int
priv_drop(const struct priv *p)
{
	if (p->name[0] == '\0')
		return 0;
	if (p->uid == 0 && p->gid == getegid())
		return 0;
	if (initgroups(p->name, p->gid) < 0 && setgroups(1, &p->gid) < 0)
		return -errno;
	if (setresgid(p->gid, p->gid, p->gid) < 0)
		return -errno;
	if (setresuid(p->uid, p->uid, p->uid) < 0)
		return -errno;
	/* Regained root would mean that nothing was dropped. */
	if (p->uid != 0 && setuid(0) == 0)
		return -EPERM;
	/* Changing the user forbids core files; ours are wanted. */
	(void)prctl(PR_SET_DUMPABLE, 1);
	return 0;
}

uint64_t
priv_nofile(uint64_t n)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return 0;
	if (rl.rlim_max < n) {
		const struct rlimit more = { .rlim_cur = n, .rlim_max = n };

		if (setrlimit(RLIMIT_NOFILE, &more) == 0)
			return n;
		n = rl.rlim_max;
	}
	rl.rlim_cur = n;
	return setrlimit(RLIMIT_NOFILE, &rl) == 0 ? n : 0;
}
