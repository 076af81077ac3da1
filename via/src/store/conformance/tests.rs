//! The suite finds bugs of wrong stores: each in the case that is named for it, and in cases that
//! depend on the same behaviour.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use self::broken::{Boastful, Early, Forgetful, LastWriteWins, NoTombstones};
use super::{
    Case, Faults, Faulty, Harness,
    case::run_declared,
    support::{Must as _, NOW, commit_at, create, key, next, put, write},
};
use crate::store::{CommitOutcome, Expect, MemoryStore, Notice, Store as _, StoreError};

mod broken;

/// The names of the cases that fail.
fn failures<H: Harness>(cases: &[Case<H>], make: &dyn Fn() -> H) -> BTreeSet<&'static str> {
    let fails = |case: &Case<H>| catch_unwind(AssertUnwindSafe(|| case.run(make))).is_err();
    let failed = cases.iter().filter(|case| fails(case));
    failed.map(Case::name).collect()
}

#[test]
fn a_store_where_the_last_write_wins_fails_where_versions_are_compared() {
    let failed = failures(&super::all(), &|| LastWriteWins);
    let expected = [
        "a_commit_that_is_sent_again_is_not_done_again",
        "a_document_is_created_once",
        "a_stale_version_is_a_conflict_with_the_current_document",
        "all_other_documents_of_an_owner_end_in_one_commit",
        "keep_checks_and_changes_nothing",
        "no_increment_is_lost",
        "no_increment_is_lost_or_doubled_on_a_bad_line",
        "of_racing_rotations_one_wins",
        "random_operations_equal_a_model",
        "random_operations_equal_a_model_on_a_bad_line",
        "several_documents_commit_together_or_not_at_all",
        "touch_disturbs_no_commit",
        "what_is_not_committed_is_not_announced",
    ];
    assert_eq!(failed, expected.into());
}

#[test]
fn a_store_that_resurrects_deleted_documents_fails_where_they_must_stay_deleted() {
    let failed = failures(&super::all(), &|| NoTombstones);
    let expected = [
        "a_commit_can_delete",
        "a_commit_prepared_before_a_deletion_is_gone",
        "a_deleted_document_stays_deleted_until_its_tombstone_ends",
        "all_other_documents_of_an_owner_end_in_one_commit",
        "deletion_beats_a_racing_commit",
        "one_document_of_an_owner_ends_alone",
        "random_operations_equal_a_model",
        "random_operations_equal_a_model_on_a_bad_line",
        "sweep_removes_only_what_has_ended",
    ];
    assert_eq!(failed, expected.into());
}

#[test]
fn a_store_that_acknowledges_before_it_commits_fails_where_others_look() {
    let mut cases = super::restarts();
    cases.extend(super::instances());
    // The documents of that store are in memory, and end when it is closed.
    cases.retain(|case| !case.name().contains("clos"));
    let failed = failures(&cases, &Early::default);
    let named = [
        "an_instance_sees_what_another_committed",
        "what_was_acknowledged_is_there_after_a_drop",
    ];
    assert!(failed.is_superset(&named.into()), "{failed:?}");
    // These find it too, unless the machine is so slow that the delayed commits come first.
    let others = BTreeSet::from([
        "a_document_is_created_once_by_several_instances",
        "a_new_place_can_be_opened_many_times_at_once",
        "a_place_can_be_opened_again_and_again",
        "no_increment_is_lost_between_instances",
    ]);
    let more: BTreeSet<_> = failed.difference(&named.into()).copied().collect();
    assert!(more.is_subset(&others), "{more:?}");
}

#[test]
fn a_store_that_loses_unknown_outcomes_fails_where_they_must_be_unknown() {
    for forgetful in [Forgetful::Error, Forgetful::Conflict, Forgetful::Committed] {
        let failed = failures(&super::unknown(), &|| forgetful);
        let expected = ["an_outcome_that_is_not_known_is_said_to_be_unknown"];
        assert_eq!(failed, expected.into(), "{forgetful:?}");
    }
}

#[test]
fn a_level_that_is_not_true_or_not_tested_is_found() {
    use crate::store::Durability;

    let finds = |level, configured, sections: &[&str]| {
        let make = || Boastful { level, configured };
        catch_unwind(AssertUnwindSafe(|| run_declared(&make, sections))).is_err()
    };
    let (volatile, durable) = (Durability::Volatile, Durability::PowerLoss);
    assert!(finds(durable, volatile, &[]));
    assert!(finds(volatile, durable, &["restarts", "kills"]));
    assert!(finds(durable, durable, &[]));
    assert!(finds(durable, durable, &["restarts"]));
    assert!(finds(volatile, volatile, &["restarts"]));
    assert!(!finds(volatile, volatile, &["full"]));
    assert!(!finds(durable, durable, &["restarts", "kills"]));
}

#[test]
#[should_panic(expected = "in the last of these steps:\n  Commit([(")]
fn a_failure_is_told_with_the_smallest_steps() {
    let cases = super::all();
    let random = |case: &&Case<_>| case.name() == "random_operations_equal_a_model";
    let case = cases.iter().find(random).unwrap();
    case.run(&|| NoTombstones);
}

#[tokio::test]
async fn the_same_seed_meets_the_same_faults() {
    let mut runs = Vec::new();
    for seed in [3, 3, 4] {
        let store = Faulty::new(MemoryStore::new(), Faults::harsh(seed));
        let mut answers = Vec::new();
        for i in 0..300 {
            let create = write(&key(&format!("{i}")), Expect::Absent, put(""));
            answers.push(match commit_at(&store, NOW, vec![create]).await {
                Ok(CommitOutcome::Committed(_)) => "committed",
                Ok(CommitOutcome::Unknown) => "unknown",
                Err(StoreError::Unavailable(_)) => "cut",
                other => panic!("{other:?}"),
            });
        }
        runs.push(answers);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    for answer in ["committed", "unknown", "cut"] {
        assert!(runs[0].contains(&answer), "nothing was {answer}");
    }
}

#[tokio::test]
async fn of_the_unknown_commits_some_are_done_and_some_are_not() {
    let store = Faulty::new(MemoryStore::new(), Faults::gentle(5));
    store.lose_answers(true);
    let keys: Vec<_> = (0..100).map(|i| key(&format!("{i}"))).collect();
    for key in &keys {
        let create = vec![write(key, Expect::Absent, put(""))];
        let outcome = commit_at(&store, NOW, create).await.must();
        assert_eq!(outcome, CommitOutcome::Unknown);
    }
    let there = store.inner().revisions(&keys, NOW).await.must();
    let done = there.iter().flatten().count();
    assert!((20..80).contains(&done), "{done} are done");
}

#[tokio::test]
async fn a_notice_that_is_lost_is_covered() {
    let faults = Faults {
        lose_notice: 128,
        ..Faults::gentle(6)
    };
    let store = Faulty::new(MemoryStore::new(), faults);
    let mut subscription = store.subscribe();
    let mut lost = 0;
    for i in 0..100 {
        let key = key(&format!("{i}"));
        let version = create(&store, &key, put("")).await;
        match next(&mut subscription).await.unwrap() {
            Notice::Lagged => lost += 1,
            heard => assert_eq!(heard, Notice::Committed { key, version }),
        }
    }
    assert!((20..80).contains(&lost), "{lost} are lost");
}
