//! Where the runtime calls out to, and above all where not: real clients, real listeners.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests stop where they fail")]

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arcc::machine::{Call, ConnectionChoice, Outcome, StepError, Work};
use arcc::server::egress::{AllowedHosts, ChosenBy, Clients, Denied, Egress, Proxies};
use arcc::server::exec::{Executor, ExecutorOptions, LlmProvider, LocalExecutor};
use arcc::server::tools::ToolsServer;
use futures_util::FutureExt as _;
use pretty_assertions::assert_eq;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rstest::rstest;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

/// A listener that counts who connects, and answers each with the same bytes.
struct Trap {
    address: SocketAddr,
    connects: Arc<AtomicUsize>,
}

impl Trap {
    async fn at(address: impl Into<SocketAddr>, answer: &'static str) -> Self {
        let listener = TcpListener::bind(address.into()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connects = Arc::new(AtomicUsize::new(0));
        let counted = connects.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 4096]).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { address, connects }
    }

    async fn on_loopback(answer: &'static str) -> Self {
        Self::at(([127, 0, 0, 1], 0), answer).await
    }

    fn connects(&self) -> usize {
        self.connects.load(Ordering::SeqCst)
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

/// Names that lead elsewhere each time they are looked up; the last answer stays.
struct Rebinding(Mutex<VecDeque<Vec<IpAddr>>>);

impl Rebinding {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let read = |ips: &&[&str]| ips.iter().map(|ip| ip.parse().unwrap()).collect();
        Arc::new(Self(Mutex::new(answers.iter().map(read).collect())))
    }
}

impl Resolve for Rebinding {
    fn resolve(&self, _: Name) -> Resolving {
        let mut answers = self.0.lock().unwrap();
        let now = if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() };
        async move { Ok(Box::new(now.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs) }.boxed()
    }
}

fn clients(listed: &str, names: Arc<dyn Resolve>) -> Clients {
    let egress = Egress::with_names(AllowedHosts::parse_list(listed).unwrap(), names);
    egress.clients(Proxies::None, || reqwest::Client::builder().pool_max_idle_per_host(0)).unwrap()
}

/// Gets an address as `chosen_by` may; the refusal of the policy, or what came back.
async fn get(clients: &Clients, url: &str, chosen_by: ChosenBy) -> Result<String, String> {
    let url: Url = url.parse().unwrap();
    let client = clients.to(&url, chosen_by).map_err(|denied| denied.to_string())?;
    match client.get(url).timeout(Duration::from_secs(5)).send().await {
        Ok(answer) => Ok(answer.text().await.unwrap()),
        Err(error) => Err(Denied::within(&error).unwrap_or_else(|| panic!("{error:?}")).to_string()),
    }
}

#[tokio::test]
async fn a_name_is_judged_each_time_and_what_was_judged_is_dialled() {
    let good = Trap::on_loopback(OK).await;
    let port = good.address.port();
    let evil = Trap::at(([127, 0, 0, 2], port), OK).await;
    let names = Rebinding::new(&[&["127.0.0.1"], &["127.0.0.2"], &["127.0.0.2", "127.0.0.1"]]);
    let clients = clients("127.0.0.1", names);
    let url = format!("http://tools.example.com:{port}/");
    assert_eq!(get(&clients, &url, ChosenBy::Graph).await, Ok("ok".into()));
    let refused = get(&clients, &url, ChosenBy::Graph).await.unwrap_err();
    assert_eq!(
        refused,
        "`tools.example.com` leads to 127.0.0.2, this machine, which no graph may choose by itself; if it is \
         meant, start the runtime with --allow-host tools.example.com or set AR_ALLOW_HOSTS=tools.example.com"
    );
    // Of several addresses, those that may be called are.
    assert_eq!(get(&clients, &url, ChosenBy::Graph).await, Ok("ok".into()));
    assert_eq!((good.connects(), evil.connects()), (2, 0));
}

#[tokio::test]
async fn an_operators_choice_reaches_this_machine_and_never_the_metadata_service() {
    let near = Trap::on_loopback(OK).await;
    let names = Rebinding::new(&[&["127.0.0.1"], &["::ffff:169.254.169.254"]]);
    let clients = clients("", names);
    let url = format!("http://tools.example.com:{}/", near.address.port());
    assert_eq!(get(&clients, &url, ChosenBy::Operator).await, Ok("ok".into()));
    let refused = get(&clients, &url, ChosenBy::Operator).await.unwrap_err();
    assert!(
        refused.contains("a cloud's metadata service, which is only called where it is listed"),
        "{refused}"
    );
    let written = get(&clients, "http://169.254.169.254/latest/meta-data", ChosenBy::Operator).await;
    assert!(written.unwrap_err().contains("--allow-host 169.254.169.254:80"));
}

#[tokio::test]
async fn redirects_lead_nowhere() {
    let inner = Trap::on_loopback(OK).await;
    let redirect = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        inner.address
    );
    let outer = Trap::on_loopback(redirect.leak()).await;
    let clients = clients("127.0.0.1", Rebinding::new(&[&[]]));
    assert_eq!(
        get(&clients, &format!("http://{}/", outer.address), ChosenBy::Graph).await,
        Ok(String::new())
    );
    assert_eq!((outer.connects(), inner.connects()), (1, 0));
}

/// The blocks that no graph may reach, as the registries of special addresses have them. Written
/// apart from the program's table, and with each block's length instead of a mask.
const FORBIDDEN: [([u8; 4], u32); 14] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// An address of a forbidden block.
fn forbidden() -> impl Strategy<Value = Ipv4Addr> {
    (0..FORBIDDEN.len(), any::<u32>()).prop_map(|(at, random)| {
        let (start, length) = FORBIDDEN[at];
        Ipv4Addr::from(u32::from_be_bytes(start) | (random & (u32::MAX >> length)))
    })
}

/// The ways to write an IPv4 address as the host of a URL.
fn spelled(ip: Ipv4Addr, way: u8) -> String {
    let (number, [a, b, c, d]) = (u32::from(ip), ip.octets());
    let (high, low) = (number >> 16, number & 0xffff);
    match way % 12 {
        0 => ip.to_string(),
        1 => number.to_string(),
        2 => format!("{number:#x}"),
        3 => format!("0{number:o}"),
        4 => format!("{a}.{}", number & 0x00ff_ffff),
        5 => format!("0x{a:x}.0{b:o}.{}", number & 0xffff),
        6 => format!("{a}.{b}.{c}.{d}."),
        7 => format!("[::ffff:{high:x}:{low:x}]"),
        8 => format!("[64:ff9b::{high:x}:{low:x}]"),
        9 => format!("[2002:{high:x}:{low:x}::1]"),
        10 => format!("%3{}{}.{b}.{c}.{d}", a.to_string().remove(0), &a.to_string()[1..]),
        _ => format!("[::ffff:{ip}]"),
    }
}

/// IPv6 addresses that are nobody's server: everything outside of 2000::/3, and the blocks within
/// that are reserved.
fn forbidden_v6() -> impl Strategy<Value = Ipv6Addr> {
    any::<u128>().prop_map(|random| {
        let start =
            [0xfc00_u128 << 112, 0xfe80 << 112, 0xff00 << 112, 0x2001_0db8 << 96, 0x3fff << 112, 1 << 126];
        let at = (random % 6) as usize;
        let length = [7, 10, 8, 32, 20, 2][at];
        Ipv6Addr::from(start[at] | (random & (u128::MAX >> length)))
    })
}

#[test]
fn ten_thousand_forbidden_addresses_are_refused_however_they_are_written() {
    let clients = clients("", Rebinding::new(&[&[]]));
    let mut runner =
        TestRunner::new(Config { cases: 10_000, failure_persistence: None, ..Config::default() });
    let target = prop_oneof![
        4 => (forbidden(), any::<u8>()).prop_map(|(ip, way)| spelled(ip, way)),
        1 => forbidden_v6().prop_map(|ip| format!("[{ip}]")),
    ];
    let checked = runner.run(&(target, 1_u16..), |(host, port)| {
        let url: Url = format!("http://{host}:{port}/mcp")
            .parse()
            .map_err(|error| TestCaseError::fail(format!("{host} is no URL: {error}")))?;
        let refused = clients.to(&url, ChosenBy::Graph).err();
        prop_assert!(refused.is_some(), "{url} may be called");
        Ok(())
    });
    checked.unwrap();
}

#[tokio::test]
async fn names_that_lead_to_forbidden_addresses_connect_to_nothing() {
    let trap = Trap::on_loopback(OK).await;
    let port = trap.address.port();
    let forbidden: Vec<String> =
        (0..200_u32).map(|n| Ipv4Addr::from(0x7f00_0001 + n * 7).to_string()).collect();
    let answers: Vec<Vec<&str>> = forbidden.iter().map(|ip| vec![ip.as_str(), "127.0.0.1", "::1"]).collect();
    let answers: Vec<&[&str]> = answers.iter().map(Vec::as_slice).collect();
    let clients = clients("", Rebinding::new(&answers));
    for n in 0..forbidden.len() {
        let url = format!("http://h{n}.example.com:{port}/");
        let refused = get(&clients, &url, ChosenBy::Graph).await.unwrap_err();
        assert!(refused.contains("which no graph may choose by itself"), "{refused}");
    }
    assert_eq!(trap.connects(), 0);
}

fn executor(listed: &str, llm: Option<&str>) -> LocalExecutor {
    let egress = Egress::new(AllowedHosts::parse_list(listed).unwrap());
    let llm = llm.map(|base| LlmProvider::new(base, None));
    let options = ExecutorOptions::new(env!("CARGO_BIN_EXE_arcc").into());
    LocalExecutor::new(ExecutorOptions { egress, llm, ..options }).unwrap()
}

async fn step(executor: &LocalExecutor, work: Work) -> Outcome {
    let call = Call {
        run_id: "run-1".into(),
        workflow_id: "wf-1".into(),
        step: "send".into(),
        attempt: 1,
        work,
        timeout: Some(Duration::from_secs(10)),
    };
    executor.execute(call, CancellationToken::new()).await
}

fn mcp(url: &str) -> Work {
    Work::Mcp {
        server_url: Some(url.into()),
        instance_id: None,
        tool: "t".into(),
        args: json!({}),
        connection: ConnectionChoice::Inherit,
    }
}

#[rstest]
#[case::plain("127.0.0.1")]
#[case::short("127.1")]
#[case::number("2130706433")]
#[case::hexadecimal("0x7f000001")]
#[case::octal("0177.0.0.1")]
#[case::mapped("[::ffff:127.0.0.1]")]
#[case::nobody("0.0.0.0")]
#[case::name("localhost")]
#[tokio::test]
async fn a_graph_does_not_reach_this_machine_by_any_spelling(#[case] host: &str) {
    let trap = Trap::on_loopback(OK).await;
    let url = format!("http://{host}:{}/mcp", trap.address.port());
    let Outcome::Failed(StepError { message, retryable, .. }) = step(&executor("", None), mcp(&url)).await
    else {
        panic!("it was called")
    };
    assert!(message.starts_with("the MCP server is not called: `"), "{message}");
    assert!(message.contains("start the runtime with --allow-host "), "{message}");
    assert!(!retryable);
    assert_eq!(trap.connects(), 0);
}

#[tokio::test]
async fn what_the_refusal_says_to_pass_lets_the_call_through() {
    let dir = tempfile::tempdir().unwrap();
    let tools = ToolsServer::start(dir.path()).await.unwrap();
    let url = tools.endpoint().url;
    let Outcome::Failed(refused) = step(&executor("", None), mcp(url.as_str())).await else {
        panic!("called")
    };
    let (_, rest) = refused.message.split_once("--allow-host ").unwrap();
    let listed = rest.split(' ').next().unwrap();
    let Outcome::Failed(answered) = step(&executor(listed, None), mcp(url.as_str())).await else { panic!() };
    // It is reached; without its token it has nothing to say.
    assert!(
        answered.message.contains("401") || answered.message.to_lowercase().contains("auth"),
        "{}",
        answered.message
    );
}

#[tokio::test]
async fn a_model_provider_on_this_machine_needs_no_listing_and_one_on_the_link_does() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 44\r\nconnection: close\r\n\r\n\
                  {\"choices\": [{\"message\": {\"content\": \"Hi.\"}}]}";
    let models = Trap::on_loopback(answer.replace("44", "46").leak()).await;
    let ask = || Work::Llm {
        model: "small".into(),
        prompt: "Say hello.".into(),
        params: serde_json::Map::new(),
        credential: None,
    };
    let near = executor("", Some(&format!("http://{}/v1", models.address)));
    let Outcome::Done(said) = step(&near, ask()).await else { panic!("it was refused") };
    assert_eq!(said["text"], "Hi.");
    let link = executor("", Some("https://169.254.169.254/v1"));
    let Outcome::Failed(refused) = step(&link, ask()).await else { panic!("it was called") };
    assert!(
        refused.message.starts_with("the model provider is not called: `169.254.169.254:443`"),
        "{}",
        refused.message
    );
}

#[test]
fn a_host_that_cannot_be_read_is_told_before_anything_starts() {
    let home = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_arcc"))
        .args(["serve", "--listen", "127.0.0.1:0", "--allow-host", "http://127.0.0.1:9000"])
        .env("HOME", home.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("--allow-host: `http://127.0.0.1:9000` is no host to allow"), "{told}");
}
