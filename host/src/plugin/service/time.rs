//! Times and ids, as the contract writes them.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use uuid::Builder;

use crate::world::Net;

const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// RFC 3339 in UTC, with milliseconds: `2026-11-20T10:00:00.000Z`.
pub(super) fn timestamp(at: OffsetDateTime) -> String {
    // It fails for years of five digits alone.
    at.to_offset(time::UtcOffset::UTC)
        .format(MILLISECONDS)
        .unwrap_or_default()
}

/// Now, as [happenings](super::Happening) have it, for whoever tells of something else beside them.
#[must_use]
pub fn now() -> String {
    timestamp(OffsetDateTime::now_utc())
}

/// A new id: a UUID of version 7, which begins with the time.
pub(super) fn new_id(net: &Net) -> String {
    let millis = net.wall().unix_timestamp_nanos() / 1_000_000;
    let random = [net.random().to_be_bytes(), net.random().to_be_bytes()].concat();
    let mut chosen = [0; 10];
    chosen.copy_from_slice(&random[..10]);
    let millis = u64::try_from(millis).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &chosen)
        .into_uuid()
        .to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::world::{Clock, NetOptions};

    fn net() -> Net {
        NetOptions::new().clock(Clock::Scripted).seed(7).build()
    }

    #[test]
    fn a_time_has_milliseconds_and_a_z() {
        let net = net();
        assert_eq!(timestamp(net.wall()), "2026-01-01T00:00:00.000Z");
        net.advance(Duration::from_millis(61_001));
        assert_eq!(timestamp(net.wall()), "2026-01-01T00:01:01.001Z");
    }

    #[test]
    fn an_id_is_a_uuid_of_version_7_and_no_two_are_equal() {
        let net = net();
        let (first, second) = (new_id(&net), new_id(&net));
        assert_ne!(first, second);
        let parsed = uuid::Uuid::parse_str(&first).unwrap();
        assert_eq!(parsed.get_version_num(), 7);
        let (seconds, nanos) = parsed.get_timestamp().unwrap().to_unix();
        assert_eq!((seconds, nanos), (1_767_225_600, 0));
        // The same seed, the same ids.
        assert_eq!(new_id(&self::net()), first);
    }
}
