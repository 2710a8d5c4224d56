//! Names into addresses that may be dialled.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::FutureExt as _;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::clients::ChosenBy;
use super::{AllowedHosts, Denied, reach};

/// Asks the system.
#[derive(Clone, Copy, Debug)]
pub(super) struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        }
        .boxed()
    }
}

/// Asks another resolver and keeps the addresses that may be called. The HTTP client dials what is
/// returned here and nothing else, so there is no moment between the check and the call.
pub(super) struct Guard {
    pub(super) inner: Arc<dyn Resolve>,
    pub(super) hosts: Arc<AllowedHosts>,
    pub(super) chosen_by: ChosenBy,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let text = name.as_str().to_owned();
        let (asked, hosts, chosen_by) = (self.inner.resolve(name), self.hosts.clone(), self.chosen_by);
        async move {
            let found: Vec<SocketAddr> = asked.await?.collect();
            let may = |ip: IpAddr| chosen_by.reaches(reach(ip)) || hosts.lists_address(ip);
            let (kept, refused): (Vec<_>, Vec<_>) = found.into_iter().partition(|address| may(address.ip()));
            match refused.first() {
                Some(first) if kept.is_empty() => {
                    Err(Denied::named(&text, first.ip(), reach(first.ip())).into())
                }
                _ => Ok(Box::new(kept.into_iter()) as Addrs),
            }
        }
        .boxed()
    }
}
