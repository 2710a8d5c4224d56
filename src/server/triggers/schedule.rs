//! When a schedule is due, and what becomes of instants that passed while nobody looked.

use std::time::Duration;

use cronexpr::{Crontab, MakeTimestamp};
use serde_json::Value;

use crate::domain::Timestamp;
use crate::domain::clock::age;

/// How late an instant may be noticed before it counts as missed, unless `grace_minutes` says.
const GRACE: Duration = Duration::from_secs(5 * 60);
/// How many missed instants are caught up with at most.
pub const CATCHUP_AT_MOST: usize = 100;
/// How far back the newest instants are looked for, step by step: most schedules have one within a day.
const LOOK_BACK: [i64; 3] = [24, 32 * 24, 366 * 24];

/// What becomes of instants that were missed. The platform names the field and not its values, so
/// these are this runtime's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Catchup {
    /// They are passed over, except for the newest within `grace_minutes` (5 if not said).
    Skip,
    /// The newest is made up for, if it is within `grace_minutes`, if those are said.
    Latest,
    /// Each is made up for, the newest hundred at most, those within `grace_minutes`, if those are said.
    All,
}

impl Catchup {
    fn parse(raw: &str) -> Option<Self> {
        match raw {
            "skip" => Some(Self::Skip),
            "latest" => Some(Self::Latest),
            "all" => Some(Self::All),
            _ => None,
        }
    }
}

/// A schedule: five fields of cron in a time zone.
#[derive(Clone, Debug)]
pub struct Schedule {
    crontab: Crontab,
    catchup: Catchup,
    grace: Option<Duration>,
}

impl Schedule {
    /// Reads `cron`, `timezone` (UTC if not said), `catchup_policy` and `grace_minutes`.
    ///
    /// # Errors
    /// A sentence that names the field and what is wrong with it.
    pub fn parse(config: &Value) -> Result<Self, String> {
        let text = |field: &str| match config.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim())),
            Some(_) => Err(format!("`config.{field}` must be a text")),
        };
        let cron = text("cron")?.filter(|cron| !cron.is_empty());
        let cron = cron.ok_or("`config.cron` is missing: five fields, like `0 9 * * MON-FRI`")?;
        if cron.split_whitespace().count() != 5 {
            let hint = "minute, hour, day of month, month, day of week, like `0 9 * * MON-FRI`";
            return Err(format!("`config.cron` is {cron:?}; it must have five fields: {hint}"));
        }
        let zone = text("timezone")?.filter(|zone| !zone.is_empty()).unwrap_or("UTC");
        jiff::tz::TimeZone::get(zone).map_err(|_| {
            format!("`config.timezone` is {zone:?}; use a name of the IANA database, like Europe/Berlin")
        })?;
        let crontab = cronexpr::parse_crontab(&format!("{cron} {zone}")).map_err(|error| {
            format!("`config.cron` is {cron:?}, which cannot be read: {}", one_line(&error))
        })?;
        let catchup = match text("catchup_policy")? {
            None => Catchup::Skip,
            Some(word) => Catchup::parse(word)
                .ok_or_else(|| format!("`config.catchup_policy` is {word:?}; use skip, latest or all"))?,
        };
        let grace = match config.get("grace_minutes") {
            None | Some(Value::Null) => None,
            Some(minutes) => Some(
                minutes
                    .as_u64()
                    .filter(|minutes| *minutes <= 525_600)
                    .ok_or("`config.grace_minutes` must be a whole number of minutes, a year's at most")?,
            ),
        };
        let grace = grace.map(|minutes| Duration::from_secs(minutes * 60));
        Ok(Self { crontab, catchup, grace })
    }

    /// The first instant after another; none if there is none within four years.
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.crontab.find_next(MakeTimestamp(at)).ok().map(|zoned| zoned.timestamp())
    }

    /// The instants to act on now, oldest first, of those after `since`.
    pub fn due(&self, since: Timestamp, now: Timestamp) -> Vec<Timestamp> {
        let Some(first) = self.next_after(since).filter(|first| *first <= now) else { return Vec::new() };
        let (limit, grace) = match self.catchup {
            Catchup::Skip => (1, Some(self.grace.unwrap_or(GRACE))),
            Catchup::Latest => (1, self.grace),
            Catchup::All => (CATCHUP_AT_MOST, self.grace),
        };
        let mut newest = self.newest((since, first), now, limit);
        newest.retain(|at| grace.is_none_or(|grace| age(*at, now) <= grace));
        newest
    }

    /// The newest instants, so many at most.
    fn newest(&self, (since, first): (Timestamp, Timestamp), now: Timestamp, limit: usize) -> Vec<Timestamp> {
        let backs = LOOK_BACK
            .iter()
            .filter_map(|hours| now.checked_sub(jiff::SignedDuration::from_hours(*hours)).ok());
        for back in backs.filter(|back| *back > first) {
            let found = self.between(back, now, limit);
            if found.len() >= limit {
                return found;
            }
        }
        self.between(since, now, limit)
    }

    /// The last `limit` instants after one and not after another.
    fn between(&self, since: Timestamp, now: Timestamp, limit: usize) -> Vec<Timestamp> {
        let mut found = std::collections::VecDeque::new();
        let mut last = since;
        while let Some(at) = self.next_after(last).filter(|at| *at <= now && *at > last) {
            found.push_back(at);
            if found.len() > limit {
                found.pop_front();
            }
            last = at;
        }
        found.into()
    }
}

fn one_line(error: &impl std::fmt::Display) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use rstest::rstest;
    use serde_json::json;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[expect(clippy::needless_pass_by_value, reason = "what is tested is written in place")]
    fn due(config: Value, since: &str, now: &str) -> Vec<String> {
        Schedule::parse(&config).unwrap().due(at(since), at(now)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_instant_is_due_when_it_has_come_and_once() {
        let config = json!({"cron": "*/5 * * * *"});
        assert_eq!(due(config.clone(), "2026-01-01T00:01:00Z", "2026-01-01T00:04:59Z"), [] as [&str; 0]);
        let found = due(config.clone(), "2026-01-01T00:01:00Z", "2026-01-01T00:05:00Z");
        assert_eq!(found, ["2026-01-01T00:05:00Z"]);
        assert_eq!(due(config, "2026-01-01T00:05:00Z", "2026-01-01T00:06:00Z"), [] as [&str; 0]);
    }

    #[test]
    fn a_time_zone_moves_instants_with_its_clock_changes() {
        let berlin = json!({"cron": "0 9 * * *", "timezone": "Europe/Berlin"});
        let schedule = Schedule::parse(&berlin).unwrap();
        assert_eq!(schedule.next_after(at("2026-01-01T00:00:00Z")), Some(at("2026-01-01T08:00:00Z")));
        assert_eq!(schedule.next_after(at("2026-07-01T00:00:00Z")), Some(at("2026-07-01T07:00:00Z")));
    }

    #[rstest]
    #[case(json!({}), &[])]
    #[case(json!({"grace_minutes": 90}), &["2026-01-05T10:00:00Z"])]
    #[case(json!({"catchup_policy": "latest"}), &["2026-01-05T10:00:00Z"])]
    #[case(json!({"catchup_policy": "latest", "grace_minutes": 10}), &[])]
    #[case(json!({"catchup_policy": "all", "grace_minutes": 140}), &["2026-01-05T09:00:00Z", "2026-01-05T10:00:00Z"])]
    fn missed_instants_are_passed_over_or_made_up_for(#[case] more: Value, #[case] want: &[&str]) {
        let mut config = json!({"cron": "0 * * * *"});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(due(config, "2026-01-01T00:00:00Z", "2026-01-05T10:30:00Z"), want);
    }

    #[test]
    fn years_of_missed_minutes_cost_no_more_than_the_newest_hundred() {
        let found = due(
            json!({"cron": "* * * * *", "catchup_policy": "all"}),
            "2000-01-01T00:00:00Z",
            "2026-01-05T10:30:30Z",
        );
        assert_eq!((found.len(), found[99].as_str()), (CATCHUP_AT_MOST, "2026-01-05T10:30:00Z"));
        let rare = due(
            json!({"cron": "0 0 29 2 *", "catchup_policy": "latest"}),
            "2019-01-01T00:00:00Z",
            "2026-01-05T00:00:00Z",
        );
        assert_eq!(rare, ["2024-02-29T00:00:00Z"]);
    }

    #[rstest]
    #[case(json!({}), "`config.cron` is missing")]
    #[case(json!({"cron": "* * * *"}), "five fields")]
    #[case(json!({"cron": "61 * * * *"}), "cannot be read")]
    #[case(json!({"cron": "* * * * *", "timezone": "Mars/Base"}), "`config.timezone` is \"Mars/Base\"")]
    #[case(json!({"cron": "* * * * *", "catchup_policy": "maybe"}), "use skip, latest or all")]
    #[case(json!({"cron": "* * * * *", "grace_minutes": -1}), "`config.grace_minutes`")]
    #[case(json!({"cron": 5}), "must be a text")]
    fn mistakes_are_named(#[case] config: Value, #[case] want: &str) {
        let error = Schedule::parse(&config).unwrap_err();
        assert!(error.contains(want) && !error.contains('\n'), "{error}");
    }
}
