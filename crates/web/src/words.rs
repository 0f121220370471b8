//! How money and times are written.

use crate::language::Language;
use admitone_domain::{Currency, Moment, Money};
use jiff::tz::TimeZone;

/// Currencies whose minor unit is the whole one.
const WHOLE: [&str; 4] = ["KRW", "JPY", "VND", "CLP"];

/// Currencies with a thousand minor units in a whole one.
const THOUSAND: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// How many digits behind the point a currency has.
fn decimals(currency: Currency) -> u32 {
    match currency.code() {
        code if WHOLE.contains(&code) => 0,
        code if THOUSAND.contains(&code) => 3,
        _ => 2,
    }
}

/// An amount as people type it, `12.50` or `₩132,000`; none where it is none, or has more digits
/// behind the point than its currency. Commas stand between thousands and nowhere else: whoever writes
/// `12,50` does not mean 1,250.
pub(crate) fn typed(text: &str, currency: Currency) -> Option<Money> {
    let text = text.trim().trim_start_matches(currency.code()).trim_start_matches('₩').trim();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let whole = without_commas(whole)?;
    let digits = usize::try_from(decimals(currency)).ok()?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > digits || !is_number(&whole) || !is_number(part) {
        return None;
    }
    format!("{whole}{part:0<digits$}").parse().ok().map(Money)
}

/// A whole number without what parts its thousands; none where commas stand elsewhere.
fn without_commas(whole: &str) -> Option<String> {
    let Some((first, rest)) = whole.split_once(',') else { return Some(whole.to_owned()) };
    let is_parted = (1..=3).contains(&first.len()) && rest.split(',').all(|group| group.len() == 3);
    is_parted.then(|| whole.replace(',', ""))
}

/// An amount with its currency: `₩132,000`, `USD 12.50`.
pub(crate) fn money(amount: Money, currency: Currency) -> String {
    let sign = if amount.0 < 0 { "−" } else { "" };
    let plain = plain(amount, currency);
    let digits = match plain.split_once('.') {
        Some((whole, part)) => format!("{}.{part}", grouped(whole)),
        None => grouped(&plain),
    };
    match currency.code() {
        "KRW" => format!("{sign}₩{digits}"),
        code => format!("{sign}{code} {digits}"),
    }
}

/// An amount as a field has it that is read with [`typed`], without sign and currency: `12.50`.
pub(crate) fn plain(amount: Money, currency: Currency) -> String {
    let (units, decimals) = (amount.0.unsigned_abs(), decimals(currency));
    let (one, places) = (10_u64.pow(decimals), usize::try_from(decimals).unwrap_or(0));
    match decimals {
        0 => units.to_string(),
        _ => format!("{}.{:0places$}", units / one, units % one),
    }
}

fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A day and a time in a zone, as the language writes them.
pub(crate) fn date(language: Language, moment: Moment, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let at = moment.timestamp().to_zoned(zone);
    let day_name = format!("day.{}", at.weekday().to_monday_one_offset());
    let day = language.say(&day_name).to_owned();
    match language.code() {
        "ko" => format!(
            "{}년 {}월 {}일 ({day}) {:02}:{:02}",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute()
        ),
        _ => format!("{day} {}", at.strftime("%-d %b %Y, %H:%M")),
    }
}

/// A time in a zone, as a field for one has it.
pub(crate) fn local(moment: Moment, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    moment.timestamp().to_zoned(zone).strftime("%Y-%m-%dT%H:%M").to_string()
}

/// The moment of such a field; none where it is no time, or there is no such zone.
pub(crate) fn moment_of(text: &str, zone: &str) -> Option<Moment> {
    let at: jiff::civil::DateTime = text.parse().ok()?;
    let zoned = at.to_zoned(TimeZone::get(zone).ok()?).ok()?;
    Some(Moment::from(zoned.timestamp()))
}

/// Minutes and seconds, for whoever has no script: `4:05`.
pub(crate) fn clock(ms: u64) -> String {
    let seconds = ms / 1_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_grouped_and_has_the_minor_units_of_its_currency() {
        let usd = "USD".parse().unwrap();
        assert_eq!(money(Money(132_000), Currency::KRW), "₩132,000");
        assert_eq!(money(Money(0), Currency::KRW), "₩0");
        assert_eq!(money(Money(-1_250), usd), "−USD 12.50");
        assert_eq!(money(Money(123_456_705), usd), "USD 1,234,567.05");
        assert_eq!(money(Money(1_005), "KWD".parse().unwrap()), "KWD 1.005");
    }

    #[test]
    fn an_amount_is_read_as_people_type_it() {
        let usd = "USD".parse().unwrap();
        for (text, amount) in [
            ("12.50", Some(1_250)),
            ("12.5", Some(1_250)),
            ("12", Some(1_200)),
            (" USD 1,234.05 ", Some(123_405)),
            ("12.505", None),
            ("12,50", None),
            ("1,2345", None),
            ("1234,567", None),
            (",123", None),
            ("12.5,0", None),
            ("1,234,567", Some(123_456_700)),
            (".5", None),
            ("-1", None),
            ("1e3", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(typed(text, usd), amount.map(Money), "{text}");
        }
        assert_eq!(typed("₩132,000", Currency::KRW), Some(Money(132_000)));
        assert_eq!(typed("132000.5", Currency::KRW), None, "won have no parts");
        assert_eq!(typed("1.005", "KWD".parse().unwrap()), Some(Money(1_005)));
    }

    #[test]
    fn what_stands_in_a_field_is_read_as_the_same_amount() {
        for code in ["KRW", "USD", "KWD"] {
            let currency = code.parse().unwrap();
            for amount in [0, 7, 1_250, 123_456_705].map(Money) {
                assert_eq!(typed(&plain(amount, currency), currency), Some(amount), "{code}");
            }
        }
        assert_eq!(plain(Money(1_250), "USD".parse().unwrap()), "12.50");
    }

    #[test]
    fn a_date_is_written_in_the_zone_and_the_language() {
        let at = Moment::from("2027-01-30T10:00:00Z".parse::<jiff::Timestamp>().unwrap());
        let in_language = |code| date(Language::of_code(code).unwrap(), at, "Asia/Seoul");
        assert_eq!(in_language("ko"), "2027년 1월 30일 (토) 19:00");
        assert_eq!(in_language("en"), "Sat 30 Jan 2027, 19:00");
    }

    #[test]
    fn a_field_for_a_time_is_read_in_its_zone() {
        let at = Moment::from("2027-01-30T10:00:00Z".parse::<jiff::Timestamp>().unwrap());
        assert_eq!(local(at, "Asia/Seoul"), "2027-01-30T19:00");
        assert_eq!(moment_of("2027-01-30T19:00", "Asia/Seoul"), Some(at));
        assert_eq!(moment_of("2027-01-30T19:00", "Nowhere/At_All"), None);
        assert_eq!(moment_of("soon", "UTC"), None);
    }

    #[test]
    fn a_clock_shows_minutes_and_seconds() {
        assert_eq!(clock(245_999), "4:05");
    }
}
