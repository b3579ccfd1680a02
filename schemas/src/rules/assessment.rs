//! What the rules say of one household: the class, and everything that led to it.
//!
//! Owns the compact result. Texts for people are made from it in [`super::explain`].

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::b1::B1;
use super::bind::Slot;
use super::facts::Subject;

/// The classes that form B can give. Average living standard is another procedure and never a result here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// *Hộ nghèo*.
    Poor,
    /// *Hộ cận nghèo*.
    NearPoor,
    /// *Hộ không nghèo*.
    NotPoor,
}

impl Class {
    /// All classes, the poorest first.
    pub const ALL: [Self; 3] = [Self::Poor, Self::NearPoor, Self::NotPoor];
}

/// A set of classes: one byte, ordered, compared by content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassSet(u8);

impl ClassSet {
    /// No class.
    pub const NONE: Self = Self(0);
    /// Every class.
    pub const ALL: Self = Self(0b111);

    /// The set of this one class.
    pub fn only(class: Class) -> Self {
        Self(1 << class as u8)
    }

    /// Everything in either set.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the class is in the set.
    pub fn contains(self, class: Class) -> bool {
        self.0 & Self::only(class).0 != 0
    }

    /// Whether everything in this set is in the other.
    pub fn is_subset_of(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// How many classes there are in the set.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether there is no class in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The classes in the set, the poorest first.
    pub fn iter(self) -> impl Iterator<Item = Class> {
        Class::ALL.into_iter().filter(move |class| self.contains(*class))
    }

    /// The one class in the set; `None` when there are none or several.
    pub fn single(self) -> Option<Class> {
        self.iter().next().filter(|_| self.len() == 1)
    }
}

impl FromIterator<Class> for ClassSet {
    fn from_iter<I: IntoIterator<Item = Class>>(classes: I) -> Self {
        classes.into_iter().fold(Self::NONE, |set, class| set.union(Self::only(class)))
    }
}

impl Serialize for ClassSet {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for ClassSet {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let classes = Vec::<Class>::deserialize(from)?;
        Ok(classes.into_iter().fold(Self::NONE, |set, class| set.union(Self::only(class))))
    }
}

/// Whether the household is deprived in one indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Deprived, whatever is still missing.
    Deprived,
    /// Not deprived, whatever is still missing.
    NotDeprived,
    /// A missing answer can make it either.
    Undetermined,
    /// The standard's own threshold is not known yet.
    UnknownThreshold,
}

/// Members by their number in the household, the first 64 of them; nobody lists more under one roof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MemberSet(u64);

impl MemberSet {
    /// Nobody.
    pub const NONE: Self = Self(0);

    pub(crate) fn with(self, member: u32) -> Self {
        Self(self.0 | 1u64.checked_shl(member).unwrap_or(0))
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The numbers, in the order of the members' ids.
    pub fn iter(self) -> impl Iterator<Item = u32> {
        (0..64).filter(move |member| self.0 >> member & 1 == 1)
    }

    /// Whether nobody is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The finding on one indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether the household is deprived in it.
    pub verdict: Verdict,
    /// Members who make it so; nobody when the deprivation is of the whole household.
    pub members: MemberSet,
}

/// Something that has to be asked or found out before more can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// Nobody is listed who counts as a member for certain.
    Members,
    /// A question has no answer.
    Answer {
        /// Of whom.
        subject: Subject,
        /// Which question.
        slot: Slot,
    },
    /// A date is known too roughly to say on which side of an age limit it lies.
    FullDate {
        /// Of whom.
        subject: Subject,
        /// Which question.
        slot: Slot,
    },
}

impl Missing {
    /// Of whom, and which question; `None` when members themselves are missing.
    pub fn place(self) -> Option<(Subject, Slot)> {
        match self {
            Self::Members => None,
            Self::Answer { subject, slot } | Self::FullDate { subject, slot } => Some((subject, slot)),
        }
    }
}

/// The class, or why there is none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every completion of the missing answers gives this class.
    Determined(Class),
    /// Different completions give these classes.
    Undetermined(ClassSet),
}

/// Most indicators that a standard may have.
pub const MOST_INDICATORS: usize = 16;

/// What a standard says of a household on a day, with its reasons.
///
/// Owns no texts; the only allocation is the list of what is missing, and only when something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    pub(super) findings: [Finding; MOST_INDICATORS],
    pub(super) indicators: u8,
    pub(super) units: Units,
    pub(super) b1: B1,
    pub(super) classes: ClassSet,
    pub(super) missing: Vec<Missing>,
}

/// Weighted deprivations in the standard's units: see [`crate::standard::Standard::points`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Units {
    /// Deprived for certain.
    pub lowest: u32,
    /// Deprived at most, when everything undetermined turns out deprived.
    pub highest: u32,
}

impl Assessment {
    /// One finding for each indicator of the standard, in its order.
    pub fn findings(&self) -> &[Finding] {
        &self.findings[..usize::from(self.indicators)]
    }

    /// The deprivation score (B2) in units of the standard.
    pub fn units(&self) -> Units {
        self.units
    }

    /// The income side (B1): where it comes from, and what it says.
    pub fn b1(&self) -> &B1 {
        &self.b1
    }

    /// Every class that some completion of the missing answers gives; never empty.
    pub fn possible_classes(&self) -> ClassSet {
        self.classes
    }

    /// The class, or the set of classes that are still possible.
    pub fn outcome(&self) -> Outcome {
        self.classes.single().map_or(Outcome::Undetermined(self.classes), Outcome::Determined)
    }

    /// What is missing where it keeps an indicator or the income side open, also when the class is determined already.
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }
}
