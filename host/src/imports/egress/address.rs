//! What kind of address it is. An IPv4 address in IPv6 clothing is judged as what it is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address leads to. The later one is the worse where two could be said of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The internet.
    Public,
    /// A network that is not the internet: private, shared, benchmark, unique and site local.
    Private,
    /// This machine.
    Loopback,
    /// Whatever is on the same wire.
    LinkLocal,
    /// Where a cloud tells a machine its secrets.
    Metadata,
    /// Many at once.
    Multicast,
    /// Everyone on the wire.
    Broadcast,
    /// No address, which systems take for this machine.
    Unspecified,
    /// Not assigned, or for documentation, translation or discarding.
    Reserved,
}

/// An address and its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) address: IpAddr,
    pub(crate) kind: Kind,
    /// The IPv4 address inside an IPv6 address, by which it was judged.
    pub(crate) inside: Option<Ipv4Addr>,
}

/// Where clouds answer questions about a machine, besides those inside 169.254/16 that all of them use:
/// Alibaba's, and Azure's wire server, which has an address of the internet.
const METADATA_V4: [Ipv4Addr; 5] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
];

/// The same in IPv6: Amazon's two, and Google's.
const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

/// Judge an address.
pub(crate) fn judge(address: IpAddr) -> Judged {
    let (kind, inside) = match address {
        IpAddr::V4(address) => (kind_v4(address), None),
        IpAddr::V6(v6) => match inside(v6) {
            // A tunnel has two ends; the worse one counts.
            Some((first, second)) => {
                let worse = if kind_v4(second) > kind_v4(first) {
                    second
                } else {
                    first
                };
                (kind_v4(worse), Some(worse))
            }
            None => (kind_v6(v6), None),
        },
    };
    Judged {
        address,
        kind,
        inside,
    }
}

impl Judged {
    /// Whether it is an ordinary address of the internet, without clothing.
    pub(crate) fn is_plain(&self) -> bool {
        self.kind == Kind::Public && self.inside.is_none()
    }
}

fn kind_v4(address: Ipv4Addr) -> Kind {
    if METADATA_V4.contains(&address) {
        return Kind::Metadata;
    }
    match address.octets() {
        [0, 0, 0, 0] => Kind::Unspecified,
        [255, 255, 255, 255] => Kind::Broadcast,
        [127, ..] => Kind::Loopback,
        [169, 254, ..] => Kind::LinkLocal,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] | [198, 18..=19, ..] => {
            Kind::Private
        }
        [224..=239, ..] => Kind::Multicast,
        [0 | 240..=255, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Kind::Reserved,
        _ => Kind::Public,
    }
}

fn kind_v6(address: Ipv6Addr) -> Kind {
    if METADATA_V6.contains(&address) {
        return Kind::Metadata;
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Kind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Kind::Loopback,
        [0xfe80..=0xfebf, ..] => Kind::LinkLocal,
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Kind::Private,
        [0xff00..=0xffff, ..] => Kind::Multicast,
        // Protocol assignments (Teredo is among them and was unwrapped before), documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Kind::Reserved,
        [0x2000..=0x3fff, ..] => Kind::Public,
        // Nothing else is assigned to the internet.
        _ => Kind::Reserved,
    }
}

/// The IPv4 addresses that an IPv6 address stands for: one, or the two ends of a tunnel.
fn inside(address: Ipv6Addr) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    let one = |address| Some((address, address));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        // Compatible, mapped, translated (SIIT), NAT64.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => one(v4(high, low)),
        // 6to4.
        [0x2002, high, low, ..] => one(v4(high, low)),
        // Teredo: the server, and the client, whose bits are flipped.
        [0x2001, 0, high, low, _, _, client_high, client_low] => {
            Some((v4(high, low), v4(!client_high, !client_low)))
        }
        _ => None,
    }
}

/// As in "10.0.0.1, a private address".
impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inside {
            Some(inside) => write!(f, "{} ({inside} inside), {}", self.address, self.kind),
            None => write!(f, "{}, {}", self.address, self.kind),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Public => "a public address",
            Kind::Private => "a private address",
            Kind::Loopback => "a loopback address",
            Kind::LinkLocal => "a link-local address",
            Kind::Metadata => "the address of a metadata service",
            Kind::Multicast => "a multicast address",
            Kind::Broadcast => "the broadcast address",
            Kind::Unspecified => "the unspecified address",
            Kind::Reserved => "a reserved address",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind(address: &str) -> Kind {
        judge(address.parse().unwrap()).kind
    }

    #[test]
    fn each_kind_begins_and_ends_where_it_should() {
        let cases = [
            ("0.0.0.0", Kind::Unspecified),
            ("0.0.0.1", Kind::Reserved),
            ("0.255.255.255", Kind::Reserved),
            ("1.0.0.0", Kind::Public),
            ("9.255.255.255", Kind::Public),
            ("10.0.0.0", Kind::Private),
            ("10.255.255.255", Kind::Private),
            ("100.63.255.255", Kind::Public),
            ("100.64.0.0", Kind::Private),
            ("100.100.100.200", Kind::Metadata),
            ("100.127.255.255", Kind::Private),
            ("100.128.0.0", Kind::Public),
            ("126.255.255.255", Kind::Public),
            ("127.0.0.0", Kind::Loopback),
            ("127.255.255.255", Kind::Loopback),
            ("128.0.0.0", Kind::Public),
            ("168.63.129.16", Kind::Metadata),
            ("169.253.255.255", Kind::Public),
            ("169.254.0.0", Kind::LinkLocal),
            ("169.254.169.254", Kind::Metadata),
            ("169.254.255.255", Kind::LinkLocal),
            ("172.15.255.255", Kind::Public),
            ("172.16.0.0", Kind::Private),
            ("172.31.255.255", Kind::Private),
            ("172.32.0.0", Kind::Public),
            ("192.0.0.8", Kind::Reserved),
            ("192.0.2.1", Kind::Reserved),
            ("192.88.99.1", Kind::Reserved),
            ("192.168.0.1", Kind::Private),
            ("198.18.0.1", Kind::Private),
            ("198.51.100.1", Kind::Reserved),
            ("203.0.113.1", Kind::Reserved),
            ("224.0.0.1", Kind::Multicast),
            ("239.255.255.255", Kind::Multicast),
            ("240.0.0.0", Kind::Reserved),
            ("255.255.255.254", Kind::Reserved),
            ("255.255.255.255", Kind::Broadcast),
            ("::", Kind::Unspecified),
            ("::1", Kind::Loopback),
            ("100::1", Kind::Reserved),
            ("64:ff9b:1::1", Kind::Reserved),
            ("2001:2::1", Kind::Reserved),
            ("2001:db8::1", Kind::Reserved),
            ("2001:4860:4860::8888", Kind::Public),
            ("2606:4700::1111", Kind::Public),
            ("3fff::1", Kind::Reserved),
            ("4000::1", Kind::Reserved),
            ("fc00::1", Kind::Private),
            ("fd00:ec2::254", Kind::Metadata),
            ("fdff:ffff::1", Kind::Private),
            ("fe7f::1", Kind::Reserved),
            ("fe80::1", Kind::LinkLocal),
            ("febf::1", Kind::LinkLocal),
            ("fec0::1", Kind::Private),
            ("ff02::1", Kind::Multicast),
        ];
        for (address, expected) in cases {
            assert_eq!(kind(address), expected, "{address}");
        }
    }

    #[test]
    fn the_worse_end_of_a_teredo_tunnel_counts() {
        // The server is 65.54.227.120; the clients are 127.0.0.1 and 8.8.8.8.
        assert_eq!(kind("2001:0:4136:e378:8000:0:80ff:fffe"), Kind::Loopback);
        assert_eq!(kind("2001:0:4136:e378:8000:0:f7f7:f7f7"), Kind::Public);
        assert_eq!(kind("2001:0:a00:1:8000:0:f7f7:f7f7"), Kind::Private);
    }

    #[test]
    fn an_address_is_put_into_words_with_what_is_inside() {
        let lines = ["10.0.0.1", "::ffff:127.0.0.1", "fd00:ec2::254"]
            .map(|address| judge(address.parse().unwrap()).to_string());
        insta::assert_snapshot!(lines.join("\n"), @r"
        10.0.0.1, a private address
        ::ffff:127.0.0.1 (127.0.0.1 inside), a loopback address
        fd00:ec2::254, the address of a metadata service
        ");
    }

    proptest! {
        #[test]
        fn every_clothing_is_judged_as_what_is_inside(bits: u32) {
            let v4 = Ipv4Addr::from(bits);
            let (high, low) = ((bits >> 16) as u16, bits as u16);
            let expected = judge(v4.into()).kind;
            let mut clothed = vec![
                Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low),
                Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 1, 2, 3, 4, 5),
                Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !high, !low),
            ];
            // The lowest two of these are addresses of their own.
            if bits > 1 {
                clothed.push(Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low));
            }
            for address in clothed {
                let judged = judge(address.into());
                prop_assert_eq!((judged.kind, judged.inside), (expected, Some(v4)), "{}", address);
                prop_assert!(!judged.is_plain());
            }
        }

        #[test]
        fn what_the_standard_library_calls_special_is_never_public(bits: u32) {
            let v4 = Ipv4Addr::from(bits);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_broadcast()
                || v4.is_documentation() || v4.is_multicast() || v4.is_unspecified();
            prop_assert!(!special || judge(v4.into()).kind != Kind::Public);
        }
    }
}
