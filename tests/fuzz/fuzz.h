/*
 * fuzz.h - the one function of a fuzz target.  With libFuzzer it is called with
 * invented inputs; linked with replay.c it is run on the files of its corpus,
 * in `make check` and without any fuzzer.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

#endif
