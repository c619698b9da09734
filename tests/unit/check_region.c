/* check_region.c - making, refusing, mapping */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../lib/cachefix.h"
#include "evring.h"
#include "metric.h"
#include "reap.h"
#include "region_int.h"

static void
path_make(char *path, size_t n, char *dir)
{
	strcpy(dir, "/dev/shm/skep-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, n, "%s/region", dir);
}

START_TEST(named_region_is_found_by_others_with_mode_0600)
{
	char dir[64], path[80];
	struct region *a, *b;
	struct region_why why;
	struct stat st;

	path_make(path, sizeof(path), dir);
	a = shmfix_region(&(struct region_plan){ .path = path, .n_slots = 8 });
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	/* All of it has pages. */
	ck_assert_uint_ge((uint64_t)st.st_blocks * 512, (uint64_t)st.st_size);
	ck_assert_int_eq(region_open(path, REGION_RDONLY, &b, &why), 0);
	ck_assert_uint_eq(b->size, a->size);
	ck_assert_int_eq(memcmp(b->head, a->head, sizeof(*a->head)), 0);
	region_close(&b);
	ck_assert_int_eq(region_create(&(struct region_plan){ .path = path },
	    &b, &why), -EEXIST);
	ck_assert_ptr_nonnull(strstr(why.text, "exists"));
	unlink(path);
	rmdir(dir);
	region_close(&a);
}
END_TEST

START_TEST(path_outside_of_memory_is_refused_with_reason)
{
	struct region *r;
	struct region_why why;

	ck_assert_int_lt(region_create(&(struct region_plan){
	    .path = "/proc/region" }, &r, &why), 0);
	ck_assert_str_ne(why.text, "");
}
END_TEST

START_TEST(sections_are_there_aligned_and_apart)
{
	const struct region_section want[] = {
		{ .kind = REGION_TEST, .size = 100 },
		{ .kind = REGION_TEST + 1, .size = 3u << 20,
		  .flags = REGION_SEC_HUGE },
		{ .kind = REGION_TEST + 2, .size = 1u << 20, .reserve = 8192,
		  .flags = REGION_SEC_SPARSE },
	};
	struct region *r = shmfix_region(&(struct region_plan){
	    .n_slots = 8, .sections = want, .n_sections = 3 });
	char *a, *b, *c;
	uint64_t size;

	a = region_section(r, REGION_TEST, &size);
	ck_assert_uint_eq(size, 4096);
	b = region_section(r, REGION_TEST + 1, &size);
	ck_assert_uint_eq(size, 3u << 20);
	ck_assert_uint_eq((uintptr_t)b % REGION_HUGE, 0);
	c = region_section(r, REGION_TEST + 2, &size);
	ck_assert_ptr_nonnull(c);
	ck_assert(a + 4096 <= b && b + (3u << 20) <= c);
	ck_assert_ptr_null(region_section(r, REGION_TEST + 3, NULL));
	memset(a, 1, 100);
	memset(b, 1, 3u << 20);
	(void)region_huge(r);	/* a wish: must do no harm where refused */
	ck_assert_int_eq(b[12345], 1);
	region_close(&r);
}
END_TEST

START_TEST(impossible_plans_are_refused)
{
	const struct region_section twice[] = {
		{ .kind = REGION_TEST, .size = 1 },
		{ .kind = REGION_TEST, .size = 1 },
	};
	const struct region_section none = { .kind = REGION_TEST };
	const struct region_section vast = {
		.kind = REGION_TEST, .size = UINT64_MAX - 5 };

	ck_assert_uint_eq(region_plan_size(&(struct region_plan){
	    .sections = twice, .n_sections = 2 }), 0);
	ck_assert_uint_eq(region_plan_size(&(struct region_plan){
	    .sections = &none, .n_sections = 1 }), 0);
	ck_assert_uint_eq(region_plan_size(&(struct region_plan){
	    .sections = &vast, .n_sections = 1 }), 0);
	ck_assert_uint_eq(region_plan_size(&(struct region_plan){
	    .n_slots = 257 }), 0);
	ck_assert_uint_eq(region_plan_size(&(struct region_plan){
	    .n_slots = SLOT_MENDERS }), 0);
	ck_assert_uint_eq(region_plan_size(&(struct region_plan){
	    .rcu = 3 }), 0);
	ck_assert_uint_eq(region_plan_size(&(struct region_plan){
	    .reapers = 3 }), 0);
	ck_assert_uint_gt(region_plan_size(&(struct region_plan){ 0 }), 0);
}
END_TEST

START_TEST(no_room_is_an_error_now_not_a_signal_later)
{
	const struct region_section big = {
		.kind = REGION_TEST, .size = UINT64_C(1) << 45 };
	struct region *r;
	struct region_why why;
	int rc = region_create(&(struct region_plan){
	    .sections = &big, .n_sections = 1 }, &r, &why);

	ck_assert_int_lt(rc, 0);
	ck_assert_ptr_nonnull(strstr(why.text, "no room"));
}
END_TEST

/* One word of the header is another: refused, with the word that says why. */
static void
refused(struct region *r, const struct region_head *h, int want,
    const char *word)
{
	struct region_why why;
	int rc = region_vet(h, r->size, &why);

	ck_assert_msg(rc == want, "%d %s", rc, why.text);
	ck_assert_msg(strstr(why.text, word) != NULL, "%s", why.text);
}

START_TEST(other_format_size_boot_clock_are_refused_by_name)
{
	struct region *r = shmfix_region(NULL);
	struct region_head h = *r->head;

	ck_assert_int_eq(region_vet(&h, r->size, NULL), 0);
	h.magic++;
	refused(r, &h, -EPROTO, "not a skep region");
	h = *r->head;
	h.format++;
	refused(r, &h, -EPROTO, "format");
	h = *r->head;
	h.n_slots++;
	refused(r, &h, -EPROTO, "damaged");
	h = *r->head;
	h.boot_id[3] ^= 1;
	h.check = region_check(&h);
	refused(r, &h, -ESTALE, "boot");
	h = *r->head;
	h.metric_print++;
	h.check = region_check(&h);
	refused(r, &h, -EPROTO, "metrics");
	h = *r->head;
	h.size += REGION_PAGE;
	h.check = region_check(&h);
	refused(r, &h, -EPROTO, "bytes");
	h = *r->head;
	h.section[1].offset = h.size;
	h.check = region_check(&h);
	refused(r, &h, -EPROTO, "outside");
	h = *r->head;
	h.rcu = REGION_RCU_FENCE + 1;
	h.check = region_check(&h);
	refused(r, &h, -EPROTO, "sense");
	h = *r->head;
	h.reapers = 0;
	h.check = region_check(&h);
	refused(r, &h, -EPROTO, "sense");
	h = *r->head;
	h.timens = 1;		/* not ours: then the clocks must agree */
	h.check = region_check(&h);
	ck_assert_int_eq(region_vet(&h, r->size, NULL), 0);
	h.wall_mono_ns += INT64_C(1100000000);
	h.check = region_check(&h);
	refused(r, &h, -EXDEV, "clock");
	region_close(&r);
}
END_TEST

/* Whatever a wild store makes of page 0, those who have mapped the region go
 * on: with their cache, counters, events, repairs.  A newcomer is refused. */
START_TEST(page_0_may_spoil_under_those_who_have_mapped_it)
{
	struct cachefix f = cachefix_open(NULL);
	struct metric_snap *snap = malloc(sizeof(*snap));
	struct slot_self *other;
	struct region_why why;
	struct region *r;
	int fd = dup(f.r->fd);

	ck_assert_int_eq(cachefix_set(f.c, "k", "v"), 1);
	memset(f.r->base, 0xff, sizeof(struct region_head));
	ck_assert_str_eq(cachefix_get(f.c, "k"), "v");
	ck_assert_int_eq(cachefix_set(f.c, "k", "w"), 1);
	ck_assert_int_eq(cache_tick(f.c), 1);
	ck_assert_int_eq(evring_put(f.r, 0, EVRING_INFO, "here"), 0);
	ck_assert_int_eq(metric_snapshot(f.r, snap), 0);
	other = shmfix_attach(f.r, 3, SLOT_ROLE_WORKER, "web");
	slot_detach(&other);
	shmfix_kill(shmfix_child(f.r, 3, NULL, NULL));
	ck_assert_int_eq(slot_reap(f.me, 3), 0);
	(void)region_huge(f.r);
	ck_assert_str_eq(cachefix_get(f.c, "k"), "w");
	ck_assert_int_eq(region_map(fd, REGION_RDWR, &r, &why), -EPROTO);
	free(snap);
	close(fd);
	cachefix_close(&f);
}
END_TEST

START_TEST(files_that_are_no_region_are_refused)
{
	struct region_why why;
	struct region *r;
	int fd = memfd_create("x", MFD_CLOEXEC);

	ck_assert_int_eq(region_map(fd, REGION_RDWR, &r, &why), -EPROTO);
	ck_assert_int_eq(ftruncate(fd, 1 << 20), 0);
	ck_assert_int_eq(region_map(fd, REGION_RDWR, &r, &why), -EPROTO);
	ck_assert_ptr_nonnull(strstr(why.text, "not a skep region"));
	ck_assert_int_eq(region_open("/nonexistent", REGION_RDWR, &r, &why),
	    -ENOENT);
	close(fd);
}
END_TEST

START_TEST(offsets_outside_or_crooked_resolve_to_nothing)
{
	char space[64];

	ck_assert_ptr_null(off_resolve(space, 64, OFF_NIL, 1, 1));
	ck_assert_ptr_null(off_resolve(space, 64, 60, 8, 4));
	ck_assert_ptr_null(off_resolve(space, 64, 65, 0, 1));
	ck_assert_ptr_null(off_resolve(space, 64, UINT64_MAX, 8, 1));
	ck_assert_ptr_null(off_resolve(space, 64, 8, UINT64_MAX, 1));
	ck_assert_ptr_null(off_resolve(space, 64, 6, 4, 4));
	ck_assert_ptr_eq(off_resolve(space, 64, 60, 4, 4), space + 60);
}
END_TEST

START_TEST(secrets_differ)
{
	struct region *a = shmfix_region(NULL), *b = shmfix_region(NULL);

	ck_assert_int_ne(memcmp(a->head->secret, b->head->secret,
	    REGION_SECRET), 0);
	region_close(&a);
	region_close(&b);
}
END_TEST

SUITE_MAIN("region", NULL, NULL, named_region_is_found_by_others_with_mode_0600,
    path_outside_of_memory_is_refused_with_reason,
    sections_are_there_aligned_and_apart, impossible_plans_are_refused,
    no_room_is_an_error_now_not_a_signal_later,
    other_format_size_boot_clock_are_refused_by_name,
    page_0_may_spoil_under_those_who_have_mapped_it,
    files_that_are_no_region_are_refused,
    offsets_outside_or_crooked_resolve_to_nothing, secrets_differ)
