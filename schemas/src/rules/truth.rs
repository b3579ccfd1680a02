//! Three-valued truth: what is so, what is not, and what nobody can say yet.

/// Kleene's strong three-valued logic. The order makes `and` the minimum and `or` the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// Certainly not, whatever the missing answers are.
    False,
    /// Missing answers can make it either.
    Unknown,
    /// Certainly, whatever the missing answers are.
    True,
}

impl Truth {
    /// Both.
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// At least one.
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// The opposite; the unknown stays unknown.
    pub fn negate(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }

    /// True when certain, false when ruled out, unknown between.
    pub(crate) fn between(certain: bool, possible: bool) -> Self {
        match (certain, possible) {
            (true, _) => Self::True,
            (false, true) => Self::Unknown,
            (false, false) => Self::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(known: bool) -> Self {
        Self::between(known, known)
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{self, False, True, Unknown};

    #[test]
    fn the_unknown_loses_to_a_false_in_and_and_to_a_true_in_or() {
        assert_eq!(Unknown.and(False), False);
        assert_eq!(Unknown.and(True), Unknown);
        assert_eq!(Unknown.or(True), True);
        assert_eq!(Unknown.or(False), Unknown);
        assert_eq!(Unknown.negate(), Unknown);
        assert_eq!(Truth::from(true).negate(), False);
    }
}
