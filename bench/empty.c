/* SPDX-License-Identifier: MIT */
/* The least that a dynamic program does. */

int main(void)
{
	return 0;
}
