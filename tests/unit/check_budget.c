/* check_budget - how large the region is made, and what limits it */
#include <stdlib.h>

#include "../lib/suite.h"
#include "budget.h"

#define MB 1000000ULL

static struct budget
decide(uint64_t wanted, uint64_t memory, uint64_t fs_free)
{
	const struct budget_input in = { .wanted_bytes = wanted,
		.memory_bytes = memory,
		.free_bytes = fs_free,
		.floor_bytes = 4 * MB };
	struct budget out;

	budget_decide(&in, &out);
	return out;
}

START_TEST(a_large_machine_gives_what_is_wanted)
{
	struct budget b = decide(500 * MB, 8000 * MB, 4000 * MB);

	ck_assert_uint_eq(b.size_bytes, 500 * MB);
	ck_assert_int_eq(b.limit, BUDGET_AS_WANTED);
	ck_assert_ptr_null(budget_limit_name(b.limit));
	ck_assert_int_eq(b.memfd, 0);
}
END_TEST

START_TEST(at_most_a_quarter_of_memory)
{
	struct budget b = decide(500 * MB, 1000 * MB, 4000 * MB);

	ck_assert_uint_eq(b.size_bytes, 250 * MB);
	ck_assert_int_eq(b.limit, BUDGET_BY_MEMORY);
}
END_TEST

START_TEST(at_most_three_quarters_of_the_file_system)
{
	struct budget b = decide(500 * MB, 8000 * MB, 400 * MB);

	ck_assert_uint_eq(b.size_bytes, 300 * MB);
	ck_assert_int_eq(b.limit, BUDGET_BY_FILE_SYSTEM);
	ck_assert_int_eq(b.memfd, 0);
}
END_TEST

START_TEST(a_tiny_file_system_is_left_alone)
{
	struct budget b = decide(500 * MB, 8000 * MB, 64 * MB);

	ck_assert_uint_eq(b.size_bytes, 500 * MB);
	ck_assert_int_eq(b.memfd, 1);
}
END_TEST

START_TEST(without_a_file_system_a_memfd_serves)
{
	ck_assert_int_eq(decide(500 * MB, 8000 * MB, 0).memfd, 1);
}
END_TEST

START_TEST(unknown_memory_limits_nothing)
{
	ck_assert_uint_eq(decide(500 * MB, 0, 4000 * MB).size_bytes, 500 * MB);
}
END_TEST

START_TEST(never_below_the_floor)
{
	ck_assert_uint_eq(decide(1 * MB, 8 * MB, 4000 * MB).size_bytes, 4 * MB);
}
END_TEST

START_TEST(this_machine_has_memory)
{
	ck_assert_uint_gt(budget_memory(), 16 * MB);
	ck_assert_uint_eq(budget_free("/no/such/directory"), 0);
}
END_TEST

SUITE_MAIN("budget", NULL, NULL, a_large_machine_gives_what_is_wanted,
    at_most_a_quarter_of_memory, at_most_three_quarters_of_the_file_system,
    a_tiny_file_system_is_left_alone, without_a_file_system_a_memfd_serves,
    unknown_memory_limits_nothing, never_below_the_floor,
    this_machine_has_memory)
