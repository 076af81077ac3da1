//! The lists of cases, and the macro that turns them into tests.

/// Makes one `#[test]` for each case of the suite.
///
/// The first argument is an expression that makes a new [`Harness`](super::Harness) with an empty
/// place. Each test evaluates it. After a semicolon, list the sections that the store has to pass
/// in addition to the cases for all stores:
///
/// | section | the store | needs |
/// |---|---|---|
/// | `restarts` | keeps its documents when it is dropped or closed | [`Harness`](super::Harness) |
/// | `kills` | keeps acknowledged commits when its process is killed | [`Elsewhere`](super::Elsewhere) |
/// | `instances` | shares its documents with other instances in the process | [`Harness`](super::Harness) |
/// | `processes` | shares its documents with other processes | [`Elsewhere`](super::Elsewhere) |
/// | `full` | has a limit that it can reach | [`Small`](super::Small) |
/// | `formats` | refuses a format that a newer version wrote | [`Formats`](super::Formats) |
/// | `unknown` | answers `Unknown` if it cannot tell the outcome of a commit | [`LosesAnswers`](super::LosesAnswers) |
///
/// The suite skips no case at run time. If a store declares more than
/// [`Volatile`](crate::store::Durability::Volatile), a test fails unless you list `restarts` and
/// `kills`.
///
/// The tests depend only on `via`. Put the call into a module of its own, because each case defines
/// a function there.
///
/// # Example
///
/// ```
/// # use via::store::{MemoryStore, conformance::{self, Behind, Faults, Harness}};
/// # struct Memory;
/// # impl Harness for Memory {
/// #     type Store = MemoryStore;
/// #     async fn open(&self) -> MemoryStore { MemoryStore::new() }
/// # }
/// mod plain {
/// #   use super::*;
///     via::store::conformance::tests! { Memory }
/// }
///
/// mod behind_faults {
/// #   use super::*;
///     via::store::conformance::tests! { Behind::new(Memory, Faults::gentle(1)); unknown }
/// }
/// # assert_eq!(via::store::conformance::all::<Memory>()[0].name(), "a_document_is_created_once");
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __store_conformance_tests {
    ($harness:expr $(; $($section:ident),* $(,)?)?) => {
        $crate::__store_conformance_section! { all { test { $harness } } }
        $($($crate::__store_conformance_section! { $section { test { $harness } } })*)?

        #[::core::prelude::v1::test]
        fn the_declared_level_is_true_and_tested() {
            let sections = &[$($(::core::stringify!($section)),*)?];
            $crate::store::conformance::__private::run_declared(&|| $harness, sections);
        }
    };
}

/// The cases of each section. `plain` cases run in one place, `fresh` cases in many places, and
/// `children` cases in several processes.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_conformance_section {
    (all $then:tt) => {
        $crate::__store_conformance_each! { $then plain [
            commit {
                a_document_is_created_once
                a_commit_to_an_absent_document_is_gone
                a_stale_version_is_a_conflict_with_the_current_document
                the_revision_rises_by_one
                a_commit_that_is_sent_again_is_not_done_again
                what_was_acknowledged_is_seen_by_the_next_load
                no_increment_is_lost
                of_racing_rotations_one_wins
            }
            several {
                several_documents_commit_together_or_not_at_all
                gone_wins_over_conflict
                keep_checks_and_changes_nothing
            }
            content {
                bytes_come_back_as_they_went_in
                keys_do_not_collide
                a_thousand_documents_do_not_disturb_each_other
                versions_of_many_keys_come_in_one_call
                a_document_may_not_be_too_large
            }
            expiry {
                a_document_ends_at_its_deadlines
                an_expired_document_can_be_created_again
                touch_extends_within_the_absolute_deadline
                touch_disturbs_no_commit
            }
            sweep {
                sweep_removes_only_what_has_ended
                sweep_follows_moved_deadlines
                sweep_runs_beside_commits
            }
            deletion {
                a_deleted_document_stays_deleted_until_its_tombstone_ends
                a_commit_can_delete
                a_commit_prepared_before_a_deletion_is_gone
                deletion_beats_a_racing_commit
            }
            owners {
                documents_are_found_by_owner
                one_document_of_an_owner_ends_alone
                all_other_documents_of_an_owner_end_in_one_commit
            }
            notices {
                every_commit_is_announced_in_order_or_covered
                what_is_not_committed_is_not_announced
                what_is_announced_can_be_loaded
                subscribe_then_load_misses_nothing
                a_slow_subscriber_is_bounded_and_told
            }
            closing {
                a_dropped_commit_is_whole_or_absent
                a_closed_store_says_so
                nothing_hangs_when_a_store_is_closed
            }
        ] }
        $crate::__store_conformance_each! { $then fresh [
            random {
                random_operations_equal_a_model
                random_operations_equal_a_model_on_a_bad_line
                no_increment_is_lost_or_doubled_on_a_bad_line
            }
        ] }
    };
    (instances $then:tt) => {
        $crate::__store_conformance_each! { $then plain [
            instances {
                no_increment_is_lost_between_instances
                a_document_is_created_once_by_several_instances
                an_instance_sees_what_another_committed
                an_instance_cannot_commit_what_another_deleted
                a_commit_of_another_instance_is_announced_or_covered
                what_another_instance_did_not_commit_is_not_announced
                subscribe_then_load_misses_nothing_between_instances
                closing_one_instance_leaves_the_other
                a_new_place_can_be_opened_many_times_at_once
            }
        ] }
    };
    (restarts $then:tt) => {
        $crate::__store_conformance_each! { $then plain [
            restarts {
                what_was_acknowledged_is_there_after_a_drop
                what_was_acknowledged_is_there_after_a_close
                a_place_can_be_opened_again_and_again
            }
        ] }
    };
    (full $then:tt) => {
        $crate::__store_conformance_each! { $then plain [
            full {
                a_full_store_says_so_and_can_still_be_read
                a_full_store_takes_more_once_something_is_gone
            }
        ] }
    };
    (formats $then:tt) => {
        $crate::__store_conformance_each! { $then plain [
            formats { a_newer_format_is_refused_by_name_and_left_alone }
        ] }
    };
    (unknown $then:tt) => {
        $crate::__store_conformance_each! { $then plain [
            unknown { an_outcome_that_is_not_known_is_said_to_be_unknown }
        ] }
    };
    (kills $then:tt) => {
        $crate::__store_conformance_each! { $then children [
            kills { what_was_acknowledged_survives_a_killed_process }
        ] }
    };
    (processes $then:tt) => {
        $crate::__store_conformance_each! { $then children [
            processes {
                no_increment_is_lost_between_processes
                a_process_sees_what_another_committed
                a_commit_of_another_process_is_announced_or_covered
            }
        ] }
    };
}

/// Turns each case into a test, or into an element of a list.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_conformance_each {
    ({ test { $harness:expr } } plain [$($module:ident { $($case:ident)* })*]) => {
        $($(
            #[::core::prelude::v1::test]
            fn $case() {
                $crate::store::conformance::__private::run(
                    ::core::stringify!($case),
                    &|| $harness,
                    $crate::store::conformance::__private::cases::$module::$case,
                );
            }
        )*)*
    };
    ({ test { $harness:expr } } fresh [$($module:ident { $($case:ident)* })*]) => {
        $($(
            #[::core::prelude::v1::test]
            fn $case() {
                $crate::store::conformance::__private::run_afresh(
                    ::core::stringify!($case),
                    &|| $harness,
                    $crate::store::conformance::__private::cases::$module::$case,
                );
            }
        )*)*
    };
    ({ test { $harness:expr } } children [$($module:ident { $($case:ident)* })*]) => {
        $($(
            #[::core::prelude::v1::test]
            fn $case() {
                $crate::store::conformance::__private::run_with_children(
                    ::core::concat!(::core::module_path!(), "::", ::core::stringify!($case)),
                    &|| $harness,
                    $crate::store::conformance::__private::cases::$module::$case,
                );
            }
        )*)*
    };
    ({ list $list:ident } plain [$($module:ident { $($case:ident)* })*]) => {
        $list.extend([$($(
            $crate::store::conformance::Case::new(::core::stringify!($case), |make| {
                ::std::boxed::Box::pin(async move {
                    let harness = make();
                    $crate::store::conformance::__private::cases::$module::$case(&harness).await;
                })
            }),
        )*)*]);
    };
    ({ list $list:ident } fresh [$($module:ident { $($case:ident)* })*]) => {
        $list.extend([$($(
            $crate::store::conformance::Case::new(::core::stringify!($case), |make| {
                ::std::boxed::Box::pin($crate::store::conformance::__private::cases::$module::$case(make))
            }),
        )*)*]);
    };
}
