//! `arcc credits …`, `arcc tokens …` and `arcc triggers …`

use std::process::ExitCode;

use color_eyre::Result;
use serde_json::{Value, json};

use super::args::{CreditsCommand, TokensCommand, TriggersCommand};
use crate::cli::args::{Global, Print};
use crate::cli::connect::{Connected, Purpose, connect};
use crate::cli::exit::Failure;
use crate::cli::order::change;
use crate::cli::output::{columns, remark, show};
use crate::cli::workflows::find_workflow;
use crate::domain::text::visible;
use crate::domain::{Bucket, Credits, Usage};
use crate::runtime::orders::Change;

pub(in crate::cli) async fn credits(
    global: &Global,
    print: Print,
    command: Option<CreditsCommand>,
) -> Result<ExitCode> {
    let connected = connect(global, Purpose::Command).await?;
    let done = match command {
        None => balance(&connected, print).await,
        Some(CreditsCommand::Grant { amount, bucket, note, print }) => {
            grant(&connected, (amount, bucket, note), print).await
        }
    };
    connected.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn balance(connected: &Connected, print: Print) -> Result<()> {
    let (usage, body) = connected.client.usage().await?;
    Ok(show(print, &body, || usage_lines(&usage))?)
}

fn usage_lines(usage: &Usage) -> Vec<String> {
    let total = if usage.is_unlimited { "unlimited".to_owned() } else { Credits(usage.total).to_string() };
    let row = |name: &str, amount: String| vec![name.to_owned(), amount];
    let mut rows: Vec<_> = Bucket::ALL
        .iter()
        .map(|bucket| row(bucket.as_str(), Credits(usage.balance.of(*bucket)).to_string()))
        .collect();
    rows.push(row("total", total));
    columns(&["BUCKET", "LEFT"], &rows)
}

async fn grant(
    connected: &Connected,
    (amount, bucket, note): (u64, Bucket, Option<String>),
    print: Print,
) -> Result<()> {
    connected.need_write()?;
    let mut order = json!({"microcredits": amount, "bucket": bucket.as_str()});
    if let Some(note) = &note {
        order["note"] = note.as_str().into();
    }
    let subject = format!("{} {}", Credits(amount), bucket.as_str());
    let granted = Change { word: "grant credits", subject: &subject };
    let grant = connected.client.grant_credits(&order);
    let (usage, body) = change(connected, granted, note.as_deref(), grant).await?;
    Ok(show(print, &body, || usage_lines(&usage))?)
}

pub(in crate::cli) async fn tokens(global: &Global, command: TokensCommand) -> Result<ExitCode> {
    let connected = connect(global, Purpose::Command).await?;
    let done = match command {
        TokensCommand::List { print } => list_tokens(&connected, print).await,
        TokensCommand::Create { name, scopes, role, print } => {
            create_token(&connected, &json!({"display_name": name, "scopes": scopes, "role": role}), print)
                .await
        }
        TokensCommand::Revoke { id, print } => revoke_token(&connected, &id, print).await,
    };
    connected.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn list_tokens(connected: &Connected, print: Print) -> Result<()> {
    let body = connected.client.tokens().await?;
    Ok(show(print, &body, || {
        let rows: Vec<_> = rows(&body, "pats").iter().map(token_row).collect();
        match rows.as_slice() {
            [] => vec!["there are no personal access tokens".into()],
            rows => columns(&["TOKEN", "NAME", "ROLE", "SCOPES", "STATE"], rows),
        }
    })?)
}

fn token_row(pat: &Value) -> Vec<String> {
    let scopes = pat["scopes"].as_array().map(|all| all.iter().filter_map(Value::as_str).collect::<Vec<_>>());
    let state = if pat["revoked_at"].is_null() { "valid" } else { "revoked" };
    vec![
        text(pat, "id"),
        text(pat, "display_name"),
        text(pat, "role"),
        scopes.unwrap_or_default().join(" "),
        state.to_owned(),
    ]
}

/// The token goes to standard output alone, so that it can be piped into a file.
async fn create_token(connected: &Connected, order: &Value, print: Print) -> Result<()> {
    connected.need_write()?;
    let created =
        Change { word: "create token", subject: order["display_name"].as_str().unwrap_or_default() };
    let body = change(connected, created, None, connected.client.create_token(order)).await?;
    if !print.json {
        remark("this is the only time that the token is shown; keep it like a password");
    }
    Ok(show(print, &body, || vec![visible(&text(&body, "token")).into_owned()])?)
}

async fn revoke_token(connected: &Connected, id: &str, print: Print) -> Result<()> {
    connected.need_write()?;
    let revoked = Change { word: "revoke token", subject: id };
    change(connected, revoked, None, connected.client.revoke_token(id)).await?;
    Ok(show(print, &json!({"id": id, "status": "revoked"}), || vec![format!("revoked {}", visible(id))])?)
}

pub(in crate::cli) async fn triggers(global: &Global, command: TriggersCommand) -> Result<ExitCode> {
    let TriggersCommand::List { workflow, print } = command;
    let connected = connect(global, Purpose::Command).await?;
    let done = list_triggers(&connected, &workflow, print).await;
    connected.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn list_triggers(connected: &Connected, workflow: &str, print: Print) -> Result<()> {
    let workflow = find_workflow(&connected.client, workflow).await?;
    let body = match connected.client.triggers(&workflow.id).await {
        Err(error) if error.is_not_found() => {
            let text = format!("the server has no triggers for {}: {error}", workflow.name);
            return Err(Failure::Operation(text).into());
        }
        other => other?,
    };
    Ok(show(print, &body, || {
        let rows: Vec<_> = rows(&body, "triggers").iter().map(trigger_row).collect();
        match rows.as_slice() {
            [] => vec!["nothing starts this workflow by itself".into()],
            rows => columns(&["TRIGGER", "TYPE", "WHEN", "STATE", "LAST", "NEXT"], rows),
        }
    })?)
}

fn trigger_row(trigger: &Value) -> Vec<String> {
    let config = &trigger["config"];
    let zone = config["timezone"].as_str().map(|zone| format!(" {zone}")).unwrap_or_default();
    let when = config["cron"].as_str().map(|cron| format!("{cron}{zone}"));
    let when = when.or_else(|| config["event_type"].as_str().map(str::to_owned)).unwrap_or_default();
    let state = if trigger["enabled"] == false { "off" } else { "on" };
    vec![
        text(trigger, "id"),
        text(trigger, "type"),
        when,
        state.to_owned(),
        text(trigger, "last_fired_at"),
        text(trigger, "next_fire_at"),
    ]
}

/// The rows of a list, under its name or bare.
fn rows(body: &Value, key: &str) -> Vec<Value> {
    body.as_array().or_else(|| body[key].as_array()).cloned().unwrap_or_default()
}

fn text(row: &Value, field: &str) -> String {
    row[field].as_str().unwrap_or_default().to_owned()
}
