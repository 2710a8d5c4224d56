//! The failures as rows: folded by cause, a group unfolded where a person wants to see its runs.

use std::collections::HashSet;
use std::sync::Arc;

use super::rows::derive_failed;
use super::{FailedRow, RowKey};
use crate::app::{Action, Model};
use crate::domain::failures::{Group, Signature};
use crate::domain::tree::Fold;
use crate::domain::{RunId, Timestamp};

/// The rows of groups; a group of one is a run.
pub(super) fn rows(groups: Vec<Group>, unfolded: &HashSet<Arc<Signature>>) -> Vec<FailedRow> {
    let mut rows = Vec::new();
    for group in groups {
        if let [only] = group.runs.as_slice() {
            rows.push(FailedRow::Run(only.clone()));
            continue;
        }
        let fold = if unfolded.contains(&group.signature) { Fold::Open } else { Fold::Closed };
        let own = if fold == Fold::Open { group.runs.clone() } else { Vec::new() };
        let (signature, runs) = (Arc::new(group.signature), group.runs.into());
        rows.push(FailedRow::Group { signature, runs, fold });
        rows.extend(own.into_iter().map(FailedRow::Run));
    }
    rows
}

/// The place of a row: of a run that is folded away, of its group; of a group that has become
/// another one, of the group that has its run.
pub(super) fn place(rows: &[FailedRow], key: &RowKey) -> Option<usize> {
    let run = key.run();
    let holds = |row: &FailedRow| matches!(row, FailedRow::Group { runs, .. } if runs.contains(run));
    let of_group = || rows.iter().position(holds);
    let of_run = || rows.iter().position(|row| matches!(row, FailedRow::Run(own) if own == run));
    match key {
        RowKey::Failures(signature, _) => {
            let same =
                |row: &FailedRow| matches!(row, FailedRow::Group { signature: own, .. } if own == signature);
            rows.iter().position(same).or_else(of_group).or_else(of_run)
        }
        RowKey::Run(_) | RowKey::Task(..) => of_run().or_else(of_group),
    }
}

/// The runs of the selected group, newest first; none where no group is selected.
pub(crate) fn selected_failures(model: &Model) -> Option<Arc<[RunId]>> {
    let Some(RowKey::Failures(signature, _)) = model.home.selected() else { return None };
    model.home.failed.iter().find_map(|row| match row {
        FailedRow::Group { signature: own, runs, .. } if own == signature => Some(Arc::clone(runs)),
        FailedRow::Group { .. } | FailedRow::Run(_) => None,
    })
}

/// Unfolds the selected group, or folds it, also from one of its runs; `false` where there is none.
pub(crate) fn fold(model: &mut Model, action: Action, now: Timestamp) -> bool {
    let rows = &model.home.failed;
    let here = model.home.selected().and_then(|key| place(rows, key));
    let group = here.and_then(|here| {
        rows[..=here].iter().rev().find_map(|row| match row {
            FailedRow::Group { signature, runs, fold } => Some((signature, runs, *fold)),
            FailedRow::Run(_) => None,
        })
    });
    let selected = model.home.selected().map(RowKey::run);
    let Some((signature, _, fold)) =
        group.filter(|(_, runs, _)| selected.is_some_and(|run| runs.contains(run)))
    else {
        return false;
    };
    let is_group = matches!(model.home.selected(), Some(RowKey::Failures(..)));
    let signature = Arc::clone(signature);
    match (action, fold) {
        (Action::Open, _) if !is_group => return false,
        (Action::Open | Action::Right, Fold::Closed) => {
            model.home.unfolded.insert(signature);
        }
        (Action::Open | Action::Left, Fold::Open) => {
            model.home.unfolded.remove(&signature);
        }
        _ => return true,
    }
    derive_failed(model, now);
    true
}
