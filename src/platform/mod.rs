//! The machine that the program runs on: terminal, signals, clipboard, browser, files, journal, log.
//!
//! # What can go wrong, and the test that holds it
//!
//! | Fault | What happens | Test |
//! |---|---|---|
//! | a storm of resizes | at most 30 pictures a second | `a_storm_of_resizes_is_drawn_at_most_thirty_times_a_second` |
//! | no terminal | exit 2, with what to do | `mistakes_are_told_in_one_sentence_with_their_exit_codes` |
//! | a dumb terminal | plain lists | `a_dumb_terminal_gets_plain_lists` |
//! | a locale without UTF-8 | ASCII alone | `a_locale_without_utf8_gets_ascii_alone` |
//! | SIGTSTP, SIGCONT | the terminal is given back, then taken, drawn and asked about again | `stopped_it_gives_the_terminal_back_and_going_on_it_draws_and_asks_again` |
//! | SIGHUP, SIGTERM | exit 129, 143, the terminal whole | `signals_end_it_with_the_terminal_whole` |
//! | the terminal is lost | the program ends at once | `a_lost_terminal_ends_it_within_a_second` |
//! | a panic | the terminal is given back before the report | `a_panic_gives_the_terminal_back_and_is_readable` |
//! | a reader that left | no error | `guardrails::a_reader_that_left_is_no_error` |
//! | a line of 2 kB a second | pictures are dropped, keys act | `on_a_line_of_two_kilobytes_a_second_keys_act_at_once_and_pictures_do_not_pile_up` |
//! | a token file that others can read or put another in place of, a link, a stranger's | it is refused | `shared_files_links_and_bad_contents_are_refused`, `a_file_in_a_folder_that_others_can_change_is_refused` |
//! | a token in a text | it is replaced | `tokens_in_use_leave_every_text_however_they_are_spelled`, `a_token_appears_in_no_log_frame_journal_report_or_process_list` |
//! | a token for another host | it is not sent | `config::profile::a_profiles_token_stays_with_its_origin` |
//! | foreign text in the log | it is escaped, and stays JSON | `a_line_stays_the_same_json_and_does_nothing_to_a_terminal` |

pub mod archive;
pub mod browser;
pub mod clipboard;
pub mod journal;
pub mod logging;
pub mod memory;
mod painter;
pub mod paths;
pub mod process;
pub mod redact;
pub mod secrets;
pub mod signals;
pub mod terminal;
