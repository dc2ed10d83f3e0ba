// Loops compiled for three instruction sets, of which the best is taken at load time. No product and sum are
// contracted (-ffp-contract=off), so all give the same bits.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define GRAINSPIN_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define GRAINSPIN_CLONES
#endif
#define GRAINSPIN_INLINE __attribute__((always_inline)) inline
