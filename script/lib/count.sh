# Counts what test runners ran, from their output: each function prints "passed failed". What was
# skipped, disabled, cancelled or left for later counts as failed. To be sourced by bash.

# ctest: one line a test, "1/9 Test #1: name ..... Passed 0.01 sec".
count_ctest() {
    awk '
        match($0, /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: /) {
            if ($0 ~ / Passed +[0-9.]+ sec$/) passed++; else failed++
        }
        END { print passed + 0, failed + 0 }
    ' "$1"
}

# node --test, in the form for people or TAP: its totals, "# pass 3" or "ℹ pass 3", added up.
count_node() {
    awk '
        ($1 == "#" || $1 == "ℹ") && NF == 3 && $3 ~ /^[0-9]+$/ {
            if ($2 == "pass") passed += $3
            if ($2 ~ /^(fail|cancelled|skipped|todo)$/) failed += $3
        }
        END { print passed + 0, failed + 0 }
    ' "$1"
}
