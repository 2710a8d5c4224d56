//! Finding a run by what a person types: its id, or the beginning of it.

use super::Client;
use crate::domain::{Run, RunId};
use crate::wire::CallError;

/// How many runs are searched.
const SEARCHED: usize = 10_000;
/// How many candidates an ambiguity names.
const NAMED: usize = 5;

/// Why no single run was found.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FindError {
    /// The feed could not be read.
    #[error(transparent)]
    Call(Box<CallError>),
    /// No run has this id, nor one that begins so.
    #[error("no run `{wanted}`{}: check the id, the tenant and the project", among(*.searched))]
    NoneFound {
        /// What was typed.
        wanted: Box<str>,
        /// How many other runs were looked at; 0 where the server searched itself.
        searched: usize,
    },
    /// Several runs begin so.
    #[error("`{wanted}` may be {}: type more of the id", list(.matches, *.count))]
    Ambiguous {
        /// What was typed.
        wanted: Box<str>,
        /// The newest of the runs that it may mean.
        matches: Vec<RunId>,
        /// How many there are.
        count: usize,
    },
}

impl From<CallError> for FindError {
    fn from(error: CallError) -> Self {
        Self::Call(Box::new(error))
    }
}

fn among(searched: usize) -> String {
    if searched == 0 { String::new() } else { format!(" among the newest {searched}") }
}

fn list(matches: &[RunId], count: usize) -> String {
    let named = matches.iter().map(RunId::as_str).collect::<Vec<_>>().join(", ");
    match count - matches.len() {
        0 => named,
        more => format!("{named} or one of {more} more"),
    }
}

impl Client {
    /// The run with this id, or the only one whose id begins so.
    ///
    /// # Errors
    /// When the feed cannot be read, or when none or several runs are meant.
    pub async fn find_run(&self, id_or_prefix: &str) -> Result<Run, FindError> {
        let wanted = id_or_prefix.trim();
        let runs = self.runs_named(wanted, SEARCHED).await?;
        pick(runs, wanted)
    }
}

fn pick(runs: Vec<Run>, wanted: &str) -> Result<Run, FindError> {
    let searched = runs.len();
    let is_meant = |run: &Run| !wanted.is_empty() && run.id.as_str().starts_with(wanted);
    let mut meant: Vec<Run> = runs.into_iter().filter(is_meant).collect();
    if let Some(place) = meant.iter().position(|run| run.id.as_str() == wanted) {
        return Ok(meant.swap_remove(place));
    }
    match meant.pop() {
        None => Err(FindError::NoneFound { wanted: wanted.into(), searched }),
        Some(only) if meant.is_empty() => Ok(only),
        Some(last) => {
            let count = meant.len() + 1;
            let ids = meant.into_iter().chain([last]).take(NAMED).map(|run| run.id);
            Err(FindError::Ambiguous { wanted: wanted.into(), matches: ids.collect(), count })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RunStatus;
    use pretty_assertions::assert_eq;

    fn found(ids: &[&str], wanted: &str) -> Result<RunId, String> {
        let run = |id: &&str| Run::new((*id).into(), "w".into(), RunStatus::Running);
        pick(ids.iter().map(run).collect(), wanted).map(|run| run.id).map_err(|error| error.to_string())
    }

    #[test]
    fn an_exact_id_wins_over_longer_ones_and_a_prefix_must_be_unique() {
        assert_eq!(found(&["ab", "a", "abc"], "a"), Ok("a".into()));
        assert_eq!(found(&["ab1", "ac2"], "ac"), Ok("ac2".into()));
        assert_eq!(found(&["ab1", "ab2"], "ab"), Err("`ab` may be ab1, ab2: type more of the id".into()));
        assert_eq!(
            found(&["a1", "a2", "a3", "a4", "a5", "a6", "a7"], "a"),
            Err("`a` may be a1, a2, a3, a4, a5 or one of 2 more: type more of the id".into())
        );
        for nothing in ["b", ""] {
            let want =
                format!("no run `{nothing}` among the newest 1: check the id, the tenant and the project");
            assert_eq!(found(&["a1"], nothing), Err(want));
        }
        let want = "no run `b`: check the id, the tenant and the project";
        assert_eq!(found(&[], "b"), Err(want.into()));
    }
}
