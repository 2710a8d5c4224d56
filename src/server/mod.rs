//! The embedded local runtime: it executes workflow runs on this machine and answers the
//! platform's HTTP and WebSocket contract on the loopback interface.
//!
//! # What can go wrong, and the test that holds what then happens
//!
//! | Fault | What holds | Test |
//! |---|---|---|
//! | The disk is full | Nothing is acknowledged, results are kept, space heals it; either of SQLite's two errors is told as a full disk | `disk_full`: `what_was_acknowledged_is_there_and_nothing_else_and_space_heals_it`; `engine::faults`: `a_file_that_may_not_grow_is_told_as_a_full_disk` |
//! | A directory cannot be written | It is named, and nothing is half made | `host`: `a_data_directory_that_cannot_be_made_is_named` |
//! | The file was damaged | It is moved aside whole and said so; no byte of it makes the program panic | `engine::storage`: `a_damaged_file_is_kept_aside_and_said_so`; `engine::faults`: `flipped_bits_are_set_aside_or_read_without_harm` |
//! | `kill -9` | No acknowledged event is lost, no completed step repeated | `crash`: `killed_at_any_moment_nothing_acknowledged_is_lost_and_runs_go_on` |
//! | A crash between an effect and its record | A person is asked, unless the tool is repeatable | `engine::crash`: `a_call_in_flight_is_put_before_a_person_unless_its_tool_is_repeatable` |
//! | Two runtimes on one directory | The second one ends and names the first one's process | `crash`: `a_second_process_on_the_same_data_says_who_holds_it` |
//! | A core file, a reading neighbour | The core limit is 0, the process is not dumpable | `platform::memory`: `there_is_no_core_and_nothing_to_dump`; `host`: `a_runtime_leaves_no_core_file` |
//! | A secret that leaks | It is in no file, answer, event or log line, in no spelling | `host`: `a_secret_is_nowhere_to_be_found` |
//! | Other users, other pages | Loopback, exact host, no foreign origin, a token of 256 bits in a 0600 file | `server_http::gate`, `server_http::directory`: `nothing_in_the_directory_is_open_to_others` |
//! | An address that leads inside | It is refused before anything is dialled, and what was judged is dialled | `egress`: `ten_thousand_forbidden_addresses_are_refused_however_they_are_written`, `a_name_is_judged_each_time_and_what_was_judged_is_dialled` |
//! | A script that escapes or hangs | Nothing is reached; it is killed at its deadline | `lua_sandbox` |
//! | A peer that stalls or floods | Deadlines, 8 MiB, calling off within two seconds | `mcp_tools`: `an_endless_answer_is_cut_off`, `a_silent_server_is_given_up_by_all_callers_at_once`; `llm_calls`: `a_flood_is_cut_off` |

pub mod access;
pub mod connections;
pub mod db;
pub mod egress;
pub mod engine;
pub mod exec;
pub mod http;
pub mod registry;
pub mod samples;
pub mod serve;
pub mod tools;
pub mod triggers;
pub mod validation;
pub mod vault;

mod files;
