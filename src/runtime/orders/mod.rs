//! Commands on the record: a ticket in the journal before each is sent, and what became of it after.
//!
//! Screen and command line send through here, so that both leave the same trace; so does what changes
//! the server otherwise, like a publication. A command that cannot be recorded is not sent: what an
//! operator did must not depend on memory alone. Who must act on a machine whose disk is full says so
//! with `--no-journal`.
//!
//! # What can go wrong, and the test that holds it
//!
//! | Fault | What happens | Test |
//! |---|---|---|
//! | the answer to a start is lost | the run is asked for by the id that the start carried | `client::settle::a_lost_reply_is_settled_by_what_the_server_shows_and_sent_once` |
//! | the answer to a decision or a control is lost | task, log and status are read; UNKNOWN until they tell | `what_the_server_does_not_show_stays_unknown`; `a_lost_answer_is_unknown_until_settled_and_nothing_is_sent_again` |
//! | the program is killed before the answer | the next start reads the journal and asks | `what_an_ended_session_left_open_is_settled_by_the_next_one_without_a_post`; `guardrails::what_an_ended_program_never_heard_of_is_settled_by_the_next` |
//! | two operators decide | only the server's word counts; the loser reads who, what and when | `a_task_that_somebody_else_decided_says_who_what_and_when` |
//! | the payload changed after it was shown | the decision stops before it is sent | `a_payload_that_changed_since_it_was_shown_is_not_approved` |
//! | a later task took the id | the same | `client::calls::a_decision_on_what_was_not_shown_is_never_sent` |
//! | pasted, repeated or early keys | they confirm nothing for 500 ms, and pastes never do | `keys_that_were_typed_before_the_dialog_and_pasted_text_confirm_nothing`; `a_profiles_name_must_be_typed_and_not_pasted` |
//! | the end of a payload is hidden | approve stays locked until it was seen | `a_long_payload_must_be_seen_to_its_end_before_it_is_approved` |
//! | a field stands twice, a number has too many digits | the server's own text is shown below a warning, and must be seen; elsewhere `~` stands before such a number | `a_payload_with_a_field_twice_is_shown_as_it_came_below_what_is_odd`, `rounded_numbers_and_repeated_fields_are_named_with_their_place`, `a_tasks_own_text_is_shown_where_a_value_would_hide_something`, `numbers_that_may_have_lost_digits_are_marked_wherever_they_stand` |
//! | prose in a payload pretends to be the program's | it stands behind its gutter, without controls | `hostile_text_stays_behind_its_gutter`, `no_hostile_text_reaches_a_cell_of_any_screen_or_moves_another`, `a_terminal_with_widths_of_its_own_shows_hostile_text_in_the_columns_expected` |
//! | letters that run from right to left | they are also shown in code points, as stored | `right_to_left_text_is_also_shown_in_code_points`, `right_to_left_text_of_a_payload_is_shown_in_code_points_in_preview_and_dialog` |
//! | the journal cannot be written | nothing is sent | `what_cannot_be_recorded_is_not_sent_unless_that_was_asked_for` |
//! | the answer to a change, like a publication, is lost | it is told as UNKNOWN and stays so in the journal | `cli::what_changes_the_server_is_on_record_and_a_lost_answer_is_unknown` |
//! | a line of the journal was cut off | it is told of, and the next one is whole | `platform::journal::a_line_that_was_cut_off_does_not_spoil_the_next` |

mod entry;
mod send;

pub use entry::{Change, Entry, Origin, Outcome, Record, Ticket, What, records};
pub(in crate::runtime) use send::with_run_id;
pub use send::{Orders, Recalled, RecordId};
