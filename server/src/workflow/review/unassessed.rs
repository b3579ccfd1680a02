//! Ending the round for a household without a class: refused, moved away, not found, no longer wanting a review, or with
//! nobody left.
//!
//! Owns what the document has to say before a person may decide so. A later change puts the household back before them.

use schemas::ledger::{Reason, Unassessed};
use sync_protocol::hash::ChangeHash;

use super::{Word, check_agreed, check_nothing_held, check_reason, decide};
use crate::app::App;
use crate::workflow::Refusal;
use crate::workflow::case::{Case, CaseId};
use crate::workflow::permit::Permit;
use crate::workflow::projection::last_outcome;

/// Ends the round for a household without a class, on the state that the reviewer saw.
pub async fn unassess(
    app: &App,
    permit: &Permit,
    id: CaseId,
    seen: Vec<ChangeHash>,
    why: Unassessed,
    reason: Reason,
) -> Result<u64, Refusal> {
    check_reason(&reason)?;
    let mut read = app.store.read().await?;
    let case = Case::open(app, &mut read, permit, &id).await?;
    case.check_seen(&seen)?;
    check_agreed(&case)?;
    check_nothing_held(&mut read, &case).await?;
    if !is_borne_out(&case, why) {
        return Err(Refusal::NotBorneOut(why));
    }
    drop(read);
    decide(app, case, id, Word::Unassessed(why, reason)).await
}

/// Whether the household's own document says so.
fn is_borne_out(case: &Case, why: Unassessed) -> bool {
    let household = case.household();
    match why {
        Unassessed::Refused | Unassessed::Moved | Unassessed::NotFound | Unassessed::NoLongerWants => {
            last_outcome(&household).as_deref() == Some(why.code())
        }
        Unassessed::NoMemberLeft => case.ruling.nobody_is_left(&household),
    }
}

#[cfg(test)]
mod tests {
    use schemas::ids::{HouseholdId, MemberId, VisitId};
    use sync_protocol::change::{Slot, Write};
    use sync_protocol::device::View;

    use super::*;
    use crate::domain::field::DocumentKey;
    use crate::domain::role::Role;
    use crate::store;
    use crate::workflow::bench::{Bench, Carried, answer, home, permit, poor_interview, round_id};
    use crate::workflow::inbox::{self, Matter};
    use crate::workflow::{quarantine, rebuild, review};

    fn put(value: &str) -> Write {
        Write::Put(value.into())
    }

    /// A visit on a day of October, and what came of it.
    fn visit(n: u8, day: u8, outcome: &str) -> Vec<(Slot, Write)> {
        let id = VisitId([n; 10]);
        let said = |key: &str, value: &str| (Slot::VisitAnswer(id, key.parse().unwrap()), put(value));
        let day = format!("2026-10-{day:02}");
        vec![(Slot::Visit(id), Write::Make), said("visited_on", &day), said("outcome", outcome)]
    }

    fn member(n: u8, status: &str) -> Vec<(Slot, Write)> {
        let id = MemberId([n; 10]);
        let said = |key: &str, value: &str| (Slot::MemberAnswer(id, key.parse().unwrap()), put(value));
        vec![(Slot::Member(id), Write::Make), said("full_name", "Lý Văn Sơn"), said("status", status)]
    }

    struct Village {
        bench: Bench,
        lan: Carried,
        hoa: Permit,
    }

    impl Village {
        async fn new() -> Self {
            let bench = Bench::new().await;
            let lan = bench.phone(bench.lan, 11).await;
            let hoa = permit(&bench, "hoa", Role::Reviewer).await;
            Self { bench, lan, hoa }
        }

        async fn write(&mut self, writes: impl IntoIterator<Item = (Slot, Write)>) {
            self.lan.write(self.bench.scope(0), home(1), writes);
            assert_eq!(self.lan.sync(&self.bench).await, []);
        }

        fn case(&self) -> CaseId {
            CaseId { round: round_id(), commune: self.bench.commune, household: home(1) }
        }

        async fn heads(&self) -> Vec<ChangeHash> {
            let place = DocumentKey { commune: self.bench.commune, round: round_id(), household: home(1) };
            let mut read = self.bench.app.store.read().await.unwrap();
            store::document::by_key(&mut read, &place).await.unwrap().unwrap().heads
        }

        async fn end(&self, why: Unassessed) -> Result<u64, Refusal> {
            self.end_saying(why, "đã đến ba lần").await
        }

        async fn end_saying(&self, why: Unassessed, reason: &str) -> Result<u64, Refusal> {
            let seen = self.heads().await;
            unassess(&self.bench.app, &self.hoa, self.case(), seen, why, reason.to_owned()).await
        }

        async fn inbox(&self) -> Vec<(HouseholdId, Matter)> {
            let items = inbox::list(&self.bench.app, &self.hoa, self.bench.commune, &round_id()).await.unwrap();
            items.into_iter().map(|item| (item.household, item.matter)).collect()
        }
    }

    #[tokio::test]
    async fn without_a_reason_in_words_that_somebody_will_read_nothing_ends() {
        let mut village = Village::new().await;
        village.write(visit(1, 2, "refused")).await;
        let refused = village.end_saying(Unassessed::Refused, " \n").await;
        assert!(matches!(refused, Err(Refusal::ReasonNeeded)), "{refused:?}");
        let refused = village.end_saying(Unassessed::Refused, &"ệ".repeat(2_001)).await;
        assert!(matches!(refused, Err(Refusal::ReasonTooLong)), "{refused:?}");
        village.end_saying(Unassessed::Refused, &"ệ".repeat(2_000)).await.unwrap();
    }

    #[tokio::test]
    async fn what_no_visit_says_ends_nothing() {
        let mut village = Village::new().await;
        village.write([answer("floor_area", 40)]).await;
        for why in Unassessed::ALL {
            let refused = village.end(why).await;
            assert!(matches!(refused, Err(Refusal::NotBorneOut(said)) if said == why), "{refused:?}");
        }
        village.write(visit(1, 2, "refused")).await;
        for why in Unassessed::ALL.into_iter().filter(|why| *why != Unassessed::Refused) {
            assert!(matches!(village.end(why).await, Err(Refusal::NotBorneOut(_))), "{why:?}");
        }
    }

    #[tokio::test]
    async fn only_the_visit_with_the_latest_date_counts() {
        let mut village = Village::new().await;
        village.write(visit(1, 9, "met")).await;
        village.write(visit(2, 2, "refused")).await;
        let refused = village.end(Unassessed::Refused).await;
        assert!(matches!(refused, Err(Refusal::NotBorneOut(Unassessed::Refused))), "met a week later: {refused:?}");
        village.write(visit(3, 12, "absent")).await;
        assert!(matches!(village.end(Unassessed::Refused).await, Err(Refusal::NotBorneOut(_))), "absent: come back");
        assert_eq!(village.inbox().await, [], "it stays with the enumerator");
    }

    #[tokio::test]
    async fn a_household_with_somebody_who_counts_or_may_count_has_members_left() {
        let mut village = Village::new().await;
        village.write(member(1, "died")).await;
        village.write(member(2, "present")).await;
        let refused = village.end(Unassessed::NoMemberLeft).await;
        assert!(matches!(refused, Err(Refusal::NotBorneOut(_))), "nobody said where the second is registered");
        assert_eq!(village.inbox().await, [], "nor does the inbox say that nobody is left");
        village.write(visit(1, 2, "moved")).await;
        assert!(matches!(village.end(Unassessed::NoMemberLeft).await, Err(Refusal::NotBorneOut(_))));
    }

    #[tokio::test]
    async fn a_household_that_moved_on_is_not_ended_unseen() {
        let mut village = Village::new().await;
        village.write(visit(1, 2, "refused")).await;
        let seen = village.heads().await;
        village.write([answer("radio", true)]).await;
        let (app, reason) = (&village.bench.app, "từ chối".to_owned());
        let refused = unassess(app, &village.hoa, village.case(), seen, Unassessed::Refused, reason).await;
        assert!(matches!(refused, Err(Refusal::StaleHeads)), "{refused:?}");
    }

    #[tokio::test]
    async fn disagreements_and_held_changes_are_looked_at_first() {
        let mut village = Village::new().await;
        village.write(visit(1, 2, "refused")).await;
        let mut minh = village.bench.phone(village.bench.minh, 12).await;
        minh.write(village.bench.scope(0), home(1), [answer("water_source", "other")]);
        village.write([answer("water_source", "tap")]).await;
        minh.sync(&village.bench).await;
        let refused = village.end(Unassessed::Refused).await;
        assert!(matches!(refused, Err(Refusal::DisagreementsOpen(1))), "{refused:?}");
        let open = minh.phone.disagreements(&home(1), View::Accepted).remove(0);
        let side = review::Settlement::Side(0);
        review::settle(&village.bench.app, &village.hoa, village.case(), open.id(), side).await.unwrap();
        minh.sync(&village.bench).await;
        village.bench.assign(village.bench.minh, 1).await;
        village.bench.unassign(village.bench.minh, 0).await;
        minh.write(village.bench.scope(0), home(1), [answer("radio", true)]);
        minh.sync(&village.bench).await;
        let refused = village.end(Unassessed::Refused).await;
        assert!(matches!(refused, Err(Refusal::HeldChanges(1))), "{refused:?}");
        let held = minh.phone.history(&home(1), View::Mine).unwrap().heads()[0];
        let reason = "không còn phụ trách".to_owned();
        quarantine::set_aside(&village.bench.app, &village.hoa, village.case(), held, reason).await.unwrap();
        village.end(Unassessed::Refused).await.unwrap();
    }

    #[tokio::test]
    async fn everybody_dead_gone_or_listed_by_mistake_leaves_nobody() {
        let mut village = Village::new().await;
        for (n, status) in [(1, "died"), (2, "left"), (3, "mistake")] {
            village.write(member(n, status)).await;
        }
        let announced = Matter::NotMet { outcome: Unassessed::NoMemberLeft };
        assert_eq!(village.inbox().await, [(home(1), announced)]);
        village.end(Unassessed::NoMemberLeft).await.unwrap();
        assert_eq!(village.inbox().await, []);
    }

    #[tokio::test]
    async fn who_was_not_met_waits_in_the_inbox_until_a_person_decides_and_again_once_met() {
        let mut village = Village::new().await;
        village.write(visit(1, 2, "refused")).await;
        assert_eq!(village.inbox().await, [(home(1), Matter::NotMet { outcome: Unassessed::Refused })]);
        let number = village.end(Unassessed::Refused).await.unwrap();
        assert_eq!(village.inbox().await, []);
        village.write(visit(2, 20, "met")).await;
        village.write(poor_interview()).await;
        assert_eq!(village.inbox().await, [(home(1), Matter::ChangedSince(number))]);
        assert_eq!(rebuild::rebuild(&village.bench.app).await.unwrap().differences, []);
    }

    #[tokio::test]
    async fn the_ledger_says_why_and_rebuilding_makes_the_same_review_of_it() {
        let mut village = Village::new().await;
        village.write(visit(1, 2, "not_found")).await;
        village.end_saying(Unassessed::NotFound, "trưởng bản cũng không biết").await.unwrap();
        let key = DocumentKey { commune: village.bench.commune, round: round_id(), household: home(1) };
        let lost = key.clone();
        let spoiled: Result<(), Refusal> = village
            .bench
            .app
            .store
            .write("spoil", move |tx| {
                Box::pin(async move { Ok(store::review::put(tx, &lost, &Default::default()).await?) })
            })
            .await;
        spoiled.unwrap();
        let rebuilt = rebuild::rebuild(&village.bench.app).await.unwrap();
        assert_eq!(rebuilt.differences, [rebuild::Difference::Review(key.clone())]);
        let state = store::review::by_key(&mut village.bench.app.store.read().await.unwrap(), &key).await.unwrap();
        let (said, _, number) = state.unwrap().last.unwrap();
        assert_eq!((said.why(), number), (Some(Unassessed::NotFound), 1));
        let texts = store::ledger::texts(&mut village.bench.app.store.read().await.unwrap(), key.commune).await;
        assert!(texts.unwrap()[0].contains(r#""reason":"trưởng bản cũng không biết""#));
    }
}
