"""The parts of scripts/bench_core: what is measured, and how it is written down."""
