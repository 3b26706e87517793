/* SPDX-License-Identifier: MIT */
/* An error in a child and in the program itself; ends with 1 if the child did. */

#include <brood/process.h>

static void raises(void)
{
	brood_raise("RuntimeError", "in a child");
}

int main(void)
{
	brood_process *p = brood_start(.call = raises, .name = "raises");
	brood_process_join(p);
	if (brood_process_exitcode(p) != 1)
		return 2;
	brood_raise("RuntimeError", "in the program");
}
