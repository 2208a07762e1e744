/* The fence around the files that the process may touch: Landlock. */
#ifndef QUIRE_SANDBOX_FENCE_H
#define QUIRE_SANDBOX_FENCE_H

/* Makes it: nothing is left but what is in this directory, and, for reading, what is in those of
 * the files (up to NULL; "" is none) and of what they are links to. `version_out`: of the kernel's
 * Landlock, 0 for none. A descriptor, or -1 with errno. */
int fence_build(const char *data, const char *const *files, int *version_out);
/* Closes the descriptor and puts this thread behind the fence; it must be without a way to new
 * privileges. 0, or -1 with errno. */
int fence_enter(int fence);

#endif
