//! Hosts with other limits than the contract's.

use super::super::Mutant;
use super::{also, altered_in, has_code, limited, mutant, pardoned, some_tool};

pub(super) fn all() -> Vec<Mutant> {
    vec![
        mutant("waits-for-ever", "plugin.host.budgets.time", || {
            altered_in(&["call"], |host, ask, _| {
                let outcome = host(&ask);
                pardoned(
                    outcome,
                    |refusal| has_code(refusal, "fault.deadline"),
                    some_tool(),
                )
            })
        }),
        also(
            mutant(
                "gives-twice-the-instructions",
                "plugin.host.budgets.instructions-no-more",
                || limited(|limits| limits.with_fuel(10_000_000)),
            ),
            &["plugin.host.budgets.instructions-shared-with-instantiation"],
            "it goes past the budget as well",
        ),
        also(
            mutant(
                "gives-half-the-instructions",
                "plugin.host.budgets.instructions-enough",
                || limited(|limits| limits.with_fuel(2_500_000)),
            ),
            &[
                "plugin.host.budgets.instructions-every-call",
                "plugin.host.budgets.instructions-of-instantiation",
            ],
            "they use most of the budget",
        ),
        also(
            mutant(
                "gives-twice-the-memory",
                "plugin.host.budgets.memory-no-page-more",
                || limited(|limits| limits.with_memory_bytes(4 << 20)),
            ),
            &["plugin.host.budgets.memory-too-much-at-first"],
            "it is about the same bound",
        ),
        also(
            mutant("gives-a-page-less", "plugin.host.budgets.memory-at-first", || {
                limited(|limits| limits.with_memory_bytes(31 * 65_536))
            }),
            &["plugin.host.budgets.memory-to-the-last-page"],
            "it is about the same bound",
        ),
    ]
}
