//! Truth of bound conditions over the facts of one household on one day.
//!
//! Owns evaluation: what holds, who makes it hold, and what is missing where nobody can say. Nothing here allocates
//! except the list of what is missing.

use jiff::civil::Date;

use super::bind::{AgeBand, Node, Slot, Test};
use super::facts::{Cell, Facts, Subject};
use super::{MemberSet, Missing, Rules, Truth};
use crate::standard::StandardHash;

/// Nobody is known to have been older; a member without a date of birth may be of any age up to this.
pub(crate) const OLDEST: i16 = 130;

/// What follows from a member's facts once the day is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// Youngest and oldest possible age; `None` when not yet born.
    ages: Option<(i16, i16)>,
    counts: Truth,
}

/// Members of nearly every household fit here without an allocation.
const USUAL_MEMBERS: usize = 12;

/// Facts, rules and day together.
pub(crate) struct Scene<'a> {
    rules: &'a Rules,
    facts: &'a Facts,
    usual: [Standing; USUAL_MEMBERS],
    many: Vec<Standing>,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(rules: &'a Rules, facts: &'a Facts, as_of: Date) -> Self {
        let unseen = Standing { ages: None, counts: Truth::Unknown };
        let members = facts.members() as usize;
        let many = if members > USUAL_MEMBERS { vec![unseen; members] } else { Vec::new() };
        let mut scene = Self { rules, facts, usual: [unseen; USUAL_MEMBERS], many };
        for at in 0..members {
            scene.standings_mut()[at].ages = ages(facts.cell(Subject::Member(at as u32), rules.born), as_of);
            let counts = scene.truth(&rules.counted, Subject::Member(at as u32));
            scene.standings_mut()[at].counts = counts;
        }
        scene
    }

    /// The identity of the form that is asked.
    pub(crate) fn form(&self) -> StandardHash {
        self.rules.layout.form()
    }

    fn standings_mut(&mut self) -> &mut [Standing] {
        let members = self.facts.members() as usize;
        if members > USUAL_MEMBERS { &mut self.many } else { &mut self.usual[..members] }
    }

    fn standings(&self) -> &[Standing] {
        let members = self.facts.members() as usize;
        if members > USUAL_MEMBERS { &self.many } else { &self.usual[..members] }
    }

    /// Every listed member, and whether they count.
    pub(crate) fn members(&self) -> impl Iterator<Item = (u32, Truth)> {
        self.standings().iter().zip(0..).map(|(standing, at)| (at, standing.counts))
    }

    /// Fewest and most members that may count.
    pub(crate) fn member_count(&self) -> (u32, u32) {
        self.tally(self.members().map(|(_, counts)| counts))
    }

    fn tally(&self, truths: impl Iterator<Item = Truth>) -> (u32, u32) {
        truths.fold((0, 0), |(certain, possible), truth| {
            (certain + u32::from(truth == Truth::True), possible + u32::from(truth != Truth::False))
        })
    }

    /// Whether a condition holds of a subject.
    pub(crate) fn truth(&self, node: &Node, subject: Subject) -> Truth {
        match node {
            Node::All(parts) => self.all(parts, subject),
            Node::Any(parts) => self.any(parts, subject),
            Node::Not(part) => self.truth(part, subject).negate(),
            Node::AtLeast(number, parts) => {
                let (certain, possible) = self.tally(parts.iter().map(|part| self.truth(part, subject)));
                Truth::between(certain >= *number, possible >= *number)
            }
            Node::Answer(slot, test) => self.answer(*slot, *test, subject),
            Node::Age(band) => self.age(*band, subject),
            Node::AnyMember(which) => self.any_member(which),
            Node::CountMembers { which, least, most } => {
                let (certain, possible) = self.tally(self.members().map(|member| self.member_is(which, member)));
                let inside = |count| (*least..=*most).contains(&count);
                Truth::between(inside(certain) && inside(possible), certain <= *most && possible >= *least)
            }
            Node::ShareOfMembers { which, numerator, denominator } => self.share(which, *numerator, *denominator),
            Node::PerMember { slot, below } => self.per_member(*slot, *below),
        }
    }

    fn all(&self, parts: &[Node], subject: Subject) -> Truth {
        let mut all = Truth::True;
        for part in parts {
            all = all.and(self.truth(part, subject));
            if all == Truth::False {
                break;
            }
        }
        all
    }

    fn any(&self, parts: &[Node], subject: Subject) -> Truth {
        let mut any = Truth::False;
        for part in parts {
            any = any.or(self.truth(part, subject));
            if any == Truth::True {
                break;
            }
        }
        any
    }

    fn member_is(&self, which: &Node, (at, counts): (u32, Truth)) -> Truth {
        match counts {
            Truth::False => Truth::False,
            Truth::Unknown | Truth::True => counts.and(self.truth(which, Subject::Member(at))),
        }
    }

    fn any_member(&self, which: &Node) -> Truth {
        let mut any = Truth::False;
        for member in self.members() {
            any = any.or(self.member_is(which, member));
            if any == Truth::True {
                break;
            }
        }
        any
    }

    /// A question that does not concern its subject has no answer to compare, so nothing holds of it.
    fn answer(&self, slot: Slot, test: Test, subject: Subject) -> Truth {
        let holds = test_cell(self.facts.cell(subject, slot), test);
        match holds {
            Truth::False => Truth::False,
            Truth::Unknown | Truth::True => holds.and(self.relevance(slot, subject)),
        }
    }

    pub(crate) fn relevance(&self, slot: Slot, subject: Subject) -> Truth {
        match self.rules.relevance(subject.scope(), slot) {
            Some(condition) => self.truth(condition, subject),
            None => Truth::True,
        }
    }

    fn age(&self, band: AgeBand, subject: Subject) -> Truth {
        let Subject::Member(at) = subject else { return Truth::False };
        let Some((youngest, oldest)) = self.standings().get(at as usize).and_then(|standing| standing.ages) else {
            return Truth::False;
        };
        let below = band.below.unwrap_or(i16::MAX);
        Truth::between(youngest >= band.from && oldest < below, oldest >= band.from && youngest < below)
    }

    /// More than `numerator/denominator` of the members: each member inside adds the rest of the share, each one outside
    /// takes the share away, and the sum must be above zero. So nothing is divided, and somebody of whom it is not known
    /// whether they count shifts both sides at once.
    fn share(&self, which: &Node, numerator: i64, denominator: i64) -> Truth {
        let (inside, outside) = (denominator - numerator, -numerator);
        let (mut lowest, mut highest) = (0i64, 0i64);
        for (at, counts) in self.members() {
            let (low, high) = match (counts, self.truth(which, Subject::Member(at))) {
                (Truth::False, _) => (0, 0),
                (_, Truth::True) => (inside, inside),
                (_, Truth::Unknown) => (outside, inside),
                (_, Truth::False) => (outside, outside),
            };
            let may_be_absent = counts == Truth::Unknown;
            lowest += if may_be_absent { low.min(0) } else { low };
            highest += if may_be_absent { high.max(0) } else { high };
        }
        Truth::between(lowest > 0, highest > 0)
    }

    fn per_member(&self, slot: Slot, below: i64) -> Truth {
        let relevance = self.relevance(slot, Subject::Household);
        let Cell::Number(amount) = self.facts.cell(Subject::Household, slot) else {
            return relevance.and(Truth::Unknown);
        };
        let (fewest, most) = self.member_count();
        let under = |members: u32| i128::from(amount) < i128::from(below) * i128::from(members);
        relevance.and(Truth::between(under(fewest), under(most)))
    }

    /// The answer in a slot of the household.
    pub(crate) fn household_cell(&self, slot: Slot) -> Cell {
        self.facts.cell(Subject::Household, slot)
    }

    /// Members who make a condition hold; none when it is about the household itself.
    pub(crate) fn causes(&self, node: &Node) -> MemberSet {
        match node {
            Node::All(parts) | Node::Any(parts) | Node::AtLeast(_, parts) => {
                let holding = parts.iter().filter(|part| self.truth(part, Subject::Household) == Truth::True);
                holding.fold(MemberSet::NONE, |set, part| set.union(self.causes(part)))
            }
            Node::AnyMember(which) | Node::CountMembers { which, .. } | Node::ShareOfMembers { which, .. } => {
                let such = self.members().filter(|member| self.member_is(which, *member) == Truth::True);
                such.fold(MemberSet::NONE, |set, (at, _)| set.with(at))
            }
            Node::Not(_) | Node::Answer(..) | Node::Age(_) | Node::PerMember { .. } => MemberSet::NONE,
        }
    }

    /// Adds everything that is missing where it keeps a condition from being decided.
    pub(crate) fn missing(&self, node: &Node, subject: Subject, out: &mut Vec<Missing>) {
        if self.truth(node, subject) != Truth::Unknown {
            return;
        }
        match node {
            Node::All(parts) | Node::Any(parts) | Node::AtLeast(_, parts) => {
                parts.iter().for_each(|part| self.missing(part, subject, out));
            }
            Node::Not(part) => self.missing(part, subject, out),
            Node::Answer(slot, test) => self.missing_answer(*slot, *test, subject, out),
            Node::Age(_) => out.extend(self.missing_birth(subject)),
            Node::AnyMember(which) | Node::CountMembers { which, .. } | Node::ShareOfMembers { which, .. } => {
                self.members().for_each(|member| self.missing_of_member(which, member, out));
            }
            Node::PerMember { slot, .. } => {
                self.missing_answer(*slot, Test::Answered, Subject::Household, out);
                self.missing_counts(out);
            }
        }
    }

    fn missing_of_member(&self, which: &Node, (at, counts): (u32, Truth), out: &mut Vec<Missing>) {
        let member = Subject::Member(at);
        if counts != Truth::False {
            self.missing(which, member, out);
            self.missing(&self.rules.counted, member, out);
        }
    }

    /// Adds what is missing to know who counts.
    pub(crate) fn missing_counts(&self, out: &mut Vec<Missing>) {
        self.members().for_each(|(at, _)| self.missing(&self.rules.counted, Subject::Member(at), out));
    }

    pub(crate) fn missing_answer(&self, slot: Slot, test: Test, subject: Subject, out: &mut Vec<Missing>) {
        if test_cell(self.facts.cell(subject, slot), test) == Truth::Unknown {
            out.push(Missing::Answer { subject, slot });
        }
        if let Some(condition) = self.rules.relevance(subject.scope(), slot) {
            self.missing(condition, subject, out);
        }
    }

    fn missing_birth(&self, subject: Subject) -> Option<Missing> {
        match self.facts.cell(subject, self.rules.born) {
            Cell::Date(_) => Some(Missing::FullDate { subject, slot: self.rules.born }),
            _ => Some(Missing::Answer { subject, slot: self.rules.born }),
        }
    }
}

fn ages(born: Cell, as_of: Date) -> Option<(i16, i16)> {
    match born {
        Cell::Date(born) => born.ages_on(as_of),
        _ => Some((0, OLDEST)),
    }
}

fn test_cell(cell: Cell, test: Test) -> Truth {
    match (test, cell) {
        (_, Cell::Missing) => Truth::Unknown,
        (Test::Answered, _) => Truth::True,
        (Test::Bool(wanted), Cell::Bool(found)) => (wanted == found).into(),
        (Test::Codes(bits), Cell::Code(at)) => (bits >> at & 1 == 1).into(),
        (Test::Number { least, most }, Cell::Number(found)) => (least..=most).contains(&found).into(),
        // Facts are read by the kind of their question, so nothing else lies here; were it so, nobody could say.
        (Test::Bool(_) | Test::Codes(_) | Test::Number { .. }, _) => Truth::Unknown,
    }
}
