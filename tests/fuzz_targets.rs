//! The bodies of the fuzz targets over their seeds and over random bytes, on a stable toolchain.
#![expect(clippy::unwrap_used, reason = "a seed that cannot be read fails the test")]

#[path = "support/fuzz.rs"]
mod fuzz;

use proptest::prelude::*;

use fuzz::TARGETS;

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    let paths = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn every_seed_passes_its_target() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        seeds.iter().for_each(|seed| target(seed));
    }
}

#[test]
fn every_target_has_its_file() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut names: Vec<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.sort();
    let found: Vec<_> = files.iter().map(|path| path.file_stem().unwrap().to_str().unwrap()).collect();
    assert_eq!(found, names);
}

/// Text that is mostly what the target knows, so that random bytes get behind its first check.
fn bytes(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let mutated = (
        prop::sample::select(seeds),
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    )
        .prop_map(|(mut seed, changes)| {
            for (index, byte) in changes {
                if !seed.is_empty() {
                    let at = index.index(seed.len());
                    seed[at] = byte;
                }
            }
            seed
        });
    let odd = any::<Vec<char>>().prop_map(|chars| chars.into_iter().collect::<String>().into_bytes());
    prop_oneof![3 => mutated, 1 => odd, 1 => any::<Vec<u8>>()]
}

#[test]
fn no_bytes_break_a_target() {
    for (name, target) in TARGETS {
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            cases: 96,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let strategy = bytes(seeds(name));
        let done = runner.run(&strategy, |data| {
            target(&data);
            Ok(())
        });
        assert!(done.is_ok(), "{name}: {done:?}");
    }
}
