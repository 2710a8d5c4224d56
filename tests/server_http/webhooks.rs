//! Signed requests start runs, once each, and nothing else does.

use arcc::domain::Timestamp;
use arcc::server::triggers::{SKEW, sign_body, sign_timed};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::client::{Answer, Ask};
use crate::runtime::Runtime;

struct Webhook {
    path: String,
    secret: String,
}

async fn create(runtime: &Runtime, workflow: &str, more: Value) -> Webhook {
    let id = workflow.rsplit('/').next().unwrap();
    let mut order = json!({"workflow_id": id, "name": "orders"});
    order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = runtime.send("POST", "/v1/inbound-webhooks", order).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let text = |field: &str| made.body[field].as_str().unwrap().to_owned();
    assert_eq!(text("ingress_url"), format!("http://{}{}", runtime.addr, text("ingress_path")));
    Webhook { path: text("ingress_path"), secret: text("signing_secret") }
}

impl Webhook {
    /// A request without a bearer, signed with the time `off` seconds from now.
    fn ask(&self, runtime: &Runtime, body: &str, off: i64) -> Ask {
        let at = Timestamp::now().as_second() + off;
        let signature = sign_timed(self.secret.as_bytes(), body.as_bytes(), at);
        let mut ask = runtime.ask("POST", &self.path).without("Authorization");
        ask.body = body.as_bytes().to_vec();
        ask.with("X-AgentRuntime-Signature", &signature)
    }
}

fn refused(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["code"].as_str().unwrap())
}

async fn runs(runtime: &Runtime) -> u64 {
    runtime.get("/v1/runs").await["total"].as_u64().unwrap()
}

#[tokio::test]
async fn a_signed_request_starts_a_run_with_its_body_over_the_extras() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let webhook = create(&runtime, &workflow, json!({"extras": {"topic": "below", "source": "shop"}})).await;
    let started = webhook.ask(&runtime, r#"{"topic": "x"}"#, 0).send().await;
    assert_eq!((started.status, &started.body["status"]), (200, &json!("running")), "{}", started.body);
    let run = format!("{workflow}/runs/{}", started.body["run_id"].as_str().unwrap());
    assert_eq!(
        runtime.get(&format!("{run}/context")).await["input"],
        json!({"topic": "x", "source": "shop"})
    );
    let list = runtime.get("/v1/inbound-webhooks").await;
    assert_eq!(list["subscriptions"][0]["name"], "orders");
    assert!(!list.to_string().contains(&webhook.secret));
    for file in std::fs::read_dir(runtime.dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        assert!(!bytes.windows(webhook.secret.len()).any(|window| window == webhook.secret.as_bytes()));
    }
}

#[tokio::test]
async fn a_request_with_anything_wrong_about_it_starts_nothing() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let webhook = create(&runtime, &workflow, json!({})).await;
    let other = create(&runtime, &workflow, json!({})).await;
    let good = || webhook.ask(&runtime, "{}", 0);
    let header = "X-AgentRuntime-Signature";
    let cases = [
        (good().without(header), (401, "missing_signature")),
        (good().with(header, "sha1=00"), (401, "malformed_signature")),
        (webhook.ask(&runtime, "{}", -SKEW - 5), (401, "stale_signature")),
        (webhook.ask(&runtime, "{}", SKEW + 5), (401, "stale_signature")),
        (Ask { body: b"{ }".to_vec(), ..good() }, (401, "bad_signature")),
        (Ask { path: other.path.clone(), ..good() }, (401, "bad_signature")),
        (Ask { path: "/v1/inbound-webhooks/nothing".into(), ..good() }, (404, "NOT_FOUND")),
        (good().with("Host", "evil.example.com"), (403, "wrong_host")),
        (good().with("Origin", "https://evil.example.com"), (403, "wrong_origin")),
        (good().with("X-Tenant-Id", "acme"), (403, "wrong_context")),
        (webhook.ask(&runtime, "no json", 0), (400, "MALFORMED_REQUEST")),
        (good().with("Idempotency-Key", " "), (400, "MALFORMED_REQUEST")),
        (webhook.ask(&runtime, &"x".repeat(1_100_000), 0), (413, "PAYLOAD_TOO_LARGE")),
    ];
    for (ask, want) in cases {
        let said = format!("{want:?}");
        assert_eq!(refused(&ask.send().await), want, "{said}");
    }
    let id = webhook.path.rsplit('/').next().unwrap();
    let off = runtime.send("PATCH", &format!("/v1/inbound-webhooks/{id}"), json!({"enabled": false})).await;
    assert_eq!(off.body["enabled"], false);
    assert_eq!(refused(&good().send().await), (403, "webhook_disabled"));
    assert_eq!(runtime.ask("DELETE", &webhook.path).send().await.status, 204);
    assert_eq!(refused(&good().send().await), (404, "NOT_FOUND"));
    assert_eq!(runs(&runtime).await, 0);
}

#[tokio::test]
async fn the_form_without_a_time_needs_a_bearer_that_may_run() {
    let runtime = Runtime::start().await;
    let webhook = create(&runtime, &runtime.workflow().await, json!({})).await;
    let mut ask = runtime.ask("POST", &webhook.path);
    ask.body = b"{}".to_vec();
    let ask = ask.with("X-Hub-Signature-256", &sign_body(webhook.secret.as_bytes(), b"{}"));
    assert_eq!(refused(&ask.clone().without("Authorization").send().await), (401, "missing_token"));
    let order = json!({"display_name": "x", "scopes": ["workflow:read"], "role": "project_contributor"});
    let token = runtime.send("POST", "/v1/pats", order).await.body["token"].as_str().unwrap().to_owned();
    let weak = ask.clone().with("Authorization", &format!("Bearer {token}"));
    assert_eq!(refused(&weak.send().await), (403, "missing_scope"));
    assert_eq!(runs(&runtime).await, 0);
    assert_eq!(ask.send().await.status, 200);
}

#[tokio::test]
async fn one_key_is_one_run_and_what_was_signed_is_good_for_one_run() {
    let runtime = Runtime::start().await;
    let webhook = create(&runtime, &runtime.workflow().await, json!({})).await;
    let first = webhook.ask(&runtime, r#"{"n": 1}"#, 0).with("Idempotency-Key", "k1");
    let started = first.clone().send().await;
    assert_eq!(started.status, 200, "{}", started.body);
    // The same again, and signed anew as a retry is: the same run.
    for again in [first.clone(), webhook.ask(&runtime, r#"{"n": 1}"#, -1).with("Idempotency-Key", "k1")] {
        assert_eq!(again.send().await.body["run_id"], started.body["run_id"]);
    }
    let conflicting = webhook.ask(&runtime, r#"{"n": 2}"#, -2).with("Idempotency-Key", "k1").send().await;
    assert_eq!(refused(&conflicting), (409, "CONFLICT"));
    assert!(conflicting.body["error"].as_str().unwrap().contains("another body"));
    // Whoever overheard the request cannot use it again under another key, or under none.
    assert_eq!(refused(&first.clone().with("Idempotency-Key", "k2").send().await), (409, "CONFLICT"));
    assert_eq!(refused(&first.without("Idempotency-Key").send().await), (409, "CONFLICT"));
    let plain = webhook.ask(&runtime, r#"{"n": 3}"#, -3);
    assert_eq!(plain.clone().send().await.status, 200);
    assert_eq!(refused(&plain.clone().send().await), (409, "CONFLICT"));
    assert_eq!(refused(&plain.with("Idempotency-Key", "k3").send().await), (409, "CONFLICT"));
    assert_eq!(runs(&runtime).await, 2);
}

#[tokio::test]
async fn a_webhook_acts_on_the_authority_of_its_token_while_that_lasts() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    let order = json!({"display_name": "x", "scopes": ["workflow:run"], "role": "project_contributor"});
    let pat = runtime.send("POST", "/v1/pats", order).await.body;
    let webhook = create(&runtime, &workflow, json!({"automation_bearer": pat["token"]})).await;
    assert_eq!(webhook.ask(&runtime, "{}", 0).send().await.status, 200);
    let id = pat["id"].as_str().unwrap();
    assert_eq!(runtime.ask("DELETE", &format!("/v1/pats/{id}")).send().await.status, 204);
    assert_eq!(refused(&webhook.ask(&runtime, "{}", -1).send().await), (403, "automation_token_revoked"));
    let id = workflow.rsplit('/').next().unwrap();
    for wrong in [
        json!({"name": "x"}),
        json!({"workflow_id": id}),
        json!({"workflow_id": id, "name": "x", "automation_pat_id": "pat-none"}),
        json!({"workflow_id": id, "name": "x", "extras": 1}),
    ] {
        assert_eq!(runtime.send("POST", "/v1/inbound-webhooks", wrong.clone()).await.status, 422, "{wrong}");
    }
}

#[tokio::test]
async fn what_an_earlier_version_signed_for_is_taken_as_before_and_its_key_goes() {
    let runtime = Runtime::start().await;
    let webhook = create(&runtime, &runtime.workflow().await, json!({})).await;
    let Runtime { server, dir, .. } = runtime;
    server.shutdown().await;
    // As it was before: no secret in the database, all of them made from one key.
    let key = "5".repeat(64);
    let file = dir.path().join("webhooks.key");
    std::fs::write(&file, &key).unwrap();
    let db = rusqlite::Connection::open(dir.path().join("arcc.db")).unwrap();
    assert_eq!(db.execute("DELETE FROM webhook_secrets", []).unwrap(), 1);
    drop(db);
    let id = webhook.path.rsplit('/').next().unwrap();
    let made = sign_body(key.as_bytes(), format!("webhook:{id}").as_bytes());
    let former = Webhook { secret: made.replacen("sha256=", "whsec_", 1), ..webhook };

    let runtime = Runtime::within(dir).await;
    assert_eq!(runtime.server.notices(), <[String; 0]>::default());
    assert!(!file.exists());
    assert_eq!(former.ask(&runtime, "{}", 0).send().await.status, 200);
    let Runtime { server, dir, .. } = runtime;
    server.shutdown().await;

    // A key that is damaged is left, and said so; what was taken over works on.
    std::fs::write(&file, "short").unwrap();
    let runtime = Runtime::within(dir).await;
    let notices = runtime.server.notices();
    assert!(notices[0].contains("webhooks.key is damaged") && file.exists(), "{notices:?}");
    assert_eq!(former.ask(&runtime, r#"{"n": 2}"#, 0).send().await.status, 200);
}
