//! `indicators.toml`, and weights and class rules in one common unit.

use serde::Deserialize;

use super::fault::Reason;
use super::header::ClassEntry;
use super::read::Reading;
use crate::form::{Citation, Confidence, Label};
use crate::fraction::{Fraction, greatest_common_divisor};
use crate::rules::{ClassRule, Condition, MOST_INDICATORS};
use crate::value::Key;

/// The name of the file.
pub(super) const FILE: &str = "indicators.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceEntry {
    key: Key,
    vi: String,
    en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IndicatorEntry {
    pub(super) key: Key,
    service: Key,
    pub(super) vi: String,
    pub(super) en: String,
    pub(super) threshold_vi: String,
    pub(super) threshold_en: String,
    pub(super) weight: Fraction,
    pub(super) deprived_when: Option<Condition>,
    pub(super) source: Citation,
}

/// An indicator as read, with the name of its service.
pub(super) struct Criterion {
    pub(super) entry: String,
    pub(super) indicator: IndicatorEntry,
    pub(super) service: Label,
}

/// Reads the file.
pub(super) fn read(reading: &mut Reading, text: &str) -> Vec<Criterion> {
    let mut file = reading.open(FILE, text);
    let services: Vec<(String, ServiceEntry)> = file.take_list("service");
    let indicators: Vec<(String, IndicatorEntry)> = file.take_list("indicator");
    file.close();
    if indicators.len() > MOST_INDICATORS {
        reading.fault(FILE, "", Reason::TooManyIndicators);
    }
    let mut criteria: Vec<Criterion> = Vec::with_capacity(indicators.len());
    for (entry, indicator) in indicators {
        if criteria.iter().any(|earlier| earlier.indicator.key == indicator.key) {
            reading.fault(FILE, &*entry, Reason::Duplicate);
        }
        if indicator.deprived_when.is_none() != (indicator.source.confidence == Confidence::Unknown) {
            reading.fault(FILE, &*entry, Reason::ThresholdMarkedWrongly);
        }
        match services.iter().find(|(_, service)| service.key == indicator.service) {
            Some((_, service)) => {
                let service = Label { vi: service.vi.clone(), en: service.en.clone() };
                criteria.push(Criterion { entry, indicator, service });
            }
            None => reading.fault(FILE, entry, Reason::UnknownSection(indicator.service)),
        }
    }
    criteria
}

/// Weights and limits as whole numbers of one unit.
pub(super) struct Measure {
    /// What one unit is worth.
    pub(super) unit: Fraction,
    scale: u64,
    divisor: u64,
}

/// Sums of weights are kept as bits of a 128-bit word.
const MOST_UNITS: u64 = 127;

impl Measure {
    /// The coarsest unit that measures every weight and every limit.
    pub(super) fn new(criteria: &[Criterion], classes: &[(String, ClassEntry)]) -> Result<Self, Reason> {
        let weights: Vec<Fraction> = criteria.iter().map(|criterion| criterion.indicator.weight).collect();
        let limits = classes.iter().flat_map(|(_, class)| [class.at_least, class.below]).flatten();
        let all: Vec<Fraction> = weights.iter().copied().chain(limits).collect();
        let scale = all.iter().try_fold(1u64, |scale, fraction| {
            let denominator = fraction.denominator();
            scale.checked_mul(denominator / greatest_common_divisor(scale, denominator))
        });
        let scale = scale.ok_or(Reason::WeightsTooFine)?;
        let divisor = all.iter().try_fold(0u64, |divisor, fraction| {
            fraction.in_units_of(scale).map(|units| greatest_common_divisor(divisor, units))
        });
        let divisor = divisor.ok_or(Reason::WeightsTooFine)?.max(1);
        let unit = Fraction::new(divisor, scale).ok_or(Reason::WeightsTooFine)?;
        let measure = Self { unit, scale, divisor };
        let total = weights.iter().try_fold(0u64, |sum, weight| sum.checked_add(measure.units(*weight)?.into()));
        total.filter(|total| *total <= MOST_UNITS).map(|_| measure).ok_or(Reason::WeightsTooFine)
    }

    /// A weight or limit in units.
    pub(super) fn units(&self, fraction: Fraction) -> Option<u32> {
        u32::try_from(fraction.in_units_of(self.scale)? / self.divisor).ok()
    }

    /// A class rule in units.
    pub(super) fn class_rule(&self, entry: &ClassEntry) -> Option<ClassRule> {
        let below = match entry.below {
            Some(limit) => Some(self.units(limit)?),
            None => None,
        };
        let at_least = self.units(entry.at_least.unwrap_or(Fraction::ZERO))?;
        Some(ClassRule { class: entry.class, income: entry.income, at_least, below })
    }
}
