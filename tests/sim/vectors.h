/*
 * What one session of the C client does, step by step, so that other clients can show that they do
 * the same (tests/golden/session/README.md). The simulation plays with that session, browsers with
 * the one of web/client: this is what makes the one speak for the other.
 */
#ifndef QUIRE_TESTS_SIM_VECTORS_H
#define QUIRE_TESTS_SIM_VECTORS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Writes so many cases, one a line; always the same ones. False: one of them went wrong, and was
 * told on stderr. */
bool vectors_write(uint64_t cases, FILE *file);

#endif
