//! The answers to code that looks for a machine around it: there is a clock, and nothing else.

use chrono::{DateTime, Datelike, TimeDelta, Timelike};
use monty_types::{
    DictPairs, ExcType, ExtFunctionResult, MontyDate, MontyDateTime, MontyException, MontyObject,
    MontyTimeZone, OsFunctionCall,
};

use crate::bindings::yoi::ptc::host;

pub(crate) fn answer(call: OsFunctionCall) -> ExtFunctionResult {
    if call.is_existence_check() {
        return MontyObject::Bool(false).into();
    }
    match call {
        OsFunctionCall::GetEnviron => MontyObject::Dict(DictPairs::default()).into(),
        OsFunctionCall::Getenv(asked) => asked.default.into(),
        OsFunctionCall::DateToday => {
            let now = now(0);
            let (year, month, day) = (now.year(), small(now.month()), small(now.day()));
            MontyObject::Date(MontyDate { year, month, day }).into()
        }
        OsFunctionCall::DateTimeNow(zone) => MontyObject::DateTime(date_time(zone)).into(),
        other => {
            let said = format!(
                "[Errno 1] Operation not permitted: '{}' (this code has no files)",
                other.name()
            );
            MontyException::new(ExcType::PermissionError, Some(said)).into()
        }
    }
}

/// Without a zone, local time: that of a machine in UTC.
fn date_time(zone: Option<MontyTimeZone>) -> MontyDateTime {
    let now = now(zone.as_ref().map_or(0, |zone| zone.offset_seconds));
    let (offset_seconds, timezone_name) = match zone {
        Some(zone) => (Some(zone.offset_seconds), zone.name),
        None => (None, None),
    };
    MontyDateTime {
        year: now.year(),
        month: small(now.month()),
        day: small(now.day()),
        hour: small(now.hour()),
        minute: small(now.minute()),
        second: small(now.second()),
        microsecond: now.nanosecond() / 1000 % 1_000_000,
        offset_seconds,
        timezone_name,
    }
}

fn now(offset_seconds: i32) -> DateTime<chrono::Utc> {
    // In 2554 the nanoseconds are over; until then they fit.
    let nanos = i64::try_from(host::now()).unwrap_or(i64::MAX);
    DateTime::from_timestamp_nanos(nanos) + TimeDelta::seconds(offset_seconds.into())
}

fn small(part: u32) -> u8 {
    u8::try_from(part).expect("no part of a date or time but the year is above 60")
}
