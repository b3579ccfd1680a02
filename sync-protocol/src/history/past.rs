//! Sets of changes that are closed under "builds on": a point in the past of a document.

/// A set of changes of one [`super::History`], by their place in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past(Vec<u64>);

impl Past {
    /// The first `count` changes.
    pub(crate) fn first(count: usize) -> Self {
        let mut words = vec![u64::MAX; count / 64];
        if !count.is_multiple_of(64) {
            words.push((1 << (count % 64)) - 1);
        }
        Self(words)
    }

    /// Whether the change at this place is in it.
    pub fn contains(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// Everything in either.
    pub fn union(&self, other: &Self) -> Self {
        let (long, short) = if self.0.len() >= other.0.len() { (self, other) } else { (other, self) };
        let mut words = long.0.clone();
        words.iter_mut().zip(&short.0).for_each(|(word, more)| *word |= more);
        Self(words)
    }

    /// Everything in both: two pasts' common past.
    pub fn intersection(&self, other: &Self) -> Self {
        let mut words: Vec<u64> = self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect();
        while words.last() == Some(&0) {
            words.pop();
        }
        Self(words)
    }

    /// The same and one more.
    pub(crate) fn with(&self, at: usize) -> Self {
        let mut words = self.0.clone();
        if words.len() <= at / 64 {
            words.resize(at / 64 + 1, 0);
        }
        words[at / 64] |= 1 << (at % 64);
        Self(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_across_words_behave_like_sets() {
        let a = Past::first(70);
        let b = Past::default().with(3).with(130);
        assert!(a.contains(69) && !a.contains(70) && !a.contains(500));
        assert!(a.union(&b).contains(130) && b.union(&a).contains(64));
        assert_eq!(a.intersection(&b), Past::default().with(3));
        assert_eq!(b.intersection(&Past::default()), Past::default());
    }
}
