//! Rows 32 to 34: what is left, what used it, and how to get more.

use std::time::Duration;

use super::stuck;
use super::subject::{code, has_failed};
use super::words::{credits, list};
use crate::domain::clock::human_coarse;
use crate::domain::triage::diagnose::unchecked;
use crate::domain::triage::{Act, Asked, Case, Finding, Need, Page, Spend, SpendRow, Verdict};
use crate::domain::{Bucket, FailureCode};

/// Below so many microcredits the balance is told of as low: a few steps' worth.
const LOW: u64 = 25_000_000;

/// Whether credits are what the case is about.
fn is_short(case: &Case<'_>) -> bool {
    let balance = case.facts.balance().known().filter(|usage| !usage.is_unlimited);
    code(case) == Some(&FailureCode::InsufficientCredits) || balance.is_some_and(|usage| usage.total < LOW)
}

/// The balance for what failed or does not start; what used it where it is short, and for a session.
pub(super) fn needs(case: &Case<'_>) -> Vec<Need> {
    let about = case.run.is_none() || has_failed(case) || stuck::queued::is_late(case);
    let mut needs = Vec::new();
    if about {
        needs.push(Need::Balance);
    }
    if about && is_short(case) {
        needs.extend([Need::Spend, Need::Prices]);
    }
    needs
}

/// The balance, and where it is short what used it and how to get more.
pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let about = case.run.is_none() || has_failed(case) || stuck::queued::is_late(case);
    if !about {
        return Vec::new();
    }
    let mut findings = vec![balance(case)];
    if is_short(case) {
        findings.extend(spend(case));
        findings.push(add());
    }
    findings
}

fn balance(case: &Case<'_>) -> Finding {
    let asked = case.facts.balance();
    let Asked::Known(fact, balance) = asked else {
        return unchecked(32, "credits-balance", "the credit balance", &asked);
    };
    let (total, buckets) = (balance.total, balance.balance);
    let told = Bucket::ALL.map(|bucket| format!("{} {}", bucket_name(bucket), credits(buckets.of(bucket))));
    let verdict = match total {
        _ if balance.is_unlimited => Verdict::Ok,
        0 if code(case) == Some(&FailureCode::InsufficientCredits) => Verdict::Cause,
        0..LOW => Verdict::Contributing,
        _ => Verdict::Ok,
    };
    let title = if balance.is_unlimited {
        "credits are not limited here".to_owned()
    } else {
        format!("credits {} ({}), spent in this order", credits(total), told.join(", "))
    };
    Finding::new(32, "credits-balance", verdict, title).seen(
        fact.asked.clone(),
        format!("{total} microcredits"),
        Some(fact.asked_at),
    )
}

/// A bucket as people know it.
fn bucket_name(bucket: Bucket) -> &'static str {
    match bucket {
        Bucket::Trial | Bucket::Included => bucket.as_str(),
        Bucket::Payg => "PAYG",
    }
}

fn spend(case: &Case<'_>) -> Option<Finding> {
    let asked = case.facts.spend();
    let (fact, spend) = match asked {
        Asked::Known(fact, spend) => (fact, spend),
        Asked::Failed(..) => return Some(unchecked(33, "credits-spend", "what used credits", &asked)),
        Asked::Not | Asked::OnItsWay => return None,
    };
    let rate = per_hour(spend);
    let left = case.facts.balance().known().map(|usage| usage.total).filter(|left| *left > 0);
    let lasts = left
        .zip(rate)
        .map(|(left, rate)| {
            format!("; at this rate the rest lasts {}", human_coarse(hours(left as f64 / rate)))
        })
        .unwrap_or_default();
    let pace = rate.map(|rate| format!(", {} an hour", credits(rate as u64))).unwrap_or_default();
    let title = format!("{} credits used in {}{pace}{lasts}", credits(spend.total), spend.window);
    let finding = Finding::new(33, "credits-spend", Verdict::Contributing, title).seen(
        fact.asked.clone(),
        format!("{} microcredits", spend.total),
        Some(fact.asked_at),
    );
    let tops = [("top workflows", &spend.workflows), ("top actions", &spend.actions)];
    let finding = tops
        .iter()
        .filter(|(_, rows)| !rows.is_empty())
        .fold(finding, |finding, (name, rows)| finding.seen(*name, top(rows), None));
    let prices = case.facts.prices().known().filter(|prices| !prices.is_empty());
    let finding = match prices {
        Some(prices) => finding.seen("prices of actions", top(prices), None),
        None => finding,
    };
    Some(finding.offer("open usage and cost", Act::Console(Page::Analytics)))
}

fn per_hour(spend: &Spend) -> Option<f64> {
    (spend.seconds > 0 && spend.total > 0).then(|| spend.total as f64 * 3_600.0 / spend.seconds as f64)
}

fn hours(hours: f64) -> Duration {
    Duration::try_from_secs_f64(hours * 3_600.0).unwrap_or(Duration::MAX)
}

fn top(rows: &[SpendRow]) -> String {
    let told: Vec<String> = rows.iter().map(|row| format!("{} {}", row.name, credits(row.amount))).collect();
    list(told.iter().map(String::as_str))
}

fn add() -> Finding {
    let title = "credits are added in the console; changing the plan needs a tenant_admin";
    Finding::new(34, "credits-add", Verdict::ByDesign, title)
        .seen("the platform's roles", "billing takes a contributor, the plan a tenant_admin", None)
        .offer("open plan and billing", Act::Console(Page::Settings))
}
