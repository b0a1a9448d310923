//! Times as signatures write them: `20150830T123600Z`, the basic format of ISO 8601 in UTC.
//!
//! From days to dates and back by the proleptic Gregorian calendar, in eras of 400 years that begin with a March (H. Hinnant,
//! "chrono-compatible low-level date algorithms").

use super::incomplete;
use crate::emulator::model::Answer;
use crate::model::Timestamp;

/// What a header says, be it `X-Amz-Date` or HTTP's own `Date`.
pub(super) fn parse(text: &str) -> Answer<Timestamp> {
    let basic = seconds(text).map(|seconds| Timestamp::from_millis(seconds * 1_000));
    basic.or_else(|| httpdate::parse_http_date(text).ok().map(Into::into)).ok_or_else(|| {
        incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601."
        ))
    })
}

pub(super) fn write(time: Timestamp) -> String {
    let second = time.as_millis() / 1_000 % DAY;
    format!("{}T{:02}{:02}{:02}Z", day(time), second / 3_600, second / 60 % 60, second % 60)
}

/// `20150830`.
pub(super) fn day(time: Timestamp) -> String {
    let days = time.as_millis() / 1_000 / DAY + EPOCH;
    let (era, of_era) = (days / ERA, days % ERA);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months from March on.
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (0, month + 3) } else { (1, month - 9) };
    format!("{:04}{month:02}{date:02}", era * 400 + year_of_era + year)
}

/// Seconds since the epoch; `None` for what is no such text or no time since then.
fn seconds(text: &str) -> Option<u64> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let number = |digits: &str, from: usize, to: usize| -> Option<u64> {
        let digits = digits.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let (year, month, date_of_month) = (number(date, 0, 4)?, number(date, 4, 6)?, number(date, 6, 8)?);
    let (hour, minute, second) = (number(clock, 0, 2)?, number(clock, 2, 4)?, number(clock, 4, 6)?);
    let exists = (1..=12).contains(&month) && (1..=31).contains(&date_of_month);
    if date.len() != 8 || clock.len() != 6 || !exists || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days(year, month, date_of_month).checked_sub(EPOCH)?;
    Some(days * DAY + hour * 3_600 + minute * 60 + second)
}

/// Days since the first of March of the year 0.
fn days(year: u64, month: u64, date: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.saturating_sub(1), month + 9) };
    let year_of_era = year % 400;
    let of_year = (153 * month + 2) / 5 + date - 1;
    year / 400 * ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year
}

/// Seconds of a day.
const DAY: u64 = 86_400;
/// Days of 400 years.
const ERA: u64 = 146_097;
/// Days from the first of March of the year 0 to the first of January 1970.
const EPOCH: u64 = 719_468;
