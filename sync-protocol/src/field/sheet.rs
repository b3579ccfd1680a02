//! A household as one standard reads it in its village and round: which questions concern whom, what stands from last year,
//! what is missing.
//!
//! Owns the counting. Whether a question concerns somebody is the standard's to say ([`schemas::rules::relevance`]), and
//! so is what the class rests on.

use schemas::form::{Question, Scope};
use schemas::household::{Answers, Household, SectionKey};
use schemas::ids::MemberId;
use schemas::rules::{Facts, MissingReport, Report, Screening, Subject, classify, relevance, screen};
use schemas::standard::Standard;
use schemas::value::{Key, Value};

use super::asked::{About, LastYear, Outline, Relevance, SectionOutline};
use super::survey::Terms;
use crate::change::Slot;
use crate::history::History;

/// A household as one standard reads it, under the terms of its village and round.
pub(super) struct Sheet<'s> {
    standard: &'s Standard,
    history: History,
    pub(super) household: Household,
    facts: Facts,
    terms: Terms,
}

impl<'s> Sheet<'s> {
    /// `household`: what the history says, or that with something laid over it.
    pub(super) fn new(standard: &'s Standard, history: History, household: Household, terms: Terms) -> Self {
        let facts = standard.facts(&household);
        Self { standard, history, household, facts, terms }
    }

    /// The questions that the round asks of a kind of subject.
    pub(super) fn questions(&self, scope: Scope) -> impl Iterator<Item = &'s Question> {
        let form = self.standard.form();
        let (terms, listed) = (self.terms.clone(), self.was_listed());
        let requested = |key: &Key| form.sections.iter().any(|section| section.key == *key && section.requested);
        form.questions().iter().filter(move |question| {
            question.scope == scope && terms.asks(&question.kind) && !(listed && requested(&question.section))
        })
    }

    /// Whether last year's list had the household: nobody asks it for a request.
    fn was_listed(&self) -> bool {
        self.history.nodes().first().is_some_and(|node| self.terms.carried(node.entry.actor))
    }

    /// What form A says of a household that no list had; `None` where it is not asked.
    pub(super) fn screening(&self) -> Option<Screening> {
        if self.was_listed() {
            return None;
        }
        screen(self.standard, &self.facts, self.terms.scoring.as_of)
    }

    pub(super) fn relevance(&self, about: About, question: &Question) -> Relevance {
        let subject = self.subject(about);
        let slot = self.standard.slot(question.scope, &question.key);
        let as_of = self.terms.scoring.as_of;
        // A question that no rule looks at has no slot, and no condition either.
        let asked =
            subject.zip(slot).map(|(subject, slot)| relevance(self.standard, &self.facts, as_of, subject, slot));
        asked.map_or(Relevance::Yes, Relevance::from)
    }

    /// The subject's number, as facts count; `None` for one that the household does not have.
    fn subject(&self, about: About) -> Option<Subject> {
        let number = |place: Option<usize>| place.and_then(|place| u32::try_from(place).ok());
        match about {
            About::Household => Some(Subject::Household),
            About::Member(id) => number(self.household.members.keys().position(|key| *key == id)).map(Subject::Member),
            About::Visit(id) => number(self.household.visits.keys().position(|key| *key == id)).map(Subject::Visit),
        }
    }

    /// Whether an answer stands as last year's list had it.
    pub(super) fn last_year(&self, about: About, question: &Question) -> Option<LastYear> {
        let key = question.key.clone();
        let (slot, section) = match about {
            About::Household => (Slot::Answer(key), SectionKey::Form(question.section.clone())),
            About::Member(id) => (Slot::MemberAnswer(id, key), SectionKey::Member(id)),
            About::Visit(_) => return None,
        };
        self.taken_over(&slot, &section).filter(|_| question.carried)
    }

    /// Everybody who was ever listed, as people would name them: the head first, then the oldest.
    pub(super) fn members(&self) -> Vec<MemberId> {
        let text = |answers: &Answers, key: &str| answers.get(key).and_then(Value::as_text).map(str::to_owned);
        let order = |(id, answers): &(&MemberId, &Answers)| {
            let born = text(answers, "born");
            (text(answers, "relation").as_deref() != Some("head"), born.is_none(), born, **id)
        };
        let mut members: Vec<_> = self.household.members.iter().collect();
        members.sort_by_key(order);
        members.into_iter().map(|(id, _)| *id).collect()
    }

    /// What became of the members that last year's list had.
    fn membership(&self) -> Option<LastYear> {
        let mut members = self.household.members.keys();
        members.find_map(|member| self.taken_over(&Slot::Member(*member), &SectionKey::Membership))
    }

    fn taken_over(&self, slot: &Slot, section: &SectionKey) -> Option<LastYear> {
        let is_carried = self.history.writer_of(slot).is_some_and(|writer| self.terms.carried(writer));
        let is_confirmed = self.household.confirmed.contains_key(section);
        is_carried.then_some(if is_confirmed { LastYear::Confirmed } else { LastYear::ToConfirm })
    }

    /// How much the class rests on and nobody has answered, under the first way in which the household may be looked at.
    pub(super) fn lacks(&self) -> usize {
        let scoring = self.terms.scoring;
        let Some((place, mode)) = scoring.trials().into_iter().next() else { return 0 };
        classify(self.standard, &self.facts, &place, scoring.as_of, &mode).missing().len()
    }

    /// The same, each with whose answer it is.
    pub(super) fn missing(&self) -> Vec<MissingReport> {
        let scoring = self.terms.scoring;
        let Some((place, mode)) = scoring.trials().into_iter().next() else { return Vec::new() };
        let assessment = classify(self.standard, &self.facts, &place, scoring.as_of, &mode);
        Report::new(self.standard, &self.household, &assessment, &place, scoring.as_of, &mode).missing
    }

    pub(super) fn outline(&self, about: About, missing: &[MissingReport]) -> Outline {
        let answers = answers(&self.household, about);
        let mut sections: Vec<SectionOutline> = Vec::new();
        for question in self.questions(scope(about)) {
            if self.relevance(about, question) == Relevance::No {
                continue;
            }
            let section = section_in(&mut sections, &question.section);
            section.asked += 1;
            section.answered += u32::from(answers.is_some_and(|answers| answers.contains_key(&question.key)));
            section.lacks += u32::from(missing.iter().any(|missing| is_of(missing, about, question)));
            section.last_year = section.last_year.or(self.last_year(about, question));
        }
        let name = answers
            .filter(|_| about != About::Household)
            .and_then(|answers| answers.get("full_name"))
            .map(Value::to_string);
        let membership = (about == About::Household).then(|| self.membership()).flatten();
        Outline { subject: about, name, sections, membership }
    }
}

fn section_in<'a>(sections: &'a mut Vec<SectionOutline>, section: &Key) -> &'a mut SectionOutline {
    let at = sections.iter().position(|known| known.section == *section).unwrap_or_else(|| {
        let section = section.clone();
        sections.push(SectionOutline { section, answered: 0, asked: 0, lacks: 0, last_year: None });
        sections.len() - 1
    });
    &mut sections[at]
}

fn is_of(missing: &MissingReport, about: About, question: &Question) -> bool {
    let whose = match about {
        About::Household => missing.member.is_none() && missing.visit.is_none(),
        About::Member(id) => missing.member.as_ref().is_some_and(|person| person.id == id),
        About::Visit(id) => missing.visit == Some(id),
    };
    whose && missing.question.as_ref() == Some(&question.key)
}

pub(super) fn scope(about: About) -> Scope {
    match about {
        About::Household => Scope::Household,
        About::Member(_) => Scope::Member,
        About::Visit(_) => Scope::Visit,
    }
}

pub(super) fn answers(household: &Household, about: About) -> Option<&Answers> {
    match about {
        About::Household => Some(&household.answers),
        About::Member(id) => household.members.get(&id),
        About::Visit(id) => household.visits.get(&id),
    }
}
