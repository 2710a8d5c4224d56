//! The remote port: everything that talks to an AgentRuntime API, hosted or local.
//!
//! [`Client`] makes single calls: reads, and commands, which are sent exactly once; what became of
//! one whose answer was lost, [`Client::settle`] finds out by reading. [`watch()`]
//! keeps a mirror fed: it polls the feed, holds a socket per wanted workflow, fetches the run that
//! is looked at, and reports all of it as [`WatchEvent`](crate::mirror::WatchEvent)s.
//!
//! What to do when is decided by pure parts (`plan` over `stream`, `focus`, `feed`, `backoff`):
//! inputs are data, the time and the randomness are parameters, and the answer is a list of
//! orders. `watch` is the shell that carries the orders out.
//!
//! # Faults
//!
//! What goes wrong, what holds, and the tests that say so; `tests/layers.rs` sees to it that they exist.
//!
//! | Fault | What holds | Tests |
//! |--|--|--|
//! | The connection drops | What is shown stays and ages; the stream is opened again after 0.1 to 2 s, everything is read again | `a_stream_that_drops_is_opened_again_and_everything_is_read_again`, `after_a_short_outage_the_streams_stand_within_two_seconds` |
//! | A half-open socket | Pings every 15 s; dead after 30 s of silence | `a_half_open_socket_is_dead_after_the_silence`, `a_half_open_socket_is_given_up_within_the_silence_allowed` |
//! | A slow application or network | 4,096 events wait, then they are dropped and the lists read again; the socket is read all the time | `an_application_that_reads_nothing_keeps_its_sockets_and_gets_fresh_lists`, `an_application_that_was_deaf_gets_fresh_lists_for_what_was_dropped` |
//! | Frames and answers out of order | An older answer never replaces a newer one; a log is in the server's order | `answers_that_overtake_each_other_leave_the_newest`, `a_log_is_the_same_in_whatever_order_its_events_come` |
//! | An event twice | Known by its id | `an_event_told_again_changes_nothing` |
//! | An event is missing | Seen at once by its place or the next heartbeat; without places made up for within 30 s | `a_gap_is_made_up_for_as_soon_as_the_next_place_shows_it`, `a_lost_last_event_is_made_up_for_with_the_next_heartbeat`, `without_sequences_a_lost_event_is_made_up_for_within_a_period` |
//! | The server was restored | Another epoch replaces what was known | `another_epoch_replaces_what_was_known`, `another_epoch_is_believed_at_once` |
//! | A list races its stream | Subscribe, buffer, list, replay | `the_focus_is_subscribed_to_first_and_events_wait_for_its_detail`, `no_schedule_of_faults_leaves_the_mirror_wrong` |
//! | A huge frame, or fragments of one | 1 MiB a frame, 4 MiB a message; the third within 10 min leaves the stream alone | `a_frame_beyond_the_limit_is_told`, `fragments_that_grow_beyond_the_limit_end_the_stream_and_the_third_time_for_good` |
//! | A compressed bomb, an endless body | Compression is not spoken; 16 MiB at most | `compressed_answers_are_neither_asked_for_nor_unpacked`, `an_endless_body_is_cut_off` |
//! | Binary frames | Passed over and counted beside the streams; warned of once a socket in the log | `frames_are_told_apart_and_binary_ones_passed_over`, `binary_frames_are_counted_across_reconnects_and_never_relist`, `frames_of_unknown_types_and_wrong_ones_are_passed_over`, `frames_that_mean_nothing_are_counted_beside_the_streams`, `a_stream_of_binary_frames_is_told_of_by_the_doctor` |
//! | Any close code | Named; opened again unless it is a refusal | `every_close_code_is_told_and_only_refusals_are_left_alone` |
//! | No JSON, no UTF-8 | Passed over; at most one relist in 30 s | `poison_frames_relist_at_most_every_half_minute`, `text_that_is_no_text_ends_the_socket_and_never_loops`, `json_that_is_none_is_said_to_be_so` |
//! | Unknown types, fields and states | Kept and shown as they are; a run in an unknown state takes no command from a key | `a_run_in_an_unknown_state_takes_no_command_from_a_key`, `an_event_of_an_unknown_type_is_shown_as_it_is`, `strange_json_is_kept_and_no_json_is_an_error` |
//! | Wrong types, nulls, fields missing | The row counts as unreadable, the others stay | `rows_of_other_shapes_are_counted_and_the_others_stay` |
//! | 401 in mid-session | The token is read again where it came from, once, and what was asked is tried with another; else said, with what to do, and asked about again after 60 s or when the person wants it | `a_token_that_is_rotated_in_mid_session_is_read_again_once_for_requests_and_streams`, `a_stream_that_ends_because_its_token_did_is_opened_with_another`, `a_token_that_is_still_the_same_or_refused_too_is_said_so_and_read_no_more`, `an_order_that_was_refused_for_its_token_is_not_sent_again_but_the_next_one_goes`, `a_quiet_source_is_read_once_a_minute_while_its_token_is_refused`, `a_command_runs_once_for_a_token_that_was_taken_and_again_when_wished`, `after_a_401_in_mid_session_nobody_is_asked_in_a_loop`, `a_revoked_token_is_said_so_and_asked_with_again_when_the_person_wants_it` |
//! | 403 | Said, with the three causes; the rest goes on, and a refused command is not offered again until asked for anew | `what_the_server_forbids_is_not_offered_again_until_it_is_asked_anew`, `a_refused_stream_is_said_so_and_the_run_is_read_all_the_same`, `a_detail_needs_the_run_and_its_log_alone`, `a_token_opens_what_its_scopes_and_role_cover_and_the_refusal_says_which_is_missing` |
//! | 404 | Said; runs and inbox are read again | `a_run_that_is_gone_is_said_so_and_the_inbox_is_read_again` |
//! | 409 | Said, with who decided where the log tells; not sent again | `an_order_that_is_refused_is_told_and_not_sent_again`, `a_task_that_somebody_else_decided_says_who_what_and_when` |
//! | 422 | Said, with the details; not sent again, and what was written comes back | `what_was_written_comes_back_where_the_server_finds_that_it_does_not_fit`, `an_order_that_is_refused_is_told_and_not_sent_again` |
//! | 429 | Seconds, date or body, 5 min at most; nothing is polled meanwhile, decisions go | `a_throttling_server_is_understood_in_seconds_by_date_and_in_the_body`, `while_the_server_throttles_nothing_is_polled_and_decisions_go_all_the_same` |
//! | 5xx | Single reads are asked five times; orders never again | `a_burst_of_server_errors_is_outlasted_by_reads`, `an_order_that_fails_is_not_sent_again` |
//! | HTML, a captive portal | Not the API; 64 KiB are read at most | `a_page_of_html_is_not_the_api`, `an_endless_page_of_a_captive_portal_is_left_after_its_beginning` |
//! | Redirects | None is followed, by requests or streams | `no_redirect_is_followed_whichever_it_is`, `a_stream_follows_no_redirect` |
//! | No such name | The host is named; asked for again | `a_host_that_no_name_server_knows_is_named_and_asked_for_again` |
//! | A certificate that is not trusted | Refused, with its name, issuer or dates; nothing switches that off | `a_certificate_that_is_not_trusted_is_refused_and_named` |
//! | Proxies, authorities of one's own | One way and one trust for requests and streams | `requests_and_streams_go_through_the_same_proxy`, `a_proxy_may_itself_be_spoken_to_over_tls_and_the_tunnel_has_its_own`, `a_server_that_the_authority_did_not_sign_is_refused_within_the_tunnel`, `a_proxy_that_wants_a_sign_in_is_said_so`, `no_proxy_stands_before_this_machine`, `an_authority_from_a_file_is_trusted_by_requests_and_streams` |
//! | Clocks apart | Said beyond 60 s | `a_server_whose_clock_is_off_is_told_of`, `skew_is_counted_against_the_servers_date` |
//! | The machine slept | Listed again within 3 s | `a_machine_that_slept_lists_again_within_three_seconds`, `a_wall_clock_that_leaps_past_the_monotonic_one_is_a_sleep` |
//! | The answer to a start is lost | It carries its own id; what became of it is read | `an_order_that_is_cut_off_anywhere_takes_effect_once_at_most_and_is_settled` |
//! | The answer to another order is lost | What became of it is read, and nothing is sent again | `a_lost_reply_is_settled_by_what_the_server_shows_and_sent_once`, `an_order_that_is_cut_off_anywhere_takes_effect_once_at_most_and_is_settled` |
//! | Decided twice | Success is what the server says | `of_two_decisions_at_once_one_stands_and_both_clients_know_which`, `a_task_that_somebody_else_decided_says_who_what_and_when` |
//! | A payload that changed since it was shown | Not sent | `a_payload_that_changed_since_it_was_shown_is_not_approved` |

mod account;
mod again;
mod answer;
mod backoff;
mod bearer;
mod command;
mod endpoint;
mod feed;
mod find;
mod focus;
mod follow;
mod http;
mod investigate;
mod mcp;
mod network;
mod outbox;
mod paging;
mod plan;
mod reach;
mod reads;
mod route;
mod settle;
mod socket;
mod stream;
mod trust;
mod watch;

pub use bearer::TokenReader;
pub use endpoint::Endpoint;
pub use find::FindError;
pub use follow::Follow;
pub use http::Client;
pub use mcp::Registered;
pub use network::{Network, Proxy};
pub use paging::{Listed, RunsPage};
pub use reach::{Answered, Reach, StreamReach};
pub use watch::{Interest, Watch, watch};
