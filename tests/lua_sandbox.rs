//! Scripts in real worker processes: what they may do, and that nothing hostile gets out.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests stop where they fail")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use arcc::server::exec::lua::{Pool, ScriptFailure};
use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// How long after its deadline a hostile script may still live.
const GRACE: Duration = Duration::from_millis(250);

fn pool() -> Pool {
    Pool::new(PathBuf::from(env!("CARGO_BIN_EXE_arcc")))
}

async fn run_for(pool: &Pool, script: &str, limit: Duration) -> Result<Value, String> {
    let globals = json!({
        "input": {"order": {"id": "SO-1042", "lines": [{"sku": "A", "qty": 2}, {"sku": "B", "qty": 3}]}, "none": []},
        "steps": {"load-order": {"result": {"total": 12.5}}, "plain": {"result": {"ok": true}}},
        "run": {"run_id": "run-1"},
        "connection": {},
    });
    let ended = pool.run(script, globals, limit, &CancellationToken::new()).await;
    ended.map_err(|failure| failure.to_string())
}

async fn run(script: &str) -> Result<Value, String> {
    run_for(&pool(), script, Duration::from_secs(5)).await
}

#[rstest]
#[case("return {a = 1, b = 2.5, c = 'x', d = true}", json!({"a": 1, "b": 2.5, "c": "x", "d": true}))]
#[case("return {'x', 'y'}", json!({"1": "x", "2": "y"}))]
#[case("return {}", json!({}))]
#[case("return {list = {1, 2}, none = {}, kept = input.none}", json!({"kept": [], "list": [1, 2], "none": {}}))]
#[case("return {total = steps['load-order'].result.total, same = steps.load_order.result.total}", json!({"same": 12.5, "total": 12.5}))]
#[case("local n = 0 for _, l in ipairs(input.order.lines) do n = n + l.qty end return {n = n, id = input.order.id, run = run.run_id}", json!({"id": "SO-1042", "n": 5, "run": "run-1"}))]
#[case("return json.decode('{\"a\": [1, {\"b\": null}], \"e\": []}')", json!({"a": [1, {}], "e": []}))]
#[case("return {text = json.encode({list = {1, 2}, null = json.null})}", json!({"text": "{\"list\":[1,2],\"null\":null}"}))]
#[case("return {year = os.date('!%Y', 0), is = type(os.time()) == 'number', up = ('x'):upper()}", json!({"is": true, "up": "X", "year": "1970"}))]
#[case("print('not', 'on', 'the', 'protocol') return {ok = pcall(error, 'x')}", json!({"ok": false}))]
#[case("local ok, err = xpcall(function() error('deep') end, function(e) return 'caught ' .. e end) return {err = err}", json!({"err": "caught script:1: deep"}))]
#[tokio::test]
async fn a_script_returns_a_table(#[case] script: &str, #[case] want: Value) {
    assert_eq!(run(script).await, Ok(want));
}

#[rstest]
#[case("return 7", "the script failed: the script returned integer; it must return a table")]
#[case("local x = 1", "the script failed: the script returned nil; it must return a table")]
#[case(
    "local a = {}\nlocal b = a.b.c\nreturn {}",
    "the script failed: line 2: attempt to index a nil value (field 'b')"
)]
#[case("return {\n  a = = 1\n}", "the script failed: line 2: unexpected symbol near '='")]
#[case("local x = 1\nerror('no such customer')", "the script failed: line 2: no such customer")]
#[case("return {f = {g = print}}", "the script failed: `result.f.g` is a function, which JSON cannot hold")]
#[case("return {x = 0/0}", "the script failed: `result.x` is nan, which JSON cannot hold")]
#[case("return {x = '\\xff'}", "the script failed: `result.x` holds text that is not UTF-8")]
#[case("return {[{}] = 1}", "the script failed: `result` has a key that is a table; use text or numbers")]
#[case(
    "\njson.decode('{')",
    "the script failed: line 2: json.decode: EOF while parsing an object at line 1 column 1"
)]
#[case("error({code = 7})", "the script failed: the script raised a table, not text")]
#[case("error()", "the script failed: nil")]
#[tokio::test]
async fn a_bad_script_is_told_what_is_wrong_and_where(#[case] script: &str, #[case] want: &str) {
    let got = run(script).await.unwrap_err();
    // Lua says -nan or nan, by platform.
    assert_eq!(got.replace("-nan", "nan").replace("NaN", "nan"), want);
}

/// Each probe returns what it got hold of; it must be nothing.
#[rstest]
#[case::execute("os.execute")]
#[case::exit("os.exit")]
#[case::getenv("os.getenv")]
#[case::remove("os.remove")]
#[case::tmpname("os.tmpname")]
#[case::setlocale("os.setlocale")]
#[case::io("io")]
#[case::require("require")]
#[case::package("package")]
#[case::debug("debug")]
#[case::dofile("dofile")]
#[case::loadfile("loadfile")]
#[case::collectgarbage("collectgarbage")]
#[case::warn("warn")]
#[case::dump("string.dump")]
#[case::dump_by_method("('').dump")]
#[case::dump_by_metatable("getmetatable('').__index.dump")]
#[case::bytecode("load('\\27Lua' .. ('\\0'):rep(40), 'x', 'b')")]
#[case::bytecode_by_function(
    "load((function() local s = '\\27LuaR' return function() local t = s s = nil return t end end)())"
)]
#[case::loaded_environment("load('return io or os.execute or require or debug')()")]
#[case::global_table("_G.io")]
#[case::global_metatable("getmetatable(_G)")]
#[case::environment_of_a_function("debug and debug.getupvalue")]
#[case::registry("rawget(_G, 'registry') or _G._LOADED or _G._PRELOAD")]
#[case::loaded_modules("load('return package and package.loaded')()")]
#[case::bytecode_with_text_prefix("load('#!x\\n\\27Lua' .. ('\\0'):rep(40))")]
#[case::bytecode_in_coroutine("coroutine.wrap(function() return (load('\\27Lua', 'x', 'bt', {})) end)()")]
#[case::metatable_of_a_number("getmetatable(1)")]
#[case::metatable_of_a_function("getmetatable(print)")]
#[case::metatable_of_a_thread("getmetatable(coroutine.create(print))")]
#[case::closed_upvalue("select(2, pcall(load, function() return io end)) and nil")]
#[case::files_by_environment("load('return open', 'x', 't', setmetatable({}, {__index = _G}))()")]
#[tokio::test]
async fn nothing_reaches_outside(#[case] probe: &str) {
    let script = format!("local got = {probe}\nreturn {{got = type(got)}}");
    assert_eq!(run(&script).await, Ok(json!({"got": "nil"})));
}

#[tokio::test]
async fn changed_strings_and_metatables_stay_in_their_own_script() {
    let pool = pool();
    let spoil = "getmetatable('').__index = function() return function() return 'spoilt' end end \
                 string.upper = nil json.encode = nil leaked = 1 \
                 return setmetatable({a = ('x'):anything()}, {__pairs = error, __index = error, __len = error})";
    let limit = Duration::from_secs(5);
    assert_eq!(run_for(&pool, spoil, limit).await, Ok(json!({"a": "spoilt"})));
    let next = "return {up = ('x'):upper(), json = json.encode({1}), leaked = leaked == nil}";
    assert_eq!(run_for(&pool, next, limit).await, Ok(json!({"json": "[1]", "leaked": true, "up": "X"})));
}

#[rstest]
#[case::string("local s = 'x' while true do s = s .. s end")]
#[case::table("local t = {} for i = 1, 1e9 do t[i] = {i} end return t")]
#[case::rep("return {x = ('x'):rep(1 << 40)}")]
#[case::coroutines("local t = {} while true do t[#t + 1] = coroutine.create(function() end) end")]
#[case::rep_with_separator("return {x = ('x'):rep(1 << 20, ('y'):rep(1 << 20))}")]
#[case::concatenation(
    "local t = {} for i = 1, 70 do t[i] = ('x'):rep(1 << 20) end return {x = table.concat(t)}"
)]
#[case::substitution("return {x = ('x'):rep(1 << 20):gsub('x', ('y'):rep(1 << 20))}")]
#[case::closures("local t = {} while true do local n = #t t[n + 1] = function() return n end end")]
#[case::source_reader("return {f = assert(load(function() return ('x = 1 '):rep(1 << 16) end))}")]
#[tokio::test]
async fn memory_is_limited(#[case] script: &str) {
    let message = run_for(&pool(), script, Duration::from_secs(20)).await.unwrap_err();
    let refused = message.contains("memory") || message.contains("resulting string too large");
    assert!(refused, "{message}");
}

#[rstest]
#[case::text("return {x = ('x'):rep(2 * 1024 * 1024)}", "larger than 1 MiB")]
#[case::escaped("return {x = ('\\1'):rep(300 * 1024)}", "larger than 1 MiB")]
#[case::doubling("local t = {1} for i = 1, 60 do t = {t, t} end return {t = t}", "larger than 1 MiB")]
#[case::circle("local t = {} t.t = t return t", "does a table hold itself?")]
#[case::encoded("local t = {} t.t = t return {json.encode(t)}", "does a table hold itself?")]
#[case::deep_json("return json.decode(('['):rep(100000))", "recursion limit")]
#[case::recursion("local function f() return 1 + f() end return {f()}", "more than 64 MiB")]
#[case::c_recursion(
    "local t = setmetatable({}, {}) getmetatable(t).__index = function(x, k) return x[k] end return {t.x}",
    "overflow"
)]
#[case::pattern_recursion("return {x = ('x'):rep(300000):find(('x?'):rep(300000))}", "too complex")]
#[case::source("return {} --", "")]
#[tokio::test]
async fn size_and_depth_are_limited(#[case] script: &str, #[case] want: &str) {
    let script = if want.is_empty() { script.to_owned() + &"-".repeat(65 * 1024) } else { script.to_owned() };
    let want = if want.is_empty() { "at most 64 KiB" } else { want };
    let message = run(&script).await.unwrap_err();
    assert!(message.contains(want), "{message}");
}

#[rstest]
#[case::plain("while true do end")]
#[case::protected("while true do pcall(function() while true do end end) end")]
#[case::protected_errors("while true do pcall(error) end")]
#[case::pattern("return {x = ('a'):rep(30):find(('a?'):rep(30) .. ('a'):rep(30) .. ('.-'):rep(30) .. 'b')}")]
#[case::coroutine(
    "local f f = coroutine.wrap(function() while true do coroutine.yield() end end) while true do f() end"
)]
#[case::finalizer("setmetatable({}, {__gc = function() while true do end end}) return {}")]
#[case::closing("local x <close> = setmetatable({}, {__close = function() while true do end end}) return {}")]
#[case::memory_in_protection(
    "while true do pcall(function() local t = {} for i = 1, 1e9 do t[i] = i end end) end"
)]
#[case::handler_of_handler("while true do xpcall(error, function() while true do end end) end")]
#[case::substitution("return {x = ('a'):rep(5000):gsub(('a*'):rep(40) .. 'b', '')}")]
#[case::metamethods(
    "local t = setmetatable({}, {}) getmetatable(t).__lt = function(a, b) while true do end end return {t < t}"
)]
#[case::text_of_an_error("error(setmetatable({}, {__tostring = function() while true do end end}))")]
#[case::sorting(
    "local t = {} for i = 1, 4e5 do t[i] = i end table.sort(t, function() while true do end end) return t"
)]
#[case::resumed(
    "local c c = coroutine.create(function() while true do coroutine.yield() end end) while coroutine.resume(c) do end"
)]
#[case::moved("return {n = #table.move({1}, 1, 1 << 40, 2)}")]
#[case::goto_in_place("::again:: goto again")]
#[case::loader("load(function() while true do end end)")]
#[tokio::test]
async fn what_does_not_end_is_killed_at_its_deadline(#[case] script: &str) {
    let limit = Duration::from_millis(500);
    let pool = pool();
    run_for(&pool, "return {}", Duration::from_secs(5)).await.unwrap();
    let began = Instant::now();
    let message = run_for(&pool, script, limit).await.unwrap_err();
    let took = began.elapsed();
    assert_eq!(message, "the script was ended after 0.5s; raise timeout_s (30s at most) or make it do less");
    assert!(took < limit + GRACE, "it took {took:?}");
    assert_eq!(
        run_for(&pool, "return {again = true}", Duration::from_secs(5)).await,
        Ok(json!({"again": true}))
    );
}

#[tokio::test]
async fn a_script_that_is_called_off_dies_at_once() {
    let pool = pool();
    let cancel = CancellationToken::new();
    let running = pool.run("while true do end", json!({}), Duration::from_secs(30), &cancel);
    let began = Instant::now();
    let (ended, ()) = tokio::join!(running, async { cancel.cancel() });
    assert!(matches!(ended, Err(ScriptFailure::CalledOff)), "{ended:?}");
    assert!(began.elapsed() < GRACE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn more_scripts_than_workers_take_turns() {
    let pool = pool();
    let scripts: Vec<String> = (0..20).map(|n| format!("return {{n = {n}}}")).collect();
    let runs = scripts.iter().map(|script| run_for(&pool, script, Duration::from_secs(5)));
    let want: Vec<_> = (0..20).map(|n| Ok(json!({"n": n}))).collect();
    assert_eq!(futures_util::future::join_all(runs).await, want);
}

#[tokio::test]
async fn a_program_that_is_no_worker_is_named() {
    let limit = Duration::from_secs(5);
    let missing = run_for(&Pool::new("/nonexistent/arcc".into()), "return {}", limit).await.unwrap_err();
    assert!(missing.starts_with("the Lua worker `/nonexistent/arcc` cannot be started: "), "{missing}");
    let dies = run_for(&Pool::new("/bin/true".into()), "return {}", limit).await.unwrap_err();
    assert!(dies.starts_with("the Lua worker died while it ran the script"), "{dies}");
}

/// The limits and the environment of the child, as the operating system sees them.
#[cfg(target_os = "linux")]
#[test]
fn a_worker_has_no_environment_and_no_room_to_act() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    let mut child = Command::new(env!("CARGO_BIN_EXE_arcc"))
        .arg("lua-worker")
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let request = json!({"script": "return {}", "globals": {}, "seconds": 6}).to_string() + "\n";
    child.stdin.as_mut().unwrap().write_all(request.as_bytes()).unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map(|line| line.unwrap());
    let confinement: Value = serde_json::from_str(&lines.next().unwrap()).unwrap();
    assert_eq!(lines.next().unwrap(), "{\"returned\":{}}");
    let proc = format!("/proc/{}", child.id());
    let limits = std::fs::read_to_string(format!("{proc}/limits")).unwrap();
    let soft = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    };
    let got = ["Max core file size", "Max file size", "Max open files", "Max processes"].map(soft);
    assert_eq!(got, ["0", "0", "3", "0"]);
    assert_eq!(std::fs::read(format!("{proc}/environ")).unwrap(), b"");
    // The kernel's own word on what the worker says of itself.
    let status = std::fs::read_to_string(format!("{proc}/status")).unwrap();
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0").trim().to_owned();
    let filtered = confinement["seccomp"] == "whole";
    assert_eq!(field("Seccomp:"), if filtered { "2" } else { "0" });
    let locked = filtered || confinement["landlock"] != "none";
    assert_eq!(field("NoNewPrivs:"), if locked { "1" } else { "0" });
    assert_eq!(std::fs::read_dir(format!("{proc}/task")).unwrap().count(), 1);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

/// A worker whose runtime was killed has nobody to kill it.
#[cfg(target_os = "linux")]
#[test]
fn an_orphan_that_loops_runs_out_of_processor_time() {
    use std::io::Write;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    let mut child = Command::new(env!("CARGO_BIN_EXE_arcc"))
        .arg("lua-worker")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let request = json!({"script": "while true do end", "globals": {}, "seconds": 0}).to_string() + "\n";
    child.stdin.take().unwrap().write_all(request.as_bytes()).unwrap();
    let status = child.wait().unwrap();
    // SIGXCPU
    assert_eq!(status.signal(), Some(24));
}

/// The runtime holds keys in its environment; a worker it starts gets neither them nor its files.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_worker_of_a_runtime_with_secrets_inherits_nothing() {
    let home = tempfile::tempdir().unwrap();
    let spy = home.path().join("spy");
    // Stands between pool and worker and writes down what it was given.
    let seen = home.path().join("seen");
    let text = format!(
        "#!/bin/sh\n{{ /usr/bin/env; pwd; ls -l /proc/self/fd; echo \"$@\"; }} > {}\nexec {} \"$@\"\n",
        seen.display(),
        env!("CARGO_BIN_EXE_arcc")
    );
    std::fs::write(&spy, text).unwrap();
    std::fs::set_permissions(&spy, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    // Cargo's own variables stand in this process's environment and in no shell's.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let _held_open = std::fs::File::open("/etc/passwd").unwrap();
    let pool = Pool::new(spy);
    assert_eq!(run_for(&pool, "return {ok = true}", Duration::from_secs(5)).await, Ok(json!({"ok": true})));
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(!seen.contains("CARGO_MANIFEST_DIR"), "{seen}");
    assert!(seen.contains("-> ") && !seen.contains("/etc/passwd"), "{seen}");
    assert!(seen.lines().any(|line| line == "/") && seen.lines().last() == Some("lua-worker"), "{seen}");
    assert!(pool.confinement().is_some());
}
