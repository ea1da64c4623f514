// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * A KUnit suite that ends as the kernel's command line says: well without tsvm_kunit=, else
 * tsvm_kunit=fail (expectations, an assertion, a parameter), skip (all of its tests), panic or oops (in the third).
 * scripts/linux-kunit-mipsel.sh builds it into its kernels. Linux 5.10 has neither parameters nor skipping.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/version.h>

static char *tsvm_kunit;
core_param(tsvm_kunit, tsvm_kunit, charp, 0);

static bool told(const char *how)
{
	return tsvm_kunit && strcmp(tsvm_kunit, how) == 0;
}

static void passes(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 1, 1);
}

static void expects(struct kunit *test)
{
	KUNIT_EXPECT_FALSE_MSG(test, told("fail"), "the first of two");
	pr_info("a driver speaks while a test runs\n");
	KUNIT_EXPECT_STREQ(test, told("fail") ? "ok 3 - not a result" : "", "");
}

static void breaks(struct kunit *test)
{
	if (told("panic"))
		panic("told to by tsvm_kunit=");
	if (told("oops"))
		*(volatile int *)8 = 0;
	KUNIT_ASSERT_FALSE(test, told("fail"));
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)
static const int numbers[] = { 1, 2, 3 };

static void describe(const int *number, char *description)
{
	snprintf(description, KUNIT_PARAM_DESC_SIZE, "number %d", *number);
}

KUNIT_ARRAY_PARAM(numbers, numbers, describe);

static void takes_numbers(struct kunit *test)
{
	int number = *(const int *)test->param_value;

	if (number == 1)
		kunit_skip(test, "not for %d", number);
	KUNIT_EXPECT_FALSE(test, number == 2 && told("fail"));
}

static void skips(struct kunit *test)
{
	kunit_skip(test, "there is nothing to do");
}

static int prepare(struct kunit *test)
{
	if (told("skip"))
		kunit_skip(test, "all of it");
	return 0;
}
#endif

static struct kunit_case cases[] = {
	KUNIT_CASE(passes),
	KUNIT_CASE(expects),
	KUNIT_CASE(breaks),
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)
	KUNIT_CASE_PARAM(takes_numbers, numbers_gen_params),
	KUNIT_CASE(skips),
#endif
	{}
};

static struct kunit_suite suite = {
	.name = "tsvm_endings",
	.test_cases = cases,
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)
	.init = prepare,
#endif
};

kunit_test_suite(suite);
