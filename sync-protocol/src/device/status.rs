//! Where a household stands for the person at the device: on this phone, at the server, or in need of them, and why.

use minicbor::{Decode, Encode};
use schemas::form::Label;
use schemas::ids::HouseholdId;

use super::Device;
use super::document::{DeviceDocument, OwnChange, Standing, View};
use crate::disagreement::{self, Disagreement};
use crate::history::History;
use crate::verdict::{Rejection, Verdict};
use crate::words;

/// The name of the news that a household belongs to another village now.
const LEFT: &str = "household/left";

/// Where the newest work on a household is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Whereabouts {
    /// Some of it only on this phone.
    #[n(0)]
    Phone,
    /// All of it at the server.
    #[n(1)]
    Server,
    /// Something of it waits for a person.
    #[n(2)]
    NeedsYou,
}

impl Whereabouts {
    /// The stable name that screens and scripts use.
    pub fn code(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Server => "server",
            Self::NeedsYou => "needs_you",
        }
    }
}

/// Why a person is needed, or what a person has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The stable name: a verdict's, `segment/refused`, `disagreement/open` or `household/left`.
    pub slug: &'static str,
    /// In words.
    pub words: Label,
}

/// Where a household stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Where its newest work is.
    pub stands: Whereabouts,
    /// Own changes that the server has not answered for.
    pub waiting: usize,
    /// Why somebody is needed, and what was left out by a reviewer.
    pub needs: Vec<Need>,
}

impl Device {
    /// Where a document that is here stands, one of [`Device::households`] or [`Device::earlier`].
    pub fn status(&self, household: &HouseholdId, document: &DeviceDocument) -> Status {
        let history = document.history(household, &self.forms, View::Mine);
        self.status_with(document, household, history.as_ref())
    }

    /// The same for whoever has opened it already.
    pub(crate) fn status_with(
        &self,
        document: &DeviceDocument,
        household: &HouseholdId,
        history: Option<&History>,
    ) -> Status {
        let mut needs: Vec<Need> = document.own.iter().filter_map(need).collect();
        let disagreement = |open: Disagreement| Need {
            slug: "disagreement/open",
            words: words::disagreement(&open.section.to_string()),
        };
        needs.extend(history.into_iter().flat_map(disagreement::open).map(disagreement));
        let has_left = !document.is_logged() && self.has_left(household, &document.scope);
        needs.extend(has_left.then(|| Need { slug: LEFT, words: words::household_left() }));
        needs.sort_by(|one, other| (one.slug, &one.words.vi).cmp(&(other.slug, &other.words.vi)));
        needs.dedup();
        let waiting = document.own.iter().filter(|own| own.standing == Standing::Waiting).count();
        // What a reviewer has left out is told, and so is a move; nothing is left to do about it.
        let told = [Verdict::Rejected(Rejection::ByReviewer).slug(), LEFT];
        let stands = match (waiting, needs.iter().all(|need| told.contains(&need.slug))) {
            (_, false) => Whereabouts::NeedsYou,
            (0, true) => Whereabouts::Server,
            (_, true) => Whereabouts::Phone,
        };
        Status { stands, waiting, needs }
    }
}

fn need(own: &OwnChange) -> Option<Need> {
    let verdict = match own.standing {
        _ if own.answered => return None,
        Standing::Waiting | Standing::Acknowledged | Standing::Superseded => return None,
        Standing::Held(hold) => Verdict::Held(hold),
        Standing::Rejected(rejection) => Verdict::Rejected(rejection),
        Standing::Refused => return Some(Need { slug: "segment/refused", words: words::segment_refused() }),
    };
    Some(Need { slug: verdict.slug(), words: words::verdict(verdict) })
}
