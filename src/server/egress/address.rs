//! What an IP address leads to.
//!
//! Source: the IANA special-purpose registries of IPv4 and IPv6, and the metadata addresses that
//! the large clouds publish.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::{Host, Url};

/// What an address leads to, nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Anybody's server on the Internet.
    Public,
    /// This machine.
    Loopback,
    /// A network that is not everybody's.
    Private,
    /// The link, a cloud's metadata service, many at once, nobody, or what is not assigned.
    Special(&'static str),
}

impl Reach {
    /// In words, after "which is".
    pub fn words(self) -> &'static str {
        match self {
            Self::Public => "a public address",
            Self::Loopback => "this machine",
            Self::Private => "an address of a private network",
            Self::Special(what) => what,
        }
    }
}

/// Every IPv4 block that is not public.
const V4: [(&str, Reach); 18] = [
    ("0.0.0.0/8", Reach::Special("no address of a server")),
    ("10.0.0.0/8", Reach::Private),
    ("100.100.100.200/32", METADATA),
    ("100.64.0.0/10", Reach::Private),
    ("127.0.0.0/8", Reach::Loopback),
    // A public address by its number, and the host's own service within a cloud.
    ("168.63.129.16/32", METADATA),
    ("169.254.169.254/32", METADATA),
    ("169.254.0.0/16", LINK_LOCAL),
    ("172.16.0.0/12", Reach::Private),
    ("192.0.0.192/32", METADATA),
    ("192.0.0.0/24", RESERVED),
    ("192.0.2.0/24", RESERVED),
    ("192.88.99.0/24", RESERVED),
    ("192.168.0.0/16", Reach::Private),
    ("198.18.0.0/15", Reach::Private),
    ("198.51.100.0/24", RESERVED),
    ("203.0.113.0/24", RESERVED),
    ("224.0.0.0/3", Reach::Special("a multicast or reserved address")),
];

/// The IPv6 blocks within the assigned ones that are not public, and the nameable ones beside them.
const V6: [(&str, Reach); 9] = [
    ("::1/128", Reach::Loopback),
    ("fd00:ec2::254/128", METADATA),
    ("fc00::/7", Reach::Private),
    ("fec0::/10", Reach::Private),
    ("fe80::/10", LINK_LOCAL),
    ("ff00::/8", Reach::Special("a multicast address")),
    // Teredo and the rest of the protocol assignments.
    ("2001::/23", RESERVED),
    ("2001:db8::/32", RESERVED),
    ("3fff::/20", RESERVED),
];

const METADATA: Reach = Reach::Special("a cloud's metadata service");
const LINK_LOCAL: Reach = Reach::Special("a link-local address");
const RESERVED: Reach = Reach::Special("a reserved address");

static BLOCKS: LazyLock<Vec<(IpNet, Reach)>> = LazyLock::new(|| {
    let blocks = V4.iter().chain(&V6);
    blocks.filter_map(|(block, reach)| Some((block.parse().ok()?, *reach))).collect()
});

/// What an address leads to. An IPv6 address that carries an IPv4 one (mapped, compatible,
/// translated, 6to4) leads where that one leads.
pub fn reach(ip: IpAddr) -> Reach {
    match ip {
        IpAddr::V4(ip) => of_v4(ip),
        IpAddr::V6(ip) => carried(ip).map_or_else(|| of_v6(ip), of_v4),
    }
}

/// Whether an address of the web is on this machine by its writing: without asking for names.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn of_v4(ip: Ipv4Addr) -> Reach {
    listed(IpNet::from(Ipv4Net::from(ip))).unwrap_or(Reach::Public)
}

/// Only `2000::/3` is assigned to servers; what is neither there nor named is nobody's.
fn of_v6(ip: Ipv6Addr) -> Reach {
    let assigned = ip.segments()[0] & 0xe000 == 0x2000;
    listed(IpNet::from(Ipv6Net::from(ip))).unwrap_or(if assigned { Reach::Public } else { RESERVED })
}

fn listed(ip: IpNet) -> Option<Reach> {
    BLOCKS.iter().find(|(block, _)| block.contains(&ip)).map(|(_, reach)| *reach)
}

/// The IPv4 address within an IPv6 one.
fn carried(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let join = |high: u16, low: u16| {
        let [[w, x], [y, z]] = [high.to_be_bytes(), low.to_be_bytes()];
        Some(Ipv4Addr::new(w, x, y, z))
    };
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] | [0, 0, 0, 0, 0xffff, 0] => join(g, h),
        // `::1` and `::` are addresses of their own.
        [0, 0, 0, 0, 0, 0] if g != 0 => join(g, h),
        [0x2002, high, low, ..] => join(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use rstest::rstest;

    #[test]
    fn every_block_of_the_tables_can_be_read() {
        assert_eq!(BLOCKS.len(), V4.len() + V6.len());
    }

    #[rstest]
    #[case("93.184.216.34", "a public address")]
    #[case("126.255.255.255", "a public address")]
    #[case("128.0.0.1", "a public address")]
    #[case("127.255.255.254", "this machine")]
    #[case("10.1.2.3", "an address of a private network")]
    #[case("172.31.255.255", "an address of a private network")]
    #[case("172.32.0.1", "a public address")]
    #[case("100.127.0.1", "an address of a private network")]
    #[case("100.100.100.200", "a cloud's metadata service")]
    #[case("169.254.169.254", "a cloud's metadata service")]
    #[case("169.254.1.1", "a link-local address")]
    #[case("168.63.129.16", "a cloud's metadata service")]
    #[case("0.0.0.0", "no address of a server")]
    #[case("255.255.255.255", "a multicast or reserved address")]
    #[case("239.1.1.1", "a multicast or reserved address")]
    #[case("::", "a reserved address")]
    #[case("::1", "this machine")]
    #[case("::127.0.0.1", "this machine")]
    #[case("::ffff:127.0.0.1", "this machine")]
    #[case("::ffff:0:127.0.0.1", "this machine")]
    #[case("::ffff:169.254.169.254", "a cloud's metadata service")]
    #[case("::ffff:93.184.216.34", "a public address")]
    #[case("64:ff9b::10.0.0.1", "an address of a private network")]
    #[case("64:ff9b:1::10.0.0.1", "a reserved address")]
    #[case("2002:7f00:1::", "this machine")]
    #[case("2002:a9fe:a9fe::1", "a cloud's metadata service")]
    #[case("2001:0:4136:e378:8000:63bf:3fff:fdd2", "a reserved address")]
    #[case("fd00:ec2::254", "a cloud's metadata service")]
    #[case("fd12:3456::1", "an address of a private network")]
    #[case("fe80::1", "a link-local address")]
    #[case("fec0::1", "an address of a private network")]
    #[case("ff02::1", "a multicast address")]
    #[case("2001:db8::1", "a reserved address")]
    #[case("2606:4700::1111", "a public address")]
    #[case("4000::1", "a reserved address")]
    fn addresses_are_told_apart(#[case] ip: &str, #[case] want: &str) {
        assert_eq!(reach(ip.parse().unwrap()).words(), want);
    }
}
