//! From parts that were read to a standard whose every name is checked.

use std::collections::BTreeMap;

use super::criteria::{self, Criterion, Measure};
use super::fault::{Faults, Reason};
use super::form_file::Forms;
use super::header::{self, ClassEntry, FlagEntry, Header, IncomeEntry, ScreeningEntry};
use super::load::Parts;
use super::read::Reading;
use super::{Flag, Income, Indicator, Source, Standard};
use crate::form::{Form, FormVersion, Kind, Label, Scope};
use crate::rules::{
    AgeBand, BindFault, Binder, Breaks, ClassRule, Condition, IncomeRule, IndicatorRule, Layout, Node, Rules,
    ScreeningRule, Slot,
};
use crate::value::Key;

/// Binds everything, or says everything that does not fit.
pub(super) fn bind(parts: Parts) -> Result<Standard, Faults> {
    let mut reading = Reading::default();
    let standard = bind_parts(&mut reading, parts);
    reading.finish()?;
    // Whatever was left out left a fault, so without faults there is a standard.
    standard.ok_or_else(|| Faults(Vec::new()))
}

/// What names are checked against, and where the truth of the conditions bound so far can change.
struct Binding<'a> {
    reading: &'a mut Reading,
    form: &'a Form,
    layout: &'a Layout,
    bands: &'a BTreeMap<Key, AgeBand>,
    breaks: Breaks,
}

fn bind_parts(reading: &mut Reading, parts: Parts) -> Option<Standard> {
    let Parts { header, forms, criteria, procedures, hash } = parts;
    let sources = sources(&header, &criteria);
    let bands = age_bands(reading, &header);
    let measure = Measure::new(&criteria, &header.classes);
    let measure = reading.keep(criteria::FILE, "", measure);
    let Forms { sections, questions, origins } = forms;
    let version = FormVersion(format!("{}/{}", header.about.id, header.about.form_version));
    let form = Form::new(version, sections.iter().map(|(section, ..)| section.clone()).collect(), questions);
    let form = form.map_err(|twice| Reason::Question(twice.key, twice.scope));
    let form = reading.keep(header::FILE, "", form)?;
    let layout = Layout::new(&form);
    let mut binding =
        Binding { reading, form: &form, layout: &layout, bands: &bands, breaks: Breaks::new(&form, &layout) };
    let (rules, indicators) = binding.rules(&header, criteria, measure.as_ref(), &origins)?;
    let about = header.about;
    Some(Standard {
        valid: about.valid(),
        label: Label { vi: about.vi, en: about.en },
        id: about.id,
        status: about.status,
        legal: about.legal,
        indicators,
        unit: measure?.unit,
        income: header.income.as_ref().map(income),
        flags: header.flags.into_iter().map(|(_, entry)| flag(entry)).collect(),
        sources,
        procedures,
        points: Vec::new(),
        age_bands: bands,
        sections,
        hash,
        overlay: None,
        rules,
        form,
    })
}

impl Binding<'_> {
    fn rules(
        &mut self,
        header: &Header,
        criteria: Vec<Criterion>,
        measure: Option<&Measure>,
        origins: &[(String, String)],
    ) -> Option<(Rules, Vec<Indicator>)> {
        let relevance = [Scope::Household, Scope::Member, Scope::Visit].map(|scope| self.relevance(scope, origins));
        let members = &header.members;
        let counted = self.condition((header::FILE, "members"), &members.counted, Scope::Member);
        let born = self.slot("members", Scope::Member, &members.born, |kind| matches!(kind, Kind::Date));
        let income = header.income.as_ref().map(|entry| self.income(entry));
        let screening = header.screening.as_ref().map(|entry| self.screening(entry));
        let flags = self.flags(&header.flags);
        let classes = self.classes(&header.classes, measure, header.income.is_some());
        let bound: Vec<_> = criteria.into_iter().map(|criterion| self.indicator(criterion, measure)).collect();
        let (indicators, thresholds): (Vec<_>, Vec<_>) =
            bound.into_iter().collect::<Option<Vec<_>>>()?.into_iter().unzip();
        let rules = Rules {
            layout: self.layout.clone(),
            relevance,
            born: born?,
            counted: counted?,
            indicators: thresholds,
            income: sequence(income)?,
            classes: classes?,
            otherwise: header.otherwise,
            screening: sequence(screening)?,
            flags: flags?,
            breaks: self.breaks.clone(),
        };
        Some((rules, indicators))
    }

    fn condition(&mut self, place: (&str, &str), condition: &Condition, scope: Scope) -> Option<Node> {
        let bound = Binder::new(self.form, self.layout, self.bands).bind(condition, scope);
        self.note(place, bound, scope)
    }

    fn note(&mut self, (file, entry): (&str, &str), bound: Result<Node, Vec<BindFault>>, scope: Scope) -> Option<Node> {
        match bound {
            Ok(node) => {
                self.breaks.add(&node, scope);
                Some(node)
            }
            Err(faults) => {
                for fault in faults {
                    self.reading.fault(file, entry, Reason::Condition(fault));
                }
                None
            }
        }
    }

    fn slot(&mut self, entry: &str, scope: Scope, key: &Key, fits: fn(&Kind) -> bool) -> Option<Slot> {
        let question = self.form.question(scope, key.as_str()).filter(|question| fits(&question.kind));
        let slot = question.and_then(|_| self.layout.slot(self.form, scope, key));
        self.reading.keep(header::FILE, entry, slot.ok_or_else(|| Reason::Question(key.clone(), scope)))
    }

    /// The relevance of every question of a scope, by slot.
    fn relevance(&mut self, scope: Scope, origins: &[(String, String)]) -> Vec<Option<Node>> {
        let places = self.layout.places(scope);
        let bound = places.iter().map(|place| {
            let (file, entry) = &origins[*place];
            let bound = Binder::new(self.form, self.layout, self.bands).bind_relevance(*place);
            self.note((file, entry), bound.transpose()?, scope)
        });
        bound.collect()
    }

    fn income(&mut self, entry: &IncomeEntry) -> Option<IncomeRule> {
        let number = |kind: &Kind| matches!(kind, Kind::Number { decimals: 0, .. });
        let paper_points = self.slot("income", Scope::Household, &entry.paper_points, number);
        let measured = entry.measured.iter().map(|key| self.slot("income", Scope::Household, key, number));
        let measured: Vec<Option<Slot>> = measured.collect();
        if entry.months == 0 {
            self.reading.fault(header::FILE, "income", Reason::Condition(BindFault::Limits("months")));
        }
        Some(IncomeRule {
            cut_off: (&entry.cut_off).into(),
            line: (&entry.line).into(),
            paper_points: paper_points?,
            measured: measured.into_iter().collect::<Option<_>>()?,
            months: entry.months,
        })
    }

    fn screening(&mut self, entry: &ScreeningEntry) -> Option<ScreeningRule> {
        let criteria = entry
            .criteria
            .iter()
            .map(|criterion| self.condition((header::FILE, "screening"), criterion, Scope::Household));
        let criteria: Vec<Option<Node>> = criteria.collect();
        let criteria = criteria.into_iter().collect::<Option<_>>()?;
        Some(ScreeningRule { criteria, review_below: entry.review_below })
    }

    fn flags(&mut self, entries: &[(String, FlagEntry)]) -> Option<Vec<Node>> {
        let mut flags = Vec::with_capacity(entries.len());
        for (at, (entry, flag)) in entries.iter().enumerate() {
            if entries[..at].iter().any(|(_, earlier)| earlier.key == flag.key) {
                self.reading.fault(header::FILE, &**entry, Reason::Duplicate);
            }
            flags.push(self.condition((header::FILE, entry), &flag.when, Scope::Household));
        }
        flags.into_iter().collect()
    }

    fn classes(
        &mut self,
        entries: &[(String, ClassEntry)],
        measure: Option<&Measure>,
        has_income: bool,
    ) -> Option<Vec<ClassRule>> {
        for (entry, _) in entries.iter().filter(|(_, class)| class.income.is_some() && !has_income) {
            self.reading.fault(header::FILE, &**entry, Reason::IncomeNotDefined);
        }
        let measure = measure?;
        let classes = entries.iter().map(|(_, class)| measure.class_rule(class)).collect::<Option<Vec<_>>>();
        self.reading.keep(header::FILE, "class", classes.ok_or(Reason::WeightsTooFine))
    }

    fn indicator(&mut self, criterion: Criterion, measure: Option<&Measure>) -> Option<(Indicator, IndicatorRule)> {
        let Criterion { entry, indicator, service } = criterion;
        let bound = indicator
            .deprived_when
            .as_ref()
            .map(|when| self.condition((criteria::FILE, &entry), when, Scope::Household));
        let deprived_when = sequence(bound)?;
        let mut questions = Vec::new();
        if let Some(node) = &deprived_when {
            node.questions(Scope::Household, &mut questions);
        }
        let units = measure?.units(indicator.weight)?;
        let rule = IndicatorRule { units, deprived_when };
        let indicator = Indicator {
            key: indicator.key,
            label: Label { vi: indicator.vi, en: indicator.en },
            service,
            threshold: Label { vi: indicator.threshold_vi, en: indicator.threshold_en },
            weight: indicator.weight,
            citation: indicator.source,
            questions,
        };
        Some((indicator, rule))
    }
}

/// Nothing to bind is fine; something that could not be bound is not.
fn sequence<T>(bound: Option<Option<T>>) -> Option<Option<T>> {
    bound.map_or(Some(None), |bound| bound.map(Some))
}

fn age_bands(reading: &mut Reading, header: &Header) -> BTreeMap<Key, AgeBand> {
    let mut bands = BTreeMap::new();
    for (entry, band) in &header.age_bands {
        if band.from < 0 || band.below.is_some_and(|below| below <= band.from) {
            reading.fault(header::FILE, &**entry, Reason::Condition(BindFault::Limits("age_band")));
        }
        if bands.insert(band.key.clone(), AgeBand { from: band.from, below: band.below }).is_some() {
            reading.fault(header::FILE, &**entry, Reason::Duplicate);
        }
    }
    bands
}

fn income(entry: &IncomeEntry) -> Income {
    Income {
        line: (&entry.line).into(),
        cut_off: (&entry.cut_off).into(),
        average_up_to: (&entry.average_up_to).into(),
        citation: entry.source.clone(),
    }
}

fn flag(entry: FlagEntry) -> Flag {
    Flag { key: entry.key, label: Label { vi: entry.vi, en: entry.en }, citation: entry.source }
}

/// Where every rule comes from, so that an office sees at a glance what it still has to confirm.
fn sources(header: &Header, criteria: &[Criterion]) -> Vec<Source> {
    let mut sources = vec![Source { entry: "members".into(), citation: header.members.source.clone() }];
    let mut add = |entry: &str, citation: &crate::form::Citation| {
        sources.push(Source { entry: entry.to_owned(), citation: citation.clone() });
    };
    header.age_bands.iter().for_each(|(entry, band)| add(entry, &band.source));
    header.income.iter().for_each(|income| add("income", &income.source));
    header.classes.iter().for_each(|(entry, class)| add(entry, &class.source));
    header.screening.iter().for_each(|screening| add("screening", &screening.source));
    header.flags.iter().for_each(|(entry, flag)| add(entry, &flag.source));
    criteria.iter().for_each(|criterion| add(&criterion.entry, &criterion.indicator.source));
    sources
}
