//! One answer in as few bits as its question allows: choices by number, dates by their parts, numbers as numbers, names by
//! their words. An answer that is not of its question's usual form is coded as the plain value that it is.

use schemas::date::PartialDate;
use schemas::form::{Kind, Point};
use schemas::value::Value;

use super::{Said, Unreadable};
use crate::change::MAX_TEXT_BYTES;
use crate::coder::{Coder, Context};
use crate::hash::{from_hex, to_hex};

const IS_USUAL: Context = Context::new(0x501);
const IS_TAKEN_BACK: Context = Context::new(0x502);
const PLAIN_KIND: Context = Context::new(0x503);
const PLAIN: Context = Context::new(0x504);
const VALUE: Context = Context::new(0x505);
const TEXT: Context = Context::new(0x506);
const DATE: Context = Context::new(0x507);
const DIGIT: Context = Context::new(0x508);
const POINT: Context = Context::new(0x509);

/// The first year that a date's year is counted from; eight bits reach to 2155.
const FIRST_YEAR: i16 = 1900;

/// An answer in its question's usual form.
#[derive(Clone, Debug)]
enum Usual {
    Bool(bool),
    Number(i64),
    Choice(u32),
    Text(String),
    Date(PartialDate),
    /// Twelve or nine digits.
    Digits(Vec<u8>),
    Point(Point),
    Photo([u8; 32]),
}

impl Usual {
    /// `None` when the value is of another kind, or would be written differently.
    fn of(kind: &Kind, value: &Value) -> Option<Self> {
        let usual = match (kind, value) {
            (Kind::Bool, Value::Bool(flag)) => Self::Bool(*flag),
            (Kind::Number { .. }, Value::Int(number)) => Self::Number(*number),
            (Kind::Text { .. }, Value::Text(text)) => Self::Text(text.clone()),
            (Kind::Choice { choices }, Value::Text(code)) => {
                let place = choices.iter().position(|choice| choice.code == *code)?;
                Self::Choice(u32::try_from(place).ok()?)
            }
            (Kind::Date, Value::Text(text)) => {
                Self::Date(text.parse().ok().filter(|date: &PartialDate| year(*date).is_some())?)
            }
            (Kind::CitizenId, Value::Text(text)) if matches!(text.len(), 9 | 12) => {
                let digits: Option<Vec<u8>> =
                    text.bytes().map(|byte| byte.is_ascii_digit().then(|| byte - b'0')).collect();
                Self::Digits(digits?)
            }
            (Kind::Point, Value::Text(text)) => Self::Point(text.parse().ok()?),
            (Kind::Photo, Value::Text(text)) => Self::Photo(from_hex("photo", text).ok()?),
            _ => return None,
        };
        (usual.value(kind).as_ref() == Some(value)).then_some(usual)
    }

    fn value(&self, kind: &Kind) -> Option<Value> {
        Some(match self {
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Number(number) => Value::Int(*number),
            Self::Choice(place) => {
                let Kind::Choice { choices } = kind else { return None };
                Value::Text(choices.get(*place as usize)?.code.clone())
            }
            Self::Text(text) => Value::Text(text.clone()),
            Self::Date(date) => Value::Text(date.to_string()),
            // Digits are below ten.
            Self::Digits(digits) => Value::Text(digits.iter().map(|digit| char::from(b'0' + digit)).collect()),
            Self::Point(point) => Value::Text(point.to_string()),
            Self::Photo(hash) => Value::Text(to_hex(hash)),
        })
    }
}

/// Codes what is said in answer to a question; `question` is a number that no other question has.
pub(super) fn code(
    coder: &mut impl Coder,
    question: u32,
    kind: &Kind,
    given: Option<&Said>,
) -> Result<Said, Unreadable> {
    let value = given.and_then(Option::as_ref);
    let usual = value.and_then(|value| Usual::of(kind, value));
    if coder.bit(IS_USUAL.with(question), usual.is_some()) {
        let usual = code_usual(coder, question, kind, usual.as_ref())?;
        return usual.value(kind).map(Some).ok_or(Unreadable);
    }
    match coder.bit(IS_TAKEN_BACK.with(question), matches!(given, Some(None))) {
        true => Ok(None),
        false => code_plain(coder, value).map(Some),
    }
}

fn code_plain(coder: &mut impl Coder, given: Option<&Value>) -> Result<Value, Unreadable> {
    let kind = match given {
        Some(Value::Bool(_)) | None => 0,
        Some(Value::Int(_)) => 1,
        Some(Value::Text(_)) => 2,
    };
    Ok(match coder.symbol(PLAIN_KIND, 2, kind) {
        0 => Value::Bool(coder.bit(PLAIN, given == Some(&Value::Bool(true)))),
        1 => Value::Int(coder.signed(PLAIN, if let Some(Value::Int(number)) = given { *number } else { 0 })),
        2 => Value::Text(coder.text(TEXT, MAX_TEXT_BYTES, given.and_then(Value::as_text))?),
        _ => return Err(Unreadable),
    })
}

fn code_usual(coder: &mut impl Coder, question: u32, kind: &Kind, given: Option<&Usual>) -> Result<Usual, Unreadable> {
    let context = VALUE.with(question);
    Ok(match kind {
        Kind::Bool => Usual::Bool(coder.bit(context, matches!(given, Some(Usual::Bool(true))))),
        Kind::Number { .. } => {
            Usual::Number(coder.signed(context, if let Some(Usual::Number(number)) = given { *number } else { 0 }))
        }
        Kind::Choice { choices } => {
            let bits = usize::BITS - choices.len().saturating_sub(1).leading_zeros();
            Usual::Choice(coder.symbol(context, bits, if let Some(Usual::Choice(place)) = given { *place } else { 0 }))
        }
        Kind::Text { .. } => {
            let text = if let Some(Usual::Text(text)) = given { Some(text.as_str()) } else { None };
            Usual::Text(coder.text(TEXT.with(question), MAX_TEXT_BYTES, text)?)
        }
        Kind::Date => Usual::Date(code_date(
            coder,
            question,
            if let Some(Usual::Date(date)) = given { Some(*date) } else { None },
        )?),
        Kind::CitizenId => Usual::Digits(code_digits(
            coder,
            if let Some(Usual::Digits(digits)) = given { Some(digits.as_slice()) } else { None },
        )?),
        Kind::Point => {
            Usual::Point(code_point(coder, if let Some(Usual::Point(point)) = given { Some(point) } else { None })?)
        }
        Kind::Photo => Usual::Photo(coder.bytes(if let Some(Usual::Photo(hash)) = given { Some(hash) } else { None })),
    })
}

fn year(date: PartialDate) -> Option<u8> {
    u8::try_from(date.year().checked_sub(FIRST_YEAR)?).ok()
}

fn code_date(coder: &mut impl Coder, question: u32, given: Option<PartialDate>) -> Result<PartialDate, Unreadable> {
    let (known_to, month, day) = match given {
        None | Some(PartialDate::Year(_)) => (0, 0, 0),
        Some(PartialDate::Month(_, month)) => (1, month, 0),
        Some(PartialDate::Day(day)) => (2, day.month(), day.day()),
    };
    let context = DATE.with(question);
    let known_to = coder.symbol(context, 2, known_to);
    let since = coder.symbol(context.with(1), 8, u32::from(given.and_then(year).unwrap_or_default()));
    // Months and days are small and positive.
    let month = if known_to > 0 { coder.symbol(context.with(2), 4, month as u32) } else { 0 };
    let day = if known_to > 1 { coder.symbol(context.with(3), 5, day as u32) } else { 0 };
    let year = FIRST_YEAR as u32 + since;
    let text = match known_to {
        0 => format!("{year:04}"),
        1 => format!("{year:04}-{month:02}"),
        _ => format!("{year:04}-{month:02}-{day:02}"),
    };
    text.parse().map_err(|_| Unreadable)
}

fn code_digits(coder: &mut impl Coder, given: Option<&[u8]>) -> Result<Vec<u8>, Unreadable> {
    let is_long = coder.bit(DIGIT, given.is_none_or(|digits| digits.len() == 12));
    let length = if is_long { 12 } else { 9 };
    let mut digits = Vec::with_capacity(length);
    for at in 0..length {
        let digit = given.map_or(0, |digits| digits[at]);
        let digit = coder.symbol(DIGIT.with(at as u32), 4, u32::from(digit));
        // Four bits fit in a byte.
        digits.push(digit as u8);
    }
    match digits.iter().all(|digit| *digit < 10) {
        true => Ok(digits),
        false => Err(Unreadable),
    }
}

/// A point by its distance from the last one, and its time by the distance from the time of the change.
fn code_point(coder: &mut impl Coder, given: Option<&Point>) -> Result<Point, Unreadable> {
    let ((last_latitude, last_longitude), time) = (coder.memory().last_point_e6, coder.memory().last_time_s);
    let distance = |of: fn(&Point) -> i64, from: i64| given.map_or(0, |point| of(point).wrapping_sub(from));
    let latitude = coder.signed(POINT.with(1), distance(|point| point.latitude_e6.into(), last_latitude));
    let longitude = coder.signed(POINT.with(2), distance(|point| point.longitude_e6.into(), last_longitude));
    let accuracy_m = coder.number(POINT.with(3), given.map_or(0, |point| point.accuracy_m.into()));
    let measured = coder.signed(POINT.with(4), distance(|point| point.measured_at_s, time));
    let source = coder.text(POINT.with(5), 20, given.map(|point| point.source.as_str()))?;
    let point = Point {
        latitude_e6: i32::try_from(last_latitude.wrapping_add(latitude)).map_err(|_| Unreadable)?,
        longitude_e6: i32::try_from(last_longitude.wrapping_add(longitude)).map_err(|_| Unreadable)?,
        accuracy_m: u32::try_from(accuracy_m).map_err(|_| Unreadable)?,
        measured_at_s: time.wrapping_add(measured),
        source,
    };
    coder.memory().last_point_e6 = (point.latitude_e6.into(), point.longitude_e6.into());
    // Written and read again: a point that no question would take is none.
    point.to_string().parse().map_err(|_| Unreadable)
}
