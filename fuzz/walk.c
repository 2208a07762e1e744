#include "fuzz.h"

#include "tools/replay/walk.h"

#include <stdio.h>
#include <stdlib.h>

int fuzz_walk(const uint8_t *data, size_t size, const char *const names[])
{
    struct law chosen[LAW_COUNT];
    struct walk_options options = {.laws = chosen, .has_checks = true, .cuts = true};
    struct script script = {0};
    for (; names[options.law_count] != NULL; options.law_count++) {
        chosen[options.law_count] = *law_find(names[options.law_count]);
    }
    script_from_bytes(&script, (struct ot_slice){data, size});
    struct walk_result result = walk(&script, &options, NULL);
    script_deinit(&script);
    if (result.finding.name != NULL) {
        fprintf(stderr, "operation %zu: it does not hold that %s\n", result.finding.step,
                result.finding.text);
        abort();
    }
    return 0;
}
