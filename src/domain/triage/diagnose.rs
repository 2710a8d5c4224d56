//! Running the table of rules.

use std::collections::BTreeSet;

use super::finding::{Finding, Verdict};
use super::need::{Manner, Need};
use super::rules::RULES;
use super::{Case, Playbook, Trouble};

/// How much is asked of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thoroughness {
    /// Nothing: from the run's own data alone.
    Offline,
    /// What can be read without having anything checked.
    Reading,
    /// Checks as well: validations, dry runs, searches.
    Checking,
}

/// What is to be asked next for a case: what its rules need and was not asked yet. Answers may make
/// more questions worth asking, so ask again until nothing is wanted.
pub fn wanted(case: &Case<'_>, thoroughness: Thoroughness) -> Vec<Need> {
    if thoroughness == Thoroughness::Offline {
        return Vec::new();
    }
    let allowed = |need: &Need| thoroughness == Thoroughness::Checking || need.manner() == Manner::Read;
    let needs = RULES.iter().flat_map(|rule| (rule.needs)(case));
    let is_new = |need: &Need| !case.facts.has(need) && !case.facts.asking().contains(need);
    let wanted: BTreeSet<Need> = needs.filter(allowed).filter(is_new).collect();
    wanted.into_iter().collect()
}

/// Every finding, what matters most first; within a verdict, in the order of the table.
pub fn diagnose(case: &Case<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| (rule.check)(case)).collect();
    findings.sort_by_key(|finding| finding.verdict);
    findings
}

/// Why the server refused who asked, from the answers of a case alone: which of header, session, token,
/// role, scope and context it is.
pub fn unauthorized(case: &Case<'_>) -> Vec<Finding> {
    let rules = RULES.iter().filter(|rule| matches!(rule.name, "authentication" | "permission"));
    let mut findings: Vec<Finding> = rules.flat_map(|rule| (rule.check)(case)).collect();
    findings.sort_by_key(|finding| finding.verdict);
    findings
}

/// The finding that one line has room for, from the run's own data alone; cheap enough for a frame.
/// What failed tells more than where.
pub fn headline(case: &Case<'_>) -> Option<Finding> {
    let quick = RULES.iter().filter(|rule| rule.is_quick);
    let found = quick.flat_map(|rule| (rule.check)(case)).filter(|finding| finding.verdict != Verdict::Ok);
    found.min_by_key(|finding| (finding.verdict, finding.id == "root-cause"))
}

/// The playbook of what to do about findings as a whole: of the first that has steps, the code before
/// the place.
pub fn remedy(findings: &[Finding]) -> Option<&'static Playbook> {
    let matters = |finding: &&Finding| matches!(finding.verdict, Verdict::Cause | Verdict::Contributing);
    let bad = || findings.iter().filter(matters);
    let with_steps = |book: &&Playbook| !book.steps.is_empty();
    let of_code =
        bad().filter(|finding| finding.id != "root-cause").filter_map(Finding::playbook).find(with_steps);
    let first =
        || bad().next().or_else(|| findings.iter().find(|finding| finding.verdict == Verdict::ByDesign));
    of_code.or_else(|| bad().filter_map(Finding::playbook).find(with_steps)).or_else(|| first()?.playbook())
}

/// A finding that says why something could not be checked.
pub(super) fn unchecked(
    row: u8,
    id: &'static str,
    what: &str,
    asked: &super::Asked<'_, impl Sized>,
) -> Finding {
    match asked {
        super::Asked::Failed(fact, trouble) => {
            let title = format!("could not check {what}: {}", why(trouble));
            Finding::new(row, id, Verdict::Unchecked, title).seen(
                fact.asked.clone(),
                trouble.text.clone(),
                Some(fact.asked_at),
            )
        }
        super::Asked::OnItsWay => Finding::new(row, id, Verdict::Unchecked, format!("{what}: asking…")),
        _ => Finding::new(row, id, Verdict::Unchecked, format!("{what}: not asked")),
    }
}

fn why(trouble: &Trouble) -> String {
    use super::TroubleKind as Kind;
    match trouble.kind {
        Kind::Missing => "this server does not offer it".into(),
        Kind::Unauthenticated => "not authenticated".into(),
        Kind::Forbidden => "this token may not read it".into(),
        Kind::Unavailable => "the service behind it is not available".into(),
        Kind::NoAnswer => "no answer".into(),
        Kind::NotSent => "this session sends nothing".into(),
        Kind::Odd => "the answer could not be read".into(),
        Kind::Refused => {
            trouble.status.map_or_else(|| "refused".into(), |status| format!("refused ({status})"))
        }
    }
}
