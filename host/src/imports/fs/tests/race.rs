//! A tree that somebody else changes during the calls. What is inside now may lead outside a moment later.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::Value;

use super::{SECRET, World};
use crate::imports::{HostError, HostErrorCode};

/// Calls made while the tree changes. Whether one of them meets the change between two of its steps is up to
/// the scheduler: these tests fail only for a reason, and find one sooner the more calls there are. What a
/// step does that meets it the unit tests of `root` say, which leave out the step before.
const CALLS: usize = 3000;

/// How many of them write, which takes the time of the disk.
const WRITES: usize = 200;

#[test]
fn a_link_swapped_in_for_a_directory_leads_nowhere() {
    let world = World::new();
    world.dir("door");
    world.file("door/secret", "inside");
    // In the root as well: the directory that is swapped away is still inside, so only the link is a way out.
    world.link("link", world.at("outside"));
    while_changing(
        || exchange(&world.at("root/door"), &world.at("root/link")),
        |number| {
            if let Some(answer) = allowed(world.read("door/secret")) {
                assert_eq!(answer["content"], "inside");
            }
            if let Some(answer) = allowed(world.list("door")) {
                assert_eq!(answer["entries"].as_array().unwrap().len(), 1);
            }
            if number < WRITES {
                allowed(world.write("door/secret", "inside"));
            }
        },
    );
    untouched(&world);
}

#[test]
fn a_link_swapped_in_for_a_file_leads_nowhere() {
    let world = World::new();
    world.file("leaf", "inside");
    symlink(world.at("outside/secret"), world.at("link")).unwrap();
    while_changing(
        || exchange(&world.at("root/leaf"), &world.at("link")),
        |_| {
            if let Some(answer) = allowed(world.read("leaf")) {
                assert_eq!(answer["content"], "inside");
            }
        },
    );
    untouched(&world);
}

#[test]
fn a_link_swapped_in_for_a_file_to_write_is_not_followed() {
    let world = World::new();
    world.file("leaf", "inside");
    while_changing(
        || {
            // Anew each time: a write puts its file in the place of the link.
            symlink(world.at("outside/secret"), world.at("link")).unwrap();
            fs::rename(world.at("link"), world.at("root/leaf")).unwrap();
            fs::write(world.at("file"), "inside").unwrap();
            fs::rename(world.at("file"), world.at("root/leaf")).unwrap();
        },
        |number| {
            if number < WRITES {
                allowed(world.write("leaf", "inside"));
            }
        },
    );
    untouched(&world);
    assert_eq!(world.names(), ["leaf"]);
}

#[test]
fn a_fifo_swapped_in_for_a_file_does_not_block() {
    let world = World::new();
    world.file("leaf", "inside");
    super::fifo(&world.at("pipe"));
    while_changing(
        || exchange(&world.at("root/leaf"), &world.at("pipe")),
        |_| {
            if let Ok(answer) = world.read("leaf") {
                assert_eq!(answer["content"], "inside");
            }
        },
    );
}

#[test]
fn a_reader_never_sees_half_of_a_write() {
    let world = World::new();
    let contents = ["a".repeat(50_000), "b".repeat(50_000)];
    world.file("a", &contents[0]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let content = fs::read_to_string(world.at("root/a")).unwrap();
                assert!(contents.contains(&content));
            }
        });
        let _stop = Stop(&done);
        for number in 0..30 {
            world.write("a", &contents[number % 2]).unwrap();
        }
    });
}

/// Make the calls, with their numbers, while another thread changes the tree, over and over.
fn while_changing(change: impl Fn() + Sync, call: impl Fn(usize)) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                change();
            }
        });
        // Also when a call panics: the scope waits for the other thread.
        let _stop = Stop(&done);
        for number in 0..CALLS {
            call(number);
        }
    });
}

/// Swap two names in one step.
fn exchange(one: &Path, other: &Path) {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The answer, unless the call was refused for what the other thread does: it was a link, was none any more
/// when the reason was looked for, or was missing.
fn allowed(outcome: Result<Value, HostError>) -> Option<Value> {
    let error = match outcome {
        Ok(answer) => return Some(answer),
        Err(error) => error,
    };
    let was_link = error.message.contains("symbolic links");
    let is_expected = matches!(error.code, HostErrorCode::Denied | HostErrorCode::NotFound) || was_link;
    assert!(is_expected, "{error:?}");
    None
}

fn untouched(world: &World) {
    assert_eq!(fs::read_to_string(world.at("outside/secret")).unwrap(), SECRET);
    assert_eq!(fs::read_dir(world.at("outside")).unwrap().count(), 1);
}
