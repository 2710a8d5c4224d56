//! The kinds of answers, and finding the one to a question.

use super::known::{
    Connection, DryRun, Earlier, Extraction, Failures, Instance, LastGood, MemoryProbe, ModelSource,
    Override, Probe, Profile, Published, Spend, SpendRow, TokenInfo,
};
use super::{Asked, Facts, Need};
use crate::domain::{Usage, WorkflowId};

macro_rules! answers {
    ($($(#[$doc:meta])+ $variant:ident($known:ty);)+) => {
        /// What the server said, in the terms of the rules.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Answer {
            $($(#[$doc])+ $variant($known),)+
        }
    };
}

answers! {
    /// To [`Need::Runs`]: how many runs the answer holds.
    Runs(usize);
    /// To [`Need::Published`].
    Published(Published);
    /// To [`Need::DryRun`].
    DryRun(DryRun);
    /// To [`Need::Earlier`].
    Earlier(Earlier);
    /// To [`Need::LastGood`].
    LastGood(LastGood);
    /// To [`Need::Failures`].
    Failures(Failures);
    /// To [`Need::Overrides`].
    Overrides(Vec<Override>);
    /// To [`Need::Instances`].
    Instances(Vec<Instance>);
    /// To [`Need::Profiles`].
    Profiles(Vec<Profile>);
    /// To [`Need::ServerCheck`], [`Need::ConnectionCheck`] and [`Need::InstanceCheck`].
    Probe(Probe);
    /// To [`Need::Connections`].
    Connections(Vec<Connection>);
    /// To [`Need::GoogleConfig`]: whether it is enabled.
    GoogleConfig(bool);
    /// To [`Need::GoogleAccount`]: the services that are enabled.
    GoogleAccount(Vec<Box<str>>);
    /// To [`Need::Balance`].
    Balance(Usage);
    /// To [`Need::Spend`].
    Spend(Spend);
    /// To [`Need::Prices`].
    Prices(Vec<SpendRow>);
    /// To [`Need::Models`]: the names of the models.
    Models(Vec<Box<str>>);
    /// To [`Need::Model`].
    Model(ModelSource);
    /// To [`Need::Tokens`].
    Tokens(Vec<TokenInfo>);
    /// To [`Need::Memory`].
    Memory(MemoryProbe);
    /// To [`Need::Extraction`].
    Extraction(Extraction);
}

macro_rules! lookups {
    ($($(#[$doc:meta])+ $name:ident($($arg:ident: $type:ty),*) -> $known:ty = $need:expr, $variant:ident;)+) => {
        impl Facts {
            $($(#[$doc])+ pub fn $name(&self, $($arg: $type),*) -> Asked<'_, $known> {
                self.find(&$need, |answer| match answer {
                    Answer::$variant(known) => Some(known),
                    _ => None,
                })
            })+
        }
    };
}

lookups! {
    /// Whether runs can be listed.
    runs() -> usize = Need::Runs, Runs;
    /// A workflow's draft against its latest version.
    published(workflow: &WorkflowId) -> Published = Need::Published(workflow.clone()), Published;
    /// The dry run of a version.
    dry_run(workflow: &WorkflowId, version: Option<u64>) -> DryRun = Need::DryRun { workflow: workflow.clone(), version }, DryRun;
    /// How long the steps of earlier runs took, under the whole question.
    earlier(need: &Need) -> Earlier = need.clone(), Earlier;
    /// The last run that went well, under the whole question.
    last_good(need: &Need) -> LastGood = need.clone(), LastGood;
    /// The newest failed runs.
    failures() -> Failures = Need::Failures, Failures;
    /// The overrides of a workflow.
    overrides(workflow: &WorkflowId) -> Vec<Override> = Need::Overrides(workflow.clone()), Overrides;
    /// The instances.
    instances() -> Vec<Instance> = Need::Instances, Instances;
    /// The profiles of an instance.
    profiles(instance: &str) -> Vec<Profile> = Need::Profiles(instance.into()), Profiles;
    /// The validation of a server.
    server_check(server: &str) -> Probe = Need::ServerCheck(server.into()), Probe;
    /// The connections.
    connections() -> Vec<Connection> = Need::Connections, Connections;
    /// The validation of a connection with a server.
    connection_check(server: &str, connection: &str) -> Probe = Need::ConnectionCheck { server: server.into(), connection: connection.into() }, Probe;
    /// The validation of an instance.
    instance_check(instance: &str) -> Probe = Need::InstanceCheck(instance.into()), Probe;
    /// Whether Google accounts can be connected.
    google_config() -> bool = Need::GoogleConfig, GoogleConfig;
    /// The enabled services of a Google account.
    google_account(id: &str) -> Vec<Box<str>> = Need::GoogleAccount(id.into()), GoogleAccount;
    /// The balance.
    balance() -> Usage = Need::Balance, Balance;
    /// What used credits.
    spend() -> Spend = Need::Spend, Spend;
    /// What actions cost.
    prices() -> Vec<SpendRow> = Need::Prices, Prices;
    /// The models with a key.
    models() -> Vec<Box<str>> = Need::Models, Models;
    /// Which key answers for a model.
    model(model: &str) -> ModelSource = Need::Model(model.into()), Model;
    /// The access tokens.
    tokens() -> Vec<TokenInfo> = Need::Tokens, Tokens;
    /// The search in memory.
    memory() -> MemoryProbe = Need::Memory, Memory;
    /// A memory extraction.
    extraction(job: &str) -> Extraction = Need::Extraction(job.into()), Extraction;
}
